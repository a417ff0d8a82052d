/* How late the monitor may be: the longer it has been calm the later, up to a bound, and at once not at all when a goroutine stays.
 *
 * SPDX-License-Identifier: MIT
 */
#include "test.h"

#include "sched/monitor.h"

enum { MS = 1000000 };

static int64_t late_after(int64_t calm_for, int64_t slice)
{
    struct calm c;

    calm_end(&c, 7 * MS);
    return calm_lateness(&c, 7 * MS + calm_for, slice);
}

TEST(a_look_is_not_late_before_it_has_been_calm)
{
    CHECK_EQ(0, late_after(0, MS));
    CHECK_EQ(0, late_after(32 * MS, MS));
}

TEST(the_longer_it_is_calm_the_later_a_look_may_be)
{
    CHECK_EQ(MS, late_after(64 * MS, MS));
    CHECK_EQ(2 * MS, late_after(128 * MS, MS));
}

TEST(a_look_is_never_later_than_four_slices_or_4_ms)
{
    CHECK_EQ(4 * MS, late_after((int64_t)3600 * 1000 * MS, MS));
    CHECK_EQ(2 * MS, late_after((int64_t)3600 * 1000 * MS, MS / 2));
    CHECK_EQ(4 * MS, late_after((int64_t)3600 * 1000 * MS, 10 * MS));
    CHECK_EQ(0, late_after((int64_t)3600 * 1000 * MS, MS / 50));
}

TEST(the_end_of_calm_and_the_time_asleep_do_not_count)
{
    struct calm c;

    calm_end(&c, 0);
    CHECK_EQ(4 * MS, calm_lateness(&c, 500 * MS, MS));
    calm_end(&c, 500 * MS);
    CHECK_EQ(0, calm_lateness(&c, 510 * MS, MS));
    calm_pass_over(&c, 300 * MS);
    CHECK_EQ(MS, calm_lateness(&c, 864 * MS, MS));
}
