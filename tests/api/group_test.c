/* What context.h promises of groups: how many run at once, whose error counts and what it does, and that nobody is left behind.
 * (Scopes: group_scope_test.c.)
 *
 * SPDX-License-Identifier: MIT
 */
#include "groups.h"

static int end_well(go_ctx *ctx, void *arg)
{
    CHECK_PTR(go_group_ctx(((struct shared *)arg)->group), ctx);
    atomic_fetch_add(&((struct shared *)arg)->ended, 1);
    return 0;
}

static int end_by_exit(go_ctx *ctx, void *arg)
{
    (void)ctx;
    atomic_fetch_add(&((struct shared *)arg)->ended, 1);
    go_exit();
}

/* ---- waiting ---- */

TEST(wait_returns_when_all_members_have_ended_and_gives_nought_if_none_failed)
{
    struct shared *s = new_shared(NULL, 0);

    CHECK_EQ(0, go_group_wait(s->group)); /* nobody */
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < SCALED(100); i++)
            CHECK_EQ(0, go_group_spawn(s->group, end_well, s));
        CHECK_EQ(0, go_group_wait(s->group));
        CHECK_EQ(round * SCALED(100), atomic_load(&s->ended));
    }
    CHECK_EQ(0, go_group_free(s->group));
}

TEST(wait_until_gives_up_at_its_deadline_and_the_members_go_on)
{
    struct shared *s = new_shared(NULL, 0);

    CHECK_EQ(0, go_group_spawn(s->group, wait_at_gate, s));
    CHECK_EQ(-EAGAIN, go_group_wait_until(s->group, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_group_wait_until(s->group, go_deadline(GO_MILLISECOND)));
    CHECK_EQ(0, go_ctx_err(go_group_ctx(s->group)));
    CHECK_EQ(0, go_chan_close(s->gate));
    CHECK_EQ(0, go_group_wait_until(s->group, go_deadline(1000 * GO_SECOND)));
    CHECK_EQ(1, atomic_load(&s->ended));
    CHECK_EQ(0, go_group_wait_until(s->group, GO_NOW));
    CHECK_EQ(0, go_group_free(s->group));
}

TEST(a_wait_with_a_context_ends_with_that_one_and_not_the_groups)
{
    struct shared *s = new_shared(NULL, 0);
    go_ctx *ctx = go_ctx_with_deadline(NULL, go_deadline(GO_MILLISECOND));

    CHECK_EQ(0, go_group_spawn(s->group, wait_at_gate, s));
    CHECK_EQ(-ETIMEDOUT, go_group_wait_ctx(ctx, s->group));
    CHECK_EQ(0, go_ctx_err(go_group_ctx(s->group)));
    CHECK_EQ(1, go_ctx_cancel(go_group_ctx(s->group), -EIO));
    CHECK_EQ(-ECANCELED, go_group_wait_ctx(NULL, s->group));
    CHECK_EQ(-ECANCELED, go_group_free(s->group));
    go_ctx_free(ctx);
}

/* Members end just as a wait gives up, and the next wait frees the group: the last member must be through with it. */
TEST(a_group_may_be_freed_after_a_wait_that_gave_up)
{
    for (int i = 0; i < SCALED(3000); i++) {
        struct shared *s = new_shared(NULL, i % 3);
        int result;

        for (int k = 0; k < 3; k++)
            CHECK_EQ(0, go_group_spawn(s->group, end_well, s));
        result = go_group_wait_until(s->group, go_deadline(i % 20 * GO_MICROSECOND));
        CHECK(result == 0 || result == -ETIMEDOUT);
        CHECK_EQ(0, go_group_free(s->group));
        CHECK_EQ(3, atomic_load(&s->ended));
    }
}

/* ---- errors ---- */

TEST(the_first_error_cancels_the_others_and_is_what_wait_gives)
{
    struct shared *s = new_shared(NULL, 0);

    s->error = -EIO;
    for (int i = 0; i < 10; i++)
        CHECK_EQ(0, go_group_spawn(s->group, wait_at_gate, s));
    CHECK_EQ(0, go_group_spawn(s->group, fail_at_once, s));
    CHECK_EQ(-EIO, go_group_wait(s->group));
    CHECK_EQ(10, atomic_load(&s->cancelled));
    CHECK_EQ(-ECANCELED, go_ctx_err(go_group_ctx(s->group)));
    CHECK_EQ(-EIO, go_ctx_cause(go_group_ctx(s->group)));
    CHECK_EQ(-EIO, go_group_wait(s->group));
    CHECK_EQ(-EIO, go_group_wait_until(s->group, GO_NOW));
    CHECK_EQ(-EIO, go_group_free(s->group));
}

TEST(in_a_group_that_is_done_nothing_is_started)
{
    struct shared *s = new_shared(NULL, 2);

    CHECK_EQ(1, go_ctx_cancel(go_group_ctx(s->group), -EIO));
    CHECK_EQ(-ECANCELED, go_group_spawn(s->group, end_well, s));
    CHECK_EQ(-ECANCELED, go_group_try_spawn(s->group, end_well, s));
    CHECK_EQ(0, go_group_wait(s->group)); /* nobody has failed */
    CHECK_EQ(0, atomic_load(&s->ended));
    CHECK_EQ(0, go_group_free(s->group));
}

TEST(a_group_ends_with_its_parent_and_gives_what_its_members_make_of_it)
{
    go_ctx *parent = go_ctx_new(NULL), *timed = go_ctx_with_deadline(NULL, go_deadline(GO_MILLISECOND));
    struct shared *s = new_shared(parent, 0), *t = new_shared(timed, 0);

    CHECK_EQ(0, go_group_spawn(s->group, wait_at_gate, s));
    CHECK_EQ(1, go_ctx_cancel(parent, -EPERM));
    CHECK_EQ(-ECANCELED, go_group_wait(s->group));
    CHECK_EQ(-EPERM, go_ctx_cause(go_group_ctx(s->group)));
    int spawned = go_group_spawn(t->group, wait_at_gate, t);
    CHECK(spawned == 0 || spawned == -ETIMEDOUT);
    CHECK_EQ(spawned == 0 ? -ETIMEDOUT : 0, go_group_wait(t->group));
    EVENTUALLY(go_ctx_err(timed) == -ETIMEDOUT);
    CHECK_EQ(-ETIMEDOUT, go_group_spawn(t->group, end_well, t));
    CHECK_EQ(-ECANCELED, go_group_free(s->group));
    CHECK_EQ(spawned == 0 ? -ETIMEDOUT : 0, go_group_free(t->group));
    go_ctx_free(parent);
    go_ctx_free(timed);
}

TEST(a_group_leaves_its_parent_alone)
{
    go_ctx *parent = go_ctx_new(NULL);
    struct shared *s = new_shared(parent, 0);

    s->error = -EIO;
    CHECK_EQ(0, go_group_spawn(s->group, fail_at_once, s));
    CHECK_EQ(-EIO, go_group_free(s->group));
    CHECK_EQ(0, go_ctx_err(parent));
    go_ctx_free(parent);
}

TEST(a_member_that_ends_by_go_exit_counts_as_nought)
{
    struct shared *s = new_shared(NULL, 1);

    for (int i = 0; i < 10; i++) /* its place is free again too */
        CHECK_EQ(0, go_group_spawn(s->group, end_by_exit, s));
    CHECK_EQ(0, go_group_wait(s->group));
    CHECK_EQ(10, atomic_load(&s->ended));
    CHECK_EQ(0, go_ctx_err(go_group_ctx(s->group)));
    CHECK_EQ(0, go_group_free(s->group));
}

/* ---- members that panic ---- */

static enum go_panic_verdict end_alone(const struct go_panic_info *info)
{
    (void)info;
    return GO_PANIC_END;
}

static int fail_badly(go_ctx *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    go_panic("a member's");
}

static void recover(void *arg)
{
    (void)arg;
    CHECK_EQ(1, go_recover(NULL));
}

static int fail_and_recover(go_ctx *ctx, void *arg)
{
    GO_DEFER(recover, arg);
    return fail_badly(ctx, arg);
}

TEST(a_member_that_panics_and_ends_alone_counts_as_not_recoverable)
{
    struct shared *s = new_shared(NULL, 0);
    int64_t count = go_count();

    CHECK(go_on_panic(end_alone) == NULL);
    CHECK_EQ(0, go_group_spawn(s->group, wait_at_gate, s));
    CHECK_EQ(0, go_group_spawn(s->group, fail_badly, NULL));
    CHECK_EQ(-ENOTRECOVERABLE, go_group_wait(s->group)); /* going, it would cancel the first one before that fails */
    CHECK_EQ(-ENOTRECOVERABLE, go_group_free(s->group));
    CHECK_EQ(1, atomic_load(&s->cancelled));
    EVENTUALLY(go_count() == count); /* the group is told by what is deferred, before the handler is asked */
    CHECK(go_on_panic(NULL) == end_alone);
}

TEST(a_member_that_recovers_counts_as_nought)
{
    struct shared *s = new_shared(NULL, 0);

    CHECK_EQ(0, go_group_spawn(s->group, fail_and_recover, NULL));
    CHECK_EQ(0, go_group_free(s->group));
}

/* ---- limits ---- */

static int count_running(go_ctx *ctx, void *arg)
{
    struct shared *s = arg;
    int running = atomic_fetch_add(&s->running, 1) + 1, most = atomic_load(&s->most);

    (void)ctx;
    while (running > most && !atomic_compare_exchange_weak(&s->most, &most, running))
        ;
    go_yield();
    atomic_fetch_sub(&s->running, 1);
    atomic_fetch_add(&s->ended, 1);
    return 0;
}

TEST(no_more_members_run_than_the_limit_allows)
{
    static const int limits[] = {1, 2, 7};

    for (int k = 0; k < 3; k++) {
        struct shared *s = new_shared(NULL, limits[k]);

        go_maxprocs(4);
        for (int i = 0; i < SCALED(1000); i++)
            CHECK_EQ(0, go_group_spawn(s->group, count_running, s));
        CHECK_EQ(0, go_group_wait(s->group));
        CHECK_EQ(SCALED(1000), atomic_load(&s->ended));
        CHECK_BETWEEN(1, limits[k], atomic_load(&s->most));
        CHECK_EQ(0, go_group_free(s->group));
    }
}

TEST(at_the_limit_to_try_gives_eagain)
{
    struct shared *s = new_shared(NULL, 2);

    CHECK_EQ(0, go_group_try_spawn(s->group, wait_at_gate, s));
    CHECK_EQ(0, go_group_try_spawn(s->group, wait_at_gate, s));
    CHECK_EQ(-EAGAIN, go_group_try_spawn(s->group, wait_at_gate, s));
    CHECK_EQ(0, go_chan_close(s->gate));
    EVENTUALLY(go_group_try_spawn(s->group, end_well, s) == 0);
    CHECK_EQ(0, go_group_wait(s->group));
    CHECK_EQ(0, go_group_free(s->group));
    CHECK_EQ(3, atomic_load(&s->ended));
}

struct spawning {
    struct shared *s;
    int result;
    atomic_bool done;
};

static void spawn_one_more(void *arg)
{
    struct spawning *p = arg;

    p->result = go_group_spawn(p->s->group, wait_at_gate, p->s);
    atomic_store(&p->done, true);
}

TEST(at_the_limit_a_spawn_waits_until_one_ends_or_the_group_is_done)
{
    for (int cancel = 0; cancel < 2; cancel++) {
        struct shared *s = new_shared(NULL, 1);
        struct spawning *p = test_alloc(sizeof *p);

        p->s = s;
        CHECK_EQ(0, go_group_spawn(s->group, wait_at_gate, s));
        test_start_until_blocked(spawn_one_more, p);
        CHECK(!atomic_load(&p->done));
        if (cancel)
            CHECK_EQ(1, go_ctx_cancel(go_group_ctx(s->group), 0));
        else
            CHECK_EQ(0, go_send(s->gate, NULL));
        EVENTUALLY(atomic_load(&p->done));
        CHECK_EQ(cancel ? -ECANCELED : 0, p->result);
        go_chan_close(s->gate);
        CHECK_EQ(cancel ? -ECANCELED : 0, go_group_wait(s->group));
        CHECK_EQ(cancel ? 1 : 2, atomic_load(&s->ended));
        CHECK_EQ(cancel ? -ECANCELED : 0, go_group_free(s->group));
    }
}

/* ---- freeing ---- */

TEST(to_free_a_group_cancels_its_members_and_waits_for_them)
{
    struct shared *s = new_shared(NULL, 0);

    for (int i = 0; i < 10; i++)
        CHECK_EQ(0, go_group_spawn(s->group, wait_at_gate, s));
    CHECK_EQ(-ECANCELED, go_group_free(s->group));
    CHECK_EQ(10, atomic_load(&s->ended));
    CHECK_EQ(10, atomic_load(&s->cancelled));
    CHECK_EQ(0, go_group_free(NULL));
}

TEST(what_makes_no_sense_is_refused)
{
    struct shared *s = new_shared(NULL, 0);

    CHECK_PTR(NULL, go_group_new(NULL, -1));
    CHECK_EQ(-EINVAL, go_group_spawn(NULL, end_well, s));
    CHECK_EQ(-EINVAL, go_group_spawn(s->group, NULL, s));
    CHECK_EQ(-EINVAL, go_group_try_spawn(s->group, NULL, s));
    CHECK_EQ(-EINVAL, go_group_wait(NULL));
    CHECK_EQ(-EINVAL, go_group_wait_until(NULL, GO_NOW));
    CHECK_EQ(-EINVAL, go_group_wait_ctx(NULL, NULL));
    CHECK_PTR(NULL, go_group_ctx(NULL));
    CHECK_EQ(-EINVAL, go_scope(NULL, NULL, NULL));
    CHECK_EQ(0, go_group_free(s->group));
}

static void use_a_group(void *arg, int index)
{
    struct shared *s = arg;
    go_group *group = go_group_new(NULL, 2);

    (void)index;
    for (int i = 0; i < 20; i++)
        CHECK_EQ(0, go_group_spawn(group, count_running, s));
    CHECK_EQ(0, go_group_wait(group));
    CHECK_EQ(0, go_group_free(group));
}

TEST(plain_threads_have_groups_too)
{
    struct shared *s = new_shared(NULL, 0);

    crew_wait(crew_start_threads(3, use_a_group, s));
    CHECK_EQ(60, atomic_load(&s->ended));
    CHECK_EQ(0, go_group_free(s->group));
}
