/* Everything at once: goroutines that do all that goroutines can do, preempted all the time, and nothing is lost.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <unistd.h>
#include "hogs.h"

struct storm {
    go_chan *c, *buffered;
    go_mutex m;
    go_rwmutex rw;
    go_cond cond;
    go_sem s;
    go_waitgroup children;
    long counter;
    atomic_long expected, steps, spawned, ended;
    atomic_bool stop;
};

static void be_child(void *arg)
{
    struct storm *s = arg;

    go_yield();
    atomic_fetch_add(&s->ended, 1);
    go_waitgroup_done(&s->children);
}

static void count_under_mutex(struct storm *s)
{
    CHECK_EQ(0, go_mutex_lock(&s->m));
    s->counter++;
    atomic_fetch_add(&s->expected, 1);
    go_cond_signal(&s->cond);
    CHECK_EQ(0, go_mutex_unlock(&s->m));
}

static void wait_a_little(struct storm *s, unsigned r)
{
    CHECK_EQ(0, go_mutex_lock(&s->m));
    go_cond_wait_until(&s->cond, &s->m, go_deadline(1 + r % 100000));
    CHECK_EQ(0, go_mutex_unlock(&s->m));
}

static void select_something(struct storm *s, unsigned r)
{
    struct go_case cases[] = {{.chan = s->c, .op = GO_RECV}, {.chan = s->c, .op = GO_SEND}, {.chan = s->buffered, .op = GO_SEND}};

    go_select_until(cases, 3, r % 2 ? GO_NOW : go_deadline(r % 50000));
}

static void spawn_child(struct storm *s)
{
    go_waitgroup_add(&s->children, 1);
    if (CHECK_EQ(0, go_spawn(be_child, s)))
        atomic_fetch_add(&s->spawned, 1);
}

static void block_the_thread(unsigned r)
{
    go_blocking_begin();
    if (r % 8 == 0)
        usleep(r % 100);
    go_blocking_end();
}

static void stay_on_a_thread(unsigned r)
{
    CHECK_EQ(0, go_lock_thread());
    if (r % 2)
        go_yield();
    if (r % 3 == 0)
        go_sleep(r % 20000);
    CHECK_EQ(0, go_unlock_thread());
}

static void stay_on_a_processor(struct storm *s, unsigned r)
{
    go_preempt_off();
    hog_for(r % 30000);
    if (r % 2)
        count_under_mutex(s);
    go_preempt_on();
}

static void take_permits(struct storm *s, unsigned r)
{
    if (go_sem_acquire_until(&s->s, 1 + (int)(r % 3), go_deadline(r % 50000)) == 0)
        CHECK_EQ(0, go_sem_release(&s->s, 1 + (int)(r % 3)));
}

static void read_or_write(struct storm *s, unsigned r)
{
    if (r % 4) {
        CHECK_EQ(0, go_rwmutex_rlock(&s->rw));
        hog_for(r % 1000);
        CHECK_EQ(0, go_rwmutex_runlock(&s->rw));
    } else if (go_rwmutex_lock_until(&s->rw, go_deadline(r % 200000)) == 0) {
        CHECK_EQ(0, go_rwmutex_unlock(&s->rw));
    }
}

static void step(struct storm *s, unsigned r)
{
    switch (r % 13) {
    case 0:
        return go_yield();
    case 1:
        return count_under_mutex(s);
    case 2:
        return wait_a_little(s, r / 13);
    case 3:
        return select_something(s, r / 13);
    case 4:
        return spawn_child(s);
    case 5:
        return block_the_thread(r / 13);
    case 6:
        return stay_on_a_thread(r / 13);
    case 7:
        return stay_on_a_processor(s, r / 13);
    case 8:
        return take_permits(s, r / 13);
    case 9:
        return read_or_write(s, r / 13);
    case 10:
        go_sleep(r / 13 % 50000);
        return;
    case 11:
        hog_for(r / 13 % 100000);
        return;
    default:
        go_recv_until(s->buffered, NULL, go_deadline(r / 13 % 50000));
        return;
    }
}

static void take_many_steps(void *arg, int index)
{
    struct storm *s = arg;
    unsigned r = 2463534242u + (unsigned)index * 7919;

    for (int i = 0; i < SCALED(500); i++) {
        r ^= r << 13;
        r ^= r >> 17;
        r ^= r << 5;
        step(s, r >> 4);
        atomic_fetch_add(&s->steps, 1);
    }
}

/* A plain thread can do all of it but be tied, switched off, or in a region, which then have no effect. */
static void take_many_steps_as_a_thread(void *arg, int index)
{
    struct storm *s = arg;
    unsigned r = 88172645u + (unsigned)index * 104729;

    for (int i = 0; i < SCALED(500); i++) {
        r ^= r << 13;
        r ^= r >> 17;
        r ^= r << 5;
        if ((r >> 4) % 13 != 6)
            step(s, r >> 4);
        atomic_fetch_add(&s->steps, 1);
    }
}

static void change_procs(void *arg, int index)
{
    struct storm *s = arg;

    for (int i = index; !atomic_load(&s->stop); i++) {
        go_maxprocs(1 + i % 5);
        go_slice((20 + i % 100) * GO_MICROSECOND);
        go_sleep(GO_MILLISECOND);
    }
}

static void check_storm(int goroutines, int threads, bool changing)
{
    struct storm *s = test_alloc(sizeof *s);
    struct crew *crews[3];

    s->c = test_chan(0, 0);
    s->buffered = test_chan(0, 10);
    go_sem_release(&s->s, 5);
    crews[0] = crew_start(changing ? 1 : 0, change_procs, s);
    crews[1] = crew_start_threads(threads, take_many_steps_as_a_thread, s);
    crews[2] = crew_start(goroutines, take_many_steps, s);
    crew_wait(crews[2]);
    crew_wait(crews[1]);
    atomic_store(&s->stop, true);
    crew_wait(crews[0]);
    CHECK_EQ(0, go_waitgroup_wait(&s->children));
    CHECK_EQ((goroutines + threads) * SCALED(500), atomic_load(&s->steps));
    CHECK_EQ(atomic_load(&s->spawned), atomic_load(&s->ended));
    CHECK_EQ(atomic_load(&s->expected), s->counter);
    CHECK_EQ(0, go_sem_acquire_until(&s->s, 5, GO_NOW));
    CHECK_EQ(0, go_rwmutex_lock_until(&s->rw, GO_NOW));
    EVENTUALLY(go_count() == 1);
}

TEST(goroutines_that_do_everything_lose_nothing)
{
    static const int64_t slices[] = {20 * GO_MICROSECOND, 100 * GO_MICROSECOND, GO_MILLISECOND};

    for (int procs = 1; procs <= 4; procs *= 2)
        for (int i = 0; i < 3; i++) {
            go_maxprocs(procs);
            go_slice(slices[i]);
            check_storm(50, 0, false);
        }
}

TEST(goroutines_and_threads_that_do_everything_lose_nothing)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        go_maxprocs(procs);
        go_slice(20 * GO_MICROSECOND);
        check_storm(30, 4, false);
    }
}

TEST(goroutines_that_do_everything_lose_nothing_while_processors_come_and_go)
{
    for (int i = 0; i < 3; i++)
        check_storm(50, 2, true);
}
