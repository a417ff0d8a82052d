/* The head of a request: its first line, its fields, and what they say together.
 *
 * A line is looked at when it is whole; until then only its characters are. So each byte is looked at once or twice, however
 * the head is cut, and a client that speaks something else altogether is told so at the first byte that no line can have.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "http.h"

enum {
    BAD = 400,
    TOO_LARGE = 413,
    TARGET_TOO_LONG = 414,
    NO_SUCH_EXPECTATION = 417,
    HEAD_TOO_LARGE = 431,
    NO_SUCH_CODING = 501,
    NO_SUCH_VERSION = 505
};

/* ---- the first line ---- */

static enum http_method method_of(const char *bytes, size_t size)
{
    static const char *const known[] = {"PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

    if (size == 3 && !memcmp(bytes, "GET", 3))
        return HTTP_GET;
    if (size == 4 && !memcmp(bytes, "HEAD", 4))
        return HTTP_HEAD;
    if (size == 4 && !memcmp(bytes, "POST", 4))
        return HTTP_POST;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i]) == size && !memcmp(bytes, known[i], size))
            return HTTP_KNOWN;
    return HTTP_UNKNOWN;
}

static bool is_word(const char *bytes, size_t size, const char *word)
{
    return size == strlen(word) && !memcmp(bytes, word, size);
}

/* Splits "/path?query". */
static void split(struct http_head *h, const char *bytes, size_t at, size_t end)
{
    const char *mark = memchr(bytes + at, '?', end - at);
    size_t path_end = mark ? (size_t)(mark - bytes) : end;

    h->path = (struct http_part){(uint32_t)at, (uint32_t)(path_end - at)};
    h->query = mark ? (struct http_part){(uint32_t)path_end + 1, (uint32_t)(end - path_end - 1)} : (struct http_part){0, 0};
}

/* All of bytes[at..end) are of this kind. */
static bool are(const char *bytes, size_t at, size_t end, int kind)
{
    while (at < end && http_is(bytes[at], kind))
        at++;
    return at == end;
}

/* "http://host/path", which every server has to understand. */
static int absolute_target(struct http_head *h, const char *bytes, size_t at, size_t end)
{
    static const char scheme[] = "http://";
    size_t host = at + sizeof scheme - 1, path = host;

    if (end - at < sizeof scheme || !http_same(bytes + at, sizeof scheme - 1, scheme))
        return BAD;
    while (path < end && bytes[path] != '/' && bytes[path] != '?')
        path++;
    if (path == host || !are(bytes, host, path, HTTP_HOST))
        return BAD;
    split(h, bytes, path, end);
    return HTTP_MORE;
}

static int target(struct http_head *h, const struct http_limits *limits, const char *bytes, size_t method, size_t at, size_t end)
{
    bool connects = is_word(bytes + method, at - 1 - method, "CONNECT");

    if (at == end)
        return BAD;
    if (end - at > limits->target)
        return TARGET_TOO_LONG;
    for (size_t i = at; i < end; i++)
        if ((unsigned char)bytes[i] <= ' ' || (unsigned char)bytes[i] > 126 || bytes[i] == '#' || bytes[i] == '"' ||
            bytes[i] == '<' || bytes[i] == '>')
            return BAD;
    h->path = (struct http_part){(uint32_t)at, (uint32_t)(end - at)};
    if (connects)
        return are(bytes, at, end, HTTP_HOST) ? HTTP_MORE : BAD;
    if (bytes[at] != '/')
        return is_word(bytes + at, end - at, "*") && is_word(bytes + method, at - 1 - method, "OPTIONS")
                   ? HTTP_MORE
                   : absolute_target(h, bytes, at, end);
    split(h, bytes, at, end);
    return HTTP_MORE;
}

/* "HTTP/1.1", or any other digits. */
static int version(struct http_head *h, const char *bytes, size_t size)
{
    if (size != 8 || memcmp(bytes, "HTTP/", 5) || bytes[6] != '.' || bytes[5] < '0' || bytes[5] > '9' || bytes[7] < '0' ||
        bytes[7] > '9')
        return BAD;
    h->old = bytes[7] == '0';
    return bytes[5] == '1' ? HTTP_MORE : NO_SUCH_VERSION;
}

static int first_line(struct http_head *h, const struct http_limits *limits, const char *bytes, size_t at, size_t end)
{
    size_t space = at, last = end;

    while (space < end && http_is(bytes[space], HTTP_TOKEN))
        space++;
    if (space == at || space == end || bytes[space] != ' ')
        return BAD;
    while (bytes[last - 1] != ' ')
        last--;
    if (last - 1 <= space)
        return BAD;
    h->method = method_of(bytes + at, space - at);

    int result = version(h, bytes + last, end - last);
    return result ? result : target(h, limits, bytes, at, space + 1, last - 1);
}

/* ---- fields ---- */

static int content_length(struct http_head *h, const struct http_limits *limits, const char *value, size_t size)
{
    uint64_t n = 0;

    if (h->has_length || !size)
        return BAD; /* two lengths, even where they are the same */
    for (size_t i = 0; i < size; i++) {
        if (value[i] < '0' || value[i] > '9')
            return BAD;
        n = n < UINT64_MAX / 10 - 1 ? n * 10 + (uint64_t)(value[i] - '0') : UINT64_MAX;
    }
    h->has_length = true;
    h->length = n;
    return n > limits->body ? TOO_LARGE : HTTP_MORE;
}

/* The next of "one, two": its end, and in *size what is left of it without the spaces around it. */
static size_t next_of_list(const char *value, size_t at, size_t end, size_t *start, size_t *size)
{
    size_t comma = at, last;

    while (comma < end && value[comma] != ',')
        comma++;
    for (last = comma; at < last && (value[at] == ' ' || value[at] == '\t'); at++)
        ;
    for (; last > at && (value[last - 1] == ' ' || value[last - 1] == '\t'); last--)
        ;
    *start = at;
    *size = last - at;
    return comma;
}

static int transfer_encoding(struct http_head *h, const char *value, size_t size)
{
    size_t start = 0, length = 0;

    if (h->chunked)
        return BAD;
    for (size_t at = 0; at <= size; at++)
        at = next_of_list(value, at, size, &start, &length);
    if (!http_same(value + start, length, "chunked"))
        return BAD; /* where the body ends could not be told */
    h->chunked = true;
    return length == size ? HTTP_MORE : NO_SUCH_CODING;
}

static void connection(struct http_head *h, const char *value, size_t size)
{
    size_t start, length;

    for (size_t at = 0; at <= size; at++) {
        at = next_of_list(value, at, size, &start, &length);
        h->close |= http_same(value + start, length, "close");
        h->keep_alive |= http_same(value + start, length, "keep-alive");
    }
}

static int host(struct http_head *h, const char *value, size_t size)
{
    if (h->host || !are(value, 0, size, HTTP_HOST))
        return BAD;
    h->host = true;
    return HTTP_MORE;
}

static int known_field(struct http_head *h, const struct http_limits *limits, const char *name, size_t name_size, const char *value,
                       size_t size)
{
    switch (name_size) {
    case 4:
        return http_same(name, name_size, "host") ? host(h, value, size) : HTTP_MORE;
    case 6:
        if (http_same(name, name_size, "expect")) {
            h->expects = http_same(value, size, "100-continue");
            h->expectation |= !h->expects;
        }
        return HTTP_MORE;
    case 10:
        if (http_same(name, name_size, "connection"))
            connection(h, value, size);
        return HTTP_MORE;
    case 14:
        return http_same(name, name_size, "content-length") ? content_length(h, limits, value, size) : HTTP_MORE;
    case 17:
        return http_same(name, name_size, "transfer-encoding") ? transfer_encoding(h, value, size) : HTTP_MORE;
    }
    return HTTP_MORE;
}

static int field(struct http_head *h, const struct http_limits *limits, const char *bytes, size_t at, size_t end)
{
    size_t colon = at, value;

    while (colon < end && http_is(bytes[colon], HTTP_TOKEN))
        colon++;
    if (colon == at || colon == end || bytes[colon] != ':')
        return BAD;                    /* also a folded line, and a space before the colon */
    if (h->lines - 1 > limits->fields) /* one was the first line */
        return HEAD_TOO_LARGE;
    for (value = colon + 1; value < end && (bytes[value] == ' ' || bytes[value] == '\t'); value++)
        ;
    for (; end > value && (bytes[end - 1] == ' ' || bytes[end - 1] == '\t'); end--)
        ;
    return known_field(h, limits, bytes + at, colon - at, bytes + value, end - value);
}

/* ---- all of it ---- */

/* What the fields say together. */
static int finish(struct http_head *h)
{
    if (!h->host && !h->old)
        return BAD;
    if (h->chunked && (h->has_length || h->old))
        return BAD;
    if (h->expectation && !h->old)
        return NO_SUCH_EXPECTATION;
    h->expects = h->expects && !h->old && (h->chunked || h->length);
    h->keep = !h->close && (!h->old || h->keep_alive);
    return HTTP_DONE;
}

/* The line bytes[at..end). Empty ones before the first are skipped. */
static int whole_line(struct http_head *h, const struct http_limits *limits, const char *bytes, size_t at, size_t end)
{
    if (at == end)
        return h->lines ? finish(h) : HTTP_MORE;
    return h->lines++ ? field(h, limits, bytes, at, end) : first_line(h, limits, bytes, at, end);
}

int http_head_parse(struct http_head *h, const struct http_limits *limits, const char *bytes, size_t size)
{
    size_t end = size < limits->head ? size : limits->head, at = h->scanned;
    int result = HTTP_MORE;

    while (result == HTTP_MORE) {
        while (at < end && http_is(bytes[at], HTTP_TEXT))
            at++;
        h->scanned = at;
        if (at + 1 < end ? bytes[at] != '\r' || bytes[at + 1] != '\n' : at < end && bytes[at] != '\r')
            return BAD;
        if (at + 1 >= end)
            return end < limits->head ? HTTP_MORE : h->lines ? HEAD_TOO_LARGE : TARGET_TOO_LONG;
        result = whole_line(h, limits, bytes, h->line, at);
        h->line = h->scanned = h->size = at += 2;
    }
    return result;
}
