/* Who called: by frame pointers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/walk/records.h"

bool arch_find_caller(struct arch_place *at, arch_read *read, const void *argument)
{
    return record_find_caller(at, read, argument);
}
