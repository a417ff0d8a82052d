/* Inputs for an HTTP server, right and wrong ones, and what must hold of a parser for all of them: what it says does not depend on
 * how the input was cut, and what it accepts passes a second look, by other means.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HTTP_INPUT_H
#define HTTP_INPUT_H

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/http.h"
#include "random.h"

/* Small limits, so that inputs of a few hundred bytes come to all of them. */
static const struct http_limits http_input_limits = {.head = 260, .target = 60, .fields = 4, .body = 300};

/* ---- making inputs ---- */

static const char *const http_requests[] = {
    "GET /plaintext HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nConnection: keep-alive, x\r\n\r\nHEAD /a?b=c&d HTTP/1.1\r\nHost:\r\n\r\n",
    "\r\nGET /digest?rounds=2 HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
    "POST /digest HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 11\r\n\r\nHello thereGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /digest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n06;a=\"b\";c\r\n there\r\n0\r\nX-Sum: "
    "1\r\n\r\nGET / "
    "HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /nowhere HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\ntransfer-encoding:\tChunked \r\n\r\nA "
    "\t;x\r\n0123456789\r\n00\r\n\r\n",
    "GET http://example.org/plaintext?x HTTP/1.1\r\nHost: example.org\r\nUser-Agent: \xc3\xa4 b\r\nConnection: close\r\n\r\nleft "
    "over",
    "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\nCONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\nBREW /pot HTTP/1.1\r\nHost: x\r\n\r\n",
};

static const char *const http_words[] = {
    "\r\n",
    "\r",
    "\n",
    "\r\n\r\n",
    " ",
    "\t",
    ":",
    ",",
    ";",
    "0",
    "ffffffffffffffff",
    "fffffffffffffff",
    "-1",
    "+5",
    "0x10",
    "\r\n ",
    "Content-Length: 5\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Content-Length: 0,0\r\n",
    "Content-Length : 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked, gzip\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Host: y\r\n",
    "Host: a b\r\n",
    "Expect: 100-continue\r\n",
    "Expect: more\r\n",
    "Connection: close\r\n",
    "X: y\r\n",
    "HTTP/2.0",
    "HTTP/1.2",
    "http/1.1",
    "GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n",
    "5\r\nHello\r\n",
    "0\r\n\r\n",
    "%2e%2e/",
    "/../",
};

enum {
    HTTP_INPUT = 1200,
    HTTP_REQUESTS = sizeof http_requests / sizeof *http_requests,
    HTTP_WORDS = sizeof http_words / sizeof *http_words
};

/* Puts size bytes in the place of the `gone` bytes at `at`. */
static inline void http_replace(char *input, size_t *all, size_t at, size_t gone, const char *bytes, size_t size)
{
    if (*all - gone + size > HTTP_INPUT)
        return;
    memmove(input + at + size, input + at + gone, *all - at - gone);
    memcpy(input + at, bytes, size);
    *all += size - gone;
}

/* One change, of a kind by chance. */
static inline void http_change(random_state *r, char *input, size_t *size)
{
    size_t at = (size_t)random_below(r, (int)*size + 1), rest = *size - at;
    size_t gone = rest ? (size_t)random_below(r, rest < 12 ? (int)rest + 1 : 12) : 0;
    const char *word = http_words[random_below(r, HTTP_WORDS)];
    char copy[40], byte = (char)random_below(r, 256);

    switch (random_below(r, 6)) {
    case 0:
        http_replace(input, size, at, rest > 0, &byte, 1);
        break;
    case 1:
        http_replace(input, size, at, gone, "", 0);
        break;
    case 2:
        http_replace(input, size, at, 0, word, strlen(word));
        break;
    case 3:
        http_replace(input, size, at, gone, word, strlen(word));
        break;
    case 4: /* a piece twice */
        gone = rest < sizeof copy ? rest : sizeof copy;
        memcpy(copy, input + at, gone);
        http_replace(input, size, (size_t)random_below(r, (int)*size + 1), 0, copy, gone);
        break;
    case 5: /* a field in its place */
        for (; at < *size && input[at] != '\n'; at++)
            ;
        if (at < *size)
            http_replace(input, size, at + 1, 0, word, strlen(word));
        break;
    }
}

/* A right input, one to four in a row, and up to seven changes of it. Returns its size. */
static inline size_t http_make_input(random_state *r, char input[HTTP_INPUT])
{
    size_t size = 0;

    do {
        const char *text = http_requests[random_below(r, HTTP_REQUESTS)];

        http_replace(input, &size, size, 0, text, strlen(text));
    } while (random_below(r, 4) == 0);
    for (int changes = random_below(r, 8); changes > 0; changes--)
        http_change(r, input, &size);
    return size;
}

/* ---- parsing them ---- */

/* What came of an input. */
struct http_outcome {
    int result;      /* of the last request */
    int requests;    /* whole ones before it */
    size_t at;       /* where the last one begins */
    uint64_t hash;   /* of all that was said, and all bytes of bodies */
    const char *bad; /* a rule that was broken; NULL: none */
};

static inline void http_mix(struct http_outcome *o, const void *bytes, size_t size)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < size; i++)
        o->hash = (o->hash ^ p[i]) * 1099511628211u;
}

static inline void http_mix_number(struct http_outcome *o, uint64_t n)
{
    http_mix(o, &n, sizeof n);
}

static inline void http_mix_head(struct http_outcome *o, const struct http_head *h)
{
    const uint64_t said[] = {h->method, h->path.at, h->path.size, h->query.at, h->query.size, h->size,           h->length,
                             h->keep,   h->chunked, h->old,       h->expects,  h->scanned,    (uint64_t)h->lines};

    http_mix(o, said, sizeof said);
}

/* How many lines of the head begin so, in small or capital letters. */
static inline int http_lines_with(const char *head, size_t size, const char *start)
{
    int n = 0;

    for (size_t i = 0; i + strlen(start) <= size; i++)
        n += (i == 0 || head[i - 1] == '\n') && !strncasecmp(head + i, start, strlen(start));
    return n;
}

/* The second look at a head that was accepted: NULL, or the rule that it breaks. */
static inline const char *http_look_again(const char *head, const struct http_head *h)
{
    const struct http_limits *l = &http_input_limits;
    int lengths = http_lines_with(head, h->size, "content-length:"), codings = http_lines_with(head, h->size, "transfer-encoding:");
    int hosts = http_lines_with(head, h->size, "host:");

    for (size_t i = 0; i < h->size; i++) {
        unsigned char c = (unsigned char)head[i];
        if ((c < ' ' || c == 127) && c != '\t' && c != '\r' && c != '\n')
            return "a control character in a head";
        if ((c == '\r') != (i + 1 < h->size && head[i + 1] == '\n'))
            return "CR without LF, or LF without CR";
        if (c == '\n' && i + 1 < h->size && (head[i + 1] == ' ' || head[i + 1] == '\t'))
            return "a folded line";
    }
    if (h->size > l->head || h->size < 4 || memcmp(head + h->size - 4, "\r\n\r\n", 4))
        return "a head that does not end where it should";
    if (hosts > 1 || (!hosts && !h->old) || lengths > 1 || codings > 1 || (lengths && codings))
        return "a field too often or not at all";
    if (h->chunked != (codings == 1) || (h->length && !lengths) || h->length > l->body)
        return "a body of another size";
    if (h->path.at + h->path.size > h->size || h->query.at + h->query.size > h->size ||
        memchr(head + h->path.at, ' ', h->path.size))
        return "a path that is none";
    return NULL;
}

/* What has come of the input, as a connection holds it. */
struct http_arrived {
    const char *input;
    size_t size, arrived;
    int cut;        /* 0: all at once; -n: the first n, then the rest; else pieces by chance */
    random_state r; /* for those */
};

/* More of it arrives; false: there is no more. */
static inline bool http_arrive(struct http_arrived *a)
{
    size_t rest = a->size - a->arrived;

    if (!rest)
        return false;
    if (a->cut > 0)
        a->arrived += 1 + (size_t)random_below(&a->r, rest < 40 ? (int)rest : 40);
    else
        a->arrived = a->cut < 0 && a->arrived < (size_t)-a->cut && (size_t)-a->cut < a->size ? (size_t)-a->cut : a->size;
    return true;
}

/* A copy of just these bytes: a sanitizer sees every look beyond them. */
static inline char *http_copy(const char *bytes, size_t size)
{
    char *copy = malloc(size);

    if (size && copy)
        memcpy(copy, bytes, size);
    return copy;
}

static inline int http_read_head(struct http_arrived *a, struct http_outcome *o, struct http_head *h)
{
    int result;

    *h = (struct http_head){0};
    do {
        char *copy = http_copy(a->input + o->at, a->arrived - o->at);
        result = http_head_parse(h, &http_input_limits, copy, a->arrived - o->at);
        if (result == HTTP_DONE && h->size <= a->arrived - o->at)
            o->bad = http_look_again(copy, h);
        free(copy);
    } while (result == HTTP_MORE && http_arrive(a));
    http_mix_head(o, h);
    return result;
}

static inline int http_read_body(struct http_arrived *a, struct http_outcome *o, const struct http_head *h)
{
    struct http_body b;
    size_t used, data_size, at = o->at + h->size, total = 0;
    const char *data;
    int result = HTTP_MORE;

    http_body_begin(&b, h);
    while (result == HTTP_MORE && !o->bad) {
        size_t size = a->arrived - at;
        char *copy = http_copy(a->input + at, size);
        result = http_body_parse(&b, &http_input_limits, copy, size, &used, &data, &data_size);
        if (used > size || (data_size && (data < copy || data + data_size > copy + used)))
            o->bad = "data from elsewhere";
        else
            http_mix(o, data, data_size);
        free(copy);
        at += used;
        total += data_size;
        if (total > http_input_limits.body)
            o->bad = "a body beyond the limit";
        if (result == HTTP_MORE && at == a->arrived && !http_arrive(a))
            break;
    }
    http_mix_number(o, total);
    if (result == HTTP_DONE) {
        if (!h->chunked && total != h->length)
            o->bad = "a body of another length";
        o->at = at;
    }
    return result;
}

static inline struct http_outcome http_run(const char *input, size_t size, int cut)
{
    struct http_arrived a = {.input = input, .size = size, .cut = cut, .r = random_seed(cut)};
    struct http_outcome o = {.hash = 14695981039346656037u};
    struct http_head h;

    http_arrive(&a);
    do {
        o.result = http_read_head(&a, &o, &h);
        if (o.result == HTTP_DONE && !o.bad)
            o.result = http_read_body(&a, &o, &h);
        http_mix_number(&o, (uint64_t)o.result);
        o.requests += o.result == HTTP_DONE;
    } while (o.result == HTTP_DONE && h.keep && !o.bad);
    return o;
}

/* NULL, or what is wrong with how the input is parsed. *whole: what came of it. */
static inline const char *http_check_input(const char *input, size_t size, int cut, struct http_outcome *whole)
{
    *whole = http_run(input, size, 0);

    struct http_outcome pieces = http_run(input, size, cut);

    if (whole->bad || pieces.bad)
        return whole->bad ? whole->bad : pieces.bad;
    if (whole->result != pieces.result || whole->requests != pieces.requests || whole->at != pieces.at ||
        whole->hash != pieces.hash)
        return "in pieces it is something else";
    return NULL;
}

#endif
