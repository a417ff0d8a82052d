/* Memory, from the end of what the program has: new pages of it cost nothing before they are used. Nothing can be guarded.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "os/os.h"

#define PAGE ((size_t)4096)

/* What was given back, to be used again as a whole: stacks are of a few sizes. In its first words. */
struct hole {
    struct hole *next;
    size_t size;
};

static struct hole *holes;

size_t os_page_size(void)
{
    return PAGE;
}

static void *fill_hole(size_t size, size_t align)
{
    for (struct hole **link = &holes; *link; link = &(*link)->next) {
        struct hole *h = *link;
        if (h->size != size || (uintptr_t)h % align != 0)
            continue;
        *link = h->next;
        return memset(h, 0, size);
    }
    return NULL;
}

/* What is skipped for the sake of alignment is a hole too. */
void *os_map(size_t size, size_t align)
{
    void *at = fill_hole(size, align);
    if (at)
        return at;
    uintptr_t end = (uintptr_t)sbrk(0), start = round_up(end, PAGE), aligned = round_up(start, align);
    if (size > INTPTR_MAX - (aligned - end) || sbrk((intptr_t)(aligned + size - end)) == (void *)-1)
        return NULL;
    if (aligned > start)
        os_unmap((void *)start, aligned - start);
    return (void *)aligned;
}

void os_unmap(void *at, size_t size)
{
    struct hole *h = at;
    *h = (struct hole){.next = holes, .size = size};
    holes = h;
}

/* Who goes too far is found out later, where the CPU can tell (arch_overflow). */
int os_guard(void *at, size_t size)
{
    (void)at;
    (void)size;
    return 0;
}

void os_discard(void *at, size_t size)
{
    memset(at, 0, size);
}

/* All of it is there. */
size_t os_peek(uintptr_t at, void *to, size_t size)
{
    uintptr_t end = (uintptr_t)sbrk(0);
    size_t there = at >= end ? 0 : size < end - at ? size : end - at;
    memcpy(to, (const void *)at, there);
    return there;
}
