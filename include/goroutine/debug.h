/* Seeing what the library does: statistics, dumps, words for errors, versions, and the allocator that it uses.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_DEBUG_H
#define GOROUTINE_DEBUG_H

#include "abi.h"

GO_BEGIN_DECLS

/* Why a preemption that was asked for did not happen; it is asked for again one slice later. */
enum go_refusal {
    GO_REFUSED_STALE,     /* the goroutine that it was meant for had left already */
    GO_REFUSED_LIBRARY,   /* in this library's own text */
    GO_REFUSED_FOREIGN,   /* outside the program's own text, where thread identities cannot be handed over (task.h) */
    GO_REFUSED_OFF,       /* switched off by go_preempt_off or by the library around a call into libc */
    GO_REFUSED_STACK,     /* not on the goroutine's own stack, or no room left on it */
    GO_REFUSED_SCHEDULER, /* no goroutine was running there */
    GO_REFUSED_IDENTITY,  /* no spare thread identity, and no idle thread that could carry the processor on */
    GO_REFUSALS
};

struct go_stats {
    uint64_t spawned;               /* goroutines started, goroutine 1 included */
    uint64_t switches;              /* times a goroutine was put on a processor */
    uint64_t steals;                /* times one processor took work from another */
    uint64_t wakeups;               /* idle kernel threads woken for work */
    uint64_t preempt_requests;      /* signals sent to take a goroutine off */
    uint64_t preemptions;           /* goroutines taken off by them */
    uint64_t refusals[GO_REFUSALS]; /* by cause */
    uint64_t handovers;             /* processors taken from a blocking region */
    uint64_t monitor_ticks;         /* wake-ups of the monitor thread */
    uint64_t threads;               /* kernel threads the library has now */
    uint64_t processors;            /* as go_maxprocs(0) */
    uint64_t stacks;                /* stacks mapped, in use and cached */
    uint64_t processors_retaken;    /* processors taken from a system call that nobody announced */
    uint64_t threads_stopped;       /* preemptions that took the whole kernel thread, since the identity could not be handed over */
    uint64_t identities;            /* of the threads: those that only lend their identity, make threads, or stand by */
    uint64_t identities_spare;      /* thread identities that wait for somebody to need them */
};

/* go_stats_read fills the first size bytes of *stats (give sizeof(struct go_stats)); what this version does not know is zeroed.
 * The figures are read while they move. Errors: -EINVAL stats is NULL. */
GO_API int go_stats_read(struct go_stats *stats, size_t size);

/* go_dump writes every goroutine to the descriptor fd: number, name, state, what it waits for and since when, its function,
 * where it was started, and its stack, the innermost frame first; the one that calls it comes before all others. SIGQUIT does
 * the same on standard error and lets the program go on, unless the program has a handler of its own for it. A frame is a line
 * "    function+0x12 file.c:34" in a program that links libgoroutine-trace, "    program+0x1139" in others: the offset, as
 * addr2line takes it, of the call that the frame is in. One that computes is stopped for a moment by a signal to see where it
 * is; of one in a blocking region only what called go_blocking_begin is known. One that sleeps in a call of the system which nobody
 * announced is "in a system call"; it gets the signal too, so such a call may end with EINTR. Errors: -EINVAL fd is negative. */
GO_API int go_dump(int fd);

/* A stack that stands still: its program counter, stack and frame pointer, the register in which calls leave the return address (0:
 * there is none, or what it holds is not known), and how to read it: 1, or 0 where there is nothing. */
struct go_stack {
    uintptr_t pc, sp, fp, link;
    uintptr_t more; /* for the library's own walks */
    int (*read)(const struct go_stack *stack, uintptr_t at, void *to, size_t size);
};

/* How stacks are walked and places named, better than the library can by itself. Both may be called at any time on any thread, a
 * signal handler's stack included, while others hold any lock of libc: they must not wait, nor allocate from malloc. The first is
 * called by one thread at a time. NULL: as without. */
struct go_tracer {
    /* Calls visit for each frame, the innermost first, until there is no more or visit gives 0, with the address of the instruction
     * that it is in; of a call, that is any address within it. */
    void (*walk)(const struct go_stack *stack, int (*visit)(void *argument, uintptr_t pc), void *argument);
    /* Writes what is at pc as a string of at most size bytes, the 0 included: "function+0x12 file.c:34"; functions that were
     * inlined there have lines of their own before. 0: it does not know. */
    int (*name)(uintptr_t pc, char *text, size_t size);
    void *reserved[6];
};

/* go_set_tracer has stacks walked and places named by these from now on; NULL: by nobody. *tracer must stay as it is.
 * libgoroutine-trace does this before main. Errors: -EINVAL something reserved is not 0. */
GO_API int go_set_tracer(const struct go_tracer *tracer);

/* go_strerror gives a one-line text for a negative errno value that a call returned; never NULL, never to be freed. */
GO_API const char *go_strerror(int err);

/* go_version gives GO_VERSION_NUMBER of the library that runs. */
GO_API int go_version(void);

/* go_set_allocator makes the library take the memory of channels, timers and its own tables from these two functions, which
 * must behave as malloc and free, from any thread. Stacks are mapped, not allocated.
 * Errors: -EINVAL one of them is NULL; -EBUSY the library has allocated already. */
GO_API int go_set_allocator(void *(*alloc)(size_t), void (*release)(void *));

GO_END_DECLS

#endif
