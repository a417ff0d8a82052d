/* Calls of the system that block and that nobody announced: the others go on, whatever the call is, and it ends as if it were
 * alone.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include "sanitizers.h"
#include "calls.h"
#include "faults.h"
#include "goroutine/counter.h"

/* ---- others go on ---- */

/* On one processor: if the call kept it, nobody would come back from the first yield. */
static void check_others_go_on(struct caller *c, void (*end)(struct caller *c))
{
    uint64_t before = retaken();
    struct crew *crew;
    struct hogs *h;

    go_maxprocs(1);
    crew = crew_start(1, make_the_call, c);
    h = hogs_start(2, hog_counting);
    EVENTUALLY(atomic_load(&c->called));
    for (int i = 0; i < 5; i++) {
        hogs_wait_for_turn(h, 0);
        hogs_wait_for_turn(h, 1);
    }
    CHECK(!atomic_load(&c->returned));
    end(c);
    crew_wait(crew);
    hogs_stop(h);
    CHECK_EQ(1, atomic_load(&c->back));
    CHECK_BETWEEN(1, 1000, retaken() - before);
    free_caller(c);
}

TEST(a_read_stalls_nobody)
{
    NEEDS_TAKING();
    check_others_go_on(new_caller(read_a_byte), end_call);
}

static void poll_for_ever(struct caller *c)
{
    struct pollfd one = {.fd = c->pipe[0], .events = POLLIN};

    CHECK_EQ(1, poll(&one, 1, -1)); /* not EINTR */
    CHECK_EQ(POLLIN, one.revents);
}

TEST(a_poll_stalls_nobody_and_is_not_interrupted)
{
    NEEDS_TAKING();
    check_others_go_on(new_caller(poll_for_ever), end_call);
}

static void epoll_for_ever(struct caller *c)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};

    CHECK_EQ(0, epoll_ctl(fd, EPOLL_CTL_ADD, c->pipe[0], &event));
    CHECK_EQ(1, epoll_wait(fd, &event, 1, -1));
    close(fd);
}

TEST(an_epoll_wait_stalls_nobody_and_is_not_interrupted)
{
    NEEDS_TAKING();
    check_others_go_on(new_caller(epoll_for_ever), end_call);
}

struct locked {
    int ours, theirs; /* the same file, opened twice */
};

static void lock_file(struct caller *c)
{
    CHECK_EQ(0, flock(((struct locked *)c->what)->theirs, LOCK_EX));
}

static void unlock_file(struct caller *c)
{
    CHECK_EQ(0, flock(((struct locked *)c->what)->ours, LOCK_UN));
}

TEST(a_flock_that_another_holds_stalls_nobody)
{
    struct caller *c;
    char name[] = "/tmp/goroutine-test-XXXXXX";
    struct locked file;

    NEEDS_TAKING();
    c = new_caller(lock_file);
    file.ours = mkstemp(name);
    file.theirs = open(name, O_RDWR | O_CLOEXEC);
    c->what = &file;
    unlink(name);
    CHECK_EQ(0, flock(file.ours, LOCK_EX));
    check_others_go_on(c, unlock_file);
    close(file.ours);
    close(file.theirs);
}

static void wait_for_sem(struct caller *c)
{
    CHECK_EQ(0, sem_wait(c->what));
}

static void post_sem(struct caller *c)
{
    CHECK_EQ(0, sem_post(c->what));
}

TEST(a_sem_wait_stalls_nobody)
{
    struct caller *c;
    sem_t sem;

    NEEDS_TAKING();
    c = new_caller(wait_for_sem);
    CHECK_EQ(0, sem_init(&sem, 0, 0));
    c->what = &sem;
    check_others_go_on(c, post_sem);
    sem_destroy(&sem);
}

static void wait_for_child(struct caller *c)
{
    pid_t child = *(pid_t *)c->what;
    int status = 0;

    CHECK_EQ(child, waitpid(child, &status, 0));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

TEST(a_waitpid_stalls_nobody)
{
    struct caller *c;
    pid_t child;
    char byte;

    NEEDS_TAKING();
    c = new_caller(wait_for_child);
    child = fork();
    if (child == 0)
        _exit(read(c->pipe[0], &byte, 1) == 1 ? 7 : 1);
    c->what = &child;
    check_others_go_on(c, end_call);
}

static void join_thread(struct caller *c)
{
    CHECK_EQ(0, pthread_join(*(pthread_t *)c->what, NULL));
}

static void *read_on_thread(void *arg)
{
    read_a_byte(arg);
    return NULL;
}

TEST(a_pthread_join_stalls_nobody)
{
    struct caller *c;
    pthread_t thread;

    NEEDS_TAKING();
    c = new_caller(join_thread);
    CHECK_EQ(0, pthread_create(&thread, NULL, read_on_thread, c));
    c->what = &thread;
    check_others_go_on(c, end_call);
}

/* ---- calls that end by themselves ---- */

struct timed {
    atomic_ulong during; /* turns of the others */
    int64_t took;
    struct hogs *hogs;
};

static void sleep_a_second(struct caller *c)
{
    struct timed *t = c->what;
    unsigned long before = hogs_turns(t->hogs, 0);
    int64_t began = test_now();

    CHECK_EQ(0, usleep(999999));
    t->took = test_now() - began;
    atomic_store(&t->during, hogs_turns(t->hogs, 0) - before);
}

TEST(a_usleep_stalls_nobody_and_is_not_cut_short)
{
    struct caller *c;
    struct timed t = {.took = 0};
    struct crew *crew;

    NEEDS_TAKING();
    c = new_caller(sleep_a_second);
    go_maxprocs(1);
    t.hogs = hogs_start(1, hog_counting);
    c->what = &t;
    crew = crew_start(1, make_the_call, c);
    crew_wait(crew);
    hogs_stop(t.hogs);
    CHECK(atomic_load(&t.during) > 0);
    CHECK(t.took >= 999999000);
    free_caller(c);
}

struct query {
    struct sockaddr_in server;
    int result;
};

/* The first of the name servers of this thread is ours, and does not answer. */
static void look_up(struct caller *c)
{
    struct query *q = c->what;
    struct addrinfo *list = NULL;

    CHECK_EQ(0, res_init());
    _res.nscount = 1;
    _res.nsaddr_list[0] = q->server;
    _res.retrans = 1;
    _res.retry = 1;
    q->result = getaddrinfo("nobody.test.", "80", &(struct addrinfo){.ai_family = AF_INET}, &list);
    if (q->result == 0)
        freeaddrinfo(list);
}

static void look_up_on_a_large_stack(void *c)
{
    make_the_call(c, 0);
}

TEST(a_getaddrinfo_that_nobody_answers_stalls_nobody)
{
    struct caller *c;
    struct query q = {.server = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    struct pollfd asked = {.events = POLLIN};
    socklen_t size = sizeof q.server;
    unsigned long turns;
    struct hogs *h;

    NEEDS_TAKING();
    c = new_caller(look_up);
    asked.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    go_maxprocs(1);
    CHECK_EQ(0, bind(asked.fd, (struct sockaddr *)&q.server, size));
    CHECK_EQ(0, getsockname(asked.fd, (struct sockaddr *)&q.server, &size));
    h = hogs_start(1, hog_counting);
    c->what = &q;
    CHECK_EQ(0, go_spawn_attr(&(struct go_attr){.stack_size = 1 << 20}, look_up_on_a_large_stack, c));
    EVENTUALLY(atomic_load(&c->back) || poll(&asked, 1, 0) == 1);
    if (poll(&asked, 1, 0) == 1)
        CHECK(!atomic_load(&c->back)); /* it waits for the answer, for a second or more, and we run */
    else
        test_note("getaddrinfo asks no name server here");
    turns = hogs_turns(h, 0);
    EVENTUALLY(atomic_load(&c->back));
    CHECK(hogs_turns(h, 0) > turns);
    CHECK_NE(0, q.result);
    hogs_stop(h);
    close(asked.fd);
    free_caller(c);
}

/* ---- locks of goroutines that are preempted ---- */

struct contended {
    pthread_mutex_t mutex;
    atomic_int wants, has;
};

static void hold_the_mutex(void *arg, int index)
{
    struct contended *m = arg;

    (void)index;
    pthread_mutex_lock(&m->mutex);
    atomic_store(&m->has, 1);
    while (!atomic_load(&m->wants)) /* preempted here */
        ;
    hog_for(20 * GO_MILLISECOND); /* and here, while the other sleeps on the mutex */
    atomic_store(&m->has, 0);
    pthread_mutex_unlock(&m->mutex);
}

static void want_the_mutex(struct caller *c)
{
    struct contended *m = c->what;

    atomic_store(&m->wants, 1);
    pthread_mutex_lock(&m->mutex);
    CHECK_EQ(0, atomic_load(&m->has));
    pthread_mutex_unlock(&m->mutex);
}

TEST(a_mutex_whose_owner_is_preempted_is_no_deadlock)
{
    struct caller *c;
    struct contended m = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    uint64_t before = retaken();
    struct crew *owner, *other;

    NEEDS_TAKING();
    NEEDS_PREEMPTION();
    c = new_caller(want_the_mutex);
    go_maxprocs(1);
    c->what = &m;
    owner = crew_start(1, hold_the_mutex, &m);
    EVENTUALLY(atomic_load(&m.has));
    other = crew_start(1, make_the_call, c);
    crew_wait(owner);
    crew_wait(other);
    CHECK(retaken() > before);
    free_caller(c);
}

/* ---- what the call gives, and coming back ---- */

/* Asked anew: a compiler that sees errno twice looks it up once, and the thread may be another one. */
static __attribute__((noinline)) int errno_now(void)
{
    __asm__ volatile("" ::: "memory");
    return errno;
}

static void receive_until_timeout(struct caller *c)
{
    char byte;

    errno = 0;
    CHECK_EQ(-1, recv(*(int *)c->what, &byte, 1, 0));
    CHECK_EQ(EAGAIN, errno);
    go_id(); /* waits for a processor; perhaps the rest is on another thread */
    CHECK_EQ(EAGAIN, errno_now());
}

TEST(a_call_that_fails_leaves_its_errno_over_the_wait_for_a_processor)
{
    struct caller *c;
    struct timeval half = {.tv_usec = 500000};
    uint64_t before = retaken();
    struct crew *crew;
    struct hogs *h;
    int fds[2];

    NEEDS_TAKING();
    c = new_caller(receive_until_timeout);
    go_maxprocs(1);
    CHECK_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    CHECK_EQ(0, setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &half, sizeof half));
    c->what = fds;
    h = hogs_start(2, hog_counting);
    crew = crew_start(1, make_the_call, c);
    crew_wait(crew);
    hogs_stop(h);
    CHECK(retaken() > before);
    close(fds[0]);
    close(fds[1]);
    free_caller(c);
}

TEST(who_comes_back_waits_for_a_processor_at_its_next_call)
{
    struct caller *c;
    struct crew *crew;

    NEEDS_TAKING();
    c = new_caller(read_a_byte);
    go_maxprocs(1);
    crew = crew_start(1, make_the_call, c);
    EVENTUALLY(atomic_load(&c->called));
    go_yield(); /* would not come back if the call kept the processor */
    go_preempt_off();
    end_call(c);
    for (int64_t end = test_now() + 30 * GO_SECOND; !atomic_load(&c->returned) && test_now() < end;)
        ;
    CHECK(atomic_load(&c->returned)); /* from the call it comes back at once, beside us */
    hog_for(100 * GO_MILLISECOND);
    CHECK(!atomic_load(&c->back));
    go_preempt_on();
    crew_wait(crew);
    CHECK(atomic_load(&c->back));
    free_caller(c);
}

struct busy {
    atomic_bool stop;
    atomic_ulong turns;
};

static void read_then_compute(struct caller *c)
{
    struct busy *b = c->what;

    read_a_byte(c);
    hog_counting(&b->stop, &b->turns);
}

static bool stands_for(atomic_ulong *turns, int64_t ns)
{
    unsigned long before = atomic_load(turns);

    hog_for(ns);
    return atomic_load(turns) == before;
}

TEST(who_comes_back_and_never_calls_waits_for_a_processor_too)
{
    struct caller *c;
    struct busy b = {.turns = 0};
    uint64_t before;
    struct crew *crew;
    struct hogs *h;

    NEEDS_TAKING();
    NEEDS_PREEMPTION();
    c = new_caller(read_then_compute);
    go_maxprocs(1);
    c->what = &b;
    crew = crew_start(1, make_the_call, c);
    h = hogs_start(1, hog_counting);
    EVENTUALLY(atomic_load(&c->called));
    hogs_wait_for_turn(h, 0);
    go_preempt_off(); /* so there is no processor for it, and nobody else is taken off */
    before = hogs_preemptions();
    end_call(c);
    for (int64_t end = test_now() + 30 * GO_SECOND; hogs_preemptions() == before && test_now() < end;)
        ;
    CHECK_EQ(before + 1, hogs_preemptions());
    CHECK(atomic_load(&b.turns) > 0);
    CHECK(stands_for(&b.turns, 100 * GO_MILLISECOND));
    go_preempt_on();
    EVENTUALLY(!stands_for(&b.turns, GO_MILLISECOND)); /* and it is not forgotten */
    atomic_store(&b.stop, true);
    crew_wait(crew);
    hogs_stop(h);
    free_caller(c);
}

enum { ADDS = 3000000 };

static void add_many(struct caller *c)
{
    for (int i = 0; i < ADDS; i++)
        go_counter_add(c->what, 1);
}

static __attribute__((noinline)) uint32_t here_now(void)
{
    __asm__ volatile("" ::: "memory");
    return go_here;
}

static void read_then_add(struct caller *c)
{
    read_a_byte(c);
    if (GO_CAN_RESTART)
        CHECK_EQ(GO_NOWHERE, here_now()); /* the adds alone would seldom show it: they must meet in one instruction */
    add_many(c);
}

TEST(who_has_lost_the_processor_adds_to_no_cell_of_it)
{
    struct caller *c;
    struct crew *crew;

    NEEDS_TAKING();
    c = new_caller(read_then_add);
    go_maxprocs(1);
    c->what = go_counter_new();
    crew = crew_start(1, make_the_call, c);
    EVENTUALLY(atomic_load(&c->called));
    go_yield();
    go_preempt_off();
    end_call(c);
    while (!atomic_load(&c->returned)) /* both at once */
        add_many(c);
    add_many(c);
    go_preempt_on();
    crew_wait(crew);
    CHECK_EQ(0, go_counter_sum(c->what) % ADDS);
    go_counter_free(c->what);
    free_caller(c);
}

static void read_tied(struct caller *c)
{
    pthread_t thread;

    CHECK_EQ(0, go_lock_thread());
    thread = pthread_self();
    read_a_byte(c);
    go_yield();
    CHECK(pthread_equal(thread, pthread_self()));
    CHECK_EQ(0, go_unlock_thread());
}

TEST(a_tied_goroutine_stalls_nobody_and_stays_on_its_thread)
{
    NEEDS_TAKING();
    check_others_go_on(new_caller(read_tied), end_call);
}

FAULTS void fault(void)
{
    *fault_at = 1;
}

static void read_and_fault(void *arg)
{
    read_a_byte(arg);
    fault();
}

static void fault_after_read(struct caller *c)
{
    struct go_panic_info info = {0};

    CHECK_NE(0, go_try(read_and_fault, c, &info));
    CHECK_EQ(SIGSEGV, info.signal);
}

TEST(a_fault_right_after_the_call_is_a_panic_like_any_other)
{
    NEEDS_TAKING();
    check_others_go_on(new_caller(fault_after_read), end_call);
}

static void read_and_end(void *arg)
{
    struct caller *c = arg;

    atomic_fetch_add(&c->called, 1);
    read_a_byte(c);
    atomic_fetch_add(&c->returned, 1);
}

TEST(who_comes_back_may_end_at_once)
{
    struct caller *c;
    int64_t before;
    struct hogs *h;

    NEEDS_TAKING();
    c = new_caller(NULL);
    go_maxprocs(1);
    h = hogs_start(1, hog_counting);
    before = go_count();
    CHECK_EQ(0, go(read_and_end, c));
    EVENTUALLY(atomic_load(&c->called));
    hogs_wait_for_turn(h, 0);
    end_call(c);
    EVENTUALLY(atomic_load(&c->returned) && go_count() == before);
    hogs_stop(h);
    free_caller(c);
}

static void region_after_read(struct caller *c)
{
    char byte;

    read_a_byte(c);
    go_blocking_begin();
    CHECK_EQ(1, read(c->pipe[0], &byte, 1));
    go_blocking_end();
    read_a_byte(c);
}

static void end_three_calls(struct caller *c)
{
    for (int i = 0; i < 3; i++)
        end_call(c);
}

TEST(announced_and_unannounced_calls_follow_each_other)
{
    NEEDS_TAKING();
    check_others_go_on(new_caller(region_after_read), end_three_calls);
}

/* ---- where nothing is taken ---- */

static void sleep_a_little(struct caller *c)
{
    (void)c;
    CHECK_EQ(0, usleep(300000));
}

TEST(where_nobody_waits_nothing_is_taken)
{
    struct caller *c = new_caller(sleep_a_little);
    uint64_t before;

    go_maxprocs(1);
    EVENTUALLY(go_count() == 1);
    before = retaken();
    make_the_call(c, 0);
    CHECK_EQ(before, retaken());
    free_caller(c);
}

TEST(who_has_switched_preemption_off_keeps_the_processor_while_it_blocks)
{
    struct caller *c = new_caller(sleep_a_little);
    uint64_t before;
    unsigned long turns;
    struct hogs *h;

    go_maxprocs(1);
    h = hogs_start(1, hog_counting);
    hogs_wait_for_turn(h, 0);
    go_preempt_off();
    before = retaken();
    turns = hogs_turns(h, 0);
    sleep_a_little(c);
    CHECK_EQ(turns, hogs_turns(h, 0));
    CHECK_EQ(before, retaken());
    go_preempt_on();
    hogs_stop(h);
    free_caller(c);
}

/* ---- processors, dumps, many ---- */

TEST(a_processor_whose_goroutine_sleeps_in_a_call_can_be_taken_out_of_service)
{
    struct caller *c;
    struct crew *crew;

    NEEDS_TAKING();
    c = new_caller(read_a_byte);
    go_maxprocs(2);
    crew = crew_start(2, make_the_call, c);
    EVENTUALLY(atomic_load(&c->called) == 2);
    go_maxprocs(1); /* blocks until the surplus one is free */
    CHECK_EQ(1, go_maxprocs(0));
    CHECK_EQ(0, atomic_load(&c->returned));
    end_call(c);
    end_call(c);
    crew_wait(crew);
    free_caller(c);
}

static bool dump_says(const char *words)
{
    char name[] = "/tmp/goroutine-test-XXXXXX", text[65536];
    int fd = mkstemp(name);
    ssize_t n;

    unlink(name);
    CHECK_EQ(0, go_dump(fd));
    n = pread(fd, text, sizeof text - 1, 0);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    return strstr(text, words) != NULL;
}

TEST(a_dump_says_who_is_in_a_system_call)
{
    struct caller *c;
    struct crew *crew;

    NEEDS_TAKING();
    c = new_caller(read_a_byte);
    go_maxprocs(1);
    CHECK(!dump_says("[in a system call]"));
    crew = crew_start(1, make_the_call, c);
    EVENTUALLY(atomic_load(&c->called));
    EVENTUALLY(dump_says("[in a system call]"));
    end_call(c);
    crew_wait(crew);
    CHECK(!dump_says("[in a system call]"));
    free_caller(c);
}

TEST(hundreds_may_block_at_once)
{
    struct caller *c;
    int n = CROWD(300);
    struct crew *crew;

    NEEDS_TAKING();
    c = new_caller(read_a_byte);
    go_maxprocs(1);
    crew = crew_start(n, make_the_call, c);
    EVENTUALLY(atomic_load(&c->called) == n);
    CHECK_EQ(0, atomic_load(&c->returned));
    for (int i = 0; i < n; i++)
        end_call(c);
    crew_wait(crew);
    CHECK_EQ(n, atomic_load(&c->back));
    free_caller(c);
}
