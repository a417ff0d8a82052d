/* What the library calls for memory may block, since it belongs to the program: the library is in the middle of nothing there, and
 * the others have the processor meanwhile.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "calls.h"

static atomic_bool slow;
static atomic_int slept;

static void *allocate(size_t size)
{
    if (atomic_load(&slow)) {
        usleep(200000);
        atomic_fetch_add(&slept, 1);
    }
    return malloc(size);
}

static void release(void *at)
{
    if (atomic_load(&slow)) {
        usleep(200000);
        atomic_fetch_add(&slept, 1);
    }
    free(at);
}

/* Before main(), since the library must not have allocated yet. */
__attribute__((constructor)) static void choose_allocator(void)
{
    if (go_set_allocator(allocate, release) != 0)
        abort();
}

static void make_channel(struct caller *c)
{
    c->what = go_chan_new(8, 8);
}

static void free_channel(struct caller *c)
{
    CHECK_EQ(0, go_chan_free(c->what));
}

static void (*call)(struct caller *c);

static void call_slowly(struct caller *c)
{
    uint64_t before = retaken();

    atomic_store(&slow, true);
    call(c);
    atomic_store(&slow, false);
    CHECK(retaken() > before);
}

/* Beside a hog, which gets the processor meanwhile. */
static void check_call(void (*fn)(struct caller *c), struct caller *c)
{
    struct crew *crew;
    struct hogs *h;

    call = fn;
    atomic_store(&slept, 0);
    go_maxprocs(1);
    h = hogs_start(1, hog_counting);
    hogs_wait_for_turn(h, 0);
    crew = crew_start(1, make_the_call, c);
    crew_wait(crew);
    hogs_stop(h);
    CHECK(atomic_load(&slept) > 0);
}

TEST(an_allocator_that_blocks_holds_nobody_up)
{
    struct caller *c;

    if (WITH_TSAN)
        SKIP("the library takes no processors away under ThreadSanitizer");
    NEEDS_CALLS_SEEN();
    c = new_caller(call_slowly);
    check_call(make_channel, c);
    CHECK(c->what != NULL);
    check_call(free_channel, c);
    free_caller(c);
}
