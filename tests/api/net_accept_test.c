/* Listeners under use: many who accept and many who dial, one that comes and goes, one whose queue is full.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net.h"

enum { ACCEPTORS = 10, DIALS = 10 };

struct meeting {
    int listener;
    char words[NET_WORDS];
    atomic_int accepted;
};

static void accept_all(void *arg, int index)
{
    struct meeting *m = arg;
    int fd;

    (void)index;
    while ((fd = go_accept(m->listener)) >= 0) {
        atomic_fetch_add(&m->accepted, 1);
        CHECK_EQ(0, go_close(fd));
    }
    CHECK_EQ(-EBADF, fd);
}

static void dial_some(void *arg, int index)
{
    struct meeting *m = arg;
    char byte;

    (void)index;
    for (int i = 0; i < DIALS; i++) {
        int fd = go_dial("tcp", m->words);

        if (!CHECK(fd >= 0))
            return;
        CHECK_EQ(0, go_read(fd, &byte, 1));
        CHECK_EQ(0, go_close(fd));
    }
}

TEST(several_may_accept_at_one_listener)
{
    struct meeting *m = test_alloc(sizeof *m);
    struct crew *acceptors;

    go_maxprocs(4);
    m->listener = net_listen(m->words);
    acceptors = crew_start(ACCEPTORS, accept_all, m);
    crew_run(ACCEPTORS, dial_some, m);
    CHECK_EQ(ACCEPTORS * DIALS, atomic_load(&m->accepted));
    CHECK_EQ(0, go_close(m->listener));
    crew_wait(acceptors);
}

TEST(an_address_whose_listener_is_closed_may_be_listened_on_at_once)
{
    struct meeting *m = test_alloc(sizeof *m);

    m->listener = net_listen(m->words);
    for (int i = 0; i < SCALED(50); i++) {
        struct crew *acceptors = crew_start(3, accept_all, m);

        test_settle();
        CHECK_EQ(0, go_close(m->listener));
        crew_wait(acceptors);
        CHECK(says_refused(go_dial("tcp", m->words)));
        m->listener = go_listen("tcp", m->words);
        if (!CHECK(m->listener >= 0))
            return;
    }
    CHECK_EQ(0, go_close(m->listener));
}

/* What a dial gives is connected, never on its way only. */
static void dial_in_a_hurry(void *arg, int index)
{
    struct meeting *m = arg;

    for (int i = 0; i < SCALED(200); i++) {
        int fd = go_dial_until("tcp", m->words, go_deadline((index + 1) * (i % 10) * 10 * GO_MICROSECOND));
        ptrdiff_t n;

        if (fd < 0) {
            CHECK(fd == -ETIMEDOUT || fd == -ECONNRESET);
            continue;
        }
        n = go_write(fd, "x", 1);
        CHECK(n == 1 || n == -EPIPE || n == -ECONNRESET);
        CHECK_EQ(0, go_close(fd));
    }
}

TEST(a_dial_that_succeeds_is_connected)
{
    struct meeting *m = test_alloc(sizeof *m);
    struct crew *acceptors;

    go_maxprocs(4);
    m->listener = net_listen(m->words);
    acceptors = crew_start(2, accept_all, m);
    crew_run(8, dial_in_a_hurry, m);
    CHECK_EQ(0, go_close(m->listener));
    crew_wait(acceptors);
}

/* Nobody accepts: the system does so in its queue, until that is full; then dialers wait, until somebody accepts. */
TEST(dialers_wait_while_the_queue_of_a_listener_is_full)
{
    struct net_silent *s = test_alloc(sizeof *s);
    int fd;

    net_silent_start(s, "127.0.0.1", 0);
    CHECK_EQ(-ETIMEDOUT, go_dial_until("tcp", s->words, go_deadline(20 * GO_MILLISECOND)));
    net_silent_speak(s);
    fd = go_dial("tcp", s->words);
    CHECK(fd >= 0);
    CHECK_EQ(0, go_close(fd));
    net_silent_stop(s);
}
