/* How many calls of the system end early because of a preemption. A thread that sleeps in one gets no signal; what is left are
 * those in which it is awake when it gets one: about to fall asleep, or just woken up.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "hogs.h"

enum { WAIT_PRIVATELY = 128 }; /* FUTEX_WAIT and FUTEX_PRIVATE_FLAG; not every libc has the kernel's headers */
enum { CALLERS = 8, CALLS = 2000, COMPUTES = 4, MOST_PER_THOUSAND = 100 };

struct mix {
    int pipe[2], sockets[2], listener, epoll;
    atomic_int word;
    atomic_long calls, interrupted[8];
};

static int made(int result)
{
    return result < 0 && errno == EINTR;
}

static int sleep_shortly(struct mix *m)
{
    (void)m;
    return made(nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL));
}

static int poll_shortly(struct mix *m)
{
    return made(ppoll(&(struct pollfd){.fd = m->pipe[0], .events = POLLIN}, 1, &(struct timespec){.tv_nsec = 100000}, NULL));
}

static int wait_on_word(struct mix *m)
{
    return made((int)syscall(SYS_futex, &m->word, WAIT_PRIVATELY, 0, &(struct timespec){.tv_nsec = 100000}, NULL, 0));
}

static int receive(struct mix *m)
{
    char byte;

    return made((int)recv(m->sockets[0], &byte, 1, 0));
}

static int accept_one(struct mix *m)
{
    return made(accept(m->listener, NULL, NULL));
}

static int wait_for_events(struct mix *m)
{
    struct epoll_event event;

    return made(epoll_wait(m->epoll, &event, 1, 1));
}

static int read_byte(struct mix *m)
{
    char byte;

    return made((int)read(m->pipe[0], &byte, 1)); /* somebody writes one for each */
}

static int (*const calls[])(struct mix *m) = {sleep_shortly, poll_shortly,    wait_on_word, receive,
                                              accept_one,    wait_for_events, read_byte};
enum { KINDS = sizeof calls / sizeof calls[0], READS = KINDS - 1 };
static const char *const names[KINDS] = {"nanosleep", "ppoll", "futex", "recv", "accept", "epoll_wait", "read"};

static void make_calls(void *arg, int index)
{
    struct mix *m = arg;

    for (int i = 0; i < SCALED(CALLS); i++) {
        int kind = (i + index) % KINDS;

        if (kind == READS && write(m->pipe[1], "x", 1) != 1)
            test_fail(__FILE__, __LINE__, "no byte to read");
        if (calls[kind](m)) {
            atomic_fetch_add(&m->interrupted[kind], 1);
            if (kind == READS)
                CHECK_EQ(1, read(m->pipe[0], &(char){0}, 1));
        }
        atomic_fetch_add(&m->calls, 1);
        for (int k = 0; k < i % COMPUTES; k++)
            hog_for(10 * GO_MICROSECOND);
    }
}

static void open_all(struct mix *m)
{
    struct timeval soon = {.tv_usec = 1000};

    CHECK_EQ(0, pipe(m->pipe));
    CHECK_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, m->sockets));
    CHECK_EQ(0, setsockopt(m->sockets[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon));
    m->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(0,
             bind(m->listener, &(struct sockaddr){.sa_family = AF_UNIX}, sizeof(sa_family_t))); /* a name of the kernel's choice */
    CHECK_EQ(0, listen(m->listener, 1));
    CHECK_EQ(0, setsockopt(m->listener, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon));
    m->epoll = epoll_create1(0);
}

static void close_all(struct mix *m)
{
    int fds[] = {m->pipe[0], m->pipe[1], m->sockets[0], m->sockets[1], m->listener, m->epoll};

    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        close(fds[i]);
}

TEST(hardly_a_call_of_the_system_is_interrupted_by_a_preemption)
{
    NEEDS_CALLS_SEEN();
    struct mix *m = test_alloc(sizeof *m);
    struct go_stats before = {0}, after = {0};
    long interrupted = 0;
    struct hogs *h;

    NEEDS_PREEMPTION();
    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    open_all(m);
    go_stats_read(&before, sizeof before);
    h = hogs_start(2, hog_counting);
    crew_wait(crew_start(CALLERS, make_calls, m));
    hogs_stop(h);
    go_stats_read(&after, sizeof after);
    for (int i = 0; i < KINDS; i++) {
        interrupted += atomic_load(&m->interrupted[i]);
        test_note("%s: %ld interrupted", names[i], atomic_load(&m->interrupted[i]));
    }
    test_note("%ld of %ld calls interrupted; %llu signals, %llu preemptions, %llu processors taken", interrupted,
              atomic_load(&m->calls), (unsigned long long)(after.preempt_requests - before.preempt_requests),
              (unsigned long long)(after.preemptions - before.preemptions),
              (unsigned long long)(after.processors_retaken - before.processors_retaken));
    CHECK(interrupted * 1000 <= atomic_load(&m->calls) * MOST_PER_THOUSAND);
    close_all(m);
}
