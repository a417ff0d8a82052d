/* Faults: the host ends the program.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/ending.h"

bool report_fault(void *frame, const struct os_fault *fault)
{
    (void)frame;
    (void)fault;
    return false;
}
