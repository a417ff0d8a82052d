/* A connection of the web server, over a pair of sockets: the same inputs as the parser's, in pieces as they come from a network.
 * What it answers depends on what was sent, not on how it came; and whatever was sent, it ends, and keeps nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/socket.h>

#include "http/pages.h"
#include "http_input.h"
#include "test.h"

enum { ANSWERS = 64 * 1024 };

struct talk {
    struct server server;
    int ends[2];
    const char *input;
    size_t size;
    int cut; /* as in http_input.h */
    char answers[ANSWERS + 1];
    size_t answered;
    go_waitgroup done;
};

static void serve(void *arg)
{
    struct talk *t = arg;
    struct conn c;

    conn_run(&c, &t->server, t->ends[0]);
    go_waitgroup_done(&t->done);
}

static void receive(void *arg)
{
    struct talk *t = arg;
    ptrdiff_t n;

    while ((n = go_read(t->ends[1], t->answers + t->answered, ANSWERS - t->answered)) > 0)
        t->answered += (size_t)n;
    go_waitgroup_done(&t->done);
}

/* The server may have closed before the end of it. */
static void send_pieces(struct talk *t)
{
    struct http_arrived a = {.input = t->input, .size = t->size, .cut = t->cut, .r = random_seed(t->cut)};
    size_t sent = 0;

    while (http_arrive(&a) && go_write(t->ends[1], t->input + sent, a.arrived - sent) > 0) {
        sent = a.arrived;
        go_yield(); /* now and then the server has read it before the next piece comes */
    }
    go_shutdown(t->ends[1], GO_WRITABLE);
}

/* "Continue" is said only where the body had not come yet. */
static void strike_continue(struct talk *t)
{
    static const char said[] = "HTTP/1.1 100 Continue\r\n\r\n";

    for (char *at; (at = memmem(t->answers, t->answered, said, sizeof said - 1));) {
        t->answered -= sizeof said - 1;
        memmove(at, at + sizeof said - 1, (size_t)(t->answers + t->answered - at));
    }
    t->answers[t->answered] = 0;
}

static void talk(struct talk *t, const char *input, size_t size, int cut)
{
    t->input = input;
    t->size = size;
    t->cut = cut;
    t->answered = 0;
    CHECK_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, t->ends));
    go_waitgroup_add(&t->done, 2);
    CHECK_EQ(0, go(serve, t));
    CHECK_EQ(0, go(receive, t));
    send_pieces(t);
    go_waitgroup_wait(&t->done);
    CHECK_EQ(0, go_close(t->ends[1]));
    strike_continue(t);
}

static struct talk *new_talk(const struct http_limits *limits)
{
    struct talk *t = test_alloc(sizeof *t);

    t->server.limits = *limits;
    t->server.idle_time = t->server.request_time = 60 * GO_SECOND;
    t->server.answer = pages_answer;
    t->server.second = 1000000000;
    CHECK_EQ(0, pages_begin("examples", "README.md"));
    return t;
}

static const struct http_limits usual = {.head = 16 * 1024, .target = 8 * 1024, .fields = 100, .body = 1024 * 1024};

/* ---- what is answered ---- */

#define STAMP "Server: httpd\r\nDate: Sun, 09 Sep 2001 01:46:40 GMT\r\n"
#define HELLO STAMP "Content-Type: text/plain\r\nContent-Length: 13\r\n"

static void answers(const char *expected, const char *input)
{
    struct talk *t = new_talk(&usual);

    talk(t, input, strlen(input), 0);
    CHECK_STR(expected, t->answers);
    pages_end();
}

TEST(a_request_is_answered)
{
    answers("HTTP/1.1 200 OK\r\n" HELLO "\r\nHello, World!", "GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n");
}

TEST(head_gets_the_head_alone)
{
    answers("HTTP/1.1 200 OK\r\n" HELLO "\r\n", "HEAD /plaintext HTTP/1.1\r\nHost: x\r\n\r\n");
}

TEST(pipelined_requests_are_answered_in_their_order_up_to_the_one_that_closes)
{
    answers("HTTP/1.1 200 OK\r\n" HELLO "\r\nHello, World!"
            "HTTP/1.1 404 Not Found\r\n" STAMP "Content-Length: 14\r\n\r\n404 Not Found\n"
            "HTTP/1.1 200 OK\r\n" HELLO "Connection: close\r\n\r\nHello, World!",
            "GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n"
            "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
            "GET /plaintext HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            "GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n");
}

TEST(an_old_client_is_told_that_its_connection_is_kept)
{
    answers("HTTP/1.1 200 OK\r\n" HELLO "Connection: keep-alive\r\n\r\nHello, World!"
            "HTTP/1.1 200 OK\r\n" HELLO "Connection: close\r\n\r\nHello, World!",
            "GET /plaintext HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /plaintext HTTP/1.0\r\n\r\n");
}

TEST(what_comes_behind_garbage_is_not_looked_at)
{
    answers("HTTP/1.1 400 Bad Request\r\n" STAMP "Content-Length: 16\r\nConnection: close\r\n\r\n400 Bad Request\n",
            "POST /digest HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /plaintext "
            "HTTP/1.1\r\nHost: "
            "x\r\n\r\n");
}

TEST(a_body_that_is_garbage_ends_the_connection)
{
    answers("HTTP/1.1 400 Bad Request\r\n" STAMP "Content-Length: 16\r\nConnection: close\r\n\r\n400 Bad Request\n",
            "POST /digest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\nGET /plaintext HTTP/1.1\r\nHost: "
            "x\r\n\r\n");
}

TEST(a_method_that_a_page_does_not_have_is_told_from_one_that_nobody_knows)
{
    answers("HTTP/1.1 405 Method Not Allowed\r\n" STAMP "Allow: GET, HEAD\r\nContent-Length: 23\r\n\r\n405 Method Not Allowed\n"
            "HTTP/1.1 501 Not Implemented\r\n" STAMP "Content-Length: 20\r\n\r\n501 Not Implemented\n",
            "PUT /plaintext HTTP/1.1\r\nHost: x\r\n\r\nBREW /plaintext HTTP/1.1\r\nHost: x\r\n\r\n");
}

TEST(a_body_that_was_not_asked_for_yet_is_not_waited_for)
{
    answers("HTTP/1.1 404 Not Found\r\n" STAMP "Content-Length: 14\r\nConnection: close\r\n\r\n404 Not Found\n",
            "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
}

TEST(no_name_leads_out_of_the_root)
{
    static const char *const names[] = {"",
                                        "..",
                                        "../README.md",
                                        "%2e%2e/README.md",
                                        "./hello.c",
                                        "http/../../README.md",
                                        "http//x",
                                        "http/",
                                        "/etc/passwd",
                                        "%2fetc/passwd",
                                        "http",
                                        "hello.c/",
                                        "hello.c%00",
                                        "hello.c/..",
                                        "%",
                                        "%2",
                                        "hello.c%zz",
                                        "hello.c//x",
                                        "/hello.c",
                                        "http//pages.c"};
    struct talk *t = new_talk(&usual);
    char request[200];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(request, sizeof request, "GET /file/%s HTTP/1.1\r\nHost: x\r\n\r\n", names[i]);
        talk(t, request, strlen(request), 0);
        CHECK_EQ(0, strncmp(t->answers, "HTTP/1.1 404 ", 13));
    }
    snprintf(request, sizeof request, "GET /file/http/%%70ages.c HTTP/1.1\r\nHost: x\r\n\r\n");
    talk(t, request, strlen(request), 0);
    CHECK_EQ(0, strncmp(t->answers, "HTTP/1.1 200 ", 13));
    pages_end();
}

TEST(a_body_larger_than_the_buffer_is_read_to_its_end)
{
    enum { SIZE = 300000 };
    struct talk *t = new_talk(&usual);
    char *input = test_alloc(SIZE + 200);
    int head = sprintf(input, "POST /digest HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", SIZE);

    memset(input + head, 'a', SIZE);
    strcpy(input + head + SIZE, "GET /plaintext HTTP/1.0\r\n\r\n");
    talk(t, input, strlen(input), 0);
    CHECK(strstr(t->answers, "12e1b9b179b29a4f7e5889b185d7ac71bff0ad1f49a7b391d0911b737a0f5381"));
    CHECK(strstr(t->answers, "Hello, World!"));
    pages_end();
}

/* ---- garbage ---- */

static bool are_answers(const char *answers)
{
    return !*answers || !strncmp(answers, "HTTP/1.1 ", 9);
}

TEST(what_is_answered_does_not_depend_on_the_pieces_that_a_request_comes_in)
{
    struct talk *whole = new_talk(&http_input_limits), *pieces = test_alloc(sizeof *pieces);
    char input[HTTP_INPUT];
    size_t answered = 0;

    *pieces = *whole;
    for (int i = 0; i < SCALED(4000); i++) {
        random_state r = random_seed(i);
        size_t size = http_make_input(&r, input);

        talk(whole, input, size, 0);
        talk(pieces, input, size, i + 1);
        answered += whole->answered;
        if (!CHECK(are_answers(whole->answers)) || !CHECK_STR(whole->answers, pieces->answers))
            break;
    }
    CHECK(answered > 100000 || SCALED(4000) < 4000);
    pages_end();
}
