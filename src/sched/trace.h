/* Tracebacks: the stack of a goroutine, as a dump or a last word shows it. Private to this folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_TRACE_H
#define SCHED_TRACE_H

#include "arch/arch.h"
#include "sched/runtime.h"

#include "goroutine/debug.h"

#define VIEW_SIZE ((size_t)32 << 10)

/* A stack as it was at one moment: where it stood, and a copy of its inner part; the rest is read where it lies. */
struct view {
    struct go_stack stack; /* first: what go_tracer hands back to us */
    struct goroutine *g;
    uintptr_t high;     /* where the stack ends */
    uintptr_t low, end; /* what is copied */
    char bytes[VIEW_SIZE];
};

/* Fills the view by a copy of what lies above at->sp. g: whose stack; NULL: a plain thread's. */
void view_take(struct view *v, struct goroutine *g, const struct go_stack *at);

/* An arch_read: of that stack, and of what lies in objects: code, and the tables beside it. */
int view_read(const void *view, uintptr_t at, void *to, size_t size);

/* The thread on which it runs; NULL: none. */
struct thread *runs_on(const struct goroutine *g);

/* Where the function that this is written in was called; it must have a frame pointer. */
#define trace_caller() trace_caller_of(ARCH_FRAME_ADDRESS(), ARCH_FRAME_CFA(), ARCH_RETURN_ADDRESS())
struct go_stack trace_caller_of(const void *frame_address, const void *cfa, const void *caller);

/* Where what this frame interrupted is. */
struct go_stack trace_interrupted(const void *frame);

/* ask.c: a dump begins, in which some may take long to answer. */
void ask_patiently(void);

/* ask.c: the view of a goroutine that runs on thread m, by a signal; false: it does not answer, or has left. */
bool ask_for_view(struct thread *m, struct goroutine *g, struct view *v);

/* ask.c: in the handler of an interrupt. True if it was for that; perhaps for a preemption too. */
bool ask_answer(struct thread *m, void *frame);

/* Writes the frames of a goroutine (NULL: of a plain thread), each on a line. here: where it stands, if that is the caller's
 * business to know (its own stack, a fault); NULL: as is found out. */
void trace_write(int fd, struct goroutine *g, const struct go_stack *here);

/* Writes a name for the place of an instruction, the best that is to be had. */
void trace_name(uintptr_t pc, char *text, size_t size);

/* How many stacks were written: a report that is under way comes on. */
extern _Atomic uint32_t trace_count;

#endif
