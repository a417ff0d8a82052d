/* Linking it is all that a program does: before main it tells the library how to see stacks.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "os/linux/trace/trace.h"

/* By this name a linker is told to take it from the archive: -Wl,-u,go_trace_linked. */
GO_API extern const char go_trace_linked[];
const char go_trace_linked[] = "libgoroutine-trace";

__attribute__((constructor)) static void start(void)
{
    static const struct go_tracer tracer = {.walk = walk, .name = name};
    objects_learn();
    walk_start();
    name_start();
    go_set_tracer(&tracer);
}
