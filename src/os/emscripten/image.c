/* The program's image: functions have numbers, and nothing else has an address.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "os/os.h"

bool os_image_start(void)
{
    return true;
}

bool os_image_owns(uintptr_t pc)
{
    (void)pc;
    return true;
}

bool os_image_foreign(uintptr_t word)
{
    (void)word;
    return false;
}

bool os_image_place(uintptr_t pc, char *buffer, size_t size)
{
    snprintf(buffer, size, "function %lu", (unsigned long)pc);
    return true;
}
