/* A goroutine whose descriptor has become ready is not lost sight of between the poller and the queues: a look for a deadlock that
 * falls in between finds none. A program without the framework, whose watchdog is a thread that might wake somebody.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "os/tap.h"

#include "goroutine.h"
#include "sched/sched.h"

static int ends[2];
static atomic_int slowed;

/* Here the waiters are in nobody's queue. Long enough for the only other goroutine to end, and its thread to look around. */
void __real_wait_ready_all(struct waiter *first);
void __wrap_wait_ready_all(struct waiter *first)
{
    if (first) {
        atomic_fetch_add(&slowed, 1);
        usleep(300000);
    }
    __real_wait_ready_all(first);
}

static void write_one(int number)
{
    (void)number;
    if (write(ends[1], "x", 1) != 1)
        _exit(3);
}

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * GO_SECOND + t.tv_nsec;
}

static void hog(void *unused)
{
    (void)unused;
    for (int64_t end = now() + 200 * GO_MILLISECOND; now() < end;)
        ;
}

/* The processor is busy when the byte comes, so it is the monitor that is told, and idle when the monitor is about to pass it on.
 */
int main(void)
{
    struct itimerval soon = {.it_value.tv_usec = 100000};
    char byte;

    if (WITH_TSAN) {
        tap_skip("a goroutine that is being made ready is no deadlock", "ThreadSanitizer delivers signals in its own way");
        return tap_end();
    }
    signal(SIGALRM, write_one);
    go_maxprocs(1);
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0 || go(hog, NULL) != 0 || setitimer(ITIMER_REAL, &soon, NULL) != 0)
        return 4;
    OK(go_read(ends[0], &byte, 1) == 1, "a goroutine that is being made ready is no deadlock");
    OK(atomic_load(&slowed) > 0, "it was being made ready for long");
    return tap_end();
}
