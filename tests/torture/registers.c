/* The rounding mode, as C knows it: it is in a register that nobody saves but for a preemption.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fenv.h>
#include "torture.h"

static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

/* In double and in long double: two units on some CPUs. */
static void check_mode(struct worker *w, int mode)
{
    volatile double one = 1, three = 3, third = one / three, minus = -one / three;
    volatile long double long_three = 3, long_third = 1 / long_three;

    HOLDS(w, fegetround() == mode);
    HOLDS(w, mode == FE_UPWARD ? third * 3 >= 1 : mode == FE_DOWNWARD ? third * 3 < 1 : true);
    HOLDS(w, (third == -minus) == (mode == FE_TONEAREST || mode == FE_TOWARDZERO));
    HOLDS(w, mode != FE_UPWARD || long_third > 0.333333333333333333L);
}

WORKLOAD(rounding)
{
    check_mode(w, FE_TONEAREST);
    for (int i = 0; i < 4; i++) {
        int mode = modes[worker_random(w, 4)];

        HOLDS(w, fesetround(mode) == 0);
        worker_computes(w);
        check_mode(w, mode);
    }
    HOLDS(w, fesetround(FE_TONEAREST) == 0);
}
