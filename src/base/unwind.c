/* The compiler's unwinder, by weak names.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/unwind.h"

#include <unwind.h>

#pragma weak _Unwind_Backtrace
#pragma weak _Unwind_ForcedUnwind
#pragma weak _Unwind_GetCFA

_Static_assert(sizeof(struct _Unwind_Exception) <= sizeof(((struct unwinding *)0)->exception), "struct unwinding is too small");
_Static_assert(_Alignof(struct _Unwind_Exception) <= 16, "likewise");

/* The end of a catch (...) that does not throw on: the goroutine would run on in the middle of what it is thrown out of. */
static void swallowed(_Unwind_Reason_Code code, struct _Unwind_Exception *exception)
{
    (void)code;
    container_of((void *)exception, struct unwinding, exception)->swallowed();
}

static _Unwind_Reason_Code step(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
                                struct _Unwind_Exception *exception, struct _Unwind_Context *context, void *argument)
{
    struct unwinding *u = argument;
    (void)version;
    (void)class;
    (void)exception;
    if ((actions & _UA_END_OF_STACK) || _Unwind_GetCFA(context) > u->until)
        u->arrived(u->argument);
    return _URC_NO_REASON;
}

_Noreturn void unwind_to(struct unwinding *u, uintptr_t until, void (*arrived)(void *argument), void *argument)
{
    u->until = until;
    u->arrived = arrived;
    u->argument = argument;
    struct _Unwind_Exception *exception = (struct _Unwind_Exception *)u->exception;
    __builtin_memset(exception, 0, sizeof *exception);
    exception->exception_cleanup = swallowed;
    if (_Unwind_ForcedUnwind && _Unwind_GetCFA)
        _Unwind_ForcedUnwind(exception, step, u);
    arrived(argument);
    __builtin_unreachable();
}

/* ---- what flies, and what was caught ---- */

extern void *__cxa_get_globals(void) __attribute__((weak));

struct exceptions *exceptions_here(void)
{
    static struct exceptions none;
    return __cxa_get_globals ? __cxa_get_globals() : &none;
}

/* ---- looking ahead ---- */

struct look {
    uintptr_t sp, found;
};

static _Unwind_Reason_Code look_at(struct _Unwind_Context *context, void *argument)
{
    struct look *l = argument;
    if (_Unwind_GetCFA(context) > l->sp)
        return _URC_END_OF_STACK;
    l->found = _Unwind_GetCFA(context);
    return _URC_NO_REASON;
}

uintptr_t unwind_frame_of(uintptr_t sp)
{
    struct look l = {.sp = sp, .found = sp};
    if (_Unwind_Backtrace && _Unwind_GetCFA)
        _Unwind_Backtrace(look_at, &l);
    return l.found;
}
