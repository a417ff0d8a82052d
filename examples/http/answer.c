/* Answers: written into the connection's buffer, and from there to the client.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conn.h"

enum { HEAD_ROOM = 512 }; /* what a head needs beside its own fields: more than enough */

static const char *reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 417:
        return "Expectation Failed";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 505:
        return "HTTP Version Not Supported";
    }
    return "Unknown";
}

/* ---- writing ---- */

static bool write_out(struct conn *c, const char *bytes, size_t size)
{
    if (!c->broken && go_write_until(c->fd, bytes, size, go_deadline(c->server->request_time)) != (ptrdiff_t)size)
        c->broken = true;
    return !c->broken;
}

bool conn_flush(struct conn *c)
{
    size_t used = c->used;

    c->used = 0;
    return used ? write_out(c, c->out, used) : !c->broken;
}

static void put(struct conn *c, const char *bytes, size_t size)
{
    memcpy(c->out + c->used, bytes, size);
    c->used += size;
}

static void put_text(struct conn *c, const char *text)
{
    put(c, text, strlen(text));
}

static void put_number(struct conn *c, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    put(c, digits + at, sizeof digits - at);
}

/* The server's name and the date, made anew when another second has begun. */
static void put_stamp(struct conn *c)
{
    int64_t second = atomic_load_explicit(&c->server->second, memory_order_relaxed);

    if (second != c->stamped) {
        struct tm tm;
        time_t when = (time_t)second;

        c->stamp_size = strftime(c->stamp, sizeof c->stamp, "Server: httpd\r\nDate: %a, %d %b %Y %T GMT\r\n", gmtime_r(&when, &tm));
        c->stamped = second;
    }
    put(c, c->stamp, c->stamp_size);
}

/* ---- answers ---- */

static void put_status(struct conn *c, int status)
{
    if (status == 200) {
        put_text(c, "HTTP/1.1 200 OK\r\n");
        return;
    }
    put_text(c, "HTTP/1.1 ");
    put_number(c, (uint64_t)status);
    put_text(c, " ");
    put_text(c, reason(status));
    put_text(c, "\r\n");
}

/* While the server stops, requests that have come in already are answered before the connection ends. */
static void decide_end(struct conn *c)
{
    if (!c->head.keep || (c->head.expects && !c->continued && c->body_result == HTTP_MORE))
        c->close = true;
    if (atomic_load_explicit(&c->server->stopping, memory_order_relaxed) && c->next == c->end)
        c->close = true;
}

bool conn_head(struct conn *c, int status, const char *fields, uint64_t size)
{
    if (sizeof c->out - c->used < HEAD_ROOM + strlen(fields))
        conn_flush(c);
    decide_end(c);
    put_status(c, status);
    put_stamp(c);
    put_text(c, fields);
    put_text(c, "Content-Length: ");
    put_number(c, size);
    put_text(c, c->close ? "\r\nConnection: close\r\n\r\n" : c->head.old ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\n\r\n");
    return c->head.method != HTTP_HEAD;
}

void conn_answer(struct conn *c, int status, const char *fields, const char *body, size_t size)
{
    if (!conn_head(c, status, fields, size))
        return;
    if (size <= sizeof c->out - c->used)
        put(c, body, size);
    else if (conn_flush(c))
        write_out(c, body, size);
}

void conn_text(struct conn *c, const char *body, size_t size)
{
    conn_answer(c, 200, "Content-Type: text/plain\r\n", body, size);
}

void conn_refuse(struct conn *c, int status, const char *fields)
{
    char text[80];
    int size = snprintf(text, sizeof text, "%d %s\n", status, reason(status));

    conn_answer(c, status, fields, text, (size_t)size);
}
