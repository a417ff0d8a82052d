/* Preemption as the rest of the library sees it: how to keep it away, and how to ask for it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_PREEMPT_H
#define SCHED_PREEMPT_H

#include "base/base.h"

struct processor;
struct thread;

enum preempt_mode { PREEMPT_OFF, PREEMPT_FRAME, PREEMPT_INJECT };

/* ---- give_way.c ---- */

/* Around every call that leaves our own text (libc, a callback) while the library is in the middle of something. Nests. */
void preempt_hold(void);
void preempt_release(void);

/* Asks the goroutine that runs on p to give way at its next call; gives the thread that it is on, or NULL. */
struct thread *preempt_ask(struct processor *p);

/* True if whoever runs on m's processor was asked to give way, and not somebody before. */
bool preempt_is_wanted(struct thread *m);

/* The caller gives way now if it was asked to. The last step of calls that somebody may make all the time without ever blocking: a
 * signal would find it in our text, or in libc's, again and again. It holds nothing of ours there. */
void preempt_now(void);

/* Takes the goroutine that runs on m off its processor, behind everybody; returns when it runs again, perhaps on another thread. */
void preempt_leave(struct thread *m);

/* errno is the thread's, so it is looked up anew after the switch. */
void preempt_keeping_errno(struct thread *m, void (*leave)(struct thread *m));

/* ---- preempt.c ---- */

/* Chooses the way of preempting; before the first goroutine. */
void preempt_start(enum preempt_mode mode);

/* Asks the goroutine that runs on p to give way: at its next call, and by a signal, unless `quietly`. The signal would end a call
 * of the system: the caller has looked whether its thread sleeps in one (taken.c). */
void preempt_request(struct processor *p, bool quietly);

/* Sends the signal to thread m, unless one is on its way. As above. */
void preempt_signal(struct thread *m);

/* True if pc lies in the library's own text. */
bool preempt_in_library(uintptr_t pc);

/* The interrupt callback of the OS floor. */
void preempt_interrupt(void *frame);

/* Tests only: when not zero, every interrupt of ours counts as wanted. */
extern int preempt_force;

#endif
