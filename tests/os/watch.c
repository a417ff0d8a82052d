/* What is seen of another thread: whether it runs or sleeps in a call, and whether it has run in between.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <time.h>
#include "os/os.h"
#include "tap.h"

struct other {
    _Atomic uint32_t up, state; /* futex words */
    os_thread self;
    uintptr_t stack; /* an address on it */
    int pipe[2];
};

enum { READS = 1, WAITS, MASKS, COMPUTES, LOOKS_AT_THE_CLOCK, ENDS };

static void obey(void *arg)
{
    struct other *o = arg;
    struct timespec t;
    sigset_t last;
    char byte;

    sigemptyset(&last);
    sigaddset(&last, SIGRTMAX);
    o->self = os_thread_self();
    o->stack = (uintptr_t)&byte;
    atomic_store(&o->up, 1);
    os_wake(&o->up, 1);
    for (;;) {
        switch (atomic_load(&o->state)) {
        case ENDS:
            return;
        case MASKS:
            pthread_sigmask(SIG_BLOCK, &last, NULL);
            atomic_store(&o->state, READS);
            break;
        case WAITS:
            os_wait(&o->state, WAITS, INT64_MAX);
            break;
        case COMPUTES:
            break;
        case LOOKS_AT_THE_CLOCK:
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
            break;
        default:
            if (read(o->pipe[0], &byte, 1) != 1)
                return;
        }
    }
}

static bool soon(bool (*condition)(struct other *o), struct other *o)
{
    for (int64_t end = os_now() + INT64_C(10000000000); os_now() < end; os_thread_yield())
        if (condition(o))
            return true;
    return false;
}

static bool sleeps(struct other *o)
{
    struct os_sleep sleep;
    return os_thread_in_call(o->self, &sleep);
}

static bool sleeps_on_a_word(struct other *o)
{
    struct os_sleep sleep;
    return os_thread_in_call(o->self, &sleep) && sleep.on_a_word;
}

static bool uses_time(struct other *o)
{
    int64_t time = os_thread_time(o->self);
    for (int i = 0; i < 1000; i++)
        if (os_thread_time(o->self) != time)
            return true;
    return false;
}

static bool masks_the_last(struct other *o)
{
    return os_thread_masked(o->self) == UINT64_C(1) << (SIGRTMAX - 1);
}

static bool has_gone(struct other *o)
{
    return os_thread_time(o->self) < 0;
}

static bool wake(struct other *o)
{
    return write(o->pipe[1], "x", 1) == 1;
}

static int times_asleep(struct other *o, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        count += sleeps(o);
    return count;
}

int main(void)
{
    if (emulated()) {
        tap_skip("what another thread does is seen", "/proc tells of the emulator's threads, and the library knows");
        return tap_end();
    }
    static struct other o = {.state = READS};
    struct os_sleep sleep = {0};
    bool started = pipe(o.pipe) == 0 && os_thread_start(obey, &o, 0) == 0;
    while (started && atomic_load(&o.up) == 0)
        os_wait(&o.up, 0, INT64_MAX);

    OK(started && soon(sleeps, &o), "a thread in a read is seen to sleep in a call");
    OK(os_thread_in_call(o.self, &sleep) && sleep.sp < o.stack + 4096 && o.stack < sleep.sp + 65536,
       "and its stack pointer is told");
    OK(sleep.pc != 0 && !sleep.on_a_word, "and that it does not wait for a word");
    int64_t runs = os_thread_runs(o.self), time = os_thread_time(o.self);
    OK(runs > 0 && time > 0 && os_thread_runs(o.self) == runs && os_thread_time(o.self) == time, "while it sleeps nothing changes");
    errno = 4711;
    OK(os_thread_in_call(o.self, &sleep) && os_thread_runs(o.self) == runs && errno == 4711, "errno is left alone");

    bool differs = true;
    for (int i = 0; i < 200 && differs; i++) {
        runs = os_thread_runs(o.self);
        differs = wake(&o) && soon(sleeps, &o);
        for (int64_t end = os_now() + INT64_C(10000000000); os_thread_runs(o.self) == runs && differs; os_thread_yield())
            differs = os_now() < end; /* it may not have woken up when it was seen to sleep */
        differs = differs && soon(sleeps, &o);
    }
    OK(differs, "a thread that has woken up for a moment has run, each of 200 times");

    atomic_store(&o.state, WAITS);
    OK(wake(&o) && soon(sleeps_on_a_word, &o), "of one that waits for a word this is told");
    atomic_store(&o.state, READS);
    os_wake(&o.state, 1);

    OK(os_thread_masked(o.self) == 0, "a thread that masks no signal is seen to");
    atomic_store(&o.state, MASKS);
    OK(wake(&o) && soon(masks_the_last, &o), "so is one that masks one");

    atomic_store(&o.state, COMPUTES);
    OK(wake(&o) && soon(uses_time, &o), "a thread that computes uses time");
    OK(times_asleep(&o, 2000) == 0, "and is never seen to sleep, whether it has a CPU or waits for one");

    atomic_store(&o.state, LOOKS_AT_THE_CLOCK);
    OK(times_asleep(&o, 2000) == 0, "nor one that looks at the clock all the time");

    atomic_store(&o.state, ENDS);
    OK(soon(has_gone, &o), "of a thread that has ended there is no time");
    OK(!os_thread_in_call(o.self, &sleep) && os_thread_runs(o.self) < 0, "and it neither sleeps nor runs");
    OK(os_thread_masked(o.self) == ~UINT64_C(0), "it may have masked signals");
    printf("1..%d\n", tap_tests);
    return tap_failures != 0;
}
