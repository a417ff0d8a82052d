/* Restartable sequences: which there are, and moving the pc of one that was met half done back to where it begins anew.
 *
 * They lie in a table, sorted by address, that is never changed: an object that comes or goes makes a new one, and waits, before it
 * takes the old one's memory back, until no interrupt reads it any more. So an interrupt finds one in O(log n), takes no lock, and
 * never sees records of an object that dlclose has taken away. Constructors of the objects themselves tell of them
 * (restart.h): unlike a search through what the loader knows, that needs no lock of the loader's, misses no object that is loaded
 * later, and is the same for the program, a shared object, and this library linked in either way.
 *
 * A handler of the program's that interrupted a sequence, and is preempted itself on the same stack, has the pc of the sequence in
 * its own frame, further up. The stack is searched for it: all of it, since nobody knows where a handler's frame is; but only where
 * signals are masked, as they are in handlers, and only where there are sequences.
 *
 * Rejected: a mark that each sequence sets and clears, as the kernel's own restartable sequences have it (a store more on each of
 * them, and nobody would look at the mark when a handler of the program's begins).
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "base/valgrind.h"
#include "sched/preempt.h"
#include "sched/sched.h"

#define GO_RESTART_NO_SEQUENCES
#include "goroutine/restart.h"

struct sequence {
    uintptr_t begin, end, restart;
    const struct go_restart *origin; /* the first record of its object */
};

struct table {
    size_t size; /* as mapped */
    size_t count;
    struct sequence at[]; /* by begin; they do not overlap */
};

static _Atomic(struct table *) table; /* NULL: there are none */
static _Atomic uint32_t readers;      /* interrupts that may be reading it */
static struct lock lock;              /* who makes a new one */

/* ---- in an interrupt ---- */

static struct table *begin_to_read(void)
{
    add_ordered(&readers, 1); /* partner: replace */
    return load_ordered(&table);
}

static void end_to_read(void)
{
    add_ordered(&readers, -1u);
}

/* Where to go on instead of at pc; pc itself where it is in no sequence. */
static uintptr_t restart_of(const struct table *t, uintptr_t pc)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct sequence *s = &t->at[middle];
        if (pc < s->begin) {
            high = middle;
        } else if (pc >= s->end) {
            low = middle + 1;
        } else {
            return s->restart;
        }
    }
    return pc;
}

static READS_ANYTHING void rewind_others(const struct table *t, const void *frame, uintptr_t end)
{
    uintptr_t lowest = t->at[0].begin, all = t->at[t->count - 1].end - lowest;
    uintptr_t *last = (uintptr_t *)round_down(end, sizeof(uintptr_t));
    for (uintptr_t *at = (uintptr_t *)round_up(arch_frame_sp(frame), sizeof(uintptr_t)); at < last; at++)
        if (unlikely(*at - lowest < all) && restart_of(t, *at) != *at && arch_saves_pc(frame, at, end))
            *at = restart_of(t, *at);
}

/* g is about to be taken off at this frame. */
void restart_rewind(struct goroutine *g, void *frame)
{
    if (!load_relaxed(&table)) /* no code that runs here can have come with an object that is not in it yet */
        return;
    struct table *t = begin_to_read();
    if (t) {
        arch_frame_set_pc(frame, restart_of(t, arch_frame_pc(frame)));
        if (os_frame_masked(frame)) {
            valgrind_trust_begin();
            rewind_others(t, frame, goroutine_stack_end(g, arch_frame_sp(frame)));
            valgrind_trust_end();
        }
    }
    end_to_read();
}

bool restart_moves(uintptr_t pc)
{
    if (!load_relaxed(&table))
        return false;
    struct table *t = begin_to_read();
    bool moves = t && restart_of(t, pc) != pc;
    end_to_read();
    return moves;
}

/* ---- objects that come and go ---- */

/* Moves the sequence at i down the heap of the first so many, until none below it lies higher in memory. */
static void sift_down(struct sequence *heap, size_t i, size_t count)
{
    struct sequence moving = heap[i];
    for (size_t below; (below = 2 * i + 1) < count; i = below) {
        if (below + 1 < count && heap[below].begin < heap[below + 1].begin)
            below++;
        if (heap[below].begin <= moving.begin)
            break;
        heap[i] = heap[below];
    }
    heap[i] = moving;
}

/* By heap, in place: qsort may allocate, which a library lock forbids, and so does the child of a fork with some allocators. */
static void sort_by_address(struct table *t)
{
    for (size_t i = t->count / 2; i-- > 0;)
        sift_down(t->at, i, t->count);
    for (size_t left = t->count; left-- > 1;) {
        struct sequence highest = t->at[0];
        t->at[0] = t->at[left];
        t->at[left] = highest;
        sift_down(t->at, 0, left);
    }
}

static struct table *make_table(size_t count)
{
    if (count == 0)
        return NULL;
    size_t size = round_up(sizeof(struct table) + count * sizeof(struct sequence), os_page_size());
    struct table *t = os_map(size, os_page_size());
    if (!t)
        fatal("no memory for the table of restartable sequences");
    t->size = size;
    return t;
}

static uintptr_t address(const int32_t *word)
{
    return (uintptr_t)word + (uintptr_t)(intptr_t)*word;
}

static void add_records(struct table *t, const struct go_restart *first, const struct go_restart *last)
{
    for (const struct go_restart *r = first; r < last; r++)
        t->at[t->count++] = (struct sequence){address(&r->begin), address(&r->end), address(&r->restart), first};
}

static size_t count_of(const struct table *t, const struct go_restart *origin)
{
    size_t count = 0;
    for (size_t i = 0; t && i < t->count; i++)
        count += t->at[i].origin == origin;
    return count;
}

static void add_all_but(struct table *t, const struct table *others, const struct go_restart *origin)
{
    for (size_t i = 0; t && others && i < others->count; i++)
        if (others->at[i].origin != origin)
            t->at[t->count++] = others->at[i];
}

/* Under lock. Who is in an interrupt does not wait for us: the interrupt is masked, or comes while we are in our own text. */
static void replace(struct table *old, struct table *new)
{
    store_ordered(&table, new);
    while (load_ordered(&readers)) /* partner: begin_to_read */
        os_thread_yield();
    if (old)
        os_unmap(old, old->size);
}

/* Neither who was in an interrupt then nor who was making a new table is in the child of a fork. */
static void forget_others(void)
{
    store_relaxed(&readers, 0);
    store_relaxed(&lock.word, LOCK_FREE);
}

__attribute__((constructor)) static void watch_forks(void)
{
    os_fork_watch(forget_others);
}

void go_restart_load(const struct go_restart *first, const struct go_restart *last)
{
    if (first == last)
        return;
    preempt_hold();
    lock_take(&lock);
    struct table *old = load_relaxed(&table);
    if (count_of(old, first) == 0) { /* else another file of the same object has told */
        struct table *new = make_table((old ? old->count : 0) + (size_t)(last - first));
        add_all_but(new, old, first);
        add_records(new, first, last);
        sort_by_address(new);
        replace(old, new);
    }
    lock_drop(&lock);
    preempt_release();
}

/* The program itself goes only with the process; its goroutines run while exit() calls its destructors. */
void go_restart_unload(const struct go_restart *first, const struct go_restart *last)
{
    if (first == last || os_image_owns(address(&first->begin)))
        return;
    preempt_hold();
    lock_take(&lock);
    struct table *old = load_relaxed(&table);
    size_t gone = count_of(old, first);
    if (gone > 0) {
        struct table *new = make_table(old->count - gone);
        add_all_but(new, old, first);
        replace(old, new);
    }
    lock_drop(&lock);
    preempt_release();
}
