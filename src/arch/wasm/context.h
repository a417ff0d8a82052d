/* What a context of wasm's is; private to this folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_WASM_CONTEXT_H
#define ARCH_WASM_CONTEXT_H

#include <emscripten/fiber.h>
#include <unwind.h>

#include "arch/arch.h"

struct context {
    emscripten_fiber_t fiber;
    void (*entry)(void);
    uint32_t calls; /* of arch_call, under way */
    /* Of the last unwinding: what is to be told that it has come to its end. */
    struct _Unwind_Exception *exception;
    _Unwind_Stop_Fn stop;
    void *argument;
};
_Static_assert(sizeof(struct context) <= ARCH_CONTEXT_BYTES, "cpu.h");

extern struct context *arch_current;

/* call.c: calls fn(c), and what has left all of its frames. */
_Noreturn void arch_begin(struct context *c, void (*fn)(void *));

#endif
