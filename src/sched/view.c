/* A copy of a stack, so that it can be walked at leisure while its goroutine runs on. What is deeper is read from the stack itself:
 * it changes less often. All reading is by the kernel, so a stack that is garbage leads nowhere, not into a fault. Of the rest of
 * memory only what belongs to an object is read: where code would be, a device may lie.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/trace.h"

#define THREAD_STACK_MOST ((size_t)8 << 20) /* a guess that only has to end somewhere */

static int read_view(const struct go_stack *stack, uintptr_t at, void *to, size_t size)
{
    const struct view *v = (const struct view *)stack;
    if (at < v->low || at > v->high || size > v->high - at)
        return 0;
    if (at <= v->end && size <= v->end - at) {
        __builtin_memcpy(to, v->bytes + (at - v->low), size);
        return 1;
    }
    return os_peek(at, to, size) == size;
}

/* Code, in lines: it is read by the word, and each reading costs a call of the system. They hold for one view: an object may be
 * unloaded, and another loaded in its place. */
enum { LINE = 64, LINES = 256 };
static struct line {
    uintptr_t at;
    uint32_t view; /* 0: nothing is there */
    char bytes[LINE];
} lines[LINES];
static uint32_t views;

static bool fetch(struct line *line, uintptr_t at)
{
    char name[32];
    line->view = os_image_place(at, name, sizeof name) && os_peek(at, line->bytes, LINE) == LINE ? views : 0;
    line->at = at;
    return line->view != 0;
}

int view_read(const void *view, uintptr_t at, void *to, size_t size)
{
    const struct view *v = view;
    if (read_view(&v->stack, at, to, size))
        return 1;
    for (size_t done = 0; done < size;) {
        uintptr_t base = (at + done) & -(uintptr_t)LINE;
        struct line *line = &lines[base / LINE % LINES];
        size_t offset = at + done - base, piece = LINE - offset < size - done ? LINE - offset : size - done;
        if ((line->at != base || line->view != views) && !fetch(line, base))
            return 0;
        __builtin_memcpy((char *)to + done, line->bytes + offset, piece);
        done += piece;
    }
    return 1;
}

/* A frame that overflowed its stack begins below it, in the gap. */
void view_take(struct view *v, struct goroutine *g, const struct go_stack *at)
{
    uintptr_t sp = at->sp;
    v->stack = *at;
    v->stack.read = read_view;
    v->g = g;
    views++;
    v->high = g ? g->stack_high : sp < -THREAD_STACK_MOST ? sp + THREAD_STACK_MOST : -(uintptr_t)1;
    v->low = v->end = g && sp < g->stack_low ? g->stack_low : sp;
    if (v->low >= v->high)
        return;
    size_t size = v->high - v->low < VIEW_SIZE ? v->high - v->low : VIEW_SIZE;
    v->end = v->low + os_peek(v->low, v->bytes, size);
}
