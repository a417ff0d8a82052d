/* A resolver that never answers, or badly: who asks gives up at its deadline, only so many look-ups run at a time, nothing is lost.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include "net.h"
#include "net/address.h"

enum { LOOKUPS = 32 }; /* as in src/net/address.c */

/* ---- the resolver: holds every question until the gate is open, then gives the answer that the test wants ---- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static bool is_open;
static atomic_int inside, most_inside, asked;
static int answer, answer_errno;

static void set_gate(bool open)
{
    go_blocking_begin();
    pthread_mutex_lock(&gate);
    is_open = open;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&gate);
    go_blocking_end();
}

static void pass_gate(void)
{
    int n = atomic_fetch_add(&inside, 1) + 1, most = atomic_load(&most_inside);

    atomic_fetch_add(&asked, 1);
    while (n > most && !atomic_compare_exchange_weak(&most_inside, &most, n))
        ;
    pthread_mutex_lock(&gate);
    while (!is_open)
        pthread_cond_wait(&opened, &gate);
    pthread_mutex_unlock(&gate);
    atomic_fetch_sub(&inside, 1);
}

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    (void)host;
    pass_gate();
    if (answer) {
        errno = answer_errno;
        return answer;
    }
    return __real_getaddrinfo("127.0.0.1", service, hints, list);
}

/* The memory of look-ups: an answer and a question. */
static void *_Atomic live[1024];

static int count_live(void)
{
    int n = 0;

    for (int i = 0; i < 1024; i++)
        n += atomic_load(&live[i]) != NULL;
    return n;
}

static void replace(void *from, void *to)
{
    for (int i = 0; i < 1024; i++) {
        void *expected = from;

        if (atomic_compare_exchange_strong(&live[i], &expected, to))
            return;
    }
}

void *__real_sched_alloc(size_t size);
void *__wrap_sched_alloc(size_t size)
{
    void *at = __real_sched_alloc(size);

    if (at && size > sizeof(struct addresses) + 512 && size < sizeof(struct addresses) + 1024)
        replace(NULL, at);
    return at;
}

void __real_sched_free(void *at);
void __wrap_sched_free(void *at)
{
    if (at)
        replace(at, NULL);
    __real_sched_free(at);
}

static void new_resolver(bool open)
{
    answer = 0;
    set_gate(open);
    atomic_store(&most_inside, 0);
    atomic_store(&asked, 0);
}

static int server; /* where every name leads */
static char name[NET_WORDS];

static void start_server(void)
{
    char words[NET_WORDS];

    server = net_listen(words);
    snprintf(name, sizeof name, "any.name:%d", net_port(server));
}

static void stop_server(void)
{
    CHECK_EQ(0, go_close(server));
}

static void check_name_works(void)
{
    int fd = go_dial("tcp", name);

    if (CHECK(fd >= 0))
        CHECK_EQ(0, go_close(fd));
}

/* ---- never ---- */

/* What is made once and stays. */
static void warm_up(void)
{
    new_resolver(true);
    start_server();
    check_name_works();
    stop_server();
    EVENTUALLY(go_count() == 1);
}

TEST(who_asks_a_dead_resolver_gives_up_at_its_deadline)
{
    int before;
    int64_t deadline;

    warm_up();
    before = net_open_count();
    new_resolver(false);
    start_server();
    deadline = go_deadline(20 * GO_MILLISECOND);
    CHECK_EQ(-ETIMEDOUT, go_dial_until("tcp", name, deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(-ETIMEDOUT, go_listen_until("tcp", name, go_deadline(GO_MILLISECOND)));
    CHECK_EQ(-EAGAIN, go_dial_until("tcp", name, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_dial_until("tcp", name, deadline));
    CHECK_BETWEEN(1, 2, count_live()); /* what was asked before the deadline is for the resolver to end */
    stop_server();
    set_gate(true);
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(0, count_live());
    CHECK_EQ(before, net_open_count());
}

struct askers {
    atomic_int timed_out, connected;
    int64_t deadline;
};

static void ask(void *arg, int index)
{
    struct askers *a = arg;
    int result = go_dial_until("tcp", name, index % 2 ? a->deadline : GO_FOREVER);

    if (result == -ETIMEDOUT) {
        atomic_fetch_add(&a->timed_out, 1);
        CHECK(index % 2 && go_now() >= a->deadline);
        return;
    }
    if (!CHECK(result >= 0))
        return;
    atomic_fetch_add(&a->connected, 1);
    CHECK_EQ(0, go_close(result));
}

static void take_connections(void *arg)
{
    int fd;

    (void)arg;
    while ((fd = go_accept(server)) >= 0)
        CHECK_EQ(0, go_close(fd));
    CHECK_EQ(-EBADF, fd);
}

/* Half of them give up, in a look-up and in the line for one. The others get their answer in the end. */
TEST(only_so_many_look_ups_run_at_a_time_and_no_turn_is_lost)
{
    enum { ASKERS = 200 };
    struct askers *a = test_alloc(sizeof *a);
    struct crew *c;

    for (int round = 0; round < 3; round++) {
        new_resolver(false);
        start_server();
        CHECK_EQ(0, go(take_connections, NULL));
        *a = (struct askers){.deadline = go_deadline(50 * GO_MILLISECOND)};
        c = crew_start(ASKERS, ask, a);
        EVENTUALLY(atomic_load(&a->timed_out) == ASKERS / 2);
        EVENTUALLY(atomic_load(&inside) == LOOKUPS);
        test_settle();
        CHECK_EQ(LOOKUPS, atomic_load(&asked));
        CHECK_EQ(0, atomic_load(&a->connected));
        set_gate(true);
        crew_wait(c);
        CHECK_EQ(ASKERS / 2, atomic_load(&a->connected));
        CHECK_EQ(LOOKUPS, atomic_load(&most_inside));
        check_name_works();
        stop_server();
        EVENTUALLY(go_count() == 1);
        CHECK_EQ(0, count_live());
    }
}

/* Numbers and paths need nobody's help. */
TEST(numbers_are_dialed_while_the_resolver_is_dead)
{
    char words[NET_WORDS];
    struct askers *a = test_alloc(sizeof *a);
    struct crew *c;

    new_resolver(false);
    start_server();
    a->deadline = go_deadline(GO_MILLISECOND);
    c = crew_start(2 * LOOKUPS, ask, a);
    EVENTUALLY(atomic_load(&inside) == LOOKUPS);
    net_words(server, words);
    for (int i = 0; i < 3; i++) {
        int fd = go_dial("tcp", words);

        CHECK(fd >= 0);
        CHECK_EQ(0, go_close(fd));
    }
    set_gate(true);
    crew_wait(c);
    stop_server();
}

/* Neither the look-ups nor who waits for them keep a processor. */
TEST(others_run_while_the_resolver_is_dead)
{
    struct askers *a = test_alloc(sizeof *a);
    struct crew *c;

    go_maxprocs(1);
    new_resolver(false);
    start_server();
    a->deadline = go_deadline(3600 * GO_SECOND);
    c = crew_start(LOOKUPS, ask, a);
    EVENTUALLY(atomic_load(&inside) == LOOKUPS);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(0, go_sleep(10 * GO_MICROSECOND));
    set_gate(true);
    crew_wait(c);
    stop_server();
}

/* ---- badly ---- */

TEST(what_the_resolver_says_comes_by_value)
{
    static const int says[][3] = {
        {EAI_NONAME, 0, -ENOENT},    {EAI_AGAIN, 0, -EAGAIN},       {EAI_SERVICE, 0, -EINVAL}, {EAI_MEMORY, 0, -ENOMEM},
        {EAI_SYSTEM, EPERM, -EPERM}, {EAI_SYSTEM, EMFILE, -EMFILE}, {EAI_FAIL, 0, -EIO},       {EAI_FAMILY, 0, -EIO},
    };

    new_resolver(true);
    start_server();
    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++) {
        answer = says[i][0];
        answer_errno = says[i][1];
        CHECK_EQ(says[i][2], go_dial("tcp", name));
        CHECK_EQ(says[i][2], go_listen("tcp", name));
        CHECK_EQ(says[i][2], go_dial_until("tcp", name, go_deadline(3600 * GO_SECOND)));
    }
    answer = 0;
    check_name_works();
    stop_server();
}
