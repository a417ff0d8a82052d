/* What the files of this folder share: libgoroutine-trace, a library of its own, for programs that want to see their stacks with
 * names. It uses the library by its public face alone, and is called by it as debug.h says: while others hold any lock of libc. So
 * nothing in here allocates from malloc or waits for a lock of the loader's once the program runs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OS_LINUX_TRACE_TRACE_H
#define OS_LINUX_TRACE_TRACE_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "goroutine/debug.h"

/* What the loader has put into memory. (objects.c) */
struct object {
    uintptr_t start, end;
    uintptr_t unwind_table; /* what the linker calls .eh_frame_hdr; 0: none */
};
void objects_learn(void);
bool object_at(uintptr_t pc, struct object *o);

/* The objects of before main, in place of dl_iterate_phdr. */
int go_trace_objects(int (*visit)(struct dl_phdr_info *, size_t, void *), void *argument);

/* Functions of a go_tracer. (walk.c, name.c) */
void walk_start(void);
void walk(const struct go_stack *stack, int (*visit)(void *argument, uintptr_t pc), void *argument);
void name_start(void);
int name(uintptr_t pc, char *text, size_t size);

#endif
