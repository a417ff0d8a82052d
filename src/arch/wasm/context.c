/* Contexts are fibers of emscripten's.
 *
 *     | what its functions note when it is left | its stack in memory | struct context |
 *     ^ beneath                                 ^ low                 ^ what arch_switch takes
 *
 * A function whose locals have no address taken has nothing in memory, but something to note; one with arrays the other way round.
 * So both parts are of the same size. Where the notes have no room the host ends the program ("unreachable").
 *
 * SPDX-License-Identifier: MIT
 */
#include <emscripten/stack.h>

#include "arch/wasm/context.h"

#define NOTES_FIRST (256u << 10) /* main()'s */

static struct context first; /* main()'s */
struct context *arch_current = &first;

void arch_init(void)
{
    static _Alignas(ARCH_STACK_ALIGN) char notes[NOTES_FIRST];
    emscripten_fiber_init_from_current_context(&first.fiber, notes, sizeof notes);
}

static void enter(void *context)
{
    ((struct context *)context)->entry();
}

static void begin(void *context)
{
    arch_begin(context, enter);
}

size_t arch_context_beneath(size_t stack)
{
    return stack;
}

void *arch_context_init_in(void *beneath, void *low, void *top, void (*entry)(void))
{
    uintptr_t end = ((uintptr_t)top - sizeof(struct context)) & -(uintptr_t)ARCH_STACK_ALIGN;
    struct context *c = (struct context *)end;

    c->entry = entry;
    c->calls = 0;
    emscripten_fiber_init(&c->fiber, begin, c, low, end - (uintptr_t)low, beneath, (uintptr_t)low - (uintptr_t)beneath);
    return c;
}

void arch_switch(void **save, void *load)
{
    struct context *from = arch_current, *to = load;

    *save = from;
    arch_current = to;
    emscripten_fiber_swap(&from->fiber, &to->fiber);
}

/* The notes lie there. */
size_t arch_overflow(void)
{
    uintptr_t sp = emscripten_stack_get_current(), end = (uintptr_t)arch_current->fiber.stack_limit;
    return sp < end ? end - sp : 0;
}

uintptr_t arch_context_pc(const void *context)
{
    return (uintptr_t)((const struct context *)context)->entry;
}

uintptr_t arch_context_sp(const void *context)
{
    return (uintptr_t)((const struct context *)context)->fiber.stack_ptr;
}

uintptr_t arch_context_fp(const void *context)
{
    (void)context;
    return 0;
}

size_t arch_inject_room(void)
{
    return 0;
}
