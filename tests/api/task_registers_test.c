/* Values that code holds in registers, flags and the red zone while a loop runs are the same after its preemptions. (What every
 * instruction may hold, tests/registers goes through; this is for as long as a loop of many slices takes.)
 *
 * SPDX-License-Identifier: MIT
 */
#include "child.h"
#include "hogs.h"

TEST(the_helpers_of_this_file_preempt)
{
    struct hogs *h;

    go_maxprocs(1);
    h = hogs_start(2, hog_arithmetic);
    hogs_wait_for_turn(h, 1);
    hogs_stop(h);
}

#if defined(__x86_64__) || defined(__i386__)
#include "registers_x86.h"
#elif defined(__riscv)
#include "registers_riscv64.h"
#elif defined(__mips__)
#include "registers_mips.h"
#elif defined(__arm__)
#include "registers_arm.h"
#endif
