/* What context.h promises of calls that take a context. Each is tried with a context that is done, with one that is cancelled or
 * passes its deadline while the call waits, and with one that is not done. A wait that ended so takes nothing along: no element, no
 * permit, no lock, no signal, no connection. (Under load: stress/context_storm.c.)
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include "test.h"

/* ---- what the calls wait for: each would block, and can be done once it is served ---- */

enum { BACKLOG = 8 };

struct world {
    go_chan *empty, *full;
    go_mutex held, of_cond;
    go_rwmutex write_held, read_held;
    go_cond cond;
    go_waitgroup counter;
    go_sem permits;
    go_group *members;
    go_chan *end_of_members;
    int reader, to_reader, writer, from_writer; /* nothing to read; no room to write */
    int datagrams, to_datagrams, full_datagrams, from_full_datagrams;
    int listener, crowded, crowd[BACKLOG], crowds; /* one that nobody dials, one whose queue is full */
    char name[32];                                 /* of the crowded one */
    char address[32];                              /* of the other */
    struct sockaddr_un crowded_at;
    socklen_t crowded_size;
    int file;
    go_child *child; /* ends with its input */
    int to_child;
};

static int be_member(go_ctx *ctx, void *arg)
{
    struct world *w = arg;

    (void)ctx;
    go_recv(w->end_of_members, NULL);
    return 0;
}

static void make_pair(int type, int *one, int *other)
{
    int fds[2];

    CHECK_EQ(0, socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
    *one = fds[0];
    *other = fds[1];
}

/* A local socket that has no room for one more in its queue. */
static void make_crowded(struct world *w)
{
    static atomic_int number;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t size;
    int n = snprintf(w->name, sizeof w->name, "@crowded-%d-%d", (int)getpid(), atomic_fetch_add(&number, 1));

    memcpy(at.sun_path + 1, w->name + 1, (size_t)n - 1);
    size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n);
    w->crowded_at = at;
    w->crowded_size = size;
    w->crowded = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK_EQ(0, bind(w->crowded, (struct sockaddr *)&at, size));
    CHECK_EQ(0, listen(w->crowded, 0));
    while (w->crowds < BACKLOG) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (connect(fd, (struct sockaddr *)&at, size) != 0) {
            close(fd);
            return;
        }
        w->crowd[w->crowds++] = fd;
    }
    CHECK(!"the queue is full");
}

static void make_sockets(struct world *w)
{
    struct sockaddr_in at = {0};
    socklen_t size = sizeof at;
    char bytes[4096] = {0};

    make_pair(SOCK_STREAM, &w->reader, &w->to_reader);
    make_pair(SOCK_STREAM, &w->writer, &w->from_writer);
    make_pair(SOCK_DGRAM, &w->datagrams, &w->to_datagrams);
    make_pair(SOCK_DGRAM, &w->full_datagrams, &w->from_full_datagrams);
    while (write(w->writer, bytes, sizeof bytes) > 0)
        ;
    while (write(w->writer, bytes, 1) > 0)
        ;
    while (send(w->full_datagrams, bytes, 10, 0) > 0)
        ;
    w->listener = go_listen("tcp4", "127.0.0.1:0");
    CHECK_EQ(0, getsockname(w->listener, (struct sockaddr *)&at, &size));
    snprintf(w->address, sizeof w->address, "127.0.0.1:%d", ntohs(at.sin_port));
    make_crowded(w);
    w->file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static void make_child(struct world *w)
{
    char *argv[] = {(char[]){"cat"}, NULL};
    struct go_child_attr attr = {.streams = {GO_CHILD_PIPE, GO_CHILD_NULL, GO_CHILD_INHERIT}};

    CHECK_EQ(0, go_child_spawn(&attr, argv, &w->child));
    w->to_child = go_child_pipe(w->child, 0);
    CHECK(w->to_child >= 0);
}

static struct world *new_world(void)
{
    struct world *w = test_alloc(sizeof *w);

    w->empty = test_chan(sizeof(int), 1);
    w->full = test_chan(sizeof(int), 1);
    CHECK_EQ(0, go_send(w->full, &(int){1}));
    CHECK_EQ(0, go_mutex_lock(&w->held));
    CHECK_EQ(0, go_rwmutex_lock(&w->write_held));
    CHECK_EQ(0, go_rwmutex_rlock(&w->read_held));
    CHECK_EQ(0, go_waitgroup_add(&w->counter, 1));
    CHECK_EQ(0, go_sem_release(&w->permits, 1));
    w->members = go_group_new(NULL, 0);
    w->end_of_members = test_chan(0, 0);
    CHECK_EQ(0, go_group_spawn(w->members, be_member, w));
    make_sockets(w);
    make_child(w);
    return w;
}

static void free_world(struct world *w)
{
    int fds[] = {w->reader,         w->to_reader,           w->writer,   w->from_writer, w->datagrams, w->to_datagrams,
                 w->full_datagrams, w->from_full_datagrams, w->listener, w->crowded,     w->file};

    go_chan_close(w->end_of_members);
    CHECK_EQ(0, go_group_free(w->members));
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        CHECK_EQ(0, go_close(fds[i]));
    for (int i = 0; i < w->crowds; i++)
        close(w->crowd[i]);
    if (w->to_child >= 0)
        CHECK_EQ(0, go_close(w->to_child));
    CHECK_EQ(0, go_child_wait(w->child, NULL));
    CHECK_EQ(0, go_child_free(w->child));
}

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

/* Who is served more than once stays so: a count that is zero, room. */
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

enum { ONCE, FOR_GOOD, ONLY_WHO_WAITS, NEVER };

static const struct op {
    const char *name;
    ptrdiff_t (*call)(go_ctx *ctx, struct world *w);
    void (*serve)(struct world *w);
    ptrdiff_t gives;
    int served;
} ops[] = {
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
enum { OPS = sizeof ops / sizeof *ops };

#define CHECK_OP(expected, actual, op)                                                                                             \
    do {                                                                                                                           \
        if (!CHECK_EQ(expected, actual))                                                                                           \
            test_note("in go_%s_ctx", (op)->name);                                                                                 \
    } while (0)

/* ---- each of them ---- */

struct caller {
    const struct op *op;
    go_ctx *ctx;
    struct world *w;
    ptrdiff_t result;
    atomic_bool begun, done;
};

static void make_call(void *arg)
{
    struct caller *c = arg;

    atomic_store(&c->begun, true);
    c->result = c->op->call(c->ctx, c->w);
    atomic_store(&c->done, true);
}

static void make_call_as_member(void *arg, int index)
{
    (void)index;
    make_call(arg);
}

/* In a goroutine, which then waits; or in a thread, which most probably does. */
static struct caller *start_call(const struct op *op, go_ctx *ctx, struct world *w, struct crew **thread)
{
    struct caller *c = test_alloc(sizeof *c);

    *c = (struct caller){.op = op, .ctx = ctx, .w = w};
    if (thread) {
        *thread = crew_start_threads(1, make_call_as_member, c);
        EVENTUALLY(atomic_load(&c->begun));
        test_settle();
    } else {
        test_start_until_blocked(make_call, c);
    }
    CHECK_OP(false, atomic_load(&c->done), op);
    return c;
}

static void end_call(struct caller *c, struct crew *thread, ptrdiff_t expected)
{
    EVENTUALLY(atomic_load(&c->done));
    CHECK_OP(expected, c->result, c->op);
    if (thread)
        crew_wait(thread);
}

static void check_done_already(const struct op *op, struct world *w)
{
    go_ctx *cancelled = go_ctx_new(NULL), *late = go_ctx_with_deadline(NULL, 1);

    go_ctx_cancel(cancelled, -EIO);
    CHECK_OP(-ECANCELED, op->call(cancelled, w), op);
    CHECK_OP(-ETIMEDOUT, op->call(late, w), op);
    go_ctx_free(cancelled);
    go_ctx_free(late);
}

static void check_cancelled(const struct op *op, struct world *w, bool on_thread)
{
    go_ctx *above = go_ctx_new(NULL), *ctx = go_ctx_new(above);
    struct crew *thread = NULL;
    struct caller *c = start_call(op, ctx, w, on_thread ? &thread : NULL);

    go_ctx_cancel(above, -EIO);
    end_call(c, thread, -ECANCELED);
    go_ctx_free(ctx);
    go_ctx_free(above);
}

static void check_deadline(const struct op *op, struct world *w, bool on_thread)
{
    int64_t deadline = go_deadline(20 * GO_MILLISECOND);
    go_ctx *above = go_ctx_with_deadline(NULL, deadline), *ctx = go_ctx_new(above);
    struct caller *c = test_alloc(sizeof *c);
    struct crew *thread = NULL;

    *c = (struct caller){.op = op, .ctx = ctx, .w = w};
    if (on_thread)
        thread = crew_start_threads(1, make_call_as_member, c);
    else
        make_call(c);
    end_call(c, thread, -ETIMEDOUT);
    CHECK(go_now() >= deadline);
    CHECK_EQ(-ETIMEDOUT, go_ctx_err(ctx));
    go_ctx_free(ctx);
    go_ctx_free(above);
}

/* All that was given up took nothing and left nothing: who is served now gets it, once. */
static void check_served(const struct op *op, struct world *w, bool on_thread)
{
    go_ctx *ctx = go_ctx_with_deadline(NULL, go_deadline(1000 * GO_SECOND)), *soon;
    struct crew *thread = NULL;
    struct caller *c = start_call(op, ctx, w, on_thread ? &thread : NULL);

    while (!atomic_load(&c->done)) {
        op->serve(w);
        if (op->served != ONLY_WHO_WAITS || !on_thread)
            break;
        go_yield(); /* a thread that has not begun to wait misses a signal */
    }
    end_call(c, thread, op->gives);
    CHECK_EQ(0, go_ctx_err(ctx));
    if (op->served == ONCE) {
        soon = go_ctx_with_deadline(NULL, go_deadline(GO_MILLISECOND));
        CHECK_OP(-ETIMEDOUT, op->call(soon, w), op);
        go_ctx_free(soon);
    }
    go_ctx_free(ctx);
}

TEST(a_call_with_a_context_that_is_done_gives_its_error_where_it_would_wait)
{
    struct world *w = new_world();

    for (int i = 0; i < OPS; i++)
        check_done_already(&ops[i], w);
    free_world(w);
}

TEST(a_call_with_a_context_that_is_done_does_nothing_else_also_where_it_need_not_wait)
{
    for (int i = 0; i < OPS; i++) {
        struct world *w = new_world();

        if (ops[i].served == ONCE || ops[i].served == FOR_GOOD) {
            ops[i].serve(w);
            check_done_already(&ops[i], w);
            CHECK_OP(ops[i].gives, ops[i].call(go_ctx_background(), w), &ops[i]); /* it was left there */
        }
        free_world(w);
    }
}

static void interrupt_then_serve(void (*interrupt)(const struct op *, struct world *, bool), bool on_thread)
{
    for (int i = 0; i < OPS; i++) {
        struct world *w = new_world();

        interrupt(&ops[i], w, on_thread);
        interrupt(&ops[i], w, on_thread);
        if (ops[i].serve)
            check_served(&ops[i], w, on_thread);
        free_world(w);
    }
}

TEST(a_call_that_waits_ends_when_its_context_is_cancelled_and_takes_nothing)
{
    interrupt_then_serve(check_cancelled, false);
}

TEST(a_call_that_waits_ends_at_the_deadline_of_its_context_and_takes_nothing)
{
    interrupt_then_serve(check_deadline, false);
}

TEST(a_call_of_a_plain_thread_ends_when_its_context_is_cancelled)
{
    interrupt_then_serve(check_cancelled, true);
}

TEST(a_call_of_a_plain_thread_ends_at_the_deadline_of_its_context)
{
    interrupt_then_serve(check_deadline, true);
}

TEST(without_a_context_a_call_waits_as_the_one_without_ctx)
{
    for (int i = 0; i < OPS; i++) {
        struct world *w = new_world();

        if (ops[i].serve) {
            struct caller *c = start_call(&ops[i], i % 2 ? NULL : go_ctx_background(), w, NULL);

            ops[i].serve(w);
            end_call(c, NULL, ops[i].gives);
        }
        free_world(w);
    }
}

/* After a call has ended, its context has no say in what its goroutine does next. */
TEST(a_context_ends_no_other_calls_of_its_goroutine)
{
    struct world *w = new_world();
    go_ctx *ctx = go_ctx_new(NULL);
    go_chan *c = test_chan(0, 0);

    CHECK_EQ(0, go_sleep_ctx(ctx, 1));
    go_ctx_cancel(ctx, 0);
    CHECK_EQ(-ECANCELED, go_recv_ctx(ctx, w->empty, NULL));
    CHECK_EQ(-ETIMEDOUT, go_recv_until(c, NULL, go_deadline(GO_MILLISECOND)));
    CHECK_EQ(0, go_sleep(GO_MILLISECOND));
    CHECK_EQ(-ETIMEDOUT, go_mutex_lock_until(&w->held, go_deadline(GO_MILLISECOND)));
    go_ctx_free(ctx);
    free_world(w);
}

/* ---- single ones ---- */

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

/* A server whose queue of connections is full lets dials over TCP wait. */
static int crowded_port(int *listener, int *crowd, int *n)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;

    *listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(0, bind(*listener, (struct sockaddr *)&at, size));
    CHECK_EQ(0, listen(*listener, 0));
    CHECK_EQ(0, getsockname(*listener, (struct sockaddr *)&at, &size));
    for (*n = 0; *n < 4; ++*n) {
        crowd[*n] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(crowd[*n], (struct sockaddr *)&at, size);
    }
    return ntohs(at.sin_port);
}

struct dial {
    go_ctx *ctx;
    char address[32];
    int result;
    atomic_bool done;
};

static void dial_it(void *arg)
{
    struct dial *d = arg;

    d->result = go_dial_ctx(d->ctx, "tcp4", d->address);
    atomic_store(&d->done, true);
}

TEST(a_dial_is_cancelled_while_it_connects)
{
    struct dial *d = test_alloc(sizeof *d);
    int listener, crowd[4], n;

    snprintf(d->address, sizeof d->address, "127.0.0.1:%d", crowded_port(&listener, crowd, &n));
    d->ctx = go_ctx_new(NULL);
    test_start_until_blocked(dial_it, d);
    CHECK(!atomic_load(&d->done));
    go_ctx_cancel(d->ctx, 0);
    EVENTUALLY(atomic_load(&d->done));
    CHECK_EQ(-ECANCELED, d->result);
    go_ctx_free(d->ctx);
    while (n-- > 0)
        close(crowd[n]);
    close(listener);
}

enum { BIG = 8 << 20 };

struct long_write {
    go_ctx *ctx;
    int fd, kind;
    ptrdiff_t result, again;
    atomic_bool done;
};

static ptrdiff_t write_big(struct long_write *l)
{
    static char bytes[BIG];

    if (l->kind == 0)
        return go_write_ctx(l->ctx, l->fd, bytes, sizeof bytes);
    struct iovec parts[] = {{bytes, BIG / 2}, {bytes + BIG / 2, BIG / 2}};
    return go_writev_ctx(l->ctx, l->fd, parts, 2);
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
        int other;

        make_pair(SOCK_STREAM, &l->fd, &other);
        l->kind = kind / 2;
        l->ctx = kind % 2 ? go_ctx_with_deadline(NULL, go_deadline(10 * GO_MILLISECOND)) : go_ctx_new(NULL);
        test_start_until_blocked(write_long, l);
        if (kind % 2 == 0) {
            CHECK(!atomic_load(&l->done));
            go_ctx_cancel(l->ctx, 0);
        }
        EVENTUALLY(atomic_load(&l->done));
        CHECK_BETWEEN(1, BIG - 1, l->result);
        CHECK_EQ(kind % 2 ? -ETIMEDOUT : -ECANCELED, l->again);
        CHECK_EQ(0, go_close(l->fd));
        while ((n = read(other, bytes, sizeof bytes)) > 0)
            sum += n;
        CHECK_EQ(l->result, sum);
        CHECK_EQ(0, go_close(other));
        go_ctx_free(l->ctx);
    }
}

/* ---- who was told, but has not run yet: as good as gone ---- */

/* Starts two calls, cancels the first, and, before that one can run, serves; then only the second counts. */
static void check_passed_by(const struct op *first, const struct op *second, struct world *w, void (*serve)(struct world *))
{
    go_ctx *ctx = go_ctx_new(NULL);
    struct caller *dead = start_call(first, ctx, w, NULL), *alive = start_call(second, NULL, w, NULL);
    int procs = go_maxprocs(1);

    go_preempt_off();
    go_ctx_cancel(ctx, 0);
    serve(w);
    go_preempt_on();
    go_maxprocs(procs);
    end_call(alive, NULL, second->gives);
    end_call(dead, NULL, -ECANCELED);
    go_ctx_free(ctx);
}

TEST(what_comes_after_a_cancel_goes_to_the_next_in_line)
{
    for (int i = 0; i < OPS; i++) {
        struct world *w = new_world();

        if (ops[i].serve && ops[i].served != FOR_GOOD)
            check_passed_by(&ops[i], &ops[i], w, ops[i].serve);
        free_world(w);
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
static const struct op acquire_three = {"sem_acquire", do_sem, serve_sem, 0, ONCE};

TEST(who_stands_behind_a_cancelled_acquirer_that_wanted_more_is_served)
{
    struct world *w = new_world();

    check_passed_by(&acquire_three, &acquire_one, w, serve_nothing);
    CHECK_EQ(-EAGAIN, go_sem_acquire_until(&w->permits, 1, GO_NOW));
    free_world(w);
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
    static const struct op write = {"rwmutex_lock", do_rwmutex, serve_rwmutex, 0, ONCE};
    static const struct op read = {"rwmutex_rlock", do_read_behind, serve_no_one, 0, FOR_GOOD};
    struct world *w = new_world();

    check_passed_by(&write, &read, w, serve_no_one);
    serve_rwmutex(w);
    CHECK_EQ(0, go_rwmutex_lock_until(&w->read_held, GO_NOW));
    free_world(w);
}

/* With one processor and preemption off nobody runs between the cancel and the tries. */
static void cancel_and(go_ctx *ctx, void (*then)(struct world *), struct world *w)
{
    int procs = go_maxprocs(1);

    go_preempt_off();
    go_ctx_cancel(ctx, 0);
    then(w);
    go_preempt_on();
    go_maxprocs(procs);
}

static const struct op *find(const char *name)
{
    for (int i = 0; i < OPS; i++)
        if (strcmp(name, ops[i].name) == 0)
            return &ops[i];
    abort();
}

static void check_dead(const char *name, void (*then)(struct world *))
{
    struct world *w = new_world();
    go_ctx *ctx = go_ctx_new(NULL);
    struct caller *c = start_call(find(name), ctx, w, NULL);

    cancel_and(ctx, then, w);
    end_call(c, NULL, -ECANCELED);
    go_ctx_free(ctx);
    free_world(w);
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
