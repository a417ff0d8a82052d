/* Preemption: a goroutine that never calls the library gives way all the same, whatever its loop looks like.
 *
 * SPDX-License-Identifier: MIT
 */
#include "child.h"
#include "hogs.h"

/* On one processor main comes back from each yield only if both hogs are taken off. */
static void check_gives_way(hog_loop *loop)
{
    uint64_t before = hogs_preemptions();
    struct hogs *h;

    go_maxprocs(1);
    h = hogs_start(2, loop);
    for (int i = 0; i < 10; i++)
        go_yield();
    if (loop != hog_tight) {
        hogs_wait_for_turn(h, 0);
        hogs_wait_for_turn(h, 1);
    }
    hogs_stop(h);
    CHECK_BETWEEN(2, INT64_MAX, hogs_preemptions() - before);
}

#define SHAPE(shape)                                                                                                               \
    TEST(a_##shape##_loop_gives_way)                                                                                               \
    {                                                                                                                              \
        NEEDS_PREEMPTION();                                                                                                        \
        check_gives_way(hog_##shape);                                                                                              \
    }

static void tell(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
}

TEST(main_gives_way_too)
{
    atomic_bool told = false;
    int64_t end = test_now() + 20 * GO_SECOND;

    NEEDS_PREEMPTION();
    go_maxprocs(1);
    CHECK_EQ(0, go_spawn(tell, &told));
    while (!atomic_load(&told) && test_now() < end)
        for (volatile int spin = 0; spin < 100000; spin++)
            ;
    CHECK(atomic_load(&told));
}

SHAPE(tight)
SHAPE(counting)
SHAPE(arithmetic)
SHAPE(atomic)
SHAPE(calling)
SHAPE(indirect)
SHAPE(branching)
SHAPE(recursive)
SHAPE(big_frame)
SHAPE(alloca)
SHAPE(leaf_locals)
SHAPE(floating)
SHAPE(vector)
SHAPE(string)
SHAPE(pushing)

/* The linker may put a loop anywhere: into a section of its own, among cold or hot code, right beside the library. */
#define PLACED(name, section_name)                                                                                                 \
    __attribute__((section(section_name), noinline)) static void placed_in_##name(const atomic_bool *stop, atomic_ulong *turns)    \
    {                                                                                                                              \
        while (!atomic_load_explicit(stop, memory_order_relaxed))                                                                  \
            atomic_fetch_add_explicit(turns, 1, memory_order_relaxed);                                                             \
    }                                                                                                                              \
    TEST(a_##name##_section_loop_gives_way)                                                                                        \
    {                                                                                                                              \
        NEEDS_PREEMPTION();                                                                                                        \
        check_gives_way(placed_in_##name);                                                                                         \
    }

PLACED(own, "hog_text")
PLACED(hot, ".text.hot")
PLACED(cold, ".text.unlikely")
PLACED(startup, ".text.startup")
PLACED(neighbour_before, "go_tex")
PLACED(neighbour_after, "go_text2")

struct relay {
    atomic_int turn;
    atomic_int handed;
};

static __attribute__((noinline)) bool is_turn_of(struct relay *r, int index)
{
    return atomic_load(&r->turn) == index;
}

enum { HANDOVERS = 5 };

static void hand_over_by_spinning(void *arg, int index)
{
    struct relay *r = arg;

    for (int i = 0; i < HANDOVERS; i++) {
        while (!is_turn_of(r, index))
            ;
        atomic_fetch_add(&r->handed, 1);
        atomic_store(&r->turn, 1 - index);
    }
}

TEST(two_goroutines_that_spin_until_it_is_their_turn_hand_over_on_one_processor)
{
    struct relay *r = test_alloc(sizeof *r);

    NEEDS_PREEMPTION();
    go_maxprocs(1);
    crew_run(2, hand_over_by_spinning, r);
    CHECK_EQ(2 * HANDOVERS, atomic_load(&r->handed));
}

struct endurance {
    atomic_int finished;
    atomic_bool stop;
    atomic_ulong turns[2];
};

/* The loop is long and call-free, then comes a function with a big frame: both are interrupted. */
static void loop_then_big_frame(void *arg, int index)
{
    struct endurance *e = arg;

    hog_for(100 * GO_MILLISECOND);
    hog_big_frame(&e->stop, &e->turns[index]);
    atomic_fetch_add(&e->finished, 1);
}

TEST(a_long_loop_before_a_big_frame_gives_way)
{
    struct endurance *e = test_alloc(sizeof *e);
    struct crew *c;

    NEEDS_PREEMPTION();
    go_maxprocs(1);
    c = crew_start(2, loop_then_big_frame, e);
    go_sleep(200 * GO_MILLISECOND);
    EVENTUALLY(atomic_load(&e->turns[0]) > 0 && atomic_load(&e->turns[1]) > 0);
    atomic_store(&e->stop, true);
    crew_wait(c);
    CHECK_EQ(2, atomic_load(&e->finished));
}

TEST(hogs_of_every_shape_share_all_processors)
{
    static hog_loop *const loops[] = {hog_counting, hog_arithmetic, hog_calling,     hog_recursive, hog_big_frame,
                                      hog_alloca,   hog_floating,   hog_leaf_locals, hog_vector,    hog_string};
    enum { LOOPS = sizeof loops / sizeof loops[0] };
    struct hogs *h[LOOPS];

    go_maxprocs(2);
    for (int i = 0; i < LOOPS; i++)
        h[i] = hogs_start(2, loops[i]);
    for (int round = 0; round < 5; round++)
        for (int i = 0; i < LOOPS; i++)
            hogs_wait_for_turn(h[i], round & 1);
    for (int i = 0; i < LOOPS; i++)
        hogs_stop(h[i]);
}

TEST(a_hog_gives_way_to_a_goroutine_that_wakes_up)
{
    struct hogs *h;

    go_maxprocs(1);
    h = hogs_start(1, hog_arithmetic);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(0, go_sleep(GO_MILLISECOND));
    hogs_stop(h);
}

/* The ways to take a goroutine off that GOROUTINE_PREEMPT names. */
TEST(hogs_are_taken_off_in_their_interrupt_frame_if_asked)
{
    CHECK(child_passes("loop gives way", "GOROUTINE_PREEMPT", "frame"));
}

TEST(hogs_are_taken_off_by_an_injected_call_if_asked)
{
    CHECK(child_passes("loop gives way", "GOROUTINE_PREEMPT", "inject"));
}

TEST(hogs_give_way_at_the_shortest_slice)
{
    CHECK(child_passes("loop gives way", "GOROUTINE_SLICE", "20"));
}

TEST(all_shapes_share_the_processors_at_the_shortest_slice)
{
    CHECK(child_passes("of every shape share all processors", "GOROUTINE_SLICE", "20"));
}
