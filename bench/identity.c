/* identity: what a preemption costs beside a bare signal: identity_own, identity_handover, identity_stopped, in us.
 *
 * A goroutine masks the signal that preempts, waits until the monitor has sent it, and lets it come: so it is taken off where the
 * benchmark wants it, and nothing of the way from one CPU to another is in the figure (preempt has that). Another goroutine has
 * its turn and yields at once, and the first one is back: signal, handler, three switches, the return from the handler.
 *
 * - identity_bare: a signal with an empty handler that is let come like that, there and back; identity_signal: sent to oneself.
 * - identity_own: in the program's own text, again and again without a call of the library.
 * - identity_handover: inside libc. The goroutine keeps the identity that it has shared until then, its thread goes on with a spare
 *   one, and at the next call of the library it is given back; identity_return is that part of it.
 * - identity_stopped: with another signal masked. The whole thread stops, and another one carries the processor on.
 *
 * The last three also as a ratio to identity_bare: identity_own_ratio, and so on. Hogs run on the other processors. Where one of
 * them gets in between, a sample is longer; the median is none of those.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "hogs.h"
#include "signals.h"
#include "ticks.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SAMPLES 2000
#define LEAST   100
#define LENGTH  (2 * GO_SECOND) /* at most, for each of the three */
#define SLICE   (100 * GO_MICROSECOND)

/* A call of the kernel by the program, or by libc. */
typedef void change_mask(long how, const uint64_t *set);

struct trial {
    change_mask *unmask;
    uint64_t masked; /* all the time */
    bool calls;      /* the library, after each time */
    go_waitgroup ended;
    atomic_llong turns; /* of the other goroutine */
    atomic_bool stop;
    size_t samples;
    double away[SAMPLES], giving_back[SAMPLES], yielding[SAMPLES]; /* ticks */
    size_t given_back;                                             /* so often there was one more spare identity */
};

static void in_libc(long how, const uint64_t *set)
{
    expect(syscall(SYS_rt_sigprocmask, how, set, NULL, sizeof *set), 0);
}

#if defined(__x86_64__)
static void in_own_text(long how, const uint64_t *set)
{
    long result = SYS_rt_sigprocmask;
    register long size __asm__("r10") = sizeof *set;
    __asm__ volatile("syscall" : "+a"(result) : "D"(how), "S"(set), "d"(NULL), "r"(size) : "rcx", "r11", "memory");
    expect(result, 0);
}
#else
#define in_own_text in_libc
#endif

static uint64_t set_of(int number)
{
    return UINT64_C(1) << (number - 1);
}

static uint64_t the_signal(void)
{
    const char *number = getenv("GOROUTINE_SIGNAL");
    return set_of(number ? atoi(number) : SIGURG);
}

/* ---- bare ---- */

static void nothing(int number)
{
    (void)number;
}

/* Median ticks from letting a signal come that is pending to having handled it. */
static double let_come_bare(void)
{
    static double each[SAMPLES];
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART}, before;
    uint64_t set = set_of(SIGUSR1);
    expect(sigaction(SIGUSR1, &action, &before), 0);
    for (int i = 0; i < SAMPLES; i++) {
        in_libc(SIG_BLOCK, &set);
        expect(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1), 0);
        int64_t start = ticks_read();
        in_libc(SIG_UNBLOCK, &set);
        each[i] = (double)(ticks_read() - start);
    }
    expect(sigaction(SIGUSR1, &before, NULL), 0);
    return bench_quantile(each, SAMPLES, 0.5);
}

/* ---- preemptions ---- */

/* Ticks for which the caller is away; 0: it was not taken off. */
static int64_t let_come(struct trial *t, const uint64_t *set)
{
    uint64_t pending = 0;
    in_libc(SIG_BLOCK, set);
    while (!(pending & *set))
        expect(syscall(SYS_rt_sigpending, &pending, sizeof pending), 0);
    long long turns = atomic_load_explicit(&t->turns, memory_order_relaxed);
    int64_t start = ticks_read();
    t->unmask(SIG_UNBLOCK, set);
    int64_t away = ticks_read() - start;
    return atomic_load_explicit(&t->turns, memory_order_relaxed) != turns ? away : 0;
}

static struct go_stats stats(void)
{
    struct go_stats now;
    must(go_stats_read(&now, sizeof now));
    return now;
}

static int64_t yield(void)
{
    int64_t start = ticks_read();
    go_yield();
    return ticks_read() - start;
}

/* What giving back costs is seen beside a second yield, which has nothing to give back. */
static void call(struct trial *t)
{
    uint64_t spare = stats().identities_spare;
    t->giving_back[t->samples] = (double)yield();
    t->given_back += stats().identities_spare > spare;
    t->yielding[t->samples] = (double)yield();
}

static void taken_off(void *arg)
{
    struct trial *t = arg;
    uint64_t set = the_signal();
    int64_t end = clock_ns() + LENGTH;
    in_libc(SIG_BLOCK, &t->masked);
    while (t->samples < SAMPLES && clock_ns() < end) {
        int64_t away = let_come(t, &set);
        if (!away)
            continue;
        t->away[t->samples] = (double)away;
        if (t->calls)
            call(t);
        t->samples++;
    }
    in_libc(SIG_UNBLOCK, &t->masked);
    atomic_store(&t->stop, true);
    must(go_waitgroup_done(&t->ended));
}

static void other(void *arg)
{
    struct trial *t = arg;
    while (!atomic_load(&t->stop)) {
        atomic_fetch_add_explicit(&t->turns, 1, memory_order_relaxed);
        go_yield();
    }
    must(go_waitgroup_done(&t->ended));
}

/* Whether each time, or hardly ever, a thread is stopped is part of the result. */
static void run(struct trial *t)
{
    static struct hogs hogs;
    uint64_t stopped = stats().threads_stopped;
    hogs_start(&hogs, go_maxprocs(0) - 1);
    must(go_waitgroup_add(&t->ended, 2));
    must(go(taken_off, t));
    must(go(other, t));
    must(go_waitgroup_wait(&t->ended));
    hogs_stop(&hogs);
    expect(t->samples >= LEAST, true);
    stopped = stats().threads_stopped - stopped;
    expect(t->masked ? stopped >= t->samples / 2 : stopped < t->samples / 10, true);
}

static void print(const char *name, const char *name_ratio, double ns, double bare)
{
    bench_print(name, "us", ns / GO_MICROSECOND);
    bench_print(name_ratio, "x", ns / bare);
}

BENCH(identity)
{
    static struct trial own = {.unmask = in_own_text}, handover = {.unmask = in_libc, .calls = true}, stopped = {.unmask = in_libc};
    double scale = ticks_per_ns(), signal = signal_to_self(), bare = let_come_bare() / scale;
    stopped.masked = set_of(SIGUSR2);
    while (stats().identities_spare == 0) /* they are made beside this; later their number is counted on */
        must(go_sleep(GO_MILLISECOND));
    go_slice(SLICE);
    run(&own);
    run(&handover);
    run(&stopped);
    expect(handover.given_back > handover.samples / 2, true);
    double back =
        bench_quantile(handover.giving_back, handover.samples, 0.5) - bench_quantile(handover.yielding, handover.samples, 0.5);
    bench_print("identity_signal", "us", signal / GO_MICROSECOND);
    bench_print("identity_bare", "us", bare / GO_MICROSECOND);
    print("identity_own", "identity_own_ratio", bench_quantile(own.away, own.samples, 0.5) / scale, bare);
    print("identity_handover", "identity_handover_ratio", (bench_quantile(handover.away, handover.samples, 0.5) + back) / scale,
          bare);
    bench_print("identity_return", "us", back / scale / GO_MICROSECOND);
    print("identity_stopped", "identity_stopped_ratio", bench_quantile(stopped.away, stopped.samples, 0.5) / scale, bare);
}
