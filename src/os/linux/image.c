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
static int learned, owned;            /* all of them, or none, where libc is inside */

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
    learned = 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_DYNAMIC && needs_a_library(object, segment))
            *(bool *)is_dynamic = true;
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0 && learned < MOST_RANGES)
            own[learned++] = (struct range){.start = start, .stop = start + segment->p_memsz};
    }
    return 1;
}

bool os_image_start(void)
{
    bool is_dynamic = false;
    dl_iterate_phdr(learn_program, &is_dynamic);
    owned = is_dynamic ? learned : 0;
    return owned > 0;
}

static bool is_among(uintptr_t pc, int n)
{
    for (int i = 0; i < n; i++)
        if (pc >= own[i].start && pc < own[i].stop)
            return true;
    return false;
}

bool os_image_owns(uintptr_t pc)
{
    return is_among(pc, owned);
}

bool os_image_code(uintptr_t pc)
{
    return is_among(pc, learned) || (owned > 0 && os_image_foreign(pc));
}

/* ---- the text of others ---- */

#if defined(__GLIBC__) && defined(DLFO_STRUCT_HAS_EH_DBASE)

/* Executable parts of objects that the loader has told of, and that somebody has met. There is one for each; what is beyond them
 * counts as text altogether, which is the safe side. */
enum { MOST_OBJECTS = 64 };

static struct text {
    _Atomic uintptr_t object; /* where it is mapped; written last. 0: not yet */
    uintptr_t end;
    struct range range;
} texts[MOST_OBJECTS];
static _Atomic int texts_used;

/* The object begins with its ELF header. Another thread may be unloading it: the kernel reads for us. */
static bool read_range(uintptr_t start, struct range *range)
{
    ElfW(Ehdr) header;
    *range = (struct range){.start = UINTPTR_MAX};
    if (os_peek(start, &header, sizeof header) != sizeof header || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return false;
    for (int i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) segment;
        if (os_peek(start + header.e_phoff + (uintptr_t)i * sizeof segment, &segment, sizeof segment) != sizeof segment)
            return false;
        uintptr_t low = start + segment.p_vaddr, high = low + segment.p_memsz;
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0)
            continue;
        range->start = low < range->start ? low : range->start;
        range->stop = high > range->stop ? high : range->stop;
    }
    return range->stop != 0;
}

static const struct range *learn_text(uintptr_t start, uintptr_t end)
{
    struct range range;
    if (atomic_load_explicit(&texts_used, memory_order_relaxed) >= MOST_OBJECTS || !read_range(start, &range))
        return NULL;
    int i = atomic_fetch_add_explicit(&texts_used, 1, memory_order_relaxed);
    if (i >= MOST_OBJECTS)
        return NULL;
    texts[i].end = end;
    texts[i].range = range;
    atomic_store_explicit(&texts[i].object, start, memory_order_release); /* partner: text_of */
    return &texts[i].range;
}

static const struct range *text_of(uintptr_t start, uintptr_t end)
{
    for (int i = 0; i < MOST_OBJECTS; i++)
        if (atomic_load_explicit(&texts[i].object, memory_order_acquire) == start && texts[i].end == end)
            return &texts[i].range;
    return learn_text(start, end);
}

/* Since glibc 2.35: takes no lock. The program itself has no name. */
bool os_image_foreign(uintptr_t word)
{
    struct dl_find_object object;
    if (owned == 0)
        return true;
    if (os_image_owns(word) || _dl_find_object((void *)word, &object) != 0 || object.dlfo_link_map->l_name[0] == '\0')
        return false;
    const struct range *text = text_of((uintptr_t)object.dlfo_map_start, (uintptr_t)object.dlfo_map_end);
    return text == NULL || (word >= text->start && word < text->stop);
}

#else

bool os_image_foreign(uintptr_t word)
{
    (void)word;
    return true;
}

#endif

/* ---- names ---- */

struct place {
    uintptr_t pc, base;
    char file[256]; /* without its folder; empty: nobody's text */
};

/* The program itself has no name, or, in a static one with musl, its link's. */
static void set_file(struct place *place, const char *path, uintptr_t base)
{
    if (path[0] == '\0' || strcmp(path, "/proc/self/exe") == 0)
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
