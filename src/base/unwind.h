/* The compiler's unwinder, where the program has one: who called whom, and the clean-ups of frames that are left.
 *
 * C++, and C built with -fexceptions, bring it into the program; any other program has no clean-ups either. So the library asks for
 * it by weak names, and needs no library for it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_UNWIND_H
#define BASE_UNWIND_H

#include "base/base.h"

/* Where a forced unwinding is kept: it must outlive the frames that are left. */
struct unwinding {
    uintptr_t exception[8];
    uintptr_t until;
    void (*arrived)(void *argument);
    void (*swallowed)(void); /* set by the caller: a catch (...) has not thrown on; must not return */
    void *argument;
} __attribute__((aligned(16)));

/* Leaves all frames below the address `until`, their clean-ups run, and calls arrived(argument), which must not return. Where there
 * is no unwinder, or it finds a frame that it does not know, that happens at once. */
_Noreturn void unwind_to(struct unwinding *u, uintptr_t until, void (*arrived)(void *argument), void *argument);

/* The frames of the caller, innermost first: addresses inside the instruction that each is at. How many; 0: no unwinder. `find`
 * (NULL: none) gives a function of the unwinder's by its name where the program has none itself. */
size_t unwind_look(uintptr_t *pcs, size_t most, void *(*find)(const char *name));

#endif
