/* Coming back from a call of the system that blocked and that nobody announced: with what the call gave, to a processor, and when.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/time.h>
#include "sanitizers.h"
#include "calls.h"
#include "faults.h"
#include "goroutine/counter.h"

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
    crew = crew_start(1, make_the_call, c);
    wait_until_asleep(c);
    h = hogs_start(2, hog_counting);
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
    struct caller *c;
    uint64_t before;
    unsigned long turns;
    struct hogs *h;

    NEEDS_CALLS_SEEN(); /* or it would be interrupted */
    c = new_caller(sleep_a_little);
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
