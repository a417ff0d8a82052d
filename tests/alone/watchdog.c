/* The watchdog where there is no thread for it: who runs the program ends it (tests/one).
 *
 * SPDX-License-Identifier: MIT
 */
#include "framework.h"

void watchdog_start(int seconds)
{
    (void)seconds;
}

void watchdog_watch(const char *name, int number)
{
    (void)name;
    (void)number;
}
