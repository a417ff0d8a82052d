/* What context.h promises of single calls, beyond what holds for all that take a context (context_calls_test.c): how long a sleep
 * is, what listening does, a dial on its way, a write in the middle.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/uio.h>
#include <unistd.h>
#include "net.h"

TEST(a_sleep_lasts_as_long_as_asked_if_its_context_does)
{
    go_ctx *ctx = go_ctx_new(NULL), *soon;
    int64_t before = go_now(), deadline;

    CHECK_EQ(0, go_sleep_ctx(ctx, 5 * GO_MILLISECOND));
    CHECK(go_now() - before >= 5 * GO_MILLISECOND);
    CHECK_EQ(0, go_sleep_ctx(ctx, 0));
    CHECK_EQ(0, go_sleep_ctx(ctx, -1));
    deadline = go_deadline(5 * GO_MILLISECOND);
    soon = go_ctx_with_deadline(ctx, deadline);
    CHECK_EQ(-ETIMEDOUT, go_sleep_ctx(soon, 1000 * GO_SECOND));
    CHECK(go_now() >= deadline);
    CHECK_EQ(0, go_ctx_err(ctx));
    go_ctx_cancel(ctx, 0);
    CHECK_EQ(-ECANCELED, go_sleep_ctx(ctx, 0));
    go_ctx_free(soon);
    go_ctx_free(ctx);
}

TEST(listening_needs_no_wait_for_an_address_in_numbers)
{
    go_ctx *ctx = go_ctx_new(NULL);
    int fd = go_listen_ctx(ctx, "tcp4", "127.0.0.1:0");

    CHECK(fd >= 0);
    CHECK_EQ(0, go_close(fd));
    go_ctx_cancel(ctx, 0);
    CHECK_EQ(-ECANCELED, go_listen_ctx(ctx, "tcp4", "127.0.0.1:0"));
    go_ctx_free(ctx);
}

struct dial {
    go_ctx *ctx;
    struct net_silent server; /* whose queue of connections is full */
    int result;
    atomic_bool done;
};

static void dial_it(void *arg)
{
    struct dial *d = arg;

    d->result = go_dial_ctx(d->ctx, "tcp4", d->server.words);
    atomic_store(&d->done, true);
}

TEST(a_dial_is_cancelled_while_it_connects)
{
    struct dial *d = test_alloc(sizeof *d);

    net_silent_start(&d->server, "127.0.0.1", 0);
    d->ctx = go_ctx_new(NULL);
    test_start_until_blocked(dial_it, d);
    CHECK(!atomic_load(&d->done));
    go_ctx_cancel(d->ctx, 0);
    EVENTUALLY(atomic_load(&d->done));
    CHECK_EQ(-ECANCELED, d->result);
    go_ctx_free(d->ctx);
    net_silent_stop(&d->server);
}

enum { BIG = 8 << 20 };

struct long_write {
    go_ctx *ctx;
    int ends[2], kind;
    ptrdiff_t result, again;
    atomic_bool done;
};

static ptrdiff_t write_big(struct long_write *l)
{
    static char bytes[BIG];

    if (l->kind == 0)
        return go_write_ctx(l->ctx, l->ends[0], bytes, sizeof bytes);
    struct iovec parts[] = {{bytes, BIG / 2}, {bytes + BIG / 2, BIG / 2}};
    return go_writev_ctx(l->ctx, l->ends[0], parts, 2);
}

static void write_long(void *arg)
{
    struct long_write *l = arg;

    l->result = write_big(l);
    l->again = write_big(l);
    atomic_store(&l->done, true);
}

TEST(a_write_that_ends_in_the_middle_reports_what_was_written_and_then_the_error)
{
    for (int kind = 0; kind < 4; kind++) {
        struct long_write *l = test_alloc(sizeof *l);
        char bytes[4096];
        ptrdiff_t n, sum = 0;

        net_unix_pair(SOCK_STREAM, l->ends);
        l->kind = kind / 2;
        l->ctx = kind % 2 ? go_ctx_with_deadline(NULL, go_deadline(500 * GO_MILLISECOND)) : go_ctx_new(NULL);
        test_start_until_blocked(write_long, l);
        if (kind % 2 == 0) {
            CHECK(!atomic_load(&l->done));
            go_ctx_cancel(l->ctx, 0);
        }
        EVENTUALLY(atomic_load(&l->done));
        CHECK_BETWEEN(1, BIG - 1, l->result);
        CHECK_EQ(kind % 2 ? -ETIMEDOUT : -ECANCELED, l->again);
        CHECK_EQ(0, go_close(l->ends[0]));
        while ((n = read(l->ends[1], bytes, sizeof bytes)) > 0)
            sum += n;
        CHECK_EQ(l->result, sum);
        CHECK_EQ(0, go_close(l->ends[1]));
        go_ctx_free(l->ctx);
    }
}
