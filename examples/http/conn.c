/* A connection's life, and reading from it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "conn.h"

/* ---- reading ---- */

/* Makes room behind what there is of this request. Its body's bytes have been used when more of them are wanted. */
static void make_room(struct conn *c)
{
    if (c->next > c->from)
        c->end = c->next = c->from + c->head.size;
    if (c->from > 0) {
        memmove(c->in, c->in + c->from, c->end - c->from);
        c->next -= c->from;
        c->end -= c->from;
        c->from = 0;
    }
}

/* Reads what comes next. False: nothing did in time, or ever will. */
static bool fill(struct conn *c, int64_t deadline)
{
    if (!conn_flush(c))
        return false;
    make_room(c);

    ptrdiff_t n = go_read_until(c->fd, c->in + c->end, sizeof c->in - c->end, deadline);

    if (n > 0)
        c->end += (size_t)n;
    else if (n != -ETIMEDOUT)
        c->broken = true;
    return n > 0;
}

/* Waits for a request to begin. While the server stops, only for one that is there. */
static bool fill_first(struct conn *c)
{
    if (!conn_flush(c))
        return false;
    c->from = c->next = c->end = 0;
    c->head = (struct http_head){0};
    atomic_store(&c->idle, true); /* partner: conn_stop, which looks at it after it has said that the server stops */
    bool came = fill(c, atomic_load(&c->server->stopping) ? GO_NOW : go_deadline(c->server->idle_time));
    atomic_store_explicit(&c->idle, false, memory_order_relaxed);
    if (!came)
        c->broken = true; /* nobody waits for an answer */
    return came;
}

/* Waits for more of the request that has begun. */
static bool fill_rest(struct conn *c)
{
    if (!c->deadline)
        c->deadline = go_deadline(c->server->request_time);
    return fill(c, c->deadline);
}

/* Empty lines may stand before a request, so they do not begin one. */
static bool has_begun(const struct conn *c)
{
    return c->end - c->from > (c->head.lines ? 0 : c->head.line);
}

/* The next request's head. False: there is none; the connection ends. */
static bool next_head(struct conn *c)
{
    struct server *s = c->server;
    int result;

    c->head = (struct http_head){0};
    c->deadline = 0;
    while ((result = http_head_parse(&c->head, &s->limits, c->in + c->from, c->end - c->from)) == HTTP_MORE) {
        if (has_begun(c) ? fill_rest(c) : fill_first(c))
            continue;
        if (!c->broken)
            conn_refuse(c, 408, "");
        return false;
    }
    c->requests++;
    c->continued = false;
    c->close = result != HTTP_DONE;
    if (result != HTTP_DONE) {
        conn_refuse(c, result, "");
        return false;
    }
    c->next = c->from + c->head.size;
    http_body_begin(&c->body, &c->head);
    c->body_result = HTTP_MORE;
    return true;
}

/* ---- bodies ---- */

static bool ask_for_body(struct conn *c)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (c->head.expects && !c->continued) {
        if (sizeof c->out - c->used < sizeof go_on && !conn_flush(c))
            return false;
        memcpy(c->out + c->used, go_on, sizeof go_on - 1);
        c->used += sizeof go_on - 1;
    }
    c->continued = true;
    return fill_rest(c);
}

int conn_body(struct conn *c, const char **data, size_t *size)
{
    size_t used;

    *size = 0;
    while (c->body_result == HTTP_MORE && !*size) {
        c->body_result = http_body_parse(&c->body, &c->server->limits, c->in + c->next, c->end - c->next, &used, data, size);
        c->next += used;
        if (c->body_result == HTTP_MORE && !*size && !ask_for_body(c))
            c->body_result = c->broken ? 400 : 408;
    }
    c->close |= c->body_result > HTTP_DONE; /* where the next request begins can not be told */
    return c->body_result;
}

/* What the answer did not need of the body. False: it can not be told where the next request begins. */
static bool drop_body(struct conn *c)
{
    const char *data;
    size_t size;
    int result = HTTP_MORE;

    while (!c->close && result == HTTP_MORE)
        result = conn_body(c, &data, &size);
    return !c->close && result == HTTP_DONE;
}

/* ---- a connection's life ---- */

static void enlist(struct conn *c)
{
    struct server *s = c->server;

    go_mutex_lock(&s->lock);
    c->later = s->first;
    c->link = &s->first;
    if (c->later)
        c->later->link = &c->later;
    s->first = c;
    go_mutex_unlock(&s->lock);
}

static void strike_off(struct conn *c)
{
    struct server *s = c->server;

    go_mutex_lock(&s->lock);
    *c->link = c->later;
    if (c->later)
        c->later->link = c->link;
    s->requests += c->requests;
    s->connections++;
    go_mutex_unlock(&s->lock);
}

/* To close while bytes are still coming would make the kernel throw away what the client has not read yet of the answer. */
static void wait_for_client(struct conn *c)
{
    int64_t deadline = go_deadline(GO_SECOND);

    if (!conn_flush(c) || go_shutdown(c->fd, GO_WRITABLE) < 0)
        return;
    while (go_now() < deadline && go_read_until(c->fd, c->in, sizeof c->in, deadline) > 0)
        ;
}

void conn_run(struct conn *c, struct server *server, int fd)
{
    c->server = server;
    c->fd = fd;
    atomic_init(&c->idle, false);
    c->close = c->broken = false;
    c->from = c->next = c->end = 0;
    c->requests = 0;
    c->stamped = -1;
    c->used = 0;
    enlist(c);
    while (next_head(c)) {
        server->answer(c);
        if (!drop_body(c))
            break;
        c->from = c->next;
    }
    if (!c->broken)
        wait_for_client(c);
    strike_off(c);
    go_close(fd);
}

/* ---- the server's end ---- */

void conn_stop(struct server *server)
{
    atomic_store(&server->stopping, true);
    go_mutex_lock(&server->lock);
    for (struct conn *c = server->first; c; c = c->later)
        if (atomic_load(&c->idle) && go_wait_fd(c->fd, GO_READABLE, GO_NOW) == -EAGAIN)
            go_shutdown(c->fd, GO_READABLE);
    go_mutex_unlock(&server->lock);
}

void conn_cut(struct server *server)
{
    go_mutex_lock(&server->lock);
    for (struct conn *c = server->first; c; c = c->later)
        go_shutdown(c->fd, GO_READABLE | GO_WRITABLE);
    go_mutex_unlock(&server->lock);
}
