/* Calls that are ended from below: by an exception of the host's, which takes all frames off. Nothing of them is run.
 *
 * SPDX-License-Identifier: MIT
 */
#include <emscripten.h>
#include <emscripten/stack.h>

#include "arch/arch.h"

typedef void function(void *);

/* The name tells emscripten that a context may be left, and come back to, inside the call. Then this is called again, with the same
 * arguments: so it knows its landing by where that lies, and is given the stack pointer of the first time. */
EM_JS(int, __asyncjs__go_arch_call, (void **landing, function *fn, void *arg, uintptr_t sp), {
    try {
        wasmTable.get(fn)(arg);
        return 0;
    } catch (e) {
        if (!e || e.goLanding != landing)
            throw e;
        stackRestore(sp);
        return 1;
    }
});

EM_JS(void, go_arch_land, (void *landing), { throw({goLanding : landing}); });

bool arch_call(void **landing, void (*fn)(void *), void *arg)
{
    *landing = landing;
    return __asyncjs__go_arch_call(landing, fn, arg, emscripten_stack_get_current());
}

_Noreturn void arch_land(void *landing)
{
    go_arch_land(landing);
    __builtin_unreachable();
}
