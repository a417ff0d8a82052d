/* Contexts that many goroutines and plain threads make, end and ask at the same time.
 *
 * SPDX-License-Identifier: MIT
 */
#include "contexts.h"
#include "random.h"

struct many {
    go_ctx *ctx;
    atomic_int firsts, causes[20];
};

static void cancel_with_own_cause(void *arg, int index)
{
    struct many *m = arg;

    if (go_ctx_cancel(m->ctx, -1 - index) == 1) {
        atomic_fetch_add(&m->firsts, 1);
        CHECK_EQ(-1 - index, go_ctx_cause(m->ctx));
    }
    CHECK_EQ(-ECANCELED, go_ctx_err(m->ctx));
    atomic_store(&m->causes[index], go_ctx_cause(m->ctx));
}

TEST(of_many_who_cancel_at_the_same_time_one_is_the_first_and_its_cause_is_seen_by_all)
{
    for (int round = 0; round < SCALED(300); round++) {
        struct many *m = test_alloc(sizeof *m);
        struct crew *threads;

        m->ctx = go_ctx_new(NULL);
        threads = crew_start_threads(round % 4 == 0 ? 2 : 0, cancel_with_own_cause, m);
        crew_run(18, cancel_with_own_cause, m);
        crew_wait(threads);
        CHECK_EQ(1, atomic_load(&m->firsts));
        for (int i = round % 4 == 0 ? 0 : 2; i < 18; i++)
            CHECK_EQ(go_ctx_cause(m->ctx), atomic_load(&m->causes[i]));
        go_ctx_free(m->ctx);
    }
}

/* Each of two trees ends the other, from an after-function and below. */
static void cancel_context(void *arg)
{
    go_ctx_cancel(arg, 0);
}

TEST(two_contexts_that_cancel_each_other_both_end)
{
    for (int round = 0; round < SCALED(500); round++) {
        go_ctx *parent = go_ctx_new(NULL), *a = go_ctx_new(parent), *b = go_ctx_new(parent);
        go_ctx_after *on_a = go_ctx_after_func(a, cancel_context, b), *on_b = go_ctx_after_func(b, cancel_context, parent);
        go_ctx_after *on_parent = go_ctx_after_func(parent, cancel_context, a);

        go_ctx_cancel(round % 3 == 0 ? parent : round % 3 == 1 ? a : b, 0);
        CHECK_EQ(-EPIPE, go_recv(go_ctx_done(a), NULL));
        CHECK_EQ(-EPIPE, go_recv(go_ctx_done(b), NULL));
        CHECK_EQ(-EPIPE, go_recv(go_ctx_done(parent), NULL));
        go_ctx_after_stop(on_a);
        go_ctx_after_stop(on_b);
        go_ctx_after_stop(on_parent);
        EVENTUALLY(go_count() == 1);
        go_ctx_free(a);
        go_ctx_free(b);
        go_ctx_free(parent);
    }
}

static void come_and_go_below(void *arg, int index)
{
    go_ctx *top = arg;

    for (int i = 0; i < SCALED(500); i++) {
        go_ctx *a = make_kind(top, i % 3), *b = make_kind(a, (i + index) % 3);

        go_ctx_hold(top);
        if (i % 4 == 0)
            go_ctx_done(b);
        if (i % 7 == 0)
            go_ctx_cancel(a, 0);
        if (i % 7 == 0)
            CHECK_EQ(-ECANCELED, go_ctx_err(b));
        go_ctx_free(i % 2 ? a : b);
        go_ctx_free(i % 2 ? b : a);
        go_ctx_free(top);
    }
    go_ctx_free(top);
}

TEST(children_come_and_go_from_many_goroutines_and_threads_while_the_parent_ends)
{
    for (int round = 0; round < 4; round++) {
        go_ctx *top = go_ctx_new(NULL);
        struct crew *goroutines, *threads;

        go_maxprocs(round % 2 ? 4 : 2);
        for (int i = 0; i < 8; i++)
            go_ctx_hold(top);
        goroutines = crew_start(6, come_and_go_below, top);
        threads = crew_start_threads(2, come_and_go_below, top);
        test_settle();
        CHECK_EQ(0, go_ctx_err(top));
        if (round >= 2)
            CHECK_EQ(1, go_ctx_cancel(top, 0));
        crew_wait(goroutines);
        crew_wait(threads);
        CHECK_EQ(round >= 2 ? -ECANCELED : 0, go_ctx_err(top));
        go_ctx_free(top);
    }
}

/* Layers of contexts of all kinds, ended at a random place or by a deadline: values stay, each layer below is done. */
static void check_layers(int seed, bool by_deadline)
{
    enum { LAYERS = 30 };
    static const char keys[LAYERS];
    random_state r = random_seed(seed);
    go_ctx *layer[LAYERS];
    int deadline_at = LAYERS;

    for (int i = 0; i < LAYERS; i++) {
        go_ctx *parent = i ? layer[i - 1] : NULL;

        switch (random_below(&r, by_deadline ? 3 : 2)) {
        case 0:
            layer[i] = go_ctx_new(parent);
            break;
        case 1:
            layer[i] = go_ctx_with_value(parent, &keys[i], layer);
            break;
        default:
            layer[i] = go_ctx_with_deadline(parent, go_deadline(2 * GO_MILLISECOND));
            deadline_at = i < deadline_at ? i : deadline_at;
        }
    }
    int at = by_deadline ? deadline_at : random_below(&r, LAYERS);
    int error = by_deadline ? -ETIMEDOUT : -ECANCELED;
    if (!by_deadline)
        go(cancel_context, layer[at]);
    for (int i = LAYERS - 1; i >= at && at < LAYERS; i--) {
        CHECK_EQ(-EPIPE, go_recv(go_ctx_done(layer[i]), NULL));
        CHECK_EQ(error, go_ctx_err(layer[i]));
    }
    for (int i = 0; i < at; i++)
        CHECK_NOT_DONE(layer[i]);
    EVENTUALLY(go_count() == 1);
    for (int i = 0; i < LAYERS; i++)
        go_ctx_free(layer[i]);
}

TEST(layers_of_contexts_end_from_where_one_is_cancelled_downwards)
{
    for (int i = 0; i < SCALED(100); i++)
        check_layers(i, false);
}

TEST(layers_of_contexts_end_from_where_a_deadline_passes_downwards)
{
    for (int i = 0; i < SCALED(20); i++)
        check_layers(i, true);
}

static void see_closed_then_ask(void *arg, int index)
{
    struct many *m = arg;

    (void)index;
    CHECK_EQ(-EPIPE, go_recv(go_ctx_done(m->ctx), NULL));
    CHECK_EQ(-ECANCELED, go_ctx_err(m->ctx));
}

TEST(once_the_done_channel_is_closed_the_error_is_there)
{
    for (int i = 0; i < SCALED(2000); i++) {
        struct many *m = test_alloc(sizeof *m);
        struct crew *crew;

        m->ctx = go_ctx_new(NULL);
        crew = crew_start(4, see_closed_then_ask, m);
        go_ctx_cancel(m->ctx, 0);
        crew_wait(crew);
        go_ctx_free(m->ctx);
    }
}

static void all_calls(void *arg, int index)
{
    struct note *n = arg;
    go_ctx *ctx = go_ctx_with_deadline(NULL, go_deadline(GO_MILLISECOND)), *v = go_ctx_with_value(ctx, &some_key, n);

    (void)index;
    CHECK_PTR(n, go_ctx_value(v, &some_key));
    CHECK_EQ(-EPIPE, go_recv(go_ctx_done(v), NULL));
    CHECK_EQ(-ETIMEDOUT, go_ctx_err(v));
    CHECK_EQ(0, go_ctx_after_stop(go_ctx_after_func(v, count_call, n)));
    go_ctx_free(v);
    go_ctx_free(ctx);
}

TEST(plain_threads_make_and_end_contexts_too)
{
    struct note *n = test_alloc(sizeof *n);

    crew_wait(crew_start_threads(4, all_calls, n));
    EVENTUALLY(atomic_load(&n->calls) == 4);
}
