/* Beyond the last processor that is in service, or still has a timer, nobody looks for work or timers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "test.h"

#include "sched/runtime.h"

enum { FEW = 2, SOME = 8 };

static int horizon(void)
{
    return load_ordered(&sched.horizon);
}

/* Whoever looks for work lowers it. */
static bool comes_down(void)
{
    for (int64_t end = go_deadline(30 * GO_SECOND); horizon() > FEW && go_now() < end;)
        go_sleep(GO_MILLISECOND);
    return horizon() == FEW;
}

TEST(the_horizon_follows_the_number_of_processors)
{
    go_maxprocs(FEW);
    CHECK(comes_down());
    go_maxprocs(PROCESSORS_MAX);
    CHECK_EQ(PROCESSORS_MAX, horizon());
    go_maxprocs(FEW);
    CHECK(comes_down());
    CHECK(load_relaxed(&sched.processors_ever) == PROCESSORS_MAX);
}

/* ---- a timer that was left behind ---- */

struct far {
    go_timer *timer;
    int64_t ns;
    atomic_bool found;
    go_waitgroup going;
};

/* Those that go round at the same time come to every processor sooner or later. */
static void arm_on_the_last_processor(void *arg)
{
    struct far *far = arg;

    while (!atomic_load(&far->found)) {
        if (thread_self()->p->id == SOME - 1 && !atomic_exchange(&far->found, true))
            go_timer_reset(far->timer, far->ns);
        go_yield();
    }
    go_waitgroup_done(&far->going);
}

static void leave_behind(struct far *far)
{
    far->timer = go_timer_new(60 * GO_SECOND);
    CHECK(far->timer != NULL);
    go_maxprocs(SOME);
    go_waitgroup_add(&far->going, 4 * SOME);
    for (int i = 0; i < 4 * SOME; i++)
        CHECK(go(arm_on_the_last_processor, far) == 0);
    go_waitgroup_wait(&far->going);
    go_maxprocs(FEW);
}

TEST(a_processor_that_was_taken_away_stays_in_sight_while_it_has_a_timer)
{
    struct far far = {.ns = 60 * GO_SECOND};

    leave_behind(&far);
    CHECK_EQ(SOME, horizon());
    CHECK_EQ(1, go_timer_stop(far.timer));
    CHECK(comes_down());
    go_timer_free(far.timer);
}

TEST(and_until_it_has_fired)
{
    struct far far = {.ns = GO_SECOND};
    int64_t fired;

    leave_behind(&far);
    CHECK_EQ(0, go_recv(go_timer_chan(far.timer), &fired));
    CHECK(comes_down());
    go_timer_free(far.timer);
}

/* ---- work that was left behind ---- */

static void count(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

/* As where a blocking region lasts, and no thread is there to carry its processor on. */
static bool leave_on_an_idle_one(atomic_int *ran)
{
    struct processor *mine = thread_self()->p, *idle;
    struct goroutine *g;

    CHECK(go(count, ran) == 0);
    g = deque_pop(&mine->fresh);
    if (!g)
        return false; /* another was faster */
    lock_take(&sched.lock);
    idle = idle_pop();
    if (idle) {
        queue_fresh(idle, g);
        idle_push(idle);
    }
    lock_drop(&sched.lock);
    if (!idle)
        queue_fresh(mine, g); /* may take the lock */
    return idle != NULL;
}

TEST(work_on_an_idle_processor_that_is_taken_away_goes_elsewhere)
{
    atomic_int *ran = test_alloc(sizeof *ran);
    int left = 0, started = 0;

    for (int i = 0; i < SCALED(300) || (left == 0 && i < 100000); i++) {
        go_maxprocs(SOME);
        go_preempt_off();
        left += leave_on_an_idle_one(ran);
        go_preempt_on();
        started++;
        go_maxprocs(1);
        EVENTUALLY(atomic_load(ran) == started);
        if (atomic_load(ran) != started)
            break;
    }
    test_note("%d of %d left on an idle one", left, started);
}
