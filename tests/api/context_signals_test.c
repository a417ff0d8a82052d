/* What context.h promises of a context that a signal of the process ends.
 *
 * SPDX-License-Identifier: MIT
 */
#include "signals.h"

TEST(a_signal_ends_the_context_and_what_waits_with_it)
{
    static const int both[] = {SIGUSR1, SIGUSR2};
    go_chan *never = test_chan(0, 0);

    for (int i = 0; i < SCALED(50); i++) {
        go_ctx *ctx = go_ctx_with_signals(NULL, both, 2), *below = go_ctx_new(ctx);

        CHECK_EQ(0, go_ctx_err(below));
        send(both[i % 2]);
        CHECK_EQ(-ECANCELED, go_recv_ctx(below, never, NULL));
        CHECK_EQ(-ECANCELED, go_ctx_cause(ctx));
        go_ctx_free(below);
        go_ctx_free(ctx);
    }
}

TEST(once_it_is_done_the_signal_has_its_earlier_effect)
{
    go_ctx *ctx, *parent = go_ctx_new(NULL);

    install(SIGUSR1, handle);
    ctx = go_ctx_with_signals(parent, &(int){SIGUSR1}, 1);
    CHECK(installed(SIGUSR1) != handle);
    go_ctx_cancel(parent, 0);
    EVENTUALLY(installed(SIGUSR1) == handle);
    send(SIGUSR1);
    EVENTUALLY(atomic_load(&handled) == 1);
    go_ctx_free(ctx);
    go_ctx_free(parent);
    signal(SIGUSR1, SIG_DFL);
}

static void look_as_soon_as_it_is_done(void *ctx, int index)
{
    (void)index;
    while (!go_ctx_err(ctx))
        ;
    CHECK(installed(SIGUSR1) == handle);
}

/* Seen by a thread that looks all the time. */
TEST(once_the_signal_has_ended_it_a_second_one_has_its_earlier_effect)
{
    install(SIGUSR1, handle);
    for (int i = 0; i < SCALED(100); i++) {
        go_ctx *ctx = go_ctx_with_signals(NULL, &(int){SIGUSR1}, 1);
        struct crew *c = crew_start_threads(1, look_as_soon_as_it_is_done, ctx);

        send(SIGUSR1);
        crew_wait(c);
        go_ctx_free(ctx);
    }
    CHECK_EQ(0, atomic_load(&handled));
    signal(SIGUSR1, SIG_DFL);
}

TEST(to_free_it_ends_the_asking)
{
    install(SIGUSR2, handle);
    for (int i = 0; i < SCALED(50); i++) {
        go_ctx *ctx = go_ctx_with_signals(NULL, &(int){SIGUSR2}, 1);

        CHECK_EQ(0, go_ctx_err(ctx));
        go_ctx_free(ctx);
    }
    EVENTUALLY(installed(SIGUSR2) == handle);
    CHECK_EQ(0, atomic_load(&handled));
    signal(SIGUSR2, SIG_DFL);
}

TEST(it_leaves_its_parent_alone_and_ends_with_it)
{
    go_ctx *parent = go_ctx_new(NULL), *ctx = go_ctx_with_signals(parent, &(int){SIGUSR1}, 1);

    send(SIGUSR1);
    go_recv(go_ctx_done(ctx), NULL);
    CHECK_EQ(0, go_ctx_err(parent));
    go_ctx_free(ctx);
    ctx = go_ctx_with_signals(parent, &(int){SIGUSR1}, 1);
    CHECK_EQ(1, go_ctx_cancel(parent, -EIO));
    CHECK_EQ(-EIO, go_ctx_cause(ctx));
    go_ctx_free(ctx);
    go_ctx_free(parent);
}

TEST(a_signal_that_cannot_be_had_makes_no_context)
{
    CHECK(go_ctx_with_signals(NULL, &(int){SIGKILL}, 1) == NULL);
    CHECK(go_ctx_with_signals(NULL, NULL, 1) == NULL);
}
