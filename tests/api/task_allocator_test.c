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

/* Before main(), since the library must not have allocated yet. */
__attribute__((constructor)) static void choose_allocator(void)
{
    if (go_set_allocator(allocate, free) != 0)
        abort();
}

static void make_channel(struct caller *c)
{
    uint64_t before = retaken();

    atomic_store(&slow, true);
    c->what = go_chan_new(8, 8);
    atomic_store(&slow, false);
    CHECK(retaken() > before);
    CHECK(c->what != NULL);
}

TEST(an_allocator_that_blocks_holds_nobody_up)
{
    struct caller *c;
    struct crew *crew;
    struct hogs *h;

    if (WITH_TSAN)
        SKIP("the library takes no processors away under ThreadSanitizer");
    c = new_caller(make_channel);
    go_maxprocs(1);
    h = hogs_start(1, hog_counting);
    hogs_wait_for_turn(h, 0);
    crew = crew_start(1, make_the_call, c);
    crew_wait(crew);
    hogs_stop(h);
    CHECK(atomic_load(&slept) > 0);
    CHECK_EQ(0, go_chan_free(c->what));
    free_caller(c);
}
