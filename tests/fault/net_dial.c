/* Dialing a name with several addresses, of which some do not answer: they run a race, and nothing of it stays behind.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "fault/fail.h"
#include "net.h"

/* ---- a name with the addresses that a test gives it ---- */

enum { MOST = 12 };

static struct sockaddr_in6 addresses[MOST];
static int n_addresses;
static int errors[MOST]; /* what connect gives for each instead of trying; 0: tries */
static atomic_int tried[MOST], n_tried;
static bool from_the_same_port;

static void no_addresses(void)
{
    n_addresses = 0;
    atomic_store(&n_tried, 0);
    memset(errors, 0, sizeof errors);
}

static void add_address(const char *host, int port, int error)
{
    struct sockaddr_in6 *in6 = &addresses[n_addresses];
    struct sockaddr_in *in = (struct sockaddr_in *)in6;

    memset(in6, 0, sizeof *in6);
    if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
    } else {
        CHECK_EQ(1, inet_pton(AF_INET, host, &in->sin_addr));
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
    }
    errors[n_addresses++] = error;
}

static socklen_t size_of(const struct sockaddr_in6 *at)
{
    return at->sin6_family == AF_INET6 ? sizeof *at : sizeof(struct sockaddr_in);
}

/* It frees by one call what came by one. */
struct answer {
    struct addrinfo info[MOST];
    struct sockaddr_in6 at[MOST];
};

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    struct answer *a;

    if (!host || strcmp(host, "several") != 0)
        return __real_getaddrinfo(host, service, hints, list);
    a = calloc(1, sizeof *a);
    for (int i = 0; i < n_addresses; i++) {
        a->at[i] = addresses[i];
        a->info[i].ai_family = addresses[i].sin6_family;
        a->info[i].ai_addrlen = size_of(&addresses[i]);
        a->info[i].ai_addr = (struct sockaddr *)&a->at[i];
        a->info[i].ai_next = i + 1 < n_addresses ? &a->info[i + 1] : NULL;
    }
    *list = a->info;
    return 0;
}

void __real_freeaddrinfo(struct addrinfo *list);
void __wrap_freeaddrinfo(struct addrinfo *list)
{
    free(list); /* no test looks up another name */
}

int __real_connect(int fd, const struct sockaddr *to, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t size)
{
    for (int i = 0; i < n_addresses; i++) {
        if (size != size_of(&addresses[i]) || memcmp(to, &addresses[i], size) != 0)
            continue;
        int k = atomic_fetch_add(&n_tried, 1);
        if (k < MOST)
            atomic_store(&tried[k], i);
        if (errors[i]) {
            errno = errors[i];
            return -1;
        }
        if (from_the_same_port)
            CHECK_EQ(0, bind(fd, to, size));
    }
    return __real_connect(fd, to, size);
}

static struct fault no_socket;
static int no_socket_error;

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol)
{
    if (fault_now(&no_socket)) {
        errno = no_socket_error;
        return -1;
    }
    return __real_socket(family, type, protocol);
}

static int dial_several(int64_t deadline)
{
    return go_dial_until("tcp", "several:80", deadline);
}

/* Whom a descriptor is connected to: the number of the address. */
static int winner(int fd)
{
    struct sockaddr_in6 peer = {0};
    socklen_t size = sizeof peer;

    CHECK_EQ(0, getpeername(fd, (struct sockaddr *)&peer, &size));
    for (int i = 0; i < n_addresses; i++)
        if (size == size_of(&addresses[i]) && memcmp(&peer, &addresses[i], size) == 0)
            return i;
    return -1;
}

/* ---- the order ---- */

TEST(families_take_turns_and_the_error_is_that_of_the_first)
{
    static const int order[] = {0, 3, 1, 4, 2, 5};

    no_addresses();
    add_address("2001:db8::1", 80, EHOSTUNREACH);
    add_address("2001:db8::2", 80, ECONNREFUSED);
    add_address("2001:db8::3", 80, ENETUNREACH);
    add_address("192.0.2.1", 80, EACCES);
    add_address("192.0.2.2", 80, ECONNREFUSED);
    add_address("192.0.2.3", 80, ENETUNREACH);
    CHECK_EQ(-EHOSTUNREACH, dial_several(GO_FOREVER));
    CHECK_EQ(6, atomic_load(&n_tried));
    for (int i = 0; i < 6; i++)
        CHECK_EQ(order[i], atomic_load(&tried[i]));
}

TEST(the_family_of_the_first_address_begins)
{
    static const int order[] = {0, 2, 1, 3};

    no_addresses();
    add_address("192.0.2.1", 80, ECONNREFUSED);
    add_address("192.0.2.2", 80, EHOSTUNREACH);
    add_address("2001:db8::1", 80, EHOSTUNREACH);
    add_address("2001:db8::2", 80, EHOSTUNREACH);
    CHECK_EQ(-ECONNREFUSED, dial_several(GO_FOREVER));
    for (int i = 0; i < 4; i++)
        CHECK_EQ(order[i], atomic_load(&tried[i]));
}

/* ---- the race ---- */

/* One after the other with a head start each they would take twice as long. */
TEST(who_fails_makes_way_for_the_next_at_once)
{
    char words[NET_WORDS];
    int listener = net_listen(words), fd, refused = net_port(listener);
    int64_t begin = go_now();

    CHECK_EQ(0, go_close(listener));
    listener = net_listen(words);
    no_addresses();
    for (int i = 0; i < 5; i++)
        add_address("127.0.0.1", refused, 0);
    for (int i = 0; i < 6; i++)
        add_address("192.0.2.1", 80, ENETUNREACH);
    add_address("127.0.0.1", net_port(listener), 0);
    fd = dial_several(GO_FOREVER);
    CHECK(fd >= 0);
    CHECK_EQ(11, winner(fd));
    CHECK_BETWEEN(0, 11 * 250 * GO_MILLISECOND / 2, go_now() - begin);
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(listener));
}

TEST(who_does_not_answer_gets_a_head_start_only_and_is_closed_when_another_has_won)
{
    char words[NET_WORDS];
    int listener = net_listen(words), fd, before;
    struct net_silent *silent = test_alloc(2 * sizeof *silent);
    int64_t begin;

    net_silent_start(&silent[0], "127.0.0.1", 0);
    net_silent_start(&silent[1], "127.0.0.2", 0);
    no_addresses();
    add_address("127.0.0.1", net_port(silent[0].fd), 0);
    add_address("127.0.0.2", net_port(silent[1].fd), 0);
    add_address("127.0.0.1", net_port(listener), 0);
    before = net_open_count();
    begin = go_now();
    fd = dial_several(GO_FOREVER);
    CHECK(fd >= 0);
    CHECK_EQ(2, winner(fd));
    CHECK(go_now() - begin >= 500 * GO_MILLISECOND);
    CHECK_EQ(before + 1, net_open_count());
    CHECK_EQ(0, go_close(fd));
    for (int i = 0; i < 2; i++)
        net_silent_stop(&silent[i]);
    CHECK_EQ(0, go_close(listener));
}

static void speak_late(void *arg)
{
    CHECK_EQ(0, go_sleep(400 * GO_MILLISECOND));
    net_silent_speak(arg);
}

/* Both run by then, and the kernel asks the first once more after a second. */
TEST(the_first_may_still_win_when_others_have_started)
{
    struct net_silent *silent = test_alloc(2 * sizeof *silent);
    int fd, before;

    for (int i = 0; i < 2; i++)
        net_silent_start(&silent[i], "127.0.0.1", 0);
    no_addresses();
    for (int i = 0; i < 2; i++)
        add_address("127.0.0.1", net_port(silent[i].fd), 0);
    before = net_open_count() - silent[0].n;
    CHECK_EQ(0, go(speak_late, &silent[0]));
    fd = dial_several(GO_FOREVER);
    CHECK(fd >= 0);
    CHECK_EQ(0, winner(fd));
    CHECK_EQ(2, atomic_load(&n_tried));
    CHECK_EQ(before + 1, net_open_count());
    CHECK_EQ(0, go_close(fd));
    for (int i = 0; i < 2; i++)
        net_silent_stop(&silent[i]);
}

TEST(a_failure_beside_others_that_run_is_not_the_end)
{
    struct net_silent *silent = test_alloc(sizeof *silent);
    char words[NET_WORDS];
    int listener = net_listen(words), fd;

    net_silent_start(silent, "127.0.0.1", 0);
    no_addresses();
    add_address("127.0.0.1", net_port(silent->fd), 0);
    add_address("192.0.2.1", 80, ENETUNREACH);
    add_address("192.0.2.2", 80, EHOSTUNREACH);
    add_address("127.0.0.1", net_port(listener), 0);
    fd = dial_several(GO_FOREVER);
    CHECK(fd >= 0);
    CHECK_EQ(3, winner(fd));
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(listener));
    net_silent_stop(silent);
}

TEST(when_nobody_answers_the_deadline_ends_it_and_nothing_stays_open)
{
    struct net_silent *silent = test_alloc(3 * sizeof *silent);
    int before;
    int64_t deadline;

    no_addresses();
    for (int i = 0; i < 3; i++) {
        net_silent_start(&silent[i], "127.0.0.1", 0);
        add_address("127.0.0.1", net_port(silent[i].fd), 0);
    }
    before = net_open_count();
    deadline = go_deadline(2 * GO_SECOND); /* the third starts after half a second */
    CHECK_EQ(-ETIMEDOUT, dial_several(deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(3, atomic_load(&n_tried));
    CHECK_EQ(before, net_open_count());
    CHECK_EQ(-ETIMEDOUT, go_dial_until("tcp", silent[0].words, go_deadline(GO_MILLISECOND)));
    CHECK_EQ(-ETIMEDOUT, go_dial_until("tcp", silent[0].words, deadline));
    CHECK_EQ(-EAGAIN, go_dial_until("tcp", silent[0].words, GO_NOW));
    CHECK_EQ(before, net_open_count());
    for (int i = 0; i < 3; i++)
        net_silent_stop(&silent[i]);
}

struct dialers {
    atomic_int connected;
};

static void dial_one(void *arg, int index)
{
    struct dialers *d = arg;
    int fd = dial_several(GO_FOREVER);

    (void)index;
    if (!CHECK(fd >= 0))
        return;
    CHECK_EQ(1, winner(fd));
    atomic_fetch_add(&d->connected, 1);
    CHECK_EQ(0, go_close(fd));
}

TEST(many_races_at_once)
{
    struct net_silent *silent = test_alloc(sizeof *silent);
    struct dialers *d = test_alloc(sizeof *d);
    char words[NET_WORDS];
    int listener = net_listen(words), before;

    net_silent_start(silent, "127.0.0.1", 0);
    no_addresses();
    add_address("127.0.0.1", net_port(silent->fd), 0);
    add_address("127.0.0.1", net_port(listener), 0);
    before = net_open_count();
    crew_run(SCALED(200), dial_one, d);
    CHECK_EQ(SCALED(200), atomic_load(&d->connected));
    CHECK_EQ(before, net_open_count());
    CHECK_EQ(0, go_close(listener));
    net_silent_stop(silent);
}

/* ---- no more descriptors ---- */

static void check_no_socket(int error)
{
    char words[NET_WORDS];
    int listener = net_listen(words), fd;

    no_addresses();
    add_address("127.0.0.1", net_port(listener), 0);
    no_socket_error = error;
    fault_plan(&no_socket, 0, FOR_EVER);
    CHECK_EQ(-error, go_dial("tcp", words));
    CHECK_EQ(-error, dial_several(GO_FOREVER));
    CHECK_EQ(-error, go_listen("tcp", "127.0.0.1:0"));
    CHECK_EQ(-error, go_listen("unix", "@libgoroutine-none"));
    CHECK_EQ(4, fault_end(&no_socket));
    fd = go_dial("tcp", words);
    CHECK(fd >= 0);
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(listener));
}

TEST(no_socket_to_dial_or_to_listen_with_is_an_error_that_passes)
{
    check_no_socket(EMFILE);
    check_no_socket(ENFILE);
    check_no_socket(ENOBUFS);
}

/* The first may go on where there is no socket for the others. */
TEST(a_race_goes_on_when_there_are_no_sockets_for_the_rest)
{
    struct net_silent *silent = test_alloc(sizeof *silent);
    int fd;

    net_silent_start(silent, "127.0.0.1", 0);
    no_addresses();
    for (int i = 0; i < 3; i++)
        add_address("127.0.0.1", net_port(silent->fd), 0);
    CHECK_EQ(0, go(speak_late, silent));
    no_socket_error = EMFILE;
    fault_plan(&no_socket, 1, 2);
    fd = dial_several(GO_FOREVER);
    CHECK(fd >= 0);
    CHECK_EQ(2, fault_end(&no_socket));
    CHECK_EQ(0, go_close(fd));
    net_silent_stop(silent);
}

/* The port that the system gives the dialer may be the one that it dials: then both ends are the same. */
TEST(nobody_meets_himself)
{
    char words[NET_WORDS];
    int listener = net_listen(words), before;

    no_addresses();
    add_address("127.0.0.1", net_port(listener), 0);
    CHECK_EQ(0, go_close(listener));
    before = net_open_count();
    from_the_same_port = true;
    CHECK_EQ(-ECONNREFUSED, dial_several(GO_FOREVER));
    from_the_same_port = false;
    CHECK_EQ(before, net_open_count());
}
