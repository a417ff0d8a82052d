/* What a goroutine has in the CPU and in errno is the same after a preemption, and is not seen by others.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fenv.h>
#include "hogs.h"

static int *errno_address(void)
{
    return &errno;
}

static int *(*volatile errno_at)(void) = errno_address; /* asked anew each time: a goroutine may have moved */

/* Not preempted between the two halves of it: asking for the address, and using it. */
static int set_errno(int value)
{
    int before;

    go_preempt_off();
    before = *errno_at();
    *errno_at() = value;
    go_preempt_on();
    return before;
}

static void keep_errno(void *arg, int index)
{
    (void)arg;
    for (int i = 0; i < SCALED(300); i++) {
        int mine = 1000 + index * 1000 + i;

        set_errno(mine);
        for (int spin = 0; spin < 20000; spin++)
            __asm__ volatile("");
        if (!CHECK_EQ(mine, set_errno(0)))
            return;
    }
}

TEST(errno_is_kept_across_preemptions)
{
    hogs_crowd(keep_errno, NULL);
}

static void keep_integers(void *arg, int index)
{
    uintptr_t expected = 0;

    (void)arg;
    for (int round = 0; round < SCALED(100); round++) {
        uintptr_t a = (uintptr_t)index + 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7;

        for (int i = 0; i < 50000; i++) { /* more values than most CPUs' calls keep */
            uintptr_t t = a + b;
            a = b ^ (c << 1);
            b = c + (d >> 3);
            c = d ^ (e + t);
            d = e + f;
            e = f ^ (g << 2);
            f = g + t;
            g = t ^ a;
            __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
        }
        a ^= b ^ c ^ d ^ e ^ f ^ g;
        if (round == 0)
            expected = a; /* may itself be wrong, but hardly the same way each time */
        if (!CHECK_EQ(expected, a))
            return;
    }
}

TEST(integer_registers_are_kept_across_preemptions)
{
    hogs_crowd(keep_integers, NULL);
}

static void keep_doubles(void *arg, int index)
{
    double expected = 0;

    (void)arg;
    for (int round = 0; round < SCALED(100); round++) {
        double a = index + 1, b = 1.5, c = 2.5, d = 3.5, e = 0.5, sum;
        long double l = 1;

        for (int i = 0; i < 20000; i++) {
            double t = a * 0.5 + b * 0.25;
            a = b * 0.9 + c * 0.1;
            b = c - d * 0.001;
            c = d * 0.7 + e * 0.3;
            d = e * 0.99 + t * 0.01;
            e = t;
            l = l * 0.999L + 0.001L * e;
        }
        sum = a + b + c + d + e + (double)l;
        if (round == 0)
            expected = sum;
        if (!CHECK(expected == sum))
            return;
    }
}

TEST(floating_point_registers_are_kept_across_preemptions)
{
    hogs_crowd(keep_doubles, NULL);
}

static void keep_rounding(void *arg, int index)
{
    static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    int mine = modes[index % 4], before = fegetround();

    (void)arg;
    CHECK_EQ(FE_TONEAREST, before);
    fesetround(mine);
    for (int i = 0; i < SCALED(300); i++) {
        for (int spin = 0; spin < 20000; spin++)
            __asm__ volatile("");
        if (!CHECK_EQ(mine, fegetround()))
            break;
        if (i % 10 == 0)
            go_yield();
        if (!CHECK_EQ(mine, fegetround()))
            break;
    }
    fesetround(FE_TONEAREST);
}

TEST(the_rounding_mode_is_kept_and_does_not_leak)
{
    hogs_crowd(keep_rounding, NULL);
    CHECK_EQ(FE_TONEAREST, fegetround());
}

static void end_with_odd_rounding(void *arg, int index)
{
    (void)arg;
    (void)index;
    CHECK_EQ(FE_TONEAREST, fegetround());
    fesetround(FE_UPWARD);
    hog_for(GO_MILLISECOND);
    CHECK_EQ(FE_UPWARD, fegetround());
}

TEST(a_new_goroutine_does_not_inherit_the_rounding_mode_of_a_dead_one)
{
    go_maxprocs(2);
    for (int i = 0; i < 20; i++)
        crew_run(4, end_with_odd_rounding, NULL);
    CHECK_EQ(FE_TONEAREST, fegetround());
}

static void keep_flags(void *arg, int index)
{
    (void)arg;
    for (int round = 0; round < SCALED(100); round++) {
        uintptr_t low = 0, high = 0;

        /* A carry lives in the flags from one line to the next. */
        for (int i = 0; i < 50000; i++) {
            uintptr_t added = (uintptr_t)-1 - (uintptr_t)index;
#if defined(__x86_64__)
            __asm__("add %2, %0\n\tnop\n\tnop\n\tnop\n\tnop\n\tadc $0, %1" : "+r"(low), "+r"(high) : "r"(added) : "cc");
#else
            low += added;
            high += low < added;
#endif
        }
        if (!CHECK_EQ(49999, high))
            return;
    }
}

TEST(the_flags_are_kept_across_preemptions)
{
    hogs_crowd(keep_flags, NULL);
}
