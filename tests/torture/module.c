/* The module that `modules.c` loads and unloads: its thread-locals are made when a thread first asks for them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include "module.h"

static _Thread_local uintptr_t kept[MODULE_WORDS];

void module_keep(uintptr_t value)
{
    for (int i = 0; i < MODULE_WORDS; i++)
        kept[i] = value + (uintptr_t)i;
}

int module_has(uintptr_t value)
{
    for (int i = 0; i < MODULE_WORDS; i++)
        if (kept[i] != value + (uintptr_t)i)
            return 0;
    return 1;
}

void *module_address(void)
{
    return kept;
}
