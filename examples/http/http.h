/* HTTP/1.1 requests, parsed as they come in, in whatever pieces.
 *
 * Our own, and as strict as RFC 9112 allows a server to be. The one parser that Debian has as a library, libhttp-parser, is not
 * kept any more, and it forgives what lets one request be smuggled inside another. What is not exactly a request is refused here,
 * never guessed at: a line that ends without its CR, a folded line, a space before the colon, two lengths, a length beside chunks.
 *
 * Neither part reads, waits or allocates. Both stop at the first byte that is wrong, so what they say does not depend on the
 * pieces.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What parsing a piece comes to: one of these two, or the status, of 400 and above, that the request is to be refused with. */
enum { HTTP_MORE = 0, HTTP_DONE = 1 };

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_KNOWN,  /* another that the standards have */
    HTTP_UNKNOWN /* a word of somebody's own */
};

struct http_limits {
    size_t head;   /* bytes up to the end of the empty line; also of all extensions and trailers of a chunked body */
    size_t target; /* bytes of the target */
    int fields;
    uint64_t body; /* bytes, when decoded */
};

/* A piece of a head, counted from its first byte: the bytes may move while the rest is waited for. */
struct http_part {
    uint32_t at, size;
};

/* All zero before the first piece. */
struct http_head {
    /* What was asked for; whole with HTTP_DONE. */
    enum http_method method;
    struct http_part path;  /* begins with '/'; or is empty, which means the same; or "*"; or a CONNECT's "host:port" */
    struct http_part query; /* what stands behind the '?' */
    size_t size;            /* bytes of the head; the body, or the next request, follows */
    uint64_t length;        /* of the body */
    bool chunked;           /* the body comes in chunks; length is 0 */
    bool keep;              /* the connection stays open after the answer, unless the server wants otherwise */
    bool old;               /* of HTTP/1.0: one that stays open must be told so */
    bool expects;           /* sends its body only when told to continue */

    /* How far it has come. */
    size_t scanned, line;
    int lines;
    bool host, has_length, close, keep_alive, expectation;
};

/* http_head_parse goes on with a head; bytes and size are all there is of it, what was there before included. */
int http_head_parse(struct http_head *h, const struct http_limits *limits, const char *bytes, size_t size);

/* A body; set up by http_body_begin. */
struct http_body {
    int state;
    int digits;
    uint64_t left;  /* bytes to come, of this chunk or of all */
    uint64_t total; /* bytes that the chunks have announced */
    size_t extra;   /* bytes of extensions and trailers */
};

void http_body_begin(struct http_body *b, const struct http_head *h);

/* http_body_parse takes *used bytes off the front of the next piece, and finds data_size bytes of the body at *data among them;
 * call it again with the rest until it is used up. HTTP_DONE may come together with the last of the data. */
int http_body_parse(struct http_body *b, const struct http_limits *limits, const char *bytes, size_t size, size_t *used,
                    const char **data, size_t *data_size);

/* ---- characters (chars.c) ---- */

/* One that a name may have; one that a line may have. */
#define HTTP_TOKEN 1
#define HTTP_TEXT  2
#define HTTP_HOST  4 /* one that the name of a host, with a port, may have */
extern const unsigned char http_chars[256];

static inline bool http_is(char c, int kind)
{
    return http_chars[(unsigned char)c] & kind;
}

/* The value of a hexadecimal digit, or -1. */
int http_hex(char c);

/* True if the size bytes are this word, in small or capital letters; the word is in small ones. */
bool http_same(const char *bytes, size_t size, const char *word);

#endif
