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

/* ---- calls that end by themselves ---- */

struct timed {
    atomic_ulong during; /* turns of the others */
    int64_t took;
    _Atomic(struct hogs *) hogs;
};

static void sleep_a_second(struct caller *c)
{
    struct timed *t = c->what;
    int64_t began = test_now();

    CHECK_EQ(0, usleep(999999));
    t->took = test_now() - began;
    while (!atomic_load(&t->hogs))
        go_yield();
    atomic_store(&t->during, hogs_turns(atomic_load(&t->hogs), 0));
}

TEST(a_usleep_stalls_nobody_and_is_not_cut_short)
{
    struct caller *c;
    struct timed t = {.took = 0};
    struct crew *crew;

    NEEDS_TAKING();
    c = new_caller(sleep_a_second);
    go_maxprocs(1);
    c->what = &t;
    crew = crew_start(1, make_the_call, c);
    wait_until_asleep(c);
    atomic_store(&t.hogs, hogs_start(1, hog_counting));
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
    bool asks = poll(&asked, 1, 0) == 1;
    CHECK(!asks || !atomic_load(&c->back)); /* it waits for the answer, for a second or more, and we run */
    turns = hogs_turns(h, 0);
    EVENTUALLY(atomic_load(&c->back));
    CHECK(!asks || hogs_turns(h, 0) > turns);
    CHECK_NE(0, q.result);
    hogs_stop(h);
    close(asked.fd);
    free_caller(c);
    if (!asks)
        SKIP("getaddrinfo asks no name server here, or not the one that the program names");
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
