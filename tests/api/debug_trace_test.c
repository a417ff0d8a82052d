/* Tracebacks: every goroutine's stack is in a dump, parked, preempted, running, blocked or broken. This program has addresses,
 * which addr2line must know; tests/traced links the same tests with libgoroutine-trace.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "code.h"
#include "hogs.h"
#include "traces.h"

/* A function that is on the stack: not inlined, and with something to do after its call. */
#define FRAME   __attribute__((noinline))
#define AFTER() __asm__ volatile("" ::: "memory")

struct subject {
    go_chan *c;
    _Atomic uint64_t id;
    atomic_bool stop, runs;
    int ends[2];
};

static struct subject *subject(void)
{
    struct subject *s = test_alloc(sizeof *s);

    s->c = test_chan(0, 0);
    return s;
}

/* Starts a goroutine that parks, and gives its number. */
static uint64_t start(void (*fn)(void *), struct subject *s)
{
    CHECK_EQ(0, go_spawn(fn, s));
    return trace_parked(&s->id);
}

/* ---- parked ---- */

FRAME static void wait_here(struct subject *s)
{
    go_recv(s->c, NULL);
    AFTER();
}

FRAME static void wait_deeper(struct subject *s)
{
    wait_here(s);
    AFTER();
}

FRAME static void wait_deep(void *arg)
{
    struct subject *s = arg;

    atomic_store(&s->id, go_id());
    wait_deeper(s);
    AFTER();
}

TEST(a_parked_goroutine_shows_the_functions_that_led_there)
{
    struct subject *s = subject();

    TRACE_CHECK(start(wait_deep, s), "wait_here", "wait_deeper", "wait_deep");
    go_chan_close(s->c);
}

FRAME static int wait_below(struct subject *s, int depth)
{
    int result = 1;

    if (depth > 0)
        result += wait_below(s, depth - 1);
    else
        go_recv(s->c, NULL);
    AFTER();
    return result;
}

FRAME static void recurse(void *arg)
{
    struct subject *s = arg;

    atomic_store(&s->id, go_id());
    CHECK_EQ(301, wait_below(s, 300));
}

TEST(the_middle_of_a_long_stack_is_left_out)
{
    struct subject *s = subject();
    uint64_t id = start(recurse, s);
    char *dump = trace_dump();
    struct trace *t = trace_of(dump, id);

    /* 301 of them, the call that waits, and the function that began it */
    if (!CHECK_EQ(32 + 1 + 32, t->count) || !CHECK_STR("... 239 frames ...", t->line[32]) || !CHECK_STR("wait_below", t->name[1]) ||
        !CHECK_STR("wait_below", t->name[31]) || !CHECK_STR("wait_below", t->name[33]) || !CHECK_STR("recurse", t->name[64]))
        test_note("%s", dump);
    free(dump);
    go_chan_close(s->c);
}

/* ---- computing ---- */

FRAME static void compute(struct subject *s)
{
    volatile unsigned long n = 0;

    while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
        n++;
        atomic_store_explicit(&s->runs, true, memory_order_relaxed);
    }
}

FRAME static void compute_deep(void *arg)
{
    struct subject *s = arg;

    atomic_store(&s->id, go_id());
    compute(s);
    AFTER();
}

TEST(a_preempted_goroutine_shows_where_it_was_taken_off)
{
    struct subject *s;

    NEEDS_PREEMPTION();
    go_maxprocs(1);
    s = subject();
    CHECK_EQ(0, go_spawn(compute_deep, s));
    EVENTUALLY(atomic_load(&s->runs)); /* it runs without end, and we run: so it was taken off */
    TRACE_CHECK(atomic_load(&s->id), "compute", "compute_deep");
    atomic_store(&s->stop, true);
}

TEST(a_running_goroutine_shows_where_it_is)
{
    struct subject *s;

    NEEDS_PREEMPTION();
    go_maxprocs(2);
    s = subject();
    CHECK_EQ(0, go_spawn(compute_deep, s));
    EVENTUALLY(atomic_load(&s->runs));
    for (int i = 0; i < 20; i++)
        TRACE_CHECK(atomic_load(&s->id), "compute", "compute_deep");
    atomic_store(&s->stop, true);
}

FRAME static void dump_myself(void *arg)
{
    struct subject *s = arg;

    TRACE_CHECK(go_id(), "trace_dump", "trace_check", "dump_myself");
    atomic_store(&s->stop, true);
}

static void dump_first(void *arg)
{
    struct subject *s = arg;
    char *dump = trace_dump(), head[40];

    snprintf(head, sizeof head, "goroutine %llu ", (unsigned long long)go_id());
    if (!CHECK(strncmp(dump, head, strlen(head)) == 0) || !CHECK(strstr(dump + 1, head) == NULL))
        test_note("%s", dump);
    free(dump);
    atomic_store(&s->stop, true);
}

TEST(who_makes_a_dump_comes_first_and_once)
{
    struct subject *s = subject();

    CHECK_EQ(0, go_spawn_attr(&(struct go_attr){.stack_size = 256 << 10}, dump_first, s));
    EVENTUALLY(atomic_load(&s->stop));
}

TEST(who_makes_a_dump_is_in_it)
{
    struct subject *s = subject();

    CHECK_EQ(0, go_spawn_attr(&(struct go_attr){.stack_size = 256 << 10}, dump_myself, s));
    EVENTUALLY(atomic_load(&s->stop));
}

FRAME static void dump_from_main(void)
{
    TRACE_CHECK(go_id(), "trace_dump", "trace_check", "dump_from_main");
    AFTER();
}

TEST(main_is_in_it)
{
    CHECK_EQ(1, go_id());
    dump_from_main();
}

/* ---- blocked ---- */

FRAME static void block_in_libc(struct subject *s)
{
    char byte;

    go_blocking_begin();
    atomic_store(&s->runs, true);
    CHECK_EQ(1, read(s->ends[0], &byte, 1));
    go_blocking_end();
}

FRAME static void block_deep(void *arg)
{
    struct subject *s = arg;

    atomic_store(&s->id, go_id());
    block_in_libc(s);
    AFTER();
}

TEST(a_goroutine_in_a_blocking_region_shows_who_entered_it)
{
    struct subject *s = subject();

    CHECK_EQ(0, pipe(s->ends));
    CHECK_EQ(0, go_spawn(block_deep, s));
    EVENTUALLY(atomic_load(&s->runs));
    TRACE_CHECK(atomic_load(&s->id), "block_in_libc", "block_deep");
    CHECK_EQ(1, write(s->ends[1], "x", 1));
    EVENTUALLY(go_count() == 1);
    close(s->ends[0]);
    close(s->ends[1]);
}

/* ---- broken ---- */

static uintptr_t garbage; /* what words of a frame are overwritten with; 0: its own address */
static int spoils;        /* which: 1: the caller's frame pointer, 2: what it returns to, 3: both */

/* Spoils its own frame, parks, and mends it: what it returns to, and its caller's frame pointer. */
FRAME static void vandalise(struct subject *s)
{
    void *frame = __builtin_frame_address(0);
    volatile uintptr_t *const spoilt[2] = {LINK_OF(frame), RETURN_OF(frame)};
    uintptr_t kept[2] = {*spoilt[0], *spoilt[1]};

    for (int i = 0; i < 2; i++)
        if (spoils & 1 << i)
            *spoilt[i] = garbage ? garbage : (uintptr_t)frame;
    go_recv(s->c, NULL);
    AFTER();
    *spoilt[0] = kept[0];
    *spoilt[1] = kept[1];
}

FRAME static void vandal(void *arg)
{
    struct subject *s = arg;

    atomic_store(&s->id, go_id());
    vandalise(s);
    AFTER();
}

TEST(a_stack_that_is_garbage_does_no_harm)
{
    const uintptr_t kinds[] = {0,
                               1,
                               8,
                               -(uintptr_t)1,
                               -(uintptr_t)16,
                               (uintptr_t)vandal,
                               (uintptr_t)&garbage,
                               0x12345678,
                               (uintptr_t)1 << 40 % (8 * sizeof(uintptr_t))};

    for (size_t i = 0; i < 3 * (sizeof kinds / sizeof kinds[0]); i++) {
        struct subject *s = subject();

        garbage = kinds[i / 3];
        spoils = 1 + (int)(i % 3);
        TRACE_CHECK(start(vandal, s), "vandalise");
        TRACE_CHECK(go_id(), "trace_dump");
        go_chan_close(s->c);
        EVENTUALLY(go_count() == 1);
    }
}

/* ---- small stacks ---- */

/* With the library's own frames, and those of libc around a system call. */
enum { SMALLEST = 16 << 10, NEEDED = 8 << 10 };

__attribute__((noinline)) static void dump_with_little_left(int fd)
{
    volatile char taken[SMALLEST - NEEDED];

    taken[0] = taken[sizeof taken - 1] = 1;
    CHECK_EQ(0, go_dump(fd));
    taken[0]++;
}

static void dump_on_little(void *arg)
{
    struct subject *s = arg;

    dump_with_little_left(s->ends[1]);
    atomic_store(&s->stop, true);
}

TEST(a_dump_fits_on_the_smallest_stack)
{
    struct subject *s = subject();

    s->ends[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
    CHECK_EQ(0, go_spawn_attr(&(struct go_attr){.stack_size = SMALLEST}, dump_on_little, s));
    EVENTUALLY(atomic_load(&s->stop));
    close(s->ends[1]);
}

/* ---- all together ---- */

static void dump_often(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (int i = 0; i < SCALED(20); i++)
        free(trace_dump());
}

static void wait_often(void *arg, int index)
{
    (void)index;
    while (!atomic_load((atomic_bool *)arg)) {
        go_yield();
        go_sleep(10 * GO_MICROSECOND);
    }
}

TEST(dumps_do_no_harm_to_goroutines_that_wait_run_and_compute)
{
    atomic_bool *stop = test_alloc(sizeof *stop);
    struct crew *waiters = crew_start(10, wait_often, stop);
    struct hogs *h = hogs_start(3, hog_recursive);
    struct crew *threads = crew_start_threads(2, dump_often, NULL);

    crew_wait(threads);
    hogs_stop(h);
    atomic_store(stop, true);
    crew_wait(waiters);
}
