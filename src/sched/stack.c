/* Stacks: where goroutines live. A goroutine's descriptor lies at the top of its own stack, so that both share a page.
 *
 * A region is one mapping, cut into slots:
 *
 *     | gap: faults | room for an interrupt's frame | what the goroutine may use | descriptor, shade |
 *     ^ slot                                                                     ^ g = stack_high
 *
 * The shade shifts the descriptor by some cache lines, differently in neighbouring slots: without it all descriptors and stack tops
 * would fall into the same few sets of the cache. Slots of dead goroutines are reused last in first out, from the processor's own
 * cache and then from the pool all share; what is too much there gives its pages back by and by and keeps only its addresses
 * ("cold"). Descriptors are never unmapped, so a stale pointer reads a dead goroutine, never a hole.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "base/valgrind.h"
#include "sched/preempt.h"
#include "sched/sched.h"

#define CLASSES      19 /* 16 KiB to 4 GiB: the largest times what a sanitizer needs */
#define SHADES       16
#define SHADE_BYTES  64
#define REGION_FIRST 64
#define REGION_MOST  4096
#define REGION_BYTES ((size_t)512 << 20)
#define TRIM_BATCH   64

struct region {
    struct region *_Atomic next; /* all regions; only ever grows at the head */
    char *base;
    size_t slot_size, gap;
    size_t usable;
    uint32_t class, count;
    _Atomic uint32_t carved; /* slots handed out at least once; under the pool's lock */
    struct region *same_class;
    uint32_t cold_count; /* under the pool's lock, as are they */
    uint32_t cold[];
};

struct pool {
    struct lock lock;
    struct goroutine *dead;
    uint32_t dead_count;
    struct region *regions; /* of this class, the newest first */
    uint32_t next_count;    /* slots of the next region */
};

static struct pool pools[CLASSES];
static _Atomic(struct region *) all_regions;
static size_t frame_room;

void stack_start(void)
{
    /* One interrupt's frame, an injected call, and a second frame that may come while the first is being left. */
    frame_room = 2 * os_frame_room() + arch_inject_room();
}

static uint32_t class_of(size_t size)
{
    uint32_t class = 0;
    while (((size_t)STACK_SMALLEST << class) < size)
        class ++;
    return class;
}

/* ---- slots ---- */

static struct goroutine *slot_goroutine(const struct region *r, uint32_t i)
{
    uintptr_t end = (uintptr_t)r->base + (i + 1) * r->slot_size;
    uintptr_t shade = (uintptr_t)(i * 7 % SHADES) * SHADE_BYTES;
    return (struct goroutine *)round_down(end - shade - sizeof(struct goroutine), 64);
}

static uint32_t slot_index(const struct goroutine *g)
{
    return (uint32_t)(((uintptr_t)g - (uintptr_t)g->region->base) / g->region->slot_size);
}

static struct goroutine *prepare(struct region *r, uint32_t i)
{
    struct goroutine *g = slot_goroutine(r, i);
    g->region = r;
    g->stack_low = (uintptr_t)r->base + i * r->slot_size + r->gap;
    g->stack_high = (uintptr_t)g;
    return g;
}

static struct region *map_region(uint32_t class, uint32_t count)
{
    size_t page = os_page_size();
    size_t own_size = round_up(sizeof(struct region) + count * sizeof(uint32_t), page);
    preempt_hold();
    struct region *r = os_map(own_size, page);
    preempt_release();
    if (!r)
        return NULL;
    r->usable = (size_t)STACK_SMALLEST << class;
    size_t beneath = arch_context_beneath(r->usable);
    r->gap = round_up(beneath ? beneath : STACK_GAP, page);
    r->slot_size = r->gap + round_up(frame_room + r->usable + sizeof(struct goroutine) + SHADES * SHADE_BYTES, page);
    r->class = class;
    while (count > 1 && r->slot_size > REGION_BYTES / count)
        count /= 2;
    r->count = count;
    preempt_hold();
    r->base = os_map(r->slot_size * count, page);
    if (!r->base) {
        os_unmap(r, own_size);
        r = NULL;
    }
    preempt_release();
    return r;
}

static struct region *add_region(struct pool *pool, uint32_t class)
{
    uint32_t count = pool->next_count ? pool->next_count : REGION_FIRST;
    struct region *r = NULL;
    while (!r && count) {
        r = map_region(class, count);
        if (!r)
            count /= 2;
    }
    if (!r)
        return NULL;
    pool->next_count = r->count * 2 < REGION_MOST ? r->count * 2 : REGION_MOST;
    r->same_class = pool->regions;
    pool->regions = r;
    struct region *first = load_relaxed(&all_regions);
    do {
        store_relaxed(&r->next, first);
    } while (!cas_ordered(&all_regions, &first, r)); /* partner: stack_each and stack_owner */
    return r;
}

static struct goroutine *carve(struct region *r)
{
    uint32_t i = load_relaxed(&r->carved);
    preempt_hold();
    int error = os_guard(r->base + i * r->slot_size, r->gap);
    preempt_release();
    if (error)
        return NULL;
    struct goroutine *g = prepare(r, i);
    valgrind_stack(g->stack_low, g->stack_high);
    store_release(&r->carved, i + 1);
    return g;
}

/* What is its context's own, where its context needs more than the stack. */
void *stack_beneath(const struct goroutine *g)
{
    return (char *)g->stack_low - g->region->gap;
}

/* ---- the pool all processors share ---- */

static struct goroutine *pool_take(struct pool *pool, uint32_t class)
{
    lock_take(&pool->lock);
    struct goroutine *g = pool->dead;
    if (g) {
        pool->dead = g->link;
        pool->dead_count--;
    }
    struct region *r = pool->regions;
    for (; !g && r; r = r->same_class) {
        if (r->cold_count)
            g = prepare(r, r->cold[--r->cold_count]);
        else if (load_relaxed(&r->carved) < r->count)
            g = carve(r);
    }
    if (!g && (r = add_region(pool, class)))
        g = carve(r);
    lock_drop(&pool->lock);
    return g;
}

/* Gives the pages back. The descriptor reads as zero afterwards: a dead goroutine. */
static void make_cold(struct goroutine *g)
{
    struct region *r = g->region;
    uint32_t i = slot_index(g);
    char *low = (char *)g->stack_low;
    preempt_hold();
    os_discard(low, (size_t)(r->base + (i + 1) * r->slot_size - low));
    preempt_release();
    r->cold[r->cold_count++] = i;
}

static void pool_give(struct pool *pool, struct goroutine *g)
{
    lock_take(&pool->lock);
    g->link = pool->dead;
    pool->dead = g;
    pool->dead_count++;
    lock_drop(&pool->lock);
}

/* Makes some of what lies in the pools beyond POOL_SIZE cold. False: there is no more. Only the monitor calls it. */
bool stack_trim(void)
{
    int budget = TRIM_BATCH;
    for (int i = 0; i < CLASSES; i++) {
        struct pool *pool = &pools[i];
        lock_take(&pool->lock);
        for (; pool->dead_count > POOL_SIZE && budget > 0; budget--) {
            struct goroutine *g = pool->dead;
            pool->dead = g->link;
            pool->dead_count--;
            make_cold(g);
        }
        lock_drop(&pool->lock);
    }
    return budget == 0;
}

/* ---- a processor's own cache ---- */

struct goroutine *stack_take(struct processor *p, size_t size)
{
    size_t usable = (size ? size : (size_t)STACK_DEFAULT) * SANITIZE_STACK_FACTOR;
    if (likely(p && p->dead && size == 0)) {
        struct goroutine *g = p->dead;
        p->dead = g->link;
        p->dead_count--;
        return g;
    }
    uint32_t class = class_of(usable);
    return pool_take(&pools[class], class);
}

/* Half the cache goes to the pool when it is full, so that spawners and the ended need not meet there each time. */
static void spill(struct processor *p)
{
    for (uint32_t n = p->dead_count / 2; n > 0; n--) {
        struct goroutine *g = p->dead;
        p->dead = g->link;
        p->dead_count--;
        pool_give(&pools[g->region->class], g);
    }
}

void stack_give(struct processor *p, struct goroutine *g)
{
    struct region *r = g->region;
    static const uint32_t most = CACHE_SIZE;
    if (!p || most == 0 || r->usable != (size_t)STACK_DEFAULT * SANITIZE_STACK_FACTOR) {
        pool_give(&pools[r->class], g);
        return;
    }
    if (p->dead_count >= most)
        spill(p);
    g->link = p->dead;
    p->dead = g;
    p->dead_count++;
}

void stack_flush(struct processor *p)
{
    while (p->dead) {
        struct goroutine *g = p->dead;
        p->dead = g->link;
        p->dead_count--;
        pool_give(&pools[g->region->class], g);
    }
}

/* ---- looking at them all ---- */

void stack_each(void (*visit)(struct goroutine *g, void *argument), void *argument)
{
    for (struct region *r = load_acquire(&all_regions); r; r = load_relaxed(&r->next)) {
        uint32_t carved = load_acquire(&r->carved);
        for (uint32_t i = 0; i < carved; i++)
            visit(slot_goroutine(r, i), argument);
    }
}

/* The goroutine in whose slot the address lies; async-signal-safe. */
struct goroutine *stack_owner(uintptr_t address, bool *in_gap)
{
    for (struct region *r = load_acquire(&all_regions); r; r = load_relaxed(&r->next)) {
        uintptr_t offset = address - (uintptr_t)r->base;
        uint32_t i = (uint32_t)(offset / r->slot_size);
        if (address < (uintptr_t)r->base || i >= load_acquire(&r->carved))
            continue;
        *in_gap = offset % r->slot_size < r->gap;
        return slot_goroutine(r, i);
    }
    return NULL;
}

uint64_t stack_count(void)
{
    uint64_t count = 0;
    for (struct region *r = load_acquire(&all_regions); r; r = load_relaxed(&r->next))
        count += load_relaxed(&r->carved);
    return count;
}
