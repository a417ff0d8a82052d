/* Storms on one channel: deadlines that race with partners, threads among goroutines, preemption at 20 us. What is counted: every
 * element that a send reported as sent is received exactly once, and none that it did not.
 *
 * SPDX-License-Identifier: MIT
 */
#include "random.h"
#include "test.h"

enum { SENDERS = 6, UNTOUCHED = -12345 };

struct element {
    int sender, number;
    int64_t sum; /* of the two, so that a torn element is seen */
};

struct storm {
    go_chan *c;
    int each;
    bool with_deadlines;
    int work;             /* iterations without a call between two elements */
    atomic_uchar *seen;   /* by element */
    atomic_int timed_out; /* how often a deadline won */
    atomic_int sending;
};

static int64_t some_deadline(random_state *r)
{
    switch (random_below(r, 4)) {
    case 0:
        return GO_NOW;
    case 1:
        return go_deadline(random_below(r, 2000));
    case 2:
        return go_deadline(random_below(r, 50000));
    default:
        return go_deadline(GO_MILLISECOND * random_below(r, 5));
    }
}

/* Computes without a call, so that only preemption can take it off; the result depends on each step. */
static uint64_t compute(uint64_t x, int steps)
{
    __asm__ volatile("" : "+r"(x)); /* so that two calls are not made one */
    for (int i = 0; i < steps; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

static void send_all(void *arg, int index)
{
    struct storm *s = arg;
    random_state random = random_seed(index);

    for (int i = 0; i < s->each; i++) {
        struct element e = {index, i, (int64_t)index + i}, copy = e;
        int r;

        CHECK_EQ(compute(i, s->work), compute(i, s->work));
        while ((r = go_send_until(s->c, &e, s->with_deadlines ? some_deadline(&random) : GO_FOREVER)) != 0) {
            atomic_fetch_add(&s->timed_out, 1);
            if (!CHECK(r == -EAGAIN || r == -ETIMEDOUT))
                return;
            if (r == -EAGAIN)
                go_yield();
        }
        CHECK_MEM(&copy, &e, sizeof e);
    }
    if (atomic_fetch_sub(&s->sending, 1) == 1)
        CHECK_EQ(0, go_chan_close(s->c));
}

static void note_received(struct storm *s, const struct element *e)
{
    if (CHECK_BETWEEN(0, SENDERS - 1, e->sender) && CHECK_BETWEEN(0, s->each - 1, e->number)) {
        CHECK_EQ(e->sender + e->number, e->sum);
        CHECK_EQ(0, atomic_fetch_add(&s->seen[e->sender * s->each + e->number], 1));
    }
}

static void receive_all(void *arg, int index)
{
    struct storm *s = arg;
    random_state random = random_seed(index + 100);

    for (;;) {
        struct element e = {UNTOUCHED, UNTOUCHED, UNTOUCHED};
        int r = go_recv_until(s->c, &e, s->with_deadlines ? some_deadline(&random) : GO_FOREVER);

        if (r == 0) {
            note_received(s, &e);
            CHECK_EQ(compute(e.number, s->work), compute(e.number, s->work));
        } else if (r == -EPIPE) {
            CHECK(e.sender == 0 && e.number == 0 && e.sum == 0);
            return;
        } else {
            CHECK(r == -EAGAIN || r == -ETIMEDOUT);
            CHECK(e.sender == UNTOUCHED && e.number == UNTOUCHED && e.sum == UNTOUCHED);
            atomic_fetch_add(&s->timed_out, 1);
            if (r == -EAGAIN)
                go_yield();
        }
    }
}

/* Runs a storm of SENDERS senders, the first threads of them plain threads, and as many receivers. */
static struct storm *run_storm(struct storm settings, size_t capacity, int receivers, bool threads)
{
    struct storm *s = test_alloc(sizeof *s);
    struct crew *on_threads, *of_goroutines, *senders;

    *s = settings;
    s->c = test_chan(sizeof(struct element), capacity);
    s->seen = test_alloc((size_t)(SENDERS * s->each));
    atomic_store(&s->sending, SENDERS);
    on_threads = crew_start_threads(threads ? 2 : 0, receive_all, s);
    of_goroutines = crew_start(receivers, receive_all, s);
    senders = (threads ? crew_start_threads : crew_start)(SENDERS, send_all, s);
    crew_wait(senders);
    crew_wait(of_goroutines);
    crew_wait(on_threads);
    for (int i = 0; i < SENDERS * s->each; i++)
        CHECK_EQ(1, atomic_load(&s->seen[i]));
    return s;
}

static const int procs[] = {1, 2, 8};
static const size_t capacities[] = {0, 1, 2, 7, 64};

TEST(a_deadline_that_races_with_a_partner_neither_loses_nor_doubles_an_element)
{
    int timed_out = 0;

    for (int p = 0; p < 3; p++)
        for (int c = 0; c < 5; c++) {
            go_maxprocs(procs[p]);
            struct storm *s = run_storm((struct storm){.each = SCALED(1000), .with_deadlines = true}, capacities[c], 3, false);
            timed_out += atomic_load(&s->timed_out);
        }
    CHECK(timed_out > 0);
}

TEST(threads_among_goroutines_neither_lose_nor_double_an_element)
{
    for (int p = 0; p < 3; p++)
        for (int c = 0; c < 5; c++) {
            go_maxprocs(procs[p]);
            run_storm((struct storm){.each = SCALED(300)}, capacities[c], 3, true);
            run_storm((struct storm){.each = SCALED(100), .with_deadlines = true}, capacities[c], 3, true);
        }
}

TEST(preemption_at_any_instruction_neither_loses_nor_doubles_an_element)
{
    go_slice(20 * GO_MICROSECOND);
    for (int p = 0; p < 3; p++)
        for (int c = 0; c < 5; c += 2) {
            go_maxprocs(procs[p]);
            run_storm((struct storm){.each = SCALED(60), .work = 20000}, capacities[c], 4, false);
            run_storm((struct storm){.each = SCALED(500), .work = 100}, capacities[c], 4, false);
            run_storm((struct storm){.each = SCALED(60), .work = 5000, .with_deadlines = true}, capacities[c], 2, true);
        }
}

/* ---- goroutines that never give way ---- */

static atomic_bool stop;

static void hog(void *arg, int index)
{
    volatile uint64_t x = (uint64_t)index;

    (void)arg;
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        x = x * 3 + 1;
}

static void echo(void *arg, int index)
{
    go_chan **c = arg;
    int value;

    (void)index;
    while (go_recv(c[0], &value) == 0)
        CHECK_EQ(0, go_send(c[1], &value));
}

TEST(a_conversation_goes_on_behind_goroutines_that_never_give_way)
{
    if (!test_can_preempt())
        SKIP("nothing is preempted here");
    for (int p = 0; p < 3; p++) {
        go_chan **c = test_alloc(2 * sizeof *c);
        struct crew *hogs, *other;
        int value;

        go_maxprocs(procs[p]);
        go_slice(20 * GO_MICROSECOND);
        c[0] = test_chan(sizeof(int), 0);
        c[1] = test_chan(sizeof(int), 0);
        atomic_store(&stop, false);
        other = crew_start(1, echo, c);
        hogs = crew_start(2 * procs[p], hog, NULL);
        for (int i = 0; i < SCALED(200); i++) {
            CHECK_EQ(0, go_send(c[0], &i));
            CHECK_EQ(0, go_recv(c[1], &value));
            CHECK_EQ(i, value);
        }
        atomic_store(&stop, true);
        CHECK_EQ(0, go_chan_close(c[0]));
        crew_wait(other);
        crew_wait(hogs);
    }
}

/* ---- freeing ---- */

static void send_one(void *c)
{
    CHECK_EQ(0, go_send(c, &(int){1}));
}

static void close_it(void *c)
{
    CHECK_EQ(0, go_chan_close(c));
}

/* "Nobody may use it afterwards" is the caller's duty. The least that a caller can know is that the element has come, and
 * that is enough: the send that it came from does not touch the channel any more. */
TEST(a_channel_may_be_freed_as_soon_as_its_last_element_has_come)
{
    for (int i = 0; i < SCALED(20000); i++) {
        go_chan *c = go_chan_new(sizeof(int), (size_t)(i % 3));

        if (i % 2)
            go_maxprocs(procs[i / 2 % 3]);
        go_spawn(i % 7 == 0 ? close_it : send_one, c);
        CHECK_EQ(i % 7 == 0 ? -EPIPE : 0, go_recv(c, NULL));
        CHECK_EQ(0, go_chan_free(c));
    }
}
