/* The program's image: which text is the program's own, and what an address is called.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "os/linux/linux.h"

/* ---- the program's own text ---- */

struct range {
    uintptr_t start, stop;
};

enum { MOST_RANGES = 8 }; /* a linker makes one; what is beyond them does not count as own, which is the safe side */

static struct range own[MOST_RANGES]; /* fixed after os_image_start */
static int owned;

/* A program that needs no shared object has libc inside. */
static bool needs_a_library(const struct dl_phdr_info *object, const ElfW(Phdr) * segment)
{
    const ElfW(Dyn) *entry = (const void *)(object->dlpi_addr + segment->p_vaddr);
    while (entry->d_tag != DT_NULL && entry->d_tag != DT_NEEDED)
        entry++;
    return entry->d_tag == DT_NEEDED;
}

/* The first object that the loader tells of is the program. */
static int learn_program(struct dl_phdr_info *object, size_t size, void *is_dynamic)
{
    (void)size;
    owned = 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_DYNAMIC && needs_a_library(object, segment))
            *(bool *)is_dynamic = true;
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0 && owned < MOST_RANGES)
            own[owned++] = (struct range){.start = start, .stop = start + segment->p_memsz};
    }
    return 1;
}

bool os_image_start(void)
{
    bool is_dynamic = false;
    dl_iterate_phdr(learn_program, &is_dynamic);
    if (!is_dynamic)
        owned = 0;
    return owned > 0;
}

bool os_image_owns(uintptr_t pc)
{
    for (int i = 0; i < owned; i++)
        if (pc >= own[i].start && pc < own[i].stop)
            return true;
    return false;
}

/* ---- names ---- */

struct place {
    uintptr_t pc, base;
    char file[256]; /* without its folder; empty: nobody's text */
};

/* The program itself has no name. */
static void set_file(struct place *place, const char *path, uintptr_t base)
{
    if (path[0] == '\0')
        path = program_invocation_name;
    const char *slash = strrchr(path, '/');
    snprintf(place->file, sizeof place->file, "%s", slash != NULL ? slash + 1 : path);
    place->base = base;
}

#if defined(__GLIBC__) && defined(DLFO_STRUCT_HAS_EH_DBASE)

/* Since 2.35: takes no lock, which somebody in the middle of dlopen might hold for long. */
static bool find(struct place *place)
{
    struct dl_find_object object;
    if (_dl_find_object((void *)place->pc, &object) != 0)
        return false;
    set_file(place, object.dlfo_link_map->l_name, object.dlfo_link_map->l_addr);
    return true;
}

#else

static bool covers(const struct dl_phdr_info *object, uintptr_t pc)
{
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && pc - (object->dlpi_addr + segment->p_vaddr) < segment->p_memsz)
            return true;
    }
    return false;
}

static int find_object(struct dl_phdr_info *object, size_t size, void *arg)
{
    struct place *place = arg;
    (void)size;
    if (!covers(object, place->pc))
        return 0;
    set_file(place, object->dlpi_name, object->dlpi_addr);
    return 1;
}

static bool find(struct place *place)
{
    return dl_iterate_phdr(find_object, place) != 0;
}

#endif

/* The offset is the one that addr2line takes: from where the file says it lies, which is not always where the object starts. */
bool os_image_place(uintptr_t pc, char *buffer, size_t size)
{
    struct place place = {.pc = pc};
    bool found = find(&place);
    if (found)
        snprintf(buffer, size, "%s+0x%lx", place.file, (unsigned long)(pc - place.base));
    else
        snprintf(buffer, size, "0x%lx", (unsigned long)pc);
    return found;
}
