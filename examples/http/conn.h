/* A connection that speaks HTTP: one goroutine reads its requests, one after the other, and answers them.
 *
 * Answers are gathered and written when there is no further whole request at hand: a batch of pipelined requests costs one read and
 * one write. The buffers lie on the goroutine's stack, which the kernel fills with memory only as far as it is used, so a
 * connection that waits for its next request holds a few pages, and nothing is ever allocated.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CONN_H
#define CONN_H

#include <goroutine.h>
#include <stdatomic.h>

#include "http.h"

struct conn;

/* What all connections share. Fixed before the first of them unless it says otherwise. */
struct server {
    struct http_limits limits;
    int64_t idle_time;    /* how long a connection may wait for its next request */
    int64_t request_time; /* how long a request may take to come in, and a client to take what is written */
    void (*answer)(struct conn *);

    _Atomic int64_t second; /* the time of day; a goroutine sets it */
    atomic_bool stopping;
    go_mutex lock;
    struct conn *first; /* under the lock: all connections */
    uint64_t requests;  /* under the lock: of those that have ended */
    uint64_t connections;
};

enum { CONN_IN = 20 * 1024, CONN_OUT = 4 * 1024, CONN_STAMP = 64 };

struct conn {
    char in[CONN_IN]; /* at the end of the struct that is nearest to where the stack goes on */
    struct server *server;
    int fd;
    atomic_bool idle; /* waits for a request to begin */
    bool close;       /* this answer is the last */
    bool broken;      /* nothing can be written any more */
    bool continued;   /* the client has been told to send the body */

    size_t from, next, end; /* of in: where the request begins; what is not looked at yet */
    int64_t deadline;       /* for the rest of the request; 0: not set yet */
    struct http_head head;
    struct http_body body;
    int body_result;
    uint64_t requests;
    struct conn *later, **link; /* under the server's lock */

    int64_t stamped;
    char stamp[CONN_STAMP]; /* the fields that are in every answer, as of then */
    size_t stamp_size, used;
    char out[CONN_OUT];
};

/* conn_run serves a connection up to its end, and closes it. c is not set up. */
void conn_run(struct conn *c, struct server *server, int fd);

/* conn_stop ends the connections that wait for a request, and the others after the request that they are at. conn_cut ends them
 * now. */
void conn_stop(struct server *server);
void conn_cut(struct server *server);

/* ---- for who answers ---- */

/* conn_part gives a part of the head, which is good until the body is read. */
static inline const char *conn_part(const struct conn *c, struct http_part part)
{
    return c->in + c->from + part.at;
}

/* conn_body gives a piece of the body. HTTP_MORE: there may be more; HTTP_DONE: that was the last of it; else the status to refuse
 * the request with. The piece is good until the next call. */
int conn_body(struct conn *c, const char **data, size_t *size);

/* conn_head begins an answer to which a body of that size belongs. fields: others than those that are in every answer, each with
 * its line's end. False: HEAD was asked for, and nothing may follow. */
bool conn_head(struct conn *c, int status, const char *fields, uint64_t size);

/* conn_answer gives a whole answer; conn_text one of plain text; conn_refuse one that says no more than its status. */
void conn_answer(struct conn *c, int status, const char *fields, const char *body, size_t size);
void conn_text(struct conn *c, const char *body, size_t size);
void conn_refuse(struct conn *c, int status, const char *fields);

/* conn_flush writes what was answered; false: the client takes it no more. */
bool conn_flush(struct conn *c);

#endif
