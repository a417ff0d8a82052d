/* Tests that are wrong, each in its own way: what the framework must say about them stands in the script beside this.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/eventfd.h>
#include <unistd.h>
#include "test.h"

TEST(all_is_well)
{
    CHECK(true);
    CHECK_EQ(3, 3);
    CHECK_NE(3, 4);
    CHECK_BETWEEN(1, 3, 3);
    CHECK_STR("a", "a");
    CHECK_MEM("ab", "ab", 2);
    CHECK_PTR(NULL, NULL);
}

TEST(each_kind_of_check_fails)
{
    CHECK(1 == 2);
    CHECK_EQ(-5, 7);
    CHECK_NE(8, 8);
    CHECK_BETWEEN(1, 3, 4);
    CHECK_STR("this", "that");
    CHECK_STR("this", NULL);
    CHECK_MEM("abc", "abd", 3);
    CHECK_PTR(NULL, "");
}

TEST(a_check_fails_very_often)
{
    for (int i = 0; i < 1000; i++)
        CHECK(i < 0);
}

static void fail(void *arg, int index)
{
    (void)arg;
    CHECK_EQ(-1, index);
}

TEST(a_check_fails_in_a_goroutine)
{
    crew_run(1, fail, NULL);
}

TEST(a_check_fails_on_a_thread)
{
    crew_wait(crew_start_threads(1, fail, NULL));
}

TEST(nothing_is_checked)
{
}

TEST(something_is_lacking)
{
    SKIP("this machine has no %s", "wings");
}

static void wait_for_ever(void *c)
{
    go_recv(c, NULL);
}

TEST(a_goroutine_stays)
{
    go_chan *c = go_chan_new(0, 0);

    CHECK_EQ(0, go_spawn(wait_for_ever, c));
}

TEST(a_goroutine_stays_on_purpose)
{
    go_chan *c = go_chan_new(0, 0);

    CHECK_EQ(0, go_spawn(wait_for_ever, c));
    test_abandon(1);
}

TEST(a_goroutine_stays_on_a_channel_of_the_test)
{
    CHECK_EQ(0, go_spawn(wait_for_ever, test_chan(0, 0)));
    test_settle();
    test_abandon(1);
}

TEST(a_descriptor_stays_open)
{
    CHECK(dup(0) >= 0);
}

/* Two of them may be the library's. */
TEST(one_bell_too_many_is_left_open)
{
    for (int i = 0; i < 3; i++)
        CHECK(eventfd(0, EFD_CLOEXEC) >= 0);
}

TEST(it_hangs)
{
    CHECK(true);
    wait_for_ever(go_chan_new(0, 0));
}

TEST(it_spins)
{
    CHECK(true);
    for (volatile bool for_ever = true; for_ever;)
        ;
}

static void count(void *arg, int index)
{
    atomic_fetch_add((atomic_int *)arg, index);
}

TEST(crews_run_every_index_once)
{
    atomic_int sum = 0;

    crew_run(100, count, &sum);
    CHECK_EQ(4950, sum);
    crew_wait(crew_start_threads(10, count, &sum));
    CHECK_EQ(4950 + 45, sum);
    crew_run(0, count, &sum);
}

TEST(loops_are_scaled)
{
    CHECK_EQ(50, SCALED(100));
    CHECK_EQ(1, SCALED(1));
    CHECK_EQ(INT32_MAX / 2, SCALED(INT32_MAX));
}

TEST(settings_are_changed)
{
    go_maxprocs(go_maxprocs(0) + 3);
    go_slice(5 * GO_MILLISECOND);
    CHECK(true);
}

TEST(settings_are_as_ever)
{
    CHECK_NE(5 * GO_MILLISECOND, go_slice(0));
    CHECK_EQ(1, go_maxprocs(0));
}
