/* A copy of a stack, so that it can be walked at leisure while its goroutine runs on. What is deeper is read from the stack itself:
 * it changes less often. All reading is by the kernel, so a stack that is garbage leads nowhere, not into a fault.
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

/* A frame that overflowed its stack begins below it, in the gap. */
void view_take(struct view *v, struct goroutine *g, uintptr_t pc, uintptr_t sp, uintptr_t fp)
{
    v->stack = (struct go_stack){.pc = pc, .sp = sp, .fp = fp, .read = read_view};
    v->g = g;
    v->high = g ? g->stack_high : sp < -THREAD_STACK_MOST ? sp + THREAD_STACK_MOST : -(uintptr_t)1;
    v->low = v->end = g && sp < g->stack_low ? g->stack_low : sp;
    if (v->low >= v->high)
        return;
    size_t size = v->high - v->low < VIEW_SIZE ? v->high - v->low : VIEW_SIZE;
    v->end = v->low + os_peek(v->low, v->bytes, size);
}
