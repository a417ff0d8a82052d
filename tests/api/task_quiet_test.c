/* The library interrupts nobody without need, and sleeps while there is nothing to do.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "hogs.h"
#include "net.h"
#include "sanitizers.h"

static struct go_stats stats(void)
{
    struct go_stats s = {0};

    go_stats_read(&s, sizeof s);
    return s;
}

struct alone {
    int n;
    atomic_int started;
    atomic_bool counted;
    uint64_t requests;
};

static uint64_t requests_while_computing(int ms)
{
    uint64_t before = stats().preempt_requests;

    hog_for(ms * GO_MILLISECOND);
    return stats().preempt_requests - before;
}

/* Computes among no more goroutines than processors; the first one counts the signals meanwhile. */
static void compute_alone(void *arg, int index)
{
    struct alone *a = arg;

    atomic_fetch_add(&a->started, 1);
    while (atomic_load(&a->started) < a->n)
        ;
    while (index > 0 && !atomic_load(&a->counted))
        ;
    if (index > 0)
        return;
    for (int i = 0; i < 100 && requests_while_computing(100) > 0; i++)
        ; /* main goes to sleep meanwhile: where other programs run, that takes its time */
    a->requests = requests_while_computing(500);
    atomic_store(&a->counted, true);
}

static void check_quiet(int procs, int hogs)
{
    struct alone *a = test_alloc(sizeof *a);

    a->n = hogs;
    go_maxprocs(procs);
    crew_run(hogs, compute_alone, a);
    CHECK_EQ(0, a->requests);
}

TEST(no_signal_is_sent_while_every_goroutine_has_a_processor)
{
    check_quiet(1, 1);
    check_quiet(2, 1);
    check_quiet(2, 2);
    check_quiet(8, 2);
}

struct others {
    long long switches; /* so far */
    int awake;          /* those that run, or would if the system let them */
};

static void add_thread(const char *path, struct others *o)
{
    FILE *f = fopen(path, "r");
    char line[128], state;
    long long n;

    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "voluntary_ctxt_switches: %lld", &n) == 1 || sscanf(line, "nonvoluntary_ctxt_switches: %lld", &n) == 1)
            o->switches += n;
        else if (sscanf(line, "State: %c", &state) == 1)
            o->awake += state == 'R';
    }
    if (f)
        fclose(f);
}

/* All threads of this process but the calling one. */
static struct others look_at_others(void)
{
    DIR *tasks = opendir("/proc/self/task");
    long self = syscall(SYS_gettid);
    struct others o = {0};
    char path[300];

    for (struct dirent *d; tasks && (d = readdir(tasks));) {
        if (d->d_name[0] == '.' || atol(d->d_name) == self)
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", d->d_name);
        add_thread(path, &o);
    }
    if (tasks)
        closedir(tasks);
    return o;
}

/* Half a second in a row: on a busy system one that was woken may come to run hundreds of milliseconds later. */
static void wait_until_all_sleep(void)
{
    int64_t begin = test_now(), asleep_since = begin, now = begin;

    while (now - asleep_since < GO_SECOND / 2 && now - begin < 30 * GO_SECOND) {
        usleep(5000);
        now = test_now();
        if (look_at_others().awake)
            asleep_since = now;
    }
    CHECK(now - begin < 30 * GO_SECOND);
}

struct nap {
    go_chan *end;
    long long switches;
    uint64_t ticks;
};

static void watch_the_nap(void *arg, int index)
{
    struct nap *n = arg;

    (void)index;
    wait_until_all_sleep();
    n->switches = look_at_others().switches;
    n->ticks = stats().monitor_ticks;
    usleep(1000000);
    n->ticks = stats().monitor_ticks - n->ticks;
    n->switches = look_at_others().switches - n->switches;
    go_send(n->end, NULL);
}

static void check_nap(void)
{
    struct nap *n = test_alloc(sizeof *n);
    struct crew *c;

    n->end = test_chan(0, 0);
    c = crew_start_threads(1, watch_the_nap, n);
    go_recv(n->end, NULL);
    crew_wait(c);
    CHECK_EQ(0, n->ticks);
    if (!WITH_TSAN) /* it has a thread of its own */
        CHECK_EQ(0, n->switches);
}

TEST(an_idle_process_sleeps)
{
    for (int procs = 1; procs <= 8; procs *= 2) {
        go_maxprocs(procs);
        check_nap();
    }
}

TEST(an_idle_process_with_a_timer_far_away_sleeps)
{
    go_timer *t = go_timer_new(3600 * GO_SECOND);

    check_nap();
    CHECK_EQ(0, go_timer_free(t));
}

static void wait_for_end(void *arg, int index)
{
    (void)index;
    go_recv(arg, NULL);
}

TEST(an_idle_process_with_a_thousand_waiting_goroutines_sleeps)
{
    go_chan *end = test_chan(0, 0);
    struct hogs *h = hogs_start(4, hog_arithmetic); /* so that threads and the monitor have been busy before */
    struct crew *c = crew_start(1000, wait_for_end, end);

    hogs_wait_for_turn(h, 0);
    hogs_stop(h);
    check_nap();
    go_chan_close(end);
    crew_wait(c);
}

enum { WAITING = 100 };

struct socket_waits {
    int ends[WAITING][2];
    int64_t deadline;
};

static void wait_for_byte(void *arg, int index)
{
    struct socket_waits *w = arg;
    char byte;

    CHECK_EQ(-EBADF, go_read_until(w->ends[index][0], &byte, 1, w->deadline));
}

static void check_nap_at_sockets(int procs, int64_t deadline)
{
    struct socket_waits *w = test_alloc(sizeof *w);
    struct crew *c;

    go_maxprocs(procs);
    w->deadline = deadline;
    for (int i = 0; i < WAITING; i++)
        net_unix_pair(SOCK_STREAM, w->ends[i]);
    c = crew_start(WAITING, wait_for_byte, w);
    check_nap();
    for (int i = 0; i < WAITING; i++)
        CHECK_EQ(0, go_close(w->ends[i][0]));
    crew_wait(c);
    check_nap(); /* and with nobody there any more */
    for (int i = 0; i < WAITING; i++)
        CHECK_EQ(0, go_close(w->ends[i][1]));
}

TEST(an_idle_process_whose_goroutines_wait_for_sockets_sleeps)
{
    check_nap_at_sockets(1, GO_FOREVER);
    check_nap_at_sockets(2, go_deadline(3600 * GO_SECOND));
    check_nap_at_sockets(8, GO_FOREVER);
}

static void block_in_region(void *arg, int index)
{
    char byte;
    ssize_t n;

    (void)index;
    go_blocking_begin();
    n = read(*(int *)arg, &byte, 1);
    go_blocking_end();
    CHECK_EQ(1, n);
}

TEST(an_idle_process_with_a_goroutine_that_blocks_in_the_kernel_sleeps)
{
    int *ends = test_alloc(2 * sizeof *ends);
    struct crew *c;

    CHECK_EQ(0, pipe(ends));
    c = crew_start(1, block_in_region, ends);
    check_nap();
    CHECK_EQ(1, write(ends[1], "x", 1));
    crew_wait(c);
    CHECK_EQ(0, close(ends[0]));
    CHECK_EQ(0, close(ends[1]));
}

/* Signals sent for so many hogs in a second. */
static void check_volume(int procs, int hogs, int64_t slice)
{
    struct go_stats before, after;
    int64_t begin, slices;
    struct hogs *h;

    go_maxprocs(procs);
    go_slice(slice);
    h = hogs_start(hogs, hog_arithmetic);
    go_sleep(100 * GO_MILLISECOND);
    before = stats();
    begin = test_now();
    go_sleep(GO_SECOND);
    after = stats();
    slices = (test_now() - begin) / slice * procs;
    hogs_stop(h);
    CHECK_BETWEEN(1, slices * 5 / 4 + 20, after.preempt_requests - before.preempt_requests);
}

TEST(no_more_signals_are_sent_than_slices_end)
{
    NEEDS_PREEMPTION();
    check_volume(1, 4, GO_MILLISECOND);
    check_volume(2, 4, GO_MILLISECOND);
    check_volume(2, 4, 10 * GO_MILLISECOND);
    check_volume(2, 16, 10 * GO_MILLISECOND);
}

/* Long beside what a preemption takes: under an emulator that is ten times as much. */
static int64_t slice_of(int64_t ns)
{
    return emulated() ? 40 * GO_MILLISECOND : ns;
}

/* So that there are enough of them. */
static int64_t some_time(void)
{
    return (emulated() ? 12 : 2) * GO_SECOND;
}

static void check_nearly_all(const struct go_stats *before, const struct go_stats *after)
{
    static const char *const causes[GO_REFUSALS] = {"stale", "library", "foreign", "off", "stack", "scheduler", "identity"};
    uint64_t requests = after->preempt_requests - before->preempt_requests, done = after->preemptions - before->preemptions;

    CHECK(requests > 100);
    if (CHECK(done * 100 >= requests * 99))
        return;
    test_note("%llu of %llu; refused:", (unsigned long long)done, (unsigned long long)requests);
    for (int i = 0; i < GO_REFUSALS; i++)
        test_note("%llu %s", (unsigned long long)(after->refusals[i] - before->refusals[i]), causes[i]);
}

TEST(nearly_every_request_succeeds_on_code_that_never_calls_the_library)
{
    struct go_stats before, after;
    struct hogs *h;

    NEEDS_PREEMPTION();
    go_maxprocs(1);
    go_slice(slice_of(200 * GO_MICROSECOND));
    h = hogs_start(4, hog_tight);
    go_sleep(100 * GO_MILLISECOND);
    before = stats();
    go_sleep(some_time());
    after = stats();
    hogs_stop(h);
    check_nearly_all(&before, &after);
}

/* ---- refusals, by cause ---- */

typedef void turn(void *arg);

/* Takes turns on the only processor, while a hog waits for it, until a request was refused for this cause. */
static void check_refusal(enum go_refusal cause, turn *take, void *arg)
{
    uint64_t before;
    int64_t end = test_now() + 30 * GO_SECOND;
    struct hogs *h;

    go_maxprocs(1);
    h = hogs_start(1, hog_arithmetic);
    before = stats().refusals[cause];
    while (stats().refusals[cause] == before && test_now() < end)
        take(arg);
    CHECK(stats().refusals[cause] != before);
    hogs_stop(h);
}

static void spin_with_preemption_off(void *arg)
{
    (void)arg;
    go_preempt_off();
    hog_for(20 * GO_MILLISECOND);
    go_preempt_on();
}

TEST(a_request_refused_because_preemption_is_off_is_counted)
{
    NEEDS_PREEMPTION();
    check_refusal(GO_REFUSED_OFF, spin_with_preemption_off, NULL);
}

static void call_the_library(void *arg)
{
    for (int i = 0; i < 100000; i++)
        go_chan_len(arg);
}

TEST(a_request_refused_inside_the_library_is_counted)
{
    NEEDS_PREEMPTION();
    check_refusal(GO_REFUSED_LIBRARY, call_the_library, test_chan(0, 0));
}

static void *(*volatile fill)(void *, int, size_t) = memset;

static void call_libc(void *arg)
{
    fill(arg, 1, 16 << 20);
}

/* True where goroutines are taken off with the identity of their thread. */
static bool identities_are_handed_over(void)
{
    return WITH_IDENTITIES;
}

TEST(a_request_refused_inside_libc_is_counted)
{
    NEEDS_PREEMPTION();
    if (identities_are_handed_over())
        SKIP("nothing is refused there");
    check_refusal(GO_REFUSED_FOREIGN, call_libc, test_alloc(16 << 20));
}

TEST(hardly_any_request_is_refused_inside_libc)
{
    NEEDS_PREEMPTION();
    struct go_stats before, after;
    void *memory = test_alloc(16 << 20);
    int64_t end = test_now() + some_time();
    struct hogs *h;

    if (!identities_are_handed_over())
        SKIP("identities are not handed over here");
    go_maxprocs(1);
    go_slice(slice_of(GO_MILLISECOND));
    h = hogs_start(1, hog_arithmetic);
    before = stats();
    while (test_now() < end)
        call_libc(memory);
    after = stats();
    hogs_stop(h);
    check_nearly_all(&before, &after);
}

#if defined(__GLIBC__)

static ucontext_t here, elsewhere;

static void spin_elsewhere(void)
{
    hog_for(20 * GO_MILLISECOND);
}

static void spin_on_a_stack_of_its_own(void *stack)
{
    getcontext(&elsewhere);
    elsewhere.uc_stack.ss_sp = stack;
    elsewhere.uc_stack.ss_size = 64 << 10;
    elsewhere.uc_link = &here;
    makecontext(&elsewhere, spin_elsewhere, 0);
    swapcontext(&here, &elsewhere);
}

static void check_refusal_on_a_stack(void *stack, int index)
{
    (void)index;
    check_refusal(GO_REFUSED_STACK, spin_on_a_stack_of_its_own, stack);
}

/* Not in main(), for whose stack all is taken that is not far away: where addresses are few, an emulator maps memory beside it. */
TEST(a_request_refused_on_a_stack_that_is_not_the_goroutines_is_counted)
{
    NEEDS_PREEMPTION();
    crew_run(1, check_refusal_on_a_stack, test_alloc(64 << 10));
}

#else

TEST(a_request_refused_on_a_stack_that_is_not_the_goroutines_is_counted)
{
    SKIP("this libc has no makecontext");
}

#endif

TEST(every_request_is_either_done_or_refused)
{
    struct go_stats before = stats(), after;
    uint64_t answered = 0, requests = 0;
    struct hogs *h;

    NEEDS_PREEMPTION();
    go_maxprocs(2);
    go_slice(100 * GO_MICROSECOND);
    h = hogs_start(4, hog_calling);
    for (int64_t end = test_now() + GO_SECOND; test_now() < end;)
        go_yield();
    hogs_stop(h);
    go_sleep(10 * GO_MILLISECOND); /* for the last signal */
    after = stats();
    requests = after.preempt_requests - before.preempt_requests;
    answered = after.preemptions - before.preemptions;
    for (int i = 0; i < GO_REFUSALS; i++)
        answered += after.refusals[i] - before.refusals[i];
    CHECK_BETWEEN(1, INT64_MAX, requests);
    if (!CHECK(answered <= requests + 2 && answered + 2 >= requests))
        test_note("%llu requests, %llu answers", (unsigned long long)requests, (unsigned long long)answered);
}
