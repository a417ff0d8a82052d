/* What context.h promises of scopes: none is left before all that was started in it has ended, whichever way it is left.
 *
 * SPDX-License-Identifier: MIT
 */
#include "groups.h"

struct in_scope {
    struct shared *s;
    go_group *scope;
    int members, body_gives, member_gives;
    bool exits;
    int *on_the_stack;
};

static int write_there(go_ctx *ctx, void *arg)
{
    struct in_scope *in = arg;

    (void)ctx;
    go_yield();
    atomic_fetch_add(&in->s->ended, 1);
    *in->on_the_stack += 1;
    return in->member_gives;
}

static int run_body(go_group *scope, void *arg)
{
    struct in_scope *in = arg;
    int result = 0;

    for (int i = 0; i < in->members; i++)
        result |= go_group_spawn(scope, write_there, in);
    CHECK(result == 0 || in->member_gives);
    return in->body_gives;
}

TEST(a_scope_returns_when_all_its_goroutines_have_ended)
{
    struct shared *s = new_shared(NULL, 0);

    go_maxprocs(1); /* they add without a lock */
    for (int i = 0; i < SCALED(300); i++) {
        int here = 0;
        struct in_scope in = {.s = s, .members = 1, .on_the_stack = &here};

        CHECK_EQ(0, go_scope(NULL, run_body, &in));
        CHECK_EQ(1, here);
    }
    CHECK_EQ(SCALED(300), atomic_load(&s->ended));
    CHECK_EQ(0, go_group_free(s->group));
}

TEST(a_scope_gives_the_first_error_of_all)
{
    struct shared *s = new_shared(NULL, 0);
    int here = 0;
    struct in_scope body = {.s = s, .members = 1, .body_gives = -EIO, .on_the_stack = &here};
    struct in_scope member = {.s = s, .members = 1, .member_gives = -EPERM, .on_the_stack = &here};

    CHECK_EQ(-EIO, go_scope(NULL, run_body, &body));
    CHECK_EQ(-EPERM, go_scope(NULL, run_body, &member));
    CHECK_EQ(0, go_group_free(s->group));
}

static int start_waiters(go_group *scope, void *arg)
{
    struct in_scope *in = arg;

    for (int i = 0; i < in->members; i++)
        CHECK_EQ(0, go_group_spawn(scope, wait_at_gate, in->s));
    if (in->exits)
        go_exit();
    return in->body_gives;
}

TEST(a_body_that_fails_cancels_the_others)
{
    struct shared *s = new_shared(NULL, 0);
    struct in_scope in = {.s = s, .members = 5, .body_gives = -EIO};

    CHECK_EQ(-EIO, go_scope(NULL, start_waiters, &in));
    CHECK_EQ(5, atomic_load(&s->cancelled));
    CHECK_EQ(0, go_group_free(s->group));
}

static void scope_that_exits(void *arg)
{
    struct in_scope in = {.s = arg, .members = 5, .exits = true};

    go_scope(NULL, start_waiters, &in);
    CHECK(!"a scope returns after go_exit in its body");
}

TEST(a_body_that_ends_its_goroutine_cancels_the_others_and_still_waits_for_them)
{
    struct shared *s = new_shared(NULL, 0);

    CHECK_EQ(0, go(scope_that_exits, s));
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(5, atomic_load(&s->ended));
    CHECK_EQ(5, atomic_load(&s->cancelled));
    CHECK_EQ(0, go_group_free(s->group));
}

TEST(a_scope_ends_with_its_parent)
{
    struct shared *s = new_shared(NULL, 0);
    go_ctx *parent = go_ctx_with_deadline(NULL, go_deadline(5 * GO_MILLISECOND));
    struct in_scope in = {.s = s, .members = 0};
    int here = 0;

    CHECK_EQ(0, go_scope(parent, start_waiters, &in));
    EVENTUALLY(go_ctx_err(parent) == -ETIMEDOUT);
    in = (struct in_scope){.s = s, .members = 1, .member_gives = 1, .on_the_stack = &here};
    CHECK_EQ(0, go_scope(parent, run_body, &in)); /* nothing was started */
    CHECK_EQ(0, atomic_load(&s->ended));
    CHECK_EQ(0, go_group_free(s->group));
    go_ctx_free(parent);
}

static int inner(go_group *scope, void *arg)
{
    struct in_scope *in = arg;

    if (in->members == 0)
        CHECK_EQ(0, go_group_spawn(scope, fail_at_once, in->s));
    else
        CHECK_EQ(0, go_group_spawn(scope, wait_at_gate, in->s));
    return 0;
}

static int member_with_scope(go_ctx *ctx, void *arg)
{
    return go_scope(ctx, inner, arg);
}

static int outer(go_group *scope, void *arg)
{
    struct in_scope *in = arg;

    for (int i = 0; i < 3; i++)
        CHECK_EQ(0, go_group_spawn(scope, member_with_scope, &in[1]));
    EVENTUALLY(atomic_load(&in->s->begun) == 3);
    CHECK_EQ(0, go_group_spawn(scope, member_with_scope, &in[0]));
    return 0;
}

TEST(an_error_in_a_scope_goes_up_and_ends_the_scopes_beside_it)
{
    for (int i = 0; i < SCALED(100); i++) {
        struct shared *s = new_shared(NULL, 0);
        struct in_scope in[2] = {{.s = s, .members = 0}, {.s = s, .members = 1}};

        s->error = -EIO;
        CHECK_EQ(-EIO, go_scope(NULL, outer, in));
        CHECK_EQ(3, atomic_load(&s->cancelled));
        CHECK_EQ(0, go_group_free(s->group));
    }
}

static int exit_in_inner(go_group *scope, void *arg)
{
    struct in_scope *in = arg;

    CHECK_EQ(0, go_group_spawn(scope, wait_at_gate, in->s));
    if (in->exits)
        go_exit();
    in->exits = true;
    return go_scope(go_group_ctx(scope), exit_in_inner, in);
}

static void nested_scopes_that_exit(void *arg)
{
    struct in_scope in = {.s = arg};

    go_scope(NULL, exit_in_inner, &in);
    CHECK(!"the outer scope returns after go_exit in the inner");
}

TEST(an_exit_ends_all_the_scopes_that_it_is_in)
{
    struct shared *s = new_shared(NULL, 0);

    CHECK_EQ(0, go(nested_scopes_that_exit, s));
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(2, atomic_load(&s->cancelled));
    CHECK_EQ(0, go_group_free(s->group));
}
