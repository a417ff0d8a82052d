/* What the headers promise about the memory of channels: it comes from the allocator hook, comes back, and waiting takes none.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "test.h"

static int installed = 1; /* what go_set_allocator gave */
static atomic_long taken, live;
static atomic_bool short_of_memory;

static void *take(size_t size)
{
    if (atomic_load(&short_of_memory))
        return NULL;
    atomic_fetch_add(&taken, 1);
    atomic_fetch_add(&live, 1);
    return malloc(size);
}

static void give_back(void *at)
{
    atomic_fetch_sub(&live, at != NULL);
    free(at);
}

/* Before main(), since the library must not have allocated yet. */
__attribute__((constructor)) static void install(void)
{
    installed = go_set_allocator(take, give_back);
}

TEST(a_channel_takes_its_memory_from_the_hook_and_gives_all_of_it_back)
{
    long before = atomic_load(&live);

    CHECK_EQ(0, installed);
    for (int i = 0; i < 100; i++) {
        long taken_before = atomic_load(&taken);
        go_chan *c = go_chan_new(100, (size_t)i);
        char elem[100] = "";

        CHECK(atomic_load(&taken) > taken_before);
        for (int j = 0; j < i / 2; j++)
            CHECK_EQ(0, go_send(c, elem));
        CHECK_EQ(0, go_chan_free(c));
    }
    CHECK_EQ(before, atomic_load(&live));
}

TEST(where_memory_is_short_a_new_channel_is_null_and_takes_nothing)
{
    long before = atomic_load(&live);
    go_chan *none, *buffered;

    atomic_store(&short_of_memory, true);
    none = go_chan_new(8, 0);
    buffered = go_chan_new(8, 1000);
    atomic_store(&short_of_memory, false);
    CHECK_PTR(NULL, none);
    CHECK_PTR(NULL, buffered);
    CHECK_EQ(before, atomic_load(&live));
}

enum { CASES = 1000 };

struct meeting {
    go_chan *unbuffered, *buffered;
    go_chan *many[CASES];
};

static void select_many(struct meeting *m, int index)
{
    struct go_case *cases = calloc(CASES, sizeof *cases);
    int value = index, chosen;

    for (int i = 0; i < CASES; i++)
        cases[i] = (struct go_case){.chan = m->many[i], .elem = &value, .op = index % 2 ? GO_SEND : GO_RECV};
    chosen = go_select(cases, CASES);
    CHECK_BETWEEN(0, CASES - 1, chosen);
    CHECK_EQ(0, cases[chosen].result);
    CHECK_EQ(1, value % 2); /* the receivers' came from a sender */
    free(cases);
}

static void meet(void *arg, int index)
{
    struct meeting *m = arg;

    for (int i = 0; i < 100; i++) {
        int value = i;

        if (index % 2) {
            CHECK_EQ(0, go_send(m->unbuffered, &value));
            CHECK_EQ(0, go_send(m->buffered, &value));
        } else {
            CHECK_EQ(0, go_recv(m->unbuffered, &value));
            CHECK_EQ(0, go_recv(m->buffered, &value));
        }
        select_many(m, index);
    }
}

static int threads(void)
{
    struct go_stats s;

    CHECK_EQ(0, go_stats_read(&s, sizeof s));
    return (int)s.threads;
}

/* Whatever the library takes once for its own tables; the threads come when it suits a busy system. */
static void warm_up(struct meeting *m)
{
    int64_t end = test_now() + 30 * GO_SECOND;

    do
        crew_run(8, meet, m);
    while (threads() < go_maxprocs(0) && test_now() < end);
}

TEST(sending_receiving_and_a_select_of_any_size_allocate_nothing)
{
    struct meeting *m = test_alloc(sizeof *m);
    struct crew *first;
    long after_warm_up;
    int threads_then, more;

    m->unbuffered = test_chan(sizeof(int), 0);
    m->buffered = test_chan(sizeof(int), 1);
    for (int i = 0; i < CASES; i++)
        m->many[i] = test_chan(sizeof(int), 0);
    warm_up(m);
    first = crew_start(8, meet, m);
    after_warm_up = atomic_load(&taken);
    threads_then = threads();
    crew_wait(first);
    more = threads() - threads_then; /* one more may come even now; and some may have gone */
    CHECK_BETWEEN(0, more > 0 ? more : 0, atomic_load(&taken) - after_warm_up);
}
