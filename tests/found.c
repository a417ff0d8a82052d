/* For a compiler whose unwinder was made for glibc, and that compiles for another libc (Debian's musl-gcc): that unwinder asks for
 * an object's unwind table by a function of glibc's. Here it is, by what every libc has. Else this file is empty.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <link.h>
#include <stdint.h>

#if !defined(__GLIBC__)

/* The unwinder's own idea of it. */
struct found {
    unsigned long long flags;
    uintptr_t start, end;
    void *link_map, *unwind_table;
    unsigned long long reserved[7];
};

struct search {
    uintptr_t pc;
    struct found found;
};

static int look(struct dl_phdr_info *object, size_t size, void *arg)
{
    struct search *s = arg;
    struct found found = {0};

    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && s->pc - start < segment->p_memsz) {
            found.start = start;
            found.end = start + segment->p_memsz;
        }
        if (segment->p_type == PT_GNU_EH_FRAME)
            found.unwind_table = (void *)start;
    }
    if (found.start == 0 || !found.unwind_table)
        return 0;
    s->found = found;
    return 1;
}

int _dl_find_object(void *pc, struct found *result);
int _dl_find_object(void *pc, struct found *result)
{
    struct search s = {.pc = (uintptr_t)pc};

    if (!dl_iterate_phdr(look, &s))
        return -1;
    *result = s.found;
    return 0;
}

#endif
