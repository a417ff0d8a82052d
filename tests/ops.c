/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "ops.h"
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- the calls, and how each is served ---- */

static ptrdiff_t do_send(go_ctx *ctx, struct world *w)
{
    return go_send_ctx(ctx, w->full, &(int){2});
}

static void serve_send(struct world *w)
{
    CHECK_EQ(0, go_recv(w->full, NULL));
}

static ptrdiff_t do_recv(go_ctx *ctx, struct world *w)
{
    int value = -1, result = go_recv_ctx(ctx, w->empty, &value);

    CHECK_EQ(result ? -1 : 7, value);
    return result;
}

static void serve_recv(struct world *w)
{
    CHECK_EQ(0, go_send(w->empty, &(int){7}));
}

static ptrdiff_t do_select(go_ctx *ctx, struct world *w)
{
    int value = -1;
    struct go_case cases[] = {{.op = GO_RECV}, {w->full, &(int){2}, GO_SEND, 9, {0}}, {w->empty, &value, GO_RECV, 9, {0}}};
    int result = go_select_ctx(ctx, cases, 3);

    CHECK(result < 0 || result == 2);
    CHECK_EQ(result < 0 ? -1 : 7, value);
    CHECK_EQ(9, cases[1].result);
    return result;
}

static ptrdiff_t do_mutex(go_ctx *ctx, struct world *w)
{
    return go_mutex_lock_ctx(ctx, &w->held);
}

static void serve_mutex(struct world *w)
{
    CHECK_EQ(0, go_mutex_unlock(&w->held));
}

static ptrdiff_t do_rwmutex(go_ctx *ctx, struct world *w)
{
    return go_rwmutex_lock_ctx(ctx, &w->read_held);
}

static void serve_rwmutex(struct world *w)
{
    CHECK_EQ(0, go_rwmutex_runlock(&w->read_held));
}

static ptrdiff_t do_rwmutex_read(go_ctx *ctx, struct world *w)
{
    int result = go_rwmutex_rlock_ctx(ctx, &w->write_held);

    if (result == 0)
        CHECK_EQ(-EAGAIN, go_rwmutex_lock_until(&w->write_held, GO_NOW));
    return result;
}

static void serve_rwmutex_read(struct world *w)
{
    CHECK_EQ(0, go_rwmutex_unlock(&w->write_held));
}

static ptrdiff_t do_cond(go_ctx *ctx, struct world *w)
{
    int result;

    CHECK_EQ(0, go_mutex_lock(&w->of_cond));
    result = go_cond_wait_ctx(ctx, &w->cond, &w->of_cond);
    CHECK_EQ(-EAGAIN, go_mutex_lock_until(&w->of_cond, GO_NOW)); /* it holds the mutex */
    CHECK_EQ(0, go_mutex_unlock(&w->of_cond));
    return result;
}

/* Under the mutex, so not before the waiter is in line, if there is one. */
static void serve_cond(struct world *w)
{
    CHECK_EQ(0, go_mutex_lock(&w->of_cond));
    CHECK_EQ(0, go_cond_signal(&w->cond));
    CHECK_EQ(0, go_mutex_unlock(&w->of_cond));
}

static ptrdiff_t do_waitgroup(go_ctx *ctx, struct world *w)
{
    return go_waitgroup_wait_ctx(ctx, &w->counter);
}

static void serve_waitgroup(struct world *w)
{
    CHECK_EQ(0, go_waitgroup_done(&w->counter));
}

static ptrdiff_t do_sem(go_ctx *ctx, struct world *w)
{
    return go_sem_acquire_ctx(ctx, &w->permits, 3);
}

static void serve_sem(struct world *w)
{
    CHECK_EQ(0, go_sem_release(&w->permits, 2));
}

static ptrdiff_t do_group(go_ctx *ctx, struct world *w)
{
    return go_group_wait_ctx(ctx, w->members);
}

static void serve_group(struct world *w)
{
    CHECK_EQ(0, go_chan_close(w->end_of_members));
}

static ptrdiff_t do_sleep(go_ctx *ctx, struct world *w)
{
    (void)w;
    return go_sleep_ctx(ctx, 1000 * GO_SECOND);
}

static ptrdiff_t do_accept(go_ctx *ctx, struct world *w)
{
    int fd = go_accept_ctx(ctx, w->listener);

    return fd < 0 ? fd : go_close(fd);
}

static void serve_accept(struct world *w)
{
    int fd = go_dial_ctx(NULL, "tcp4", w->address);

    CHECK(fd >= 0);
    go_close(fd);
}

static ptrdiff_t do_dial(go_ctx *ctx, struct world *w)
{
    int fd = go_dial_ctx(ctx, "unix", w->name);

    return fd < 0 ? fd : go_close(fd);
}

static ptrdiff_t do_connect(go_ctx *ctx, struct world *w)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int result = go_connect_ctx(ctx, fd, (struct sockaddr *)&w->crowded_at, w->crowded_size);

    CHECK_EQ(0, go_close(fd));
    return result;
}

static void serve_dial(struct world *w)
{
    int fd = accept4(w->crowded, NULL, NULL, SOCK_CLOEXEC);

    CHECK(fd >= 0);
    close(fd);
}

static ptrdiff_t do_read(go_ctx *ctx, struct world *w)
{
    char byte = 'a';
    ptrdiff_t result = go_read_ctx(ctx, w->reader, &byte, 1);

    CHECK_EQ(result < 0 ? 'a' : 'x', byte);
    return result;
}

static ptrdiff_t do_readv(go_ctx *ctx, struct world *w)
{
    char byte = 'a';
    ptrdiff_t result = go_readv_ctx(ctx, w->reader, &(struct iovec){&byte, 1}, 1);

    CHECK_EQ(result < 0 ? 'a' : 'x', byte);
    return result;
}

static void serve_read(struct world *w)
{
    CHECK_EQ(1, write(w->to_reader, "x", 1));
}

static ptrdiff_t do_write(go_ctx *ctx, struct world *w)
{
    return go_write_ctx(ctx, w->writer, "x", 1);
}

static ptrdiff_t do_writev(go_ctx *ctx, struct world *w)
{
    return go_writev_ctx(ctx, w->writer, &(struct iovec){"x", 1}, 1);
}

static ptrdiff_t do_sendfile(go_ctx *ctx, struct world *w)
{
    int64_t at = 0;
    ptrdiff_t result = go_sendfile_ctx(ctx, w->writer, w->file, &at, 1);

    CHECK_EQ(result == 1, at);
    return result;
}

static void serve_write(struct world *w)
{
    char bytes[4096];

    while (read(w->from_writer, bytes, sizeof bytes) > 0)
        ;
}

static ptrdiff_t do_recvfrom(go_ctx *ctx, struct world *w)
{
    char bytes[10];

    return go_recvfrom_ctx(ctx, w->datagrams, bytes, sizeof bytes, NULL, NULL);
}

static void serve_recvfrom(struct world *w)
{
    CHECK_EQ(3, write(w->to_datagrams, "abc", 3));
}

static ptrdiff_t do_sendto(go_ctx *ctx, struct world *w)
{
    return go_sendto_ctx(ctx, w->full_datagrams, "abc", 3, NULL, 0);
}

static void serve_sendto(struct world *w)
{
    char bytes[10];

    while (read(w->from_full_datagrams, bytes, sizeof bytes) > 0)
        ;
}

static ptrdiff_t do_wait_fd(go_ctx *ctx, struct world *w)
{
    return go_wait_fd_ctx(ctx, w->reader, GO_READABLE);
}

static ptrdiff_t do_wait_fd_either(go_ctx *ctx, struct world *w)
{
    return go_wait_fd_ctx(ctx, w->writer, GO_READABLE | GO_WRITABLE);
}

static ptrdiff_t do_child_wait(go_ctx *ctx, struct world *w)
{
    struct go_child_status status = {.code = 5};
    int result = go_child_wait_ctx(ctx, w->child, &status);

    CHECK_EQ(result ? 5 : 0, status.code);
    return result;
}

static void serve_child_wait(struct world *w)
{
    CHECK_EQ(0, go_close(w->to_child));
    w->to_child = -1;
}

const struct op ops[] = {
    {"send", do_send, serve_send, 0, ONCE},
    {"recv", do_recv, serve_recv, 0, ONCE},
    {"select", do_select, serve_recv, 2, ONCE},
    {"mutex_lock", do_mutex, serve_mutex, 0, ONCE},
    {"rwmutex_lock", do_rwmutex, serve_rwmutex, 0, ONCE},
    {"rwmutex_rlock", do_rwmutex_read, serve_rwmutex_read, 0, FOR_GOOD},
    {"cond_wait", do_cond, serve_cond, 0, ONLY_WHO_WAITS},
    {"waitgroup_wait", do_waitgroup, serve_waitgroup, 0, FOR_GOOD},
    {"sem_acquire", do_sem, serve_sem, 0, ONCE},
    {"group_wait", do_group, serve_group, 0, FOR_GOOD},
    {"sleep", do_sleep, NULL, 0, NEVER},
    {"accept", do_accept, serve_accept, 0, ONCE},
    {"dial", do_dial, serve_dial, 0, ONCE},
    {"connect", do_connect, serve_dial, 0, ONCE},
    {"read", do_read, serve_read, 1, ONCE},
    {"readv", do_readv, serve_read, 1, ONCE},
    {"write", do_write, serve_write, 1, FOR_GOOD},
    {"writev", do_writev, serve_write, 1, FOR_GOOD},
    {"sendfile", do_sendfile, serve_write, 1, FOR_GOOD},
    {"recvfrom", do_recvfrom, serve_recvfrom, 3, ONCE},
    {"sendto", do_sendto, serve_sendto, 3, FOR_GOOD},
    {"wait_fd", do_wait_fd, serve_read, GO_READABLE, FOR_GOOD},
    {"wait_fd, either way", do_wait_fd_either, serve_write, GO_WRITABLE, FOR_GOOD},
    {"child_wait", do_child_wait, serve_child_wait, 0, FOR_GOOD},
};
_Static_assert(sizeof ops / sizeof *ops == OPS, "ops.h counts them");

const struct op *op_find(const char *name)
{
    for (int i = 0; i < OPS; i++)
        if (strcmp(name, ops[i].name) == 0)
            return &ops[i];
    abort();
}

/* ---- making them ---- */

struct op_call *op_new(const struct op *op, go_ctx *ctx, struct world *w)
{
    struct op_call *c = test_alloc(sizeof *c);

    *c = (struct op_call){.op = op, .ctx = ctx, .w = w};
    return c;
}

void op_make(void *call, int index)
{
    struct op_call *c = call;

    (void)index;
    atomic_store(&c->begun, true);
    c->result = c->op->call(c->ctx, c->w);
    atomic_store(&c->done, true);
}

static void make_alone(void *call)
{
    op_make(call, 0);
}

struct op_call *op_start(const struct op *op, go_ctx *ctx, struct world *w, struct crew **thread)
{
    struct op_call *c = op_new(op, ctx, w);

    if (thread) {
        *thread = crew_start_threads(1, op_make, c);
        EVENTUALLY(atomic_load(&c->begun));
        test_settle();
    } else {
        test_start_until_blocked(make_alone, c);
    }
    CHECK_OP(false, atomic_load(&c->done), op);
    return c;
}

void op_end(struct op_call *c, struct crew *thread, ptrdiff_t expected)
{
    EVENTUALLY(atomic_load(&c->done));
    CHECK_OP(expected, c->result, c->op);
    if (thread)
        crew_wait(thread);
}
