/* Restartable sequences: nobody is taken off within one, so that nothing has to begin anew.
 *
 * SPDX-License-Identifier: MIT
 */
#define GO_RESTART_NO_SEQUENCES
#include "goroutine/restart.h"

void go_restart_load(const struct go_restart *first, const struct go_restart *last)
{
    (void)first;
    (void)last;
}

void go_restart_unload(const struct go_restart *first, const struct go_restart *last)
{
    (void)first;
    (void)last;
}
