/* What chan.h promises: making and freeing, sizes, order, closing, deadlines, and what is refused.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "test.h"

enum { BIG = 100000 };
static const size_t sizes[] = {0, 1, 3, 8, 16, 17, 64, 100, 4096, BIG};
static const size_t capacities[] = {0, 1, 2, 3, 7, 8, 100};

#define EACH(i, array) (size_t i = 0; i < sizeof(array) / sizeof(array)[0]; i++)

static int send_int(go_chan *c, int value)
{
    return go_send(c, &value);
}

static int recv_int(go_chan *c)
{
    int value = -1;

    CHECK_EQ(0, go_recv(c, &value));
    return value;
}

/* ---- making ---- */

TEST(a_new_channel_is_empty_and_tells_its_capacity)
{
    for
        EACH(i, capacities)
        {
            go_chan *c = go_chan_new(sizeof(int), capacities[i]);
            CHECK(c != NULL);
            CHECK_EQ(0, go_chan_len(c));
            CHECK_EQ(capacities[i], go_chan_cap(c));
            CHECK_EQ(0, go_chan_free(c));
        }
}

TEST(a_channel_of_pure_signals_may_hold_a_million)
{
    go_chan *c = test_chan(0, 1000000);

    for (int i = 0; i < 1000000; i++)
        if (!CHECK_EQ(0, go_send_until(c, NULL, GO_NOW)))
            return;
    CHECK_EQ(-EAGAIN, go_send_until(c, NULL, GO_NOW));
    CHECK_EQ(1000000, go_chan_len(c));
}

TEST(sizes_that_overflow_or_can_not_be_had_give_null)
{
    static const size_t huge[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX - 100, (size_t)PTRDIFF_MAX + 1};

    for
        EACH(i, huge)
        {
            CHECK_PTR(NULL, go_chan_new(8, huge[i]));
            CHECK_PTR(NULL, go_chan_new(huge[i], 8));
            CHECK_PTR(NULL, go_chan_new(huge[i], huge[i]));
            CHECK_PTR(NULL, go_chan_new(1, huge[i]));
        }
    CHECK_PTR(NULL, go_chan_new((size_t)1 << (sizeof(size_t) * 4), (size_t)1 << (sizeof(size_t) * 4)));
    CHECK_PTR(NULL, go_chan_new(3, SIZE_MAX / 3 + 2)); /* the product is a small number */
    CHECK_PTR(NULL, go_chan_new(0, SIZE_MAX));         /* go_chan_cap could not tell it */
}

TEST(freeing_drops_what_is_still_in_the_channel)
{
    go_chan *c = go_chan_new(sizeof(int), 10);

    for (int i = 0; i < 5; i++)
        CHECK_EQ(0, send_int(c, i));
    CHECK_EQ(0, go_chan_free(c));
    CHECK_EQ(0, go_chan_free(NULL));
    c = go_chan_new(sizeof(int), 10);
    CHECK_EQ(0, send_int(c, 1));
    CHECK_EQ(0, go_chan_close(c));
    CHECK_EQ(0, go_chan_free(c));
}

/* ---- elements ---- */

static void fill(unsigned char *at, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)(seed * 31 + i * 7 + (i >> 8) + 1);
}

struct element_sender {
    go_chan *c;
    size_t size;
    int n;
};

static void send_elements(void *arg)
{
    struct element_sender *s = arg;
    unsigned char *elem = malloc(s->size + 1);

    for (int i = 0; i < s->n; i++) {
        fill(elem, s->size, (unsigned)i);
        CHECK_EQ(0, go_send(s->c, s->size ? elem : NULL));
    }
    memset(elem, 0xEE, s->size + 1);
    free(elem);
}

static void check_size_and_capacity(size_t size, size_t capacity)
{
    unsigned char *want = malloc(size + 8), *got = malloc(size + 8);
    struct element_sender *s = test_alloc(sizeof *s);

    *s = (struct element_sender){test_chan(size, capacity), size, 20};
    go_spawn(send_elements, s);
    for (int i = 0; i < s->n; i++) {
        fill(want, size, (unsigned)i);
        memset(want + size, 0xAA, 8);
        memset(got, 0xAA, size + 8);
        CHECK_EQ(0, go_recv(s->c, got));
        CHECK_MEM(want, got, size + 8); /* nothing is written behind the element */
    }
    free(want);
    free(got);
}

TEST(elements_of_every_size_arrive_whole_in_order_and_alone)
{
    for
        EACH(i, sizes)
        for
            EACH(j, capacities)
        check_size_and_capacity(sizes[i], capacities[j]);
}

TEST(the_ring_wraps_around_at_every_position)
{
    for
        EACH(j, capacities)
        {
            go_chan *c = test_chan(sizeof(int), capacities[j] + 1);
            int room = (int)capacities[j] + 1, next_in = 0, next_out = 0;

            for (int round = 0; round < 50; round++) {
                for (int i = round % room; i >= 0; i--)
                    CHECK_EQ(0, send_int(c, next_in++));
                CHECK_EQ(next_in - next_out, go_chan_len(c));
                while (next_out < next_in)
                    CHECK_EQ(next_out++, recv_int(c));
            }
        }
}

TEST(a_full_channel_refuses_and_an_empty_one_too_without_waiting)
{
    for
        EACH(j, capacities)
        {
            go_chan *c = test_chan(sizeof(int), capacities[j]);
            int value = 77;

            CHECK_EQ(-EAGAIN, go_recv_until(c, &value, GO_NOW));
            CHECK_EQ(77, value);
            for (size_t i = 0; i < capacities[j]; i++)
                CHECK_EQ(0, go_send_until(c, &value, GO_NOW));
            CHECK_EQ(-EAGAIN, go_send_until(c, &value, GO_NOW));
            CHECK_EQ(capacities[j], go_chan_len(c));
        }
}

TEST(a_receiver_may_drop_what_it_receives)
{
    go_chan *c = test_chan(sizeof(int), 2);

    send_int(c, 1);
    send_int(c, 2);
    CHECK_EQ(0, go_recv(c, NULL));
    CHECK_EQ(2, recv_int(c));
    CHECK_EQ(0, go_chan_close(c));
    CHECK_EQ(-EPIPE, go_recv(c, NULL));
}

struct handshake {
    go_chan *c;
    int received;
    bool sent;
};

static void send_then_tell(void *arg)
{
    struct handshake *h = arg;

    CHECK_EQ(0, send_int(h->c, 7));
    CHECK_EQ(1, h->received); /* the send did not return before the receiver had begun */
    h->sent = true;
    CHECK_EQ(0, send_int(h->c, 8));
}

TEST(an_unbuffered_send_waits_until_a_receiver_has_taken_it)
{
    struct handshake *h = test_alloc(sizeof *h);

    h->c = test_chan(sizeof(int), 0);
    test_start_until_blocked(send_then_tell, h);
    CHECK_EQ(0, go_chan_len(h->c));
    h->received = 1;
    CHECK_EQ(7, recv_int(h->c));
    CHECK_EQ(8, recv_int(h->c));
    CHECK(h->sent);
}

static void drop_one(void *c)
{
    CHECK_EQ(0, go_recv(c, NULL));
}

TEST(a_waiting_receiver_may_drop_the_element_it_is_handed)
{
    go_chan *c = test_chan(sizeof(int), 0);

    test_start_until_blocked(drop_one, c);
    CHECK_EQ(0, send_int(c, 1));
}

static void send_seven(void *c)
{
    CHECK_EQ(0, send_int(c, 7));
}

static void receive_seven(void *c)
{
    CHECK_EQ(7, recv_int(c));
}

TEST(trying_finds_the_partner_that_waits)
{
    go_chan *c = test_chan(sizeof(int), 0);
    int value = 0, result = -EAGAIN;

    go_spawn(send_seven, c);
    EVENTUALLY((result = go_recv_until(c, &value, GO_NOW)) != -EAGAIN);
    CHECK_EQ(0, result);
    CHECK_EQ(7, value);
    go_spawn(receive_seven, c);
    EVENTUALLY((result = go_send_until(c, &value, GO_NOW)) != -EAGAIN);
    CHECK_EQ(0, result);
}

/* ---- what is refused ---- */

TEST(bad_arguments_are_refused_with_einval)
{
    go_chan *c = test_chan(sizeof(int), 1);
    int value = 5;

    CHECK_EQ(-EINVAL, go_send(NULL, &value));
    CHECK_EQ(-EINVAL, go_send_until(NULL, &value, GO_NOW));
    CHECK_EQ(-EINVAL, go_recv(NULL, &value));
    CHECK_EQ(-EINVAL, go_recv_until(NULL, &value, GO_NOW));
    CHECK_EQ(-EINVAL, go_chan_close(NULL));
    CHECK_EQ(-EINVAL, go_chan_len(NULL));
    CHECK_EQ(-EINVAL, go_chan_cap(NULL));
    CHECK_EQ(-EINVAL, go_send(c, NULL));
    CHECK_EQ(-EINVAL, go_send_until(c, NULL, GO_NOW));
    CHECK_EQ(5, value);
    CHECK_EQ(0, go_chan_len(c));
}

/* ---- freeing what is waited on ---- */

static void receive_one(void *c)
{
    CHECK_EQ(9, recv_int(c));
}

static void send_one(void *c)
{
    CHECK_EQ(0, send_int(c, 9));
}

static void select_one(void *c)
{
    int value = -1;
    struct go_case cases[] = {{.chan = c, .elem = &value, .op = GO_RECV}, {.chan = NULL, .op = GO_RECV}};

    CHECK_EQ(0, go_select(cases, 2));
    CHECK_EQ(9, value);
}

static void check_busy_until_served(void (*waiter)(void *), bool waiter_sends)
{
    go_chan *c = test_chan(sizeof(int), 0);

    test_start_until_blocked(waiter, c);
    CHECK_EQ(-EBUSY, go_chan_free(c));
    CHECK_EQ(-EBUSY, go_chan_free(c));
    if (waiter_sends)
        CHECK_EQ(9, recv_int(c));
    else
        CHECK_EQ(0, send_int(c, 9));
}

TEST(a_channel_that_a_receiver_waits_on_is_not_freed_and_still_works)
{
    check_busy_until_served(receive_one, false);
}

TEST(a_channel_that_a_sender_waits_on_is_not_freed_and_still_works)
{
    check_busy_until_served(send_one, true);
}

TEST(a_channel_that_a_select_waits_on_is_not_freed_and_still_works)
{
    check_busy_until_served(select_one, false);
}

/* ---- closing ---- */

TEST(a_closed_channel_gives_what_is_buffered_then_epipe_and_zero_bytes)
{
    for
        EACH(i, sizes)
        {
            unsigned char *elem = malloc(sizes[i] + 1), *zeroes = calloc(1, sizes[i] + 1);
            go_chan *c = test_chan(sizes[i], 3);

            fill(elem, sizes[i], 1);
            CHECK_EQ(0, go_send(c, elem));
            CHECK_EQ(0, go_send(c, elem));
            CHECK_EQ(0, go_chan_close(c));
            CHECK_EQ(2, go_chan_len(c));
            CHECK_EQ(0, go_recv(c, elem));
            CHECK_EQ(0, go_recv_until(c, elem, GO_NOW));
            CHECK_EQ(-EPIPE, go_recv(c, elem));
            CHECK_MEM(zeroes, elem, sizes[i]);
            fill(elem, sizes[i], 1);
            CHECK_EQ(-EPIPE, go_recv_until(c, elem, GO_NOW));
            CHECK_MEM(zeroes, elem, sizes[i]);
            free(elem);
            free(zeroes);
        }
}

TEST(a_send_on_a_closed_channel_gives_epipe_even_where_there_is_room)
{
    for
        EACH(j, capacities)
        {
            go_chan *c = test_chan(sizeof(int), capacities[j]);

            CHECK_EQ(0, go_chan_close(c));
            CHECK_EQ(-EPIPE, send_int(c, 1));
            CHECK_EQ(-EPIPE, go_send_until(c, &(int){1}, GO_NOW));
            CHECK_EQ(-EPIPE, go_send_until(c, &(int){1}, go_deadline(GO_SECOND)));
            CHECK_EQ(0, go_chan_len(c));
            CHECK_EQ(capacities[j], go_chan_cap(c));
        }
}

TEST(a_channel_is_closed_once)
{
    go_chan *c = test_chan(0, 0);

    CHECK_EQ(0, go_chan_close(c));
    CHECK_EQ(-EPIPE, go_chan_close(c));
    CHECK_EQ(-EPIPE, go_chan_close(c));
}

enum { WAITERS = 20 };

static void receive_the_end(void *arg, int index)
{
    int value = index + 1;

    CHECK_EQ(-EPIPE, go_recv(arg, &value));
    CHECK_EQ(0, value);
}

static void send_into_the_end(void *arg, int index)
{
    int value = index;

    CHECK_EQ(-EPIPE, go_send(arg, &value));
    CHECK_EQ(index, value);
}

TEST(closing_wakes_every_waiting_receiver_with_zero_bytes)
{
    go_chan *c = test_chan(sizeof(int), 0);
    struct crew *goroutines = crew_start(WAITERS, receive_the_end, c);
    struct crew *threads = crew_start_threads(3, receive_the_end, c);

    test_settle();
    CHECK_EQ(0, go_chan_close(c));
    crew_wait(goroutines);
    crew_wait(threads);
}

TEST(closing_wakes_every_waiting_sender_with_epipe)
{
    for (int capacity = 0; capacity < 3; capacity++) {
        go_chan *c = test_chan(sizeof(int), (size_t)capacity);
        struct crew *goroutines, *threads;

        for (int i = 0; i < capacity; i++)
            send_int(c, 100 + i);
        goroutines = crew_start(WAITERS, send_into_the_end, c);
        threads = crew_start_threads(3, send_into_the_end, c);
        test_settle();
        CHECK_EQ(0, go_chan_close(c));
        crew_wait(goroutines);
        crew_wait(threads);
        for (int i = 0; i < capacity; i++)
            CHECK_EQ(100 + i, recv_int(c)); /* what was buffered, and nothing of the senders */
        CHECK_EQ(-EPIPE, go_recv(c, NULL));
    }
}
