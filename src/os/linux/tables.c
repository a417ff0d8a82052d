/* Where an object has its table of unwind information, on CPUs whose tracebacks go by that (arch.h: ARCH_UNWIND_SEGMENT).
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>

#include "os/linux/linux.h"

#if ARCH_UNWIND_SEGMENT

#if defined(__GLIBC__) && DLFO_STRUCT_HAS_EH_COUNT

enum { ENTRY = 8 /* what the loader counts */ };
_Static_assert(DLFO_EH_SEGMENT_TYPE == ARCH_UNWIND_SEGMENT, "the loader has the same in mind");

/* Since glibc 2.35: takes no lock. */
bool os_image_table(uintptr_t pc, uintptr_t *table, size_t *bytes)
{
    struct dl_find_object object;
    if (_dl_find_object((void *)pc, &object) != 0)
        return false;
    *table = (uintptr_t)object.dlfo_eh_frame;
    *bytes = (size_t)object.dlfo_eh_count * ENTRY;
    return true;
}

#else

struct wanted {
    uintptr_t pc, table;
    size_t bytes;
};

/* Both have to be in the same object. */
static int look_into(struct dl_phdr_info *object, size_t size, void *argument)
{
    struct wanted *w = argument;
    bool is_there = false;
    (void)size;
    w->bytes = 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && w->pc - start < segment->p_memsz)
            is_there = true;
        if (segment->p_type != ARCH_UNWIND_SEGMENT)
            continue;
        w->table = start;
        w->bytes = segment->p_memsz;
    }
    return is_there;
}

bool os_image_table(uintptr_t pc, uintptr_t *table, size_t *bytes)
{
    struct wanted w = {.pc = pc};
    bool found = dl_iterate_phdr(look_into, &w) != 0;
    *table = w.table;
    *bytes = w.bytes;
    return found;
}

#endif

#endif
