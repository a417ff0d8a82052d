/* Calls that are ended from below: by an exception of the host's, which takes all frames off.
 *
 * Where the program has C++ exceptions by emscripten (-fexceptions), it is one of these: a number, which is the address of the
 * thrown object. So each frame's clean-ups run as it passes, and a catch (...) sees it. It has no type, so that no other catch
 * does. Its end is the innermost arch_call, or the bottom of the context. Else the frames are taken off as they are.
 *
 * SPDX-License-Identifier: MIT
 */
#include <emscripten.h>
#include <emscripten/stack.h>

#include "arch/wasm/context.h"

#define THROWN_AT 64 /* from the begin of the room for an exception; what emscripten notes of one lies before it */

typedef void function(void *);
typedef void *destructor(void *);

/* The name tells emscripten that a context may be left, and come back to, inside the call. Then this is called again, with the same
 * arguments: so it knows its landing by where that lies, and is given the stack pointer of the first time. */
EM_JS(int, __asyncjs__go_arch_call, (void **landing, function *fn, void *arg, uintptr_t sp), {
    try {
        wasmTable.get(fn)(arg);
        return 0;
    } catch (e) {
        var thrown = Module.goThrown && Module.goThrown[e];
        if (!thrown && (!e || e.goLanding != landing))
            throw e;
        if (thrown) {
            delete Module.goThrown[e];
            exceptionLast = 0;
            if (typeof uncaughtExceptionCount != "undefined")
                uncaughtExceptionCount--;
        }
        stackRestore(sp);
        return 1;
    }
});

EM_JS(void, go_arch_land, (void *landing), { throw({goLanding : landing}); });

EM_JS(int, go_arch_has_exceptions, (void), { return typeof exceptionLast != "undefined"; });

EM_JS(void, go_arch_throw, (void *object, destructor *destroy), {
    Module.goThrown = Module.goThrown || {};
    Module.goThrown[object] = true;
    new ExceptionInfo(object).init(0, destroy);
    exceptionLast = object;
    if (typeof uncaughtExceptionCount != "undefined")
        uncaughtExceptionCount++;
    throw object;
});

bool arch_call(void **landing, void (*fn)(void *), void *arg)
{
    struct context *c = arch_current;
    *landing = landing;
    c->calls++;
    bool landed = __asyncjs__go_arch_call(landing, fn, arg, emscripten_stack_get_current());
    c->calls--;
    return landed;
}

_Noreturn void arch_land(void *landing)
{
    go_arch_land(landing);
    __builtin_unreachable();
}

_Noreturn void arch_begin(struct context *c, void (*fn)(void *))
{
    void *bottom;
    if (!go_arch_has_exceptions())
        fn(c);
    else if (arch_call(&bottom, fn, c))
        c->stop(1, _UA_FORCE_UNWIND | _UA_CLEANUP_PHASE | _UA_END_OF_STACK, 0, c->exception, NULL, c->argument);
    __builtin_unreachable();
}

/* ---- what base/unwind.c asks for ---- */

/* The end of a catch (...) that does not throw on destroys the object. A destructor returns it. */
static void *destroy(void *object)
{
    struct _Unwind_Exception *exception = (struct _Unwind_Exception *)((char *)object - THROWN_AT);
    exception->exception_cleanup(_URC_FOREIGN_EXCEPTION_CAUGHT, exception);
    return object;
}

/* The innermost arch_call is where it was to end, too. Below main()'s nobody of ours stands. */
_Unwind_Reason_Code _Unwind_ForcedUnwind(struct _Unwind_Exception *exception, _Unwind_Stop_Fn stop, void *argument)
{
    struct context *c = arch_current;
    if (c->calls == 0 || !go_arch_has_exceptions())
        return _URC_FATAL_PHASE2_ERROR;
    c->exception = exception;
    c->stop = stop;
    c->argument = argument;
    go_arch_throw((char *)exception + THROWN_AT, destroy);
    return _URC_FATAL_PHASE2_ERROR;
}

_Unwind_Word _Unwind_GetCFA(struct _Unwind_Context *context)
{
    (void)context;
    return 0;
}
