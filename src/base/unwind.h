/* The compiler's unwinder, where the program has one: it runs the clean-ups of frames that are left. Stacks are shown without it.
 *
 * C++, and C built with -fexceptions, bring it into the program; any other program has no clean-ups either. So the library asks for
 * it by weak names, and needs no library for it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_UNWIND_H
#define BASE_UNWIND_H

#include "base/base.h"

/* What C++ keeps for each thread: which exceptions are caught, in what order, and how many are thrown and not caught yet
 * (struct __cxa_eh_globals of its ABI). */
#ifdef __ARM_EABI_UNWINDER__
#define EXCEPTION_WORDS 3 /* and which clean-ups have interrupted */
#else
#define EXCEPTION_WORDS 2
#endif
struct exceptions {
    uintptr_t words[EXCEPTION_WORDS];
};

/* Of the calling thread; where there is no C++, what stays empty. */
struct exceptions *exceptions_here(void);

static inline bool exceptions_any(const struct exceptions *e)
{
    uintptr_t any = 0;
    for (int i = 0; i < EXCEPTION_WORDS; i++)
        any |= e->words[i];
    return any != 0;
}

static inline struct exceptions exceptions_take(struct exceptions *e)
{
    struct exceptions taken = *e;
    if (exceptions_any(e))
        *e = (struct exceptions){0};
    return taken;
}

static inline void exceptions_put(struct exceptions *e, const struct exceptions *taken)
{
    if (exceptions_any(taken))
        *e = *taken;
}

/* Where a forced unwinding is kept: it must outlive the frames that are left. */
struct unwinding {
    uint64_t exception[12]; /* of 32-bit ARM the largest */
    uintptr_t until;
    void (*arrived)(void *argument);
    void (*swallowed)(void); /* set by the caller: a catch (...) has not thrown on; must not return */
    void *argument;
} __attribute__((aligned(16)));

/* Leaves all frames below the address `until`, their clean-ups run, and calls arrived(argument), which must not return. Where there
 * is no unwinder, or it finds a frame that it does not know, that happens at once. */
_Noreturn void unwind_to(struct unwinding *u, uintptr_t until, void (*arrived)(void *argument), void *argument);

/* The stack pointer that the frame has now in which it once was sp, or sp itself. It is less where the frame has pushed arguments.
 */
uintptr_t unwind_frame_of(uintptr_t sp);

#endif
