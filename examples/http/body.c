/* The body of a request: so many bytes, or chunks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "http.h"

enum { BAD = 400, TOO_LARGE = 413, EXTRA_TOO_LARGE = 431 };

enum state {
    PLAIN,      /* data, and then the end */
    SIZE,       /* the digits of a chunk's size */
    BLANK,      /* spaces before an extension */
    EXTENSION,  /* up to the end of the line; it says nothing to us */
    SIZE_LF,    /* the LF behind a chunk's size */
    DATA,       /* data of a chunk */
    DATA_CR,    /* the line's end behind it */
    DATA_LF,    /* */
    TRAILER,    /* the beginning of a field behind the last chunk, or of the empty line */
    NAME,       /* the rest of its name */
    VALUE,      /* its value */
    TRAILER_LF, /* the LF behind it */
    LAST_LF,    /* the LF of the empty line */
    ENDED
};

enum { DIGITS = 15 }; /* of a chunk's size: no overflow */

void http_body_begin(struct http_body *b, const struct http_head *h)
{
    *b = (struct http_body){.state = h->chunked ? SIZE : h->length ? PLAIN : ENDED, .left = h->length};
}

/* The end of a line that says a chunk's size. */
static int size_is_known(struct http_body *b, const struct http_limits *limits)
{
    if (b->left > limits->body - b->total)
        return TOO_LARGE;
    b->total += b->left;
    b->state = b->left ? DATA : TRAILER;
    return HTTP_MORE;
}

static int size_digit(struct http_body *b, char c)
{
    int digit = http_hex(c);

    if (digit >= 0) {
        b->left = b->left * 16 + (uint64_t)digit;
        return ++b->digits > DIGITS ? TOO_LARGE : HTTP_MORE;
    }
    b->state = c == '\r' ? SIZE_LF : c == ';' ? EXTENSION : BLANK;
    return b->digits && (b->state != BLANK || c == ' ' || c == '\t') ? HTTP_MORE : BAD;
}

/* Goes to the next state if c is what must come. */
static int must_be(struct http_body *b, char c, char wanted, enum state next)
{
    b->state = (int)next;
    return c == wanted ? HTTP_MORE : BAD;
}

/* A character of an extension or a trailer, which goes on as long as the characters are of this kind. */
static int extra(struct http_body *b, const struct http_limits *limits, char c, int kind, char end, enum state next)
{
    if (++b->extra > limits->head)
        return EXTRA_TOO_LARGE;
    return http_is(c, kind) ? HTTP_MORE : must_be(b, c, end, next);
}

static int blank(struct http_body *b, const struct http_limits *limits, char c)
{
    if (++b->extra > limits->head)
        return EXTRA_TOO_LARGE;
    return c == ' ' || c == '\t' ? HTTP_MORE : must_be(b, c, ';', EXTENSION);
}

static int trailer(struct http_body *b, const struct http_limits *limits, char c)
{
    if (c == '\r')
        return must_be(b, c, c, LAST_LF);
    if (++b->extra > limits->head)
        return EXTRA_TOO_LARGE;
    b->state = NAME;
    return http_is(c, HTTP_TOKEN) ? HTTP_MORE : BAD;
}

/* Whatever is not data, one character at a time. */
static int step(struct http_body *b, const struct http_limits *limits, char c)
{
    int result;

    switch ((enum state)b->state) {
    case SIZE:
        return size_digit(b, c);
    case BLANK:
        return blank(b, limits, c);
    case EXTENSION:
        return extra(b, limits, c, HTTP_TEXT, '\r', SIZE_LF);
    case SIZE_LF:
        return c == '\n' ? size_is_known(b, limits) : BAD;
    case DATA_CR:
        return must_be(b, c, '\r', DATA_LF);
    case DATA_LF:
        b->digits = 0;
        return must_be(b, c, '\n', SIZE);
    case TRAILER:
        return trailer(b, limits, c);
    case NAME:
        return extra(b, limits, c, HTTP_TOKEN, ':', VALUE);
    case VALUE:
        return extra(b, limits, c, HTTP_TEXT, '\r', TRAILER_LF);
    case TRAILER_LF:
        return must_be(b, c, '\n', TRAILER);
    case LAST_LF:
        result = must_be(b, c, '\n', ENDED);
        return result ? result : HTTP_DONE;
    case PLAIN:
    case DATA:
    case ENDED:
        break;
    }
    return HTTP_DONE;
}

static int take_data(struct http_body *b, size_t size, size_t *taken)
{
    *taken = size < b->left ? size : (size_t)b->left;
    b->left -= *taken;
    if (b->left)
        return HTTP_MORE;
    b->state = b->state == PLAIN ? ENDED : DATA_CR;
    return b->state == ENDED ? HTTP_DONE : HTTP_MORE;
}

int http_body_parse(struct http_body *b, const struct http_limits *limits, const char *bytes, size_t size, size_t *used,
                    const char **data, size_t *data_size)
{
    size_t i = 0;
    int result = b->state == ENDED ? HTTP_DONE : HTTP_MORE;

    *data_size = 0;
    *data = bytes;
    while (i < size && result == HTTP_MORE && b->state != PLAIN && b->state != DATA)
        result = step(b, limits, bytes[i++]);
    if (i < size && result == HTTP_MORE) {
        *data = bytes + i;
        result = take_data(b, size - i, data_size);
        i += *data_size;
    }
    *used = i;
    return result;
}
