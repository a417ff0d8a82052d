/* A running program when memory and threads run out: calls say so, nothing is lost, and all goes on when there are some again.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fault/fail.h"
#include "hogs.h"
#include "sanitizers.h"
#include "os/os.h"
#include "sched/identity.h"
#include "sched/runtime.h"

static struct fault no_mapping, no_memory, no_thread, no_guard;

static atomic_bool spares_others; /* faults do not hit those that make threads, which may be at any time */

static bool is_hit(void)
{
    struct thread *m = thread_mine();

    return !atomic_load(&spares_others) || (m && m->p);
}

void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (is_hit() && fault_now(&no_mapping)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return __real_mmap(at, size, protection, flags, fd, offset);
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    if (is_hit() && fault_now(&no_memory)) {
        errno = ENOMEM;
        return NULL;
    }
    return __real_malloc(size);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    return fault_now(&no_thread) ? EAGAIN : __real_pthread_create(thread, attr, run, arg);
}

int __real_os_guard(void *at, size_t size);
int __wrap_os_guard(void *at, size_t size)
{
    return fault_now(&no_guard) ? -ENOMEM : __real_os_guard(at, size);
}

static void add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

/* Each size of stacks that a test uses is new, so that none lies about. */
static size_t new_stack_size(void)
{
    static size_t size = 16 << 10;

    size *= size < (32 << 20) ? 2 : 1;
    return size == (64 << 10) ? size *= 2 : size;
}

static void check_spawn(struct fault *fault)
{
    struct go_attr attr = {.stack_size = new_stack_size()};
    atomic_int *ran = test_alloc(sizeof *ran);
    int started = 0, refused = 0;

    for (int number = 0; number < 10; number++) {
        int64_t before = go_count();
        int result;

        fault_plan(fault, number, FOR_EVER);
        result = go_spawn_attr(&attr, add_one, ran);
        fault_end(fault);
        CHECK(result == 0 || result == -ENOMEM);
        if (result == 0)
            started++;
        else
            refused += CHECK_EQ(before, go_count());
        result = go_spawn_attr(&attr, add_one, ran); /* with the fault gone */
        CHECK_EQ(0, result);
        started += result == 0;
        EVENTUALLY(atomic_load(ran) == started && go_count() == 1);
    }
    CHECK(refused > 0);
}

TEST(spawn_says_that_no_stack_could_be_mapped_and_works_again)
{
    check_spawn(&no_mapping);
}

TEST(spawn_says_that_no_stack_could_be_guarded_and_works_again)
{
    check_spawn(&no_guard);
}

static void pass_on(void *arg, int index)
{
    go_chan *c = arg;
    int value = index;

    for (int i = 0; i < 100; i++)
        if (index % 2)
            CHECK_EQ(0, go_send(c, &value));
        else
            CHECK_EQ(0, go_recv(c, &value));
}

TEST(goroutines_that_run_need_no_memory)
{
    go_chan *c = test_chan(sizeof(int), 0);
    struct crew *crew;

    go_maxprocs(1); /* another processor might want its first thread just then */
    crew = crew_start(50, pass_on, c);
    atomic_store(&spares_others, true);
    fault_plan(&no_memory, 0, FOR_EVER);
    fault_plan(&no_mapping, 0, FOR_EVER);
    CHECK_EQ(0, go_sleep(5 * GO_MILLISECOND));
    crew_wait(crew);
    CHECK_EQ(0, fault_end(&no_memory));
    CHECK_EQ(0, fault_end(&no_mapping));
    atomic_store(&spares_others, false);
}

TEST(a_channel_for_which_there_is_no_memory_is_null)
{
    int refused = 0;

    for (int number = 0; number < 5; number++) {
        go_chan *c;

        fault_plan(&no_memory, number, FOR_EVER);
        c = go_chan_new(100, 100);
        refused += fault_end(&no_memory) > 0;
        CHECK_EQ(refused == number + 1, c == NULL);
        CHECK_EQ(0, go_chan_free(c));
    }
    CHECK(refused > 0);
    CHECK_PTR(NULL, go_chan_new(SIZE_MAX, 2));
    CHECK_PTR(NULL, go_chan_new(SIZE_MAX / 2, 1)); /* what no allocator gives, where a size has 32 bits too */
}

static void count(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

TEST(a_timer_or_ticker_for_which_there_is_no_memory_is_null)
{
    for (int number = 0; number < 4; number++) {
        go_timer *t, *f;
        go_ticker *k;

        fault_plan(&no_memory, number, FOR_EVER);
        t = go_timer_new(GO_SECOND);
        fault_plan(&no_memory, number, FOR_EVER);
        f = go_after_func(GO_SECOND, count, NULL);
        fault_plan(&no_memory, number, FOR_EVER);
        k = go_ticker_new(GO_SECOND);
        fault_end(&no_memory);
        if (number == 0)
            CHECK(!t && !f && !k);
        CHECK_EQ(0, go_timer_free(t));
        CHECK_EQ(0, go_timer_free(f));
        CHECK_EQ(0, go_ticker_free(k));
    }
}

static atomic_bool park_them;

static void hold_a_stack(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    while (atomic_load(&park_them))
        go_sleep(GO_MILLISECOND);
}

/* It has no caller to tell: it must run when it can. */
TEST(a_function_whose_goroutine_can_not_be_started_runs_later)
{
    atomic_int *ran = test_alloc(sizeof *ran), *parked = test_alloc(sizeof *parked);
    go_timer *t[10];
    int64_t due = go_deadline(500 * GO_MILLISECOND);
    int started = 0;

    go_maxprocs(1); /* another processor may keep dead goroutines to start anew */
    atomic_store(&park_them, true);
    for (int i = 0; i < 10; i++)
        t[i] = go_after_func(500 * GO_MILLISECOND, count, ran);
    fault_plan(&no_mapping, 0, FOR_EVER);
    fault_plan(&no_guard, 0, FOR_EVER);
    while (go_spawn(hold_a_stack, parked) == 0) /* until no dead goroutine is left to start anew */
        started++;
    if (go_now() < due) {
        CHECK_EQ(0, go_sleep(600 * GO_MILLISECOND));
        CHECK_EQ(0, atomic_load(ran));
    }
    CHECK(fault_end(&no_guard) + fault_end(&no_mapping) > 0);
    EVENTUALLY(atomic_load(ran) == 10);
    atomic_store(&park_them, false);
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(started, atomic_load(parked));
    for (int i = 0; i < 10; i++)
        CHECK_EQ(0, go_timer_free(t[i]));
}

TEST(maxprocs_makes_do_with_the_memory_there_is)
{
    int procs = go_maxprocs(3), got;

    fault_plan(&no_memory, 2, FOR_EVER);
    CHECK_EQ(3, go_maxprocs(100));
    CHECK(fault_end(&no_memory) > 0);
    got = go_maxprocs(0);
    CHECK_BETWEEN(3, 99, got);
    CHECK_EQ(got, go_maxprocs(100));
    CHECK_EQ(100, go_maxprocs(procs));
}

/* As a program that has run for a while: all its threads, and the identities that they may have to use. One that has just one
 * thread when there are no more of them waits for whoever that one runs (docs/status.md). */
static bool has_its_threads(int procs)
{
    struct go_stats stats = {0};

    go_stats_read(&stats, sizeof stats);
    return stats.threads > stats.identities + (uint64_t)procs && (!identity_is_possible() || identity_shortage() == 0);
}

static atomic_bool may_block;
static struct fault *noticed; /* by those who block: they do for as long as that takes */

static void block(void *arg, int index)
{
    (void)index;
    while (!atomic_load(&may_block))
        go_yield();
    go_blocking_begin();
    for (int i = 0; i < 3000 && (i < 30 || atomic_load(&noticed->failed) == 0); i++)
        usleep(10000);
    go_blocking_end();
    atomic_fetch_add((atomic_int *)arg, 1);
}

/* Returns how many tries failed in a second. */
static int check_blocked(struct fault *fault)
{
    atomic_int *back = test_alloc(sizeof *back);
    struct go_stats stats = {0};
    struct crew *c;
    struct hogs *h;
    int n, failed;
    int64_t begin;

    go_maxprocs(4);
    go_stats_read(&stats, sizeof stats);
    n = (int)stats.threads + 10; /* so that all threads there are block, and one more is wanted */
    noticed = fault;
    atomic_store(&may_block, false);
    c = crew_start(n, block, back); /* before, since they need stacks */
    h = hogs_start(4, hog_counting);
    EVENTUALLY(has_its_threads(4));
    begin = test_now();
    fault_plan(fault, 0, FOR_EVER);
    atomic_store(&may_block, true);
    EVENTUALLY(atomic_load(&fault->failed) > 0); /* once all block */
    for (int i = 0; i < 4; i++)
        hogs_wait_for_turn(h, i); /* as soon as a thread is back */
    failed = fault_end(fault);
    begin = test_now() - begin;
    hogs_stop(h);
    crew_wait(c);
    CHECK_EQ(n, atomic_load(back));
    return (int)(failed * GO_SECOND / begin);
}

TEST(while_no_thread_can_be_started_the_others_go_on_with_those_there_are)
{
    CHECK_BETWEEN(0, 1000, check_blocked(&no_thread));
}

TEST(while_no_thread_can_get_its_stack_for_faults_the_others_go_on_with_those_there_are)
{
    if (WITH_ASAN || WITH_TSAN)
        SKIP("the sanitizer has given each thread such a stack");
    check_blocked(&no_mapping);
}

struct storm {
    atomic_int ran, started, refused;
    atomic_bool stop;
};

static void block_shortly(void)
{
    go_blocking_begin();
    usleep(1000);
    go_blocking_end();
}

static void spawn_what_can_be(void *arg, int index)
{
    struct storm *s = arg;

    /* As long as it takes until something has failed. */
    for (int i = 0; i < SCALED(2000) || (atomic_load(&s->refused) == 0 && i < 1000000); i++) {
        struct go_attr attr = {.stack_size = (size_t)(16 << 10) << ((i + index) % 6)};
        go_chan *c = go_chan_new(8, (size_t)(i % 10));
        int result = go_spawn_attr(&attr, count, &s->ran);

        CHECK(result == 0 || result == -ENOMEM);
        atomic_fetch_add(result == 0 ? &s->started : &s->refused, 1);
        CHECK_EQ(0, go_chan_free(c));
        if (i % 50 == 0)
            block_shortly();
    }
}

static void plant_faults(void *arg, int index)
{
    struct storm *s = arg;

    for (int i = 0; !atomic_load(&s->stop); i++) {
        if (!index)
            fault_plan(i % 2 ? &no_guard : &no_thread, i % 5, 1 + i % 7);
        else
            fault_plan(&no_memory, i % 11, 1 + i % 3);
        go_sleep(50 * GO_MICROSECOND);
    }
}

TEST(what_was_started_runs_and_what_was_refused_does_not_while_everything_fails_now_and_then)
{
    struct storm *s = test_alloc(sizeof *s);
    struct crew *crew = NULL, *faults;

    go_maxprocs(4);
    go_slice(20 * GO_MICROSECOND);
    crew = crew_start(4, spawn_what_can_be, s);
    faults = crew_start(2, plant_faults, s);
    crew_wait(crew);
    atomic_store(&s->stop, true);
    crew_wait(faults);
    fault_end(&no_guard);
    fault_end(&no_memory);
    fault_end(&no_thread);
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(atomic_load(&s->started), atomic_load(&s->ran));
    CHECK(atomic_load(&s->refused) > 0);
}

struct readers {
    int pipe[2];
    atomic_int called, over;
};

static void read_one(void *arg)
{
    struct readers *r = arg;
    char byte;

    atomic_fetch_add(&r->called, 1);
    CHECK_EQ(1, read(r->pipe[0], &byte, 1));
    go_yield();
}

/* Once a thread was refused: a byte now and then for those who may be all that is left. */
static void *write_slowly(void *arg)
{
    struct readers *r = arg;

    while (!atomic_load(&no_thread.failed))
        usleep(1000);
    while (!atomic_load(&r->over)) {
        usleep(50000);
        CHECK_EQ(1, write(r->pipe[1], "x", 1));
    }
    return NULL;
}

TEST(calls_that_nobody_announced_wait_for_each_other_while_no_thread_can_be_started)
{
    struct readers *r = test_alloc(sizeof *r);
    pthread_t writer;
    int n = 0;

    if (WITH_TSAN)
        SKIP("the library takes no processors away under ThreadSanitizer");
    go_maxprocs(1);
    CHECK_EQ(0, pipe(r->pipe));
    CHECK_EQ(0, __real_pthread_create(&writer, NULL, write_slowly, r));
    fault_plan(&no_thread, 0, FOR_EVER);
    do {
        CHECK_EQ(0, go(read_one, r));
        n++;
        EVENTUALLY(atomic_load(&r->called) == n);
    } while (!atomic_load(&no_thread.failed) && n < 1000);
    CHECK(atomic_load(&no_thread.failed) > 0);
    EVENTUALLY(go_count() <= n); /* one of them at least is back while there is no thread */
    fault_end(&no_thread);
    EVENTUALLY(go_count() == 1);
    atomic_store(&r->over, 1);
    pthread_join(writer, NULL);
    close(r->pipe[0]);
    close(r->pipe[1]);
}
