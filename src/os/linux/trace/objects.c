/* The objects that the loader has put into memory. dl_iterate_phdr takes a lock that somebody in the middle of dlopen may hold for
 * ever, so what is there before main is noted then. glibc can also tell of later ones without a lock.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "os/linux/trace/trace.h"

enum { MOST = 256 };

static struct dl_phdr_info known[MOST]; /* fixed after objects_learn */
static int count;

static int learn(struct dl_phdr_info *info, size_t size, void *argument)
{
    (void)size;
    (void)argument;
    known[count++] = *info;
    return count == MOST;
}

void objects_learn(void)
{
    if (count == 0)
        dl_iterate_phdr(learn, NULL);
}

int go_trace_objects(int (*visit)(struct dl_phdr_info *, size_t, void *), void *argument)
{
    int result = 0;
    for (int i = 0; i < count && result == 0; i++)
        result = visit(&known[i], sizeof known[i], argument);
    return result;
}

#if defined(DLFO_STRUCT_HAS_EH_DBASE)

bool object_at(uintptr_t pc, struct object *o)
{
    struct dl_find_object found;
    if (_dl_find_object((void *)pc, &found) != 0)
        return false;
    *o = (struct object){(uintptr_t)found.dlfo_map_start, (uintptr_t)found.dlfo_map_end, (uintptr_t)found.dlfo_eh_frame};
    return true;
}

#else

static bool covers(const struct dl_phdr_info *info, uintptr_t pc, struct object *o)
{
    bool found = false;
    o->unwind_table = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_GNU_EH_FRAME)
            o->unwind_table = start;
        if (segment->p_type != PT_LOAD || pc - start >= segment->p_memsz)
            continue;
        o->start = start;
        o->end = start + segment->p_memsz;
        found = true;
    }
    return found;
}

bool object_at(uintptr_t pc, struct object *o)
{
    for (int i = 0; i < count; i++)
        if (covers(&known[i], pc, o))
            return true;
    return false;
}

#endif
