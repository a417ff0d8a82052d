/* What is a request, and what is none.
 *
 * SPDX-License-Identifier: MIT
 */
#include "http/http.h"
#include "test.h"

#include <stdlib.h>

static const struct http_limits limits = {.head = 1000, .target = 100, .fields = 10, .body = 1000};

static int parse(const char *text, struct http_head *h)
{
    *h = (struct http_head){0};
    return http_head_parse(h, &limits, text, strlen(text));
}

/* The status that a head is refused with; HTTP_DONE, HTTP_MORE: it is not. */
static void gives(int expected, const char *text)
{
    struct http_head h;
    int result = parse(text, &h);

    CHECK_EQ(expected, result);
    if (result != expected)
        test_note("it was: %s", text);
}

/* With a right first line and Host. */
static void field_gives(int expected, const char *field)
{
    char text[2000] = "GET / HTTP/1.1\r\nHost: x\r\n";

    strcat(strcat(text, field), "\r\n\r\n");
    gives(expected, text);
}

static bool is(const char *expected, const char *text, struct http_part part)
{
    return part.size == strlen(expected) && !memcmp(text + part.at, expected, part.size);
}

TEST(a_request_is_taken_apart)
{
    static const char text[] = "POST /a/b?c=d?e HTTP/1.1\r\nhOST:\t x:80 \r\nContent-Length: 12\r\n\r\n";
    struct http_head h;

    CHECK_EQ(HTTP_DONE, parse(text, &h));
    CHECK_EQ(HTTP_POST, h.method);
    CHECK(is("/a/b", text, h.path));
    CHECK(is("c=d?e", text, h.query));
    CHECK_EQ(sizeof text - 1, h.size);
    CHECK_EQ(12, h.length);
    CHECK(h.keep && !h.chunked && !h.old && !h.expects);
}

TEST(a_target_may_be_absolute_a_star_or_an_authority)
{
    static const char absolute[] = "GET hTTp://a.b:8/c?d HTTP/1.1\r\nHost: x\r\n\r\n";
    struct http_head h;

    CHECK_EQ(HTTP_DONE, parse(absolute, &h));
    CHECK(is("/c", absolute, h.path) && is("d", absolute, h.query));
    CHECK_EQ(HTTP_DONE, parse("GET http://a.b HTTP/1.1\r\nHost: x\r\n\r\n", &h));
    CHECK_EQ(0, h.path.size);
    CHECK_EQ(HTTP_DONE, parse("GET http://a.b?q HTTP/1.1\r\nHost: x\r\n\r\n", &h));
    CHECK_EQ(1, h.query.size);
    gives(HTTP_DONE, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(HTTP_DONE, "CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n");
    gives(400, "GET * HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(400, "GET a.b:443 HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(400, "GET http:// HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(400, "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(400, "GET ftp://a/ HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(400, "CONNECT a/b HTTP/1.1\r\nHost: x\r\n\r\n");
}

TEST(a_first_line_has_three_words_and_two_spaces)
{
    gives(HTTP_DONE, "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(400, " GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(400, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(400, "GET /  HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(400, "GET / HTTP/1.1 \r\nHost: x\r\n\r\n");
    gives(400, "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(400, "GET /\r\n\r\n");
    gives(400, "GET HTTP/1.1\r\n\r\n");
    gives(400, "/ HTTP/1.1\r\n\r\n");
    gives(400, "G(T / HTTP/1.1\r\n\r\n");
    gives(400, "GET /a b HTTP/1.1\r\n\r\n");
    gives(400, "GET /\xc3\xa4 HTTP/1.1\r\n\r\n");
    gives(400, "GET /#a HTTP/1.1\r\n\r\n");
    gives(400, "GET / http/1.1\r\n\r\n");
    gives(400, "GET / HTTP/1.10\r\n\r\n");
    gives(400, "GET / HTTP/1\r\n\r\n");
    gives(400, "GET / HTTP/a.1\r\n\r\n");
    gives(505, "GET / HTTP/2.0\r\nHost: x\r\n\r\n");
    gives(505, "GET / HTTP/0.9\r\nHost: x\r\n\r\n");
    gives(HTTP_DONE, "GET / HTTP/1.2\r\nHost: x\r\n\r\n");
}

TEST(a_line_ends_with_both_its_characters)
{
    gives(400, "GET / HTTP/1.1\nHost: x\n\n");
    gives(400, "GET / HTTP/1.1\r\nHost: x\n\r\n");
    gives(400, "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n");
    gives(400, "GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n");
    gives(400, "\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(HTTP_MORE, "GET / HTTP/1.1\r\nHost: x\r\n\r");
}

TEST(a_field_is_a_name_a_colon_and_a_value)
{
    field_gives(HTTP_DONE, "A:");
    field_gives(HTTP_DONE, "A: b\tc \xff");
    field_gives(HTTP_DONE, "A::");
    field_gives(400, "A");
    field_gives(400, "A : b");
    field_gives(400, ": b");
    field_gives(400, " A: b");
    field_gives(400, "A: b\r\n c");
    field_gives(400, "A: b\r\n\tc");
    field_gives(400, "A b: c");
    field_gives(400, "\xc3\xa4: c");
    field_gives(400, "A: \x01");
    field_gives(400, "A: \x7f");
}

TEST(a_zero_byte_is_refused_wherever_it_is)
{
    static const char text[] = "GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n";
    char copy[sizeof text];
    struct http_head h;

    for (size_t i = 0; i < sizeof text - 1; i++) {
        memcpy(copy, text, sizeof text);
        copy[i] = 0;
        h = (struct http_head){0};
        CHECK_EQ(400, http_head_parse(&h, &limits, copy, sizeof text - 1));
    }
}

TEST(there_is_one_host)
{
    gives(400, "GET / HTTP/1.1\r\n\r\n");
    gives(400, "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n");
    gives(400, "GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n");
    gives(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
    gives(400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
    gives(HTTP_DONE, "GET / HTTP/1.1\r\nHost:\r\n\r\n");
    gives(HTTP_DONE, "GET / HTTP/1.0\r\n\r\n");
}

TEST(the_length_of_a_body_is_never_in_doubt)
{
    field_gives(HTTP_DONE, "Content-Length: 0");
    field_gives(HTTP_DONE, "Content-Length: 1000");
    field_gives(413, "Content-Length: 1001");
    field_gives(413, "Content-Length: 18446744073709551616");
    field_gives(413, "Content-Length: 18446744073709551621");
    field_gives(413, "Content-Length: 99999999999999999999999999999999");
    field_gives(400, "Content-Length:");
    field_gives(400, "Content-Length: -1");
    field_gives(400, "Content-Length: +1");
    field_gives(400, "Content-Length: 1 1");
    field_gives(400, "Content-Length: 0x1");
    field_gives(400, "Content-Length: 1,1");
    field_gives(400, "Content-Length: 1\r\nContent-Length: 1");
    field_gives(400, "Content-Length: 1\r\nContent-Length: 2");
    field_gives(HTTP_DONE, "Transfer-Encoding: chunked");
    field_gives(HTTP_DONE, "transfer-encoding: \tChUnKeD\t");
    field_gives(400, "Transfer-Encoding: chunked\r\nContent-Length: 1");
    field_gives(400, "Content-Length: 0\r\nTransfer-Encoding: chunked");
    field_gives(400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked");
    field_gives(501, "Transfer-Encoding: gzip, chunked");
    field_gives(400, "Transfer-Encoding: gzip");
    field_gives(400, "Transfer-Encoding: chunked, gzip");
    field_gives(400, "Transfer-Encoding: xchunked");
    field_gives(400, "Transfer-Encoding: chunked;a=b");
    field_gives(400, "Transfer-Encoding:");
    gives(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static bool keeps(const char *version, const char *field)
{
    char text[200] = "GET / HTTP/";
    struct http_head h;

    strcat(strcat(strcat(strcat(text, version), "\r\nHost: x\r\n"), field), "\r\n\r\n");
    CHECK_EQ(HTTP_DONE, parse(text, &h));
    return h.keep;
}

TEST(a_connection_is_kept_as_both_versions_have_it)
{
    CHECK(keeps("1.1", "A: b"));
    CHECK(keeps("1.1", "Connection: closed, keep-alive"));
    CHECK(!keeps("1.1", "Connection: a ,\tCLOSE"));
    CHECK(!keeps("1.1", "Connection: keep-alive\r\nConnection: close"));
    CHECK(!keeps("1.0", "A: b"));
    CHECK(keeps("1.0", "Connection: Keep-Alive"));
    CHECK(!keeps("1.0", "Connection: keep-alive, close"));
}

TEST(an_expectation_is_one_that_is_known)
{
    struct http_head h;

    CHECK_EQ(HTTP_DONE, parse("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n", &h));
    CHECK(h.expects);
    CHECK_EQ(HTTP_DONE, parse("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", &h));
    CHECK(!h.expects);
    CHECK_EQ(HTTP_DONE, parse("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n", &h));
    CHECK(!h.expects);
    field_gives(417, "Expect: 200");
    field_gives(417, "Expect: 200\r\nExpect: 100-continue");
}

/* A head of this many bytes in all, by a field of the right size. */
static int head_of(size_t size)
{
    static const char before[] = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
    char text[2000];
    struct http_head h = {0};

    memset(text, 'a', sizeof text);
    memcpy(text, before, sizeof before - 1);
    memcpy(text + size - 4, "\r\n\r\n", 4);
    return http_head_parse(&h, &limits, text, size);
}

TEST(limits_are_what_they_are_said_to_be)
{
    char text[400] = "GET /";
    struct http_head h = {0};

    CHECK_EQ(HTTP_DONE, head_of(1000));
    CHECK_EQ(431, head_of(1001));
    CHECK_EQ(431, head_of(1900));
    memset(text + 5, 'a', 99);
    strcpy(text + 5 + 99, " HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(HTTP_DONE, text + 0);
    memset(text + 5, 'a', 100);
    strcpy(text + 5 + 100, " HTTP/1.1\r\nHost: x\r\n\r\n");
    gives(414, text);
    strcpy(text, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 9; i++)
        strcat(text, "A: b\r\n");
    CHECK_EQ(HTTP_MORE, parse(text, &h));
    strcat(text, "A: b\r\n");
    CHECK_EQ(431, parse(text, &h));
}

TEST(a_first_line_without_an_end_is_too_long)
{
    char text[1000];
    struct http_head h = {0};

    memset(text, 'a', sizeof text);
    CHECK_EQ(HTTP_MORE, http_head_parse(&h, &limits, text, sizeof text - 1));
    CHECK_EQ(414, http_head_parse(&h, &limits, text, sizeof text));
}

/* ---- bodies ---- */

/* Decodes all of a chunked body to `to`; *rest: how much of the text is left over. */
static int decode(const char *text, char *to, size_t *rest)
{
    struct http_head h = {.chunked = true};
    struct http_body b;
    size_t size = strlen(text), used, n;
    const char *data;
    int result = HTTP_MORE;

    http_body_begin(&b, &h);
    while (result == HTTP_MORE && size) {
        result = http_body_parse(&b, &limits, text, size, &used, &data, &n);
        CHECK(used <= size);
        memcpy(to, data, n);
        to += n;
        text += used;
        size -= used;
    }
    *to = 0;
    *rest = size;
    return result;
}

static void body_gives(int expected, const char *text)
{
    char decoded[2000];
    size_t rest;
    int result = decode(text, decoded, &rest);

    CHECK_EQ(expected, result);
    if (result != expected)
        test_note("it was: %s", text);
}

TEST(chunks_are_put_together)
{
    char decoded[200];
    size_t rest;

    CHECK_EQ(HTTP_DONE, decode("5\r\nHello\r\n1;a\r\n \r\n00a;b=\"c\"\r\n0123456789\r\n0\r\n\r\nGET", decoded, &rest));
    CHECK_STR("Hello 0123456789", decoded);
    CHECK_EQ(3, rest);
    CHECK_EQ(HTTP_DONE, decode("0\r\nA: b\r\nC:\r\n\r\n", decoded, &rest));
    CHECK_EQ(0, rest);
    body_gives(HTTP_DONE, "1 \t;a\r\nx\r\n0;\r\n\r\n");
}

TEST(what_are_no_chunks_is_refused)
{
    body_gives(400, "\r\n");
    body_gives(400, "g\r\n");
    body_gives(400, "-1\r\n");
    body_gives(400, "0x1\r\n");
    body_gives(400, " 1\r\n");
    body_gives(400, "1 \r\n");
    body_gives(400, "1\n");
    body_gives(400, "1\rx");
    body_gives(400, "1;a\n");
    body_gives(400, "1\r\nab\r\n");
    body_gives(400, "1\r\na\n");
    body_gives(400, "1\r\na\r1\r\n");
    body_gives(400, "1\r\na\rx0\r\n\r\n");
    body_gives(400, "1\r\nax\n0\r\n\r\n");
    body_gives(400, "1\r\na\r\n\r\n");
    body_gives(400, "0\r\nA\r\n\r\n");
    body_gives(400, "0\r\n: b\r\n\r\n");
    body_gives(400, "0\r\nA: b\n\r\n");
    body_gives(400, "0\r\nA: b\r\n c\r\n\r\n");
    body_gives(400, "0\r\n\rx");
    body_gives(HTTP_MORE, "1\r\na\r\n0\r\n\r");
    body_gives(HTTP_MORE, "0\r\n");
}

TEST(chunks_have_limits_too)
{
    char text[3000] = "1;";

    body_gives(HTTP_MORE, "3e8\r\n");
    body_gives(413, "3e9\r\n");
    body_gives(413, "1\r\na\r\n3e8\r\n");
    body_gives(HTTP_MORE, "1\r\na\r\n3e7\r\n");
    body_gives(413, "ffffffffffffffff\r\n");
    body_gives(413, "0000000000000001\r\n");
    memset(text + 2, 'a', 1000);
    body_gives(HTTP_MORE, text);
    memset(text + 2, 'a', 1001);
    body_gives(431, text);
    memcpy(text, "0\r\nA:", 5);
    memset(text + 5, 'a', 1100);
    body_gives(431, text);
}

TEST(a_body_of_a_length_is_just_that)
{
    struct http_head h = {.length = 5};
    struct http_body b;
    size_t used, size;
    const char *data, *text = "Hello there";

    http_body_begin(&b, &h);
    CHECK_EQ(HTTP_MORE, http_body_parse(&b, &limits, text, 2, &used, &data, &size));
    CHECK(used == 2 && size == 2 && data == text);
    CHECK_EQ(HTTP_DONE, http_body_parse(&b, &limits, text + 2, 9, &used, &data, &size));
    CHECK(used == 3 && size == 3 && data == text + 2);
    h.length = 0;
    http_body_begin(&b, &h);
    CHECK_EQ(HTTP_DONE, http_body_parse(&b, &limits, text, 9, &used, &data, &size));
    CHECK(used == 0 && size == 0);
}
