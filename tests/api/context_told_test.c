/* Who was told that its context is done, but has not run yet, is as good as gone: what comes next goes to the next in line, nobody
 * who tries is hindered, and only what it would come back to must still be there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ops.h"

/* With one processor and preemption off nobody runs between the cancel and what is done `then`. */
static void cancel_and(go_ctx *ctx, void (*then)(struct world *), struct world *w)
{
    int procs = go_maxprocs(1);

    go_preempt_off();
    go_ctx_cancel(ctx, 0);
    then(w);
    go_preempt_on();
    go_maxprocs(procs);
}

/* Starts two calls, cancels the first, and, before that one can run, serves; then only the second counts. */
static void check_passed_by(const struct op *first, const struct op *second, struct world *w, void (*serve)(struct world *))
{
    go_ctx *ctx = go_ctx_new(NULL);
    struct op_call *dead = op_start(first, ctx, w, NULL), *alive = op_start(second, NULL, w, NULL);

    cancel_and(ctx, serve, w);
    op_end(alive, NULL, second->gives);
    op_end(dead, NULL, -ECANCELED);
    go_ctx_free(ctx);
}

TEST(what_comes_after_a_cancel_goes_to_the_next_in_line)
{
    for (int i = 0; i < OPS; i++) {
        struct world *w = world_new();

        if (ops[i].serve && ops[i].served != FOR_GOOD)
            check_passed_by(&ops[i], &ops[i], w, ops[i].serve);
        world_free(w);
    }
}

static ptrdiff_t do_sem_one(go_ctx *ctx, struct world *w)
{
    return go_sem_acquire_ctx(ctx, &w->permits, 1);
}

/* There is one permit already, for who is next in line. */
static void serve_nothing(struct world *w)
{
    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&w->permits, 1, GO_NOW));
}

static const struct op acquire_one = {"sem_acquire", do_sem_one, serve_nothing, 0, ONCE};

TEST(who_stands_behind_a_cancelled_acquirer_that_wanted_more_is_served)
{
    struct world *w = world_new();

    check_passed_by(op_find("sem_acquire"), &acquire_one, w, serve_nothing);
    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&w->permits, 1, GO_NOW));
    world_free(w);
}

static ptrdiff_t do_read_behind(go_ctx *ctx, struct world *w)
{
    int result = go_rwmutex_rlock_ctx(ctx, &w->read_held);

    return result ? result : go_rwmutex_runlock(&w->read_held);
}

static void serve_no_one(struct world *w)
{
    (void)w;
}

TEST(readers_behind_a_cancelled_writer_are_let_in)
{
    static const struct op read = {"rwmutex_rlock", do_read_behind, serve_no_one, 0, FOR_GOOD};
    const struct op *write = op_find("rwmutex_lock");
    struct world *w = world_new();

    check_passed_by(write, &read, w, serve_no_one);
    write->serve(w);
    CHECK_EQ(0, go_rwmutex_lock_until(&w->read_held, GO_NOW));
    world_free(w);
}

static void check_dead(const char *name, void (*then)(struct world *))
{
    struct world *w = world_new();
    go_ctx *ctx = go_ctx_new(NULL);
    struct op_call *c = op_start(op_find(name), ctx, w, NULL);

    cancel_and(ctx, then, w);
    op_end(c, NULL, -ECANCELED);
    go_ctx_free(ctx);
    world_free(w);
}

static void try_to_read_behind(struct world *w)
{
    CHECK_EQ(0, go_rwmutex_rlock_until(&w->read_held, GO_NOW));
    CHECK_EQ(0, go_rwmutex_runlock(&w->read_held));
    CHECK_EQ(0, go_rwmutex_runlock(&w->read_held));
    CHECK_EQ(0, go_rwmutex_lock_until(&w->read_held, GO_NOW));
}

static void try_to_acquire_behind(struct world *w)
{
    CHECK_EQ(0, go_sem_acquire_until(&w->permits, 1, GO_NOW));
}

static void send_to_nobody(struct world *w)
{
    struct go_case send = {w->empty, &(int){7}, GO_SEND, 0, {0}};

    CHECK_EQ(0, go_select_until(&send, 1, GO_NOW));
    CHECK_EQ(1, go_chan_len(w->empty)); /* in the buffer, not with who was cancelled */
}

static void receive_from_nobody(struct world *w)
{
    int value = 0;

    CHECK_EQ(0, go_recv_until(w->full, &value, GO_NOW));
    CHECK_EQ(1, value);
    CHECK_EQ(0, go_chan_len(w->full));
    CHECK_EQ(-EAGAIN, go_recv_until(w->full, &value, GO_NOW));
}

TEST(who_was_cancelled_does_not_hinder_those_who_try)
{
    check_dead("rwmutex_lock", try_to_read_behind);
    check_dead("sem_acquire", try_to_acquire_behind);
    check_dead("recv", send_to_nobody);
    check_dead("select", send_to_nobody);
    check_dead("send", receive_from_nobody);
}

/* ---- a channel that is freed ---- */

struct last_receive {
    go_chan *c;
    go_ctx *ctx;
    int result;
    atomic_bool done;
};

static void receive_last(void *arg)
{
    struct last_receive *l = arg;

    l->result = go_recv_ctx(l->ctx, l->c, NULL);
    atomic_store(&l->done, true);
}

/* It would come back to the channel, though the close took it out of the line. */
TEST(a_channel_is_not_freed_before_a_cancelled_receiver_has_left_it)
{
    struct last_receive *l = test_alloc(sizeof *l);
    int procs;

    l->c = go_chan_new(0, 0);
    l->ctx = go_ctx_new(NULL);
    test_start_until_blocked(receive_last, l);
    procs = go_maxprocs(1);
    go_preempt_off();
    go_ctx_cancel(l->ctx, 0);
    CHECK_EQ(0, go_chan_close(l->c));
    CHECK_EQ(-EBUSY, go_chan_free(l->c));
    go_preempt_on();
    go_maxprocs(procs);
    EVENTUALLY(atomic_load(&l->done));
    CHECK_EQ(-ECANCELED, l->result);
    CHECK_EQ(0, go_chan_free(l->c));
    go_ctx_free(l->ctx);
}

TEST(a_channel_is_free_at_once_when_it_has_served_its_last_receiver)
{
    struct last_receive *l = test_alloc(sizeof *l);
    int procs;

    l->c = go_chan_new(0, 0);
    l->ctx = go_ctx_with_deadline(NULL, go_deadline(1000 * GO_SECOND));
    test_start_until_blocked(receive_last, l);
    procs = go_maxprocs(1);
    go_preempt_off();
    CHECK_EQ(0, go_send(l->c, NULL));
    CHECK_EQ(0, go_chan_free(l->c)); /* that one has not run yet */
    go_preempt_on();
    go_maxprocs(procs);
    EVENTUALLY(atomic_load(&l->done));
    CHECK_EQ(0, l->result);
    go_ctx_free(l->ctx);
}
