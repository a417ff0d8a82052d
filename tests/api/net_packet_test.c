/* Datagrams: where they come from, where they go, what is cut off, who waits.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>
#include "net.h"

static int udp_pair(int *client)
{
    int server = go_listen("udp", "127.0.0.1:0");
    char words[NET_WORDS];

    CHECK(server >= 0);
    net_words(server, words);
    *client = go_dial("udp", words);
    CHECK(*client >= 0);
    return server;
}

TEST(a_datagram_tells_whom_it_is_from_and_may_be_answered)
{
    static const char *const hosts[] = {"127.0.0.1:0", "[::1]:0"};

    for (int i = 0; i < 2; i++) {
        int server = go_listen("udp", hosts[i]), client;
        char words[NET_WORDS], bytes[100];
        struct sockaddr_in6 from;
        unsigned size = sizeof from;

        net_words(server, words);
        client = go_dial("udp", words);
        for (int k = 0; k < 10; k++) {
            CHECK_EQ(5, go_write(client, "hello", 5));
            size = sizeof from;
            CHECK_EQ(5, go_recvfrom(server, bytes, sizeof bytes, (struct sockaddr *)&from, &size));
            CHECK_EQ(net_port(client), ntohs(from.sin6_port));
            CHECK_EQ(3, go_sendto(server, "you", 3, (struct sockaddr *)&from, size));
            CHECK_EQ(3, go_read(client, bytes, sizeof bytes));
            CHECK_MEM("you", bytes, 3);
        }
        CHECK_EQ(0, go_close(client));
        CHECK_EQ(0, go_close(server));
    }
}

TEST(who_waits_for_a_datagram_is_woken_by_one)
{
    int client, server = udp_pair(&client);
    struct net_call *reads = net_start(NET_READ, server);

    CHECK(!atomic_load(&reads->done));
    CHECK_EQ(1, go_write(client, "d", 1));
    CHECK_EQ(1, net_result(reads));
    CHECK_EQ('d', reads->byte);
    reads = net_start(NET_READ, server);
    CHECK_EQ(0, go_close(server));
    CHECK_EQ(-EBADF, net_result(reads));
    CHECK_EQ(0, go_close(client));
}

TEST(a_datagram_into_no_buffer_is_gone)
{
    int client, server = udp_pair(&client);
    char byte;

    CHECK_EQ(1, go_write(client, "a", 1));
    CHECK_EQ(1, go_write(client, "b", 1));
    CHECK_EQ(GO_READABLE, go_wait_fd(server, GO_READABLE, GO_FOREVER));
    CHECK_EQ(0, go_recvfrom(server, NULL, 0, NULL, NULL));
    CHECK_EQ(1, go_read(server, &byte, 1));
    CHECK_EQ('b', byte);
    CHECK_EQ(0, go_close(client));
    CHECK_EQ(0, go_close(server));
}

TEST(a_peer_that_is_not_there_is_told_by_the_next_call)
{
    int client, server = udp_pair(&client);
    char byte;

    CHECK_EQ(0, go_close(server));
    CHECK_EQ(1, go_write(client, "x", 1));
    CHECK_EQ(-ECONNREFUSED, go_read(client, &byte, 1)); /* the system's answer comes while it waits, or before */
    CHECK_EQ(0, go_close(client));
}

TEST(misuse_of_datagrams_is_an_error)
{
    int client, server = udp_pair(&client);
    struct sockaddr_in to = {.sin_family = AF_INET};
    static const char huge[70000];
    unsigned size = sizeof to;
    char byte;

    CHECK_EQ(-EDESTADDRREQ, go_write(server, "x", 1)); /* whose? */
    CHECK_EQ(-EMSGSIZE, go_write(client, huge, sizeof huge));
    CHECK_EQ(-EINVAL, go_sendto(client, NULL, 1, NULL, 0));
    CHECK_EQ(-EINVAL, go_sendto(client, "x", 1, (struct sockaddr *)&to, 0));
    CHECK_EQ(-EINVAL, go_sendto(client, "x", 1, NULL, size));
    CHECK_EQ(-EINVAL, go_recvfrom(server, &byte, 1, (struct sockaddr *)&to, NULL));
    CHECK_EQ(-EINVAL, go_recvfrom(server, &byte, 1, NULL, &size));
    CHECK_EQ(-EINVAL, go_recvfrom(server, NULL, 1, NULL, NULL));
    CHECK_EQ(-EOPNOTSUPP, go_accept(server));
    CHECK_EQ(0, go_close(client));
    CHECK_EQ(0, go_close(server));
}

/* ---- local ones ---- */

TEST(local_datagrams_arrive_also_from_who_has_no_name)
{
    char path[100], bytes[10];
    int server, client;
    struct sockaddr_un from;
    unsigned size = sizeof from;

    snprintf(path, sizeof path, "/tmp/libgoroutine-packet-%d", (int)getpid());
    server = go_listen("unixgram", path);
    client = go_dial("unixgram", path);
    CHECK_EQ(5, go_write(client, "hello", 5));
    CHECK_EQ(5, go_recvfrom(server, bytes, sizeof bytes, (struct sockaddr *)&from, &size));
    CHECK_BETWEEN(0, sizeof(sa_family_t), size); /* no name */
    CHECK_EQ(0, go_write(client, NULL, 0));
    CHECK_EQ(0, go_read(server, bytes, sizeof bytes));
    CHECK_EQ(0, go_close(client));
    CHECK_EQ(0, go_close(server));
    unlink(path);
}

struct flood {
    int ends[2];
    int n;
};

static void send_numbers(void *arg, int index)
{
    struct flood *f = arg;

    (void)index;
    for (int i = 0; i < f->n; i++)
        CHECK_EQ(sizeof i, go_sendto(f->ends[0], &i, sizeof i, NULL, 0));
}

/* Local ones are never lost: who sends waits for room. */
TEST(who_sends_waits_for_room_and_order_is_kept)
{
    for (int procs = 1; procs <= 2; procs++) {
        struct flood *f = test_alloc(sizeof *f);
        struct crew *sender;

        go_maxprocs(procs);
        net_unix_pair(SOCK_DGRAM, f->ends);
        f->n = SCALED(20000);
        sender = crew_start(1, send_numbers, f);
        for (int i = 0, found; i < f->n; i++) {
            CHECK_EQ(sizeof found, go_recvfrom(f->ends[1], &found, sizeof found, NULL, NULL));
            if (!CHECK_EQ(i, found))
                break;
        }
        crew_wait(sender);
        CHECK_EQ(0, go_close(f->ends[0]));
        CHECK_EQ(0, go_close(f->ends[1]));
    }
}

TEST(sending_gives_up_at_its_deadline)
{
    int ends[2];
    int64_t deadline = go_deadline(10 * GO_MILLISECOND);

    net_unix_pair(SOCK_DGRAM, ends);
    while (go_sendto_until(ends[0], "x", 1, NULL, 0, GO_NOW) == 1)
        ;
    CHECK_EQ(-EAGAIN, go_sendto_until(ends[0], "x", 1, NULL, 0, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_sendto_until(ends[0], "x", 1, NULL, 0, deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_EQ(0, go_close(ends[1]));
}

static struct sockaddr_un named(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    return at;
}

struct letter {
    int fd;
    struct sockaddr_un to;
    ptrdiff_t result;
    atomic_bool done;
};

static void send_letter(void *arg)
{
    struct letter *l = arg;

    l->result = go_sendto(l->fd, "x", 1, (struct sockaddr *)&l->to, sizeof l->to);
    atomic_store(&l->done, true);
}

static uint64_t switches(void)
{
    struct go_stats s;

    CHECK_EQ(0, go_stats_read(&s, sizeof s));
    return s.switches;
}

/* The queue is full of what others have sent. When that is read, the system tells them and nobody else; but it tells who has just
 * failed to send that its own memory is free. */
TEST(who_sends_to_a_local_peer_by_its_name_waits_for_room_too)
{
    uint64_t before;
    struct letter *l = test_alloc(sizeof *l);
    char path[100], byte = 0;
    int server, other;

    snprintf(path, sizeof path, "/tmp/libgoroutine-letter-%d", (int)getpid());
    server = go_listen("unixgram", path);
    other = go_dial("unixgram", path);
    while (go_write_until(other, "o", 1, GO_NOW) == 1)
        ;
    *l = (struct letter){.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), .to = named(path)};
    CHECK_EQ(-EAGAIN, go_sendto_until(l->fd, "x", 1, (struct sockaddr *)&l->to, sizeof l->to, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_sendto_until(l->fd, "x", 1, (struct sockaddr *)&l->to, sizeof l->to, go_deadline(10 * GO_MILLISECOND)));
    test_start_until_blocked(send_letter, l);
    CHECK(!atomic_load(&l->done));
    before = switches();
    go_sleep(300 * GO_MILLISECOND);
    CHECK_BETWEEN(0, 500, switches() - before); /* it looks now and then, less and less often */
    while (go_read_until(server, &byte, 1, go_deadline(30 * GO_SECOND)) == 1 && byte == 'o')
        ;
    CHECK_EQ('x', byte);
    CHECK_EQ(0, go_close(l->fd));
    EVENTUALLY(atomic_load(&l->done));
    CHECK_EQ(1, l->result);
    CHECK_EQ(0, go_close(other));
    CHECK_EQ(0, go_close(server));
    unlink(path);
}
