/* Storms of waits that are interrupted: goroutines and plain threads wait on all kinds of objects with contexts that others cancel
 * at any moment, and with deadlines. What is counted at the end: every element that a send reported as sent was received once, all
 * permits are there, every lock is free and nobody was inside it with another, no signal went to who had given up.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/socket.h>
#include "random.h"
#include "test.h"

enum { CONTEXTS = 6, PERMITS = 5, MANY = 40 };

struct pair {
    go_ctx *root, *leaf;
};

struct storm {
    go_mutex of_pairs;
    struct pair pairs[CONTEXTS]; /* ever new ones */
    atomic_bool stop;
    atomic_int interrupted, done;

    go_chan *buffered, *unbuffered; /* of long */
    int fds[2];                     /* a byte for each element */
    atomic_long sent, received;     /* sums */

    go_mutex mutex;
    go_rwmutex rw;
    int in_mutex, in_rw; /* not atomic: the locks guard them */
    go_sem permits;
    atomic_int out;
    go_waitgroup never;

    go_mutex of_tokens;
    go_cond cond;
    long tokens; /* under of_tokens */
    bool no_more_tokens;
    int rounds;
};

/* ---- contexts that come and go ---- */

static struct pair new_pair(random_state *r)
{
    struct pair p;

    p.root = random_below(r, 2) ? go_ctx_new(NULL) : go_ctx_with_deadline(NULL, go_deadline(random_below(r, 1000000)));
    p.leaf = random_below(r, 2) ? go_ctx_new(p.root) : go_ctx_with_deadline(p.root, go_deadline(random_below(r, 1000000)));
    return p;
}

static void end_pair(struct pair p, random_state *r)
{
    if (random_below(r, 4))
        go_ctx_cancel(random_below(r, 2) ? p.root : p.leaf, -1);
    go_ctx_free(p.root);
    go_ctx_free(p.leaf);
}

static go_ctx *take_context(struct storm *s, random_state *r)
{
    go_ctx *ctx;

    CHECK_EQ(0, go_mutex_lock(&s->of_pairs));
    ctx = go_ctx_hold(s->pairs[random_below(r, CONTEXTS)].leaf);
    CHECK_EQ(0, go_mutex_unlock(&s->of_pairs));
    return ctx;
}

static void replace_contexts(void *arg, int index)
{
    struct storm *s = arg;
    random_state r = random_seed(index + 1000);

    while (!atomic_load(&s->stop)) {
        struct pair new = new_pair(&r), old;
        int i = random_below(&r, CONTEXTS);

        CHECK_EQ(0, go_mutex_lock(&s->of_pairs));
        old = s->pairs[i];
        s->pairs[i] = new;
        CHECK_EQ(0, go_mutex_unlock(&s->of_pairs));
        end_pair(old, &r);
        do /* those that see to deadlines must keep up with them, also under a sanitizer */
            go_sleep(random_below(&r, 50) * GO_MICROSECOND);
        while (go_count() > MANY && !atomic_load(&s->stop));
    }
}

/* ---- waits: each gives what the call gave ---- */

static void note_sent(struct storm *s, long value)
{
    atomic_fetch_add(&s->sent, value);
}

static void note_received(struct storm *s, long value)
{
    CHECK(value > 0);
    atomic_fetch_add(&s->received, value);
}

static int send_one(struct storm *s, go_ctx *ctx, go_chan *c, random_state *r)
{
    long value = 1 + random_below(r, 1000000);
    int result = go_send_ctx(ctx, c, &value);

    if (result == 0)
        note_sent(s, value);
    return result;
}

static int receive_one(struct storm *s, go_ctx *ctx, go_chan *c)
{
    long value = -1;
    int result = go_recv_ctx(ctx, c, &value);

    if (result == 0)
        note_received(s, value);
    else
        CHECK_EQ(-1, value);
    return result;
}

static int select_one(struct storm *s, go_ctx *ctx, random_state *r)
{
    long out = 1 + random_below(r, 1000000), in = -1;
    go_chan *there = random_below(r, 2) ? s->buffered : s->unbuffered;
    struct go_case cases[] = {{s->unbuffered, &out, GO_SEND, 0, {0}}, {there, &in, GO_RECV, 0, {0}}, {NULL, NULL, GO_RECV, 0, {0}}};
    int result = go_select_ctx(ctx, cases, 3);

    if (result == 0)
        note_sent(s, out);
    else if (result == 1)
        note_received(s, in);
    CHECK_EQ(result == 1, in != -1);
    return result < 0 ? result : 0;
}

static int use_mutex(struct storm *s, go_ctx *ctx)
{
    int result = go_mutex_lock_ctx(ctx, &s->mutex);

    if (result == 0) {
        CHECK_EQ(1, ++s->in_mutex);
        go_yield();
        s->in_mutex--;
        CHECK_EQ(0, go_mutex_unlock(&s->mutex));
    }
    return result;
}

static int write_alone(struct storm *s, go_ctx *ctx)
{
    int result = go_rwmutex_lock_ctx(ctx, &s->rw);

    if (result == 0) {
        CHECK_EQ(1, ++s->in_rw);
        go_yield();
        s->in_rw--;
        CHECK_EQ(0, go_rwmutex_unlock(&s->rw));
    }
    return result;
}

static int read_along(struct storm *s, go_ctx *ctx)
{
    int result = go_rwmutex_rlock_ctx(ctx, &s->rw);

    if (result == 0) {
        CHECK_EQ(0, s->in_rw);
        go_yield();
        CHECK_EQ(0, s->in_rw);
        CHECK_EQ(0, go_rwmutex_runlock(&s->rw));
    }
    return result;
}

static int use_permits(struct storm *s, go_ctx *ctx, int n)
{
    int result = go_sem_acquire_ctx(ctx, &s->permits, n);

    if (result == 0) {
        CHECK_BETWEEN(n, PERMITS, atomic_fetch_add(&s->out, n) + n);
        go_yield();
        atomic_fetch_sub(&s->out, n);
        CHECK_EQ(0, go_sem_release(&s->permits, n));
    }
    return result;
}

/* Takes a token, or gives up where it would wait once more after an interruption. */
static int take_token(struct storm *s, go_ctx *ctx)
{
    int result = 0;

    CHECK_EQ(0, go_mutex_lock(&s->of_tokens));
    while (s->tokens == 0 && result == 0)
        result = go_cond_wait_ctx(ctx, &s->cond, &s->of_tokens);
    if (result == 0)
        s->tokens--;
    CHECK_EQ(0, go_mutex_unlock(&s->of_tokens));
    return result;
}

static void give_token(struct storm *s)
{
    CHECK_EQ(0, go_mutex_lock(&s->of_tokens));
    s->tokens++;
    CHECK_EQ(0, go_cond_signal(&s->cond));
    CHECK_EQ(0, go_mutex_unlock(&s->of_tokens));
}

static int write_byte(struct storm *s, go_ctx *ctx)
{
    ptrdiff_t result = go_write_ctx(ctx, s->fds[0], "\001", 1);

    if (result == 1)
        note_sent(s, 1);
    return result < 0 ? (int)result : 0;
}

static int read_byte(struct storm *s, go_ctx *ctx)
{
    signed char byte = -1;
    ptrdiff_t result = go_read_ctx(ctx, s->fds[1], &byte, 1);

    if (result == 1)
        note_received(s, byte);
    else
        CHECK_EQ(-1, byte);
    return result < 0 ? (int)result : 0;
}

static int wait_somehow(struct storm *s, go_ctx *ctx, random_state *r)
{
    switch (random_below(r, 14)) {
    case 0:
        return send_one(s, ctx, s->buffered, r);
    case 1:
        return send_one(s, ctx, s->unbuffered, r);
    case 2:
        return receive_one(s, ctx, s->buffered);
    case 3:
        return receive_one(s, ctx, s->unbuffered);
    case 4:
    case 5:
        return select_one(s, ctx, r);
    case 6:
        return use_mutex(s, ctx);
    case 7:
        return write_alone(s, ctx);
    case 8:
        return read_along(s, ctx);
    case 9:
        return use_permits(s, ctx, 1 + random_below(r, PERMITS));
    case 10:
        give_token(s);
        return take_token(s, ctx);
    case 11:
        return random_below(r, 2) ? write_byte(s, ctx) : read_byte(s, ctx);
    case 12:
        return go_waitgroup_wait_ctx(ctx, &s->never);
    default:
        return go_sleep_ctx(ctx, random_below(r, 100) * GO_MICROSECOND);
    }
}

static void wait_again_and_again(void *arg, int index)
{
    struct storm *s = arg;
    random_state r = random_seed(index);

    for (int i = 0; i < s->rounds; i++) {
        go_ctx *ctx = take_context(s, &r);
        int result = wait_somehow(s, ctx, &r);

        CHECK(result == 0 || result == -ECANCELED || result == -ETIMEDOUT);
        if (result) {
            CHECK_NE(0, go_ctx_err(ctx));
            atomic_fetch_add(&s->interrupted, 1);
        }
        go_ctx_free(ctx);
    }
    atomic_fetch_add(&s->done, 1);
}

/* Without a context: what a signal wakes instead of them, they would miss for ever. */
static void take_tokens_plainly(void *arg, int index)
{
    struct storm *s = arg;

    (void)index;
    CHECK_EQ(0, go_mutex_lock(&s->of_tokens));
    while (!s->no_more_tokens) {
        if (s->tokens > 0)
            s->tokens--;
        else
            CHECK_EQ(0, go_cond_wait(&s->cond, &s->of_tokens));
    }
    CHECK_EQ(0, go_mutex_unlock(&s->of_tokens));
}

/* Nor does anything end their waits but their turn, which an interrupted waiter must not take along. */
static void use_locks_plainly(void *arg, int index)
{
    struct storm *s = arg;
    random_state r = random_seed(index + 2000);

    for (int i = 0; i < s->rounds; i++) {
        CHECK_EQ(0, use_mutex(s, NULL));
        CHECK_EQ(0, random_below(&r, 3) ? read_along(s, NULL) : write_alone(s, NULL));
        CHECK_EQ(0, use_permits(s, NULL, 1 + random_below(&r, PERMITS)));
    }
}

/* ---- a storm, and what is left of it ---- */

static bool no_tokens(struct storm *s)
{
    bool none;

    CHECK_EQ(0, go_mutex_lock(&s->of_tokens));
    none = s->tokens == 0;
    CHECK_EQ(0, go_mutex_unlock(&s->of_tokens));
    return none;
}

static void check_what_is_left(struct storm *s)
{
    long value;
    char byte;

    while (go_recv_until(s->buffered, &value, GO_NOW) == 0)
        note_received(s, value);
    CHECK_EQ(-EAGAIN, go_recv_until(s->unbuffered, &value, GO_NOW));
    while (go_read_until(s->fds[1], &byte, 1, GO_NOW) == 1)
        note_received(s, byte);
    CHECK_EQ(atomic_load(&s->sent), atomic_load(&s->received));
    CHECK_EQ(0, go_mutex_lock_until(&s->mutex, GO_NOW));
    CHECK_EQ(0, go_rwmutex_lock_until(&s->rw, GO_NOW));
    CHECK_EQ(0, go_sem_acquire_until(&s->permits, PERMITS, GO_NOW));
    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&s->permits, 1, GO_NOW));
    CHECK(atomic_load(&s->interrupted) > 0);
}

static struct storm *new_storm(void)
{
    struct storm *s = test_alloc(sizeof *s);
    random_state r = random_seed(77);

    s->buffered = test_chan(sizeof(long), 3);
    s->unbuffered = test_chan(sizeof(long), 0);
    s->rounds = SCALED(1500);
    CHECK_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s->fds));
    CHECK_EQ(0, go_sem_release(&s->permits, PERMITS));
    CHECK_EQ(0, go_waitgroup_add(&s->never, 1));
    for (int i = 0; i < CONTEXTS; i++)
        s->pairs[i] = new_pair(&r);
    return s;
}

static void end_storm(struct storm *s)
{
    random_state r = random_seed(78);

    CHECK_EQ(0, go_mutex_lock(&s->of_tokens));
    s->no_more_tokens = true;
    CHECK_EQ(0, go_cond_broadcast(&s->cond));
    CHECK_EQ(0, go_mutex_unlock(&s->of_tokens));
    for (int i = 0; i < CONTEXTS; i++)
        end_pair(s->pairs[i], &r);
    CHECK_EQ(0, go_close(s->fds[0]));
    CHECK_EQ(0, go_close(s->fds[1]));
}

static void run_storm(int goroutines, int threads)
{
    struct storm *s = new_storm();
    struct crew *cancellers = crew_start(2, replace_contexts, s), *foreign_canceller = crew_start_threads(1, replace_contexts, s);
    struct crew *plain = crew_start(2, take_tokens_plainly, s), *locking = crew_start(2, use_locks_plainly, s);
    struct crew *on_threads = crew_start_threads(threads, wait_again_and_again, s);

    crew_run(goroutines, wait_again_and_again, s);
    crew_wait(on_threads);
    crew_wait(locking);
    atomic_store(&s->stop, true);
    crew_wait(cancellers);
    crew_wait(foreign_canceller);
    EVENTUALLY(no_tokens(s)); /* nobody is left but who waits plainly */
    check_what_is_left(s);
    end_storm(s);
    crew_wait(plain);
}

TEST(waits_that_are_interrupted_at_any_moment_lose_and_double_nothing)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        go_maxprocs(procs);
        run_storm(12, 0);
    }
}

TEST(plain_threads_whose_waits_are_interrupted_lose_and_double_nothing)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        go_maxprocs(procs);
        run_storm(6, 3);
    }
}

TEST(nor_do_they_while_slices_are_short)
{
    go_slice(20 * GO_MICROSECOND);
    for (int procs = 1; procs <= 4; procs *= 2) {
        go_maxprocs(procs);
        run_storm(10, 1);
    }
}
