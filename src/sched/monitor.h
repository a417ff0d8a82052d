/* Who watches the threads from outside: the monitor, what it goes by, and how it takes a processor from one that sleeps in the
 * kernel. Private to this folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_MONITOR_H
#define SCHED_MONITOR_H

#include "base/atomic.h"
#include "base/base.h"

struct processor;
struct thread;

/* monitor.c */
int monitor_start(void);
void monitor_kick(void);
void monitor_request_dump(void);
extern _Atomic uint32_t monitor_asleep; /* 1: it sleeps until a moment or for ever, and wants to be told of waiting work */
extern _Atomic int64_t monitor_until;   /* the moment */
void monitor_let_finish(void);          /* by who was woken */

/* A push by the thread that runs the processor, then a look at whether the monitor sleeps: the store-load pair needs no fence
 * here because the monitor fences all threads before it looks at the queues a last time (monitor.c). */
static inline void monitor_tell(void)
{
    compiler_barrier();
    if (unlikely(load_relaxed(&monitor_asleep)))
        monitor_kick();
}

/* calm.c */
struct calm {
    int64_t since; /* when a goroutine was last seen to stay, and all that is passed over */
};
int64_t calm_lateness(const struct calm *c, int64_t now, int64_t slice); /* how late the next look may be; 0: not at all */
void calm_end(struct calm *c, int64_t now);
void calm_pass_over(struct calm *c, int64_t time);

/* wanted.c */
bool wanted_threads_come(int64_t now, int64_t slice, int64_t *next);

/* taken.c */
enum take { TAKE_RUNS, TAKE_BLOCKED /* but is not taken, or no longer */, TAKE_TOOK };
struct thread *taken_self(void);
bool taken_return(void);
void taken_watch(struct thread *m);
void taken_unwatch(struct thread *m);
bool taken_sleeps(struct thread *m);  /* in a call of the system */
bool taken_in_call(struct thread *m); /* the same, or may still be in it */
enum take taken_take(struct processor *p);
bool taken_sleep_was_interrupted(struct thread *m, uintptr_t sp, uintptr_t pc);
void taken_ask_hogs(void);
void taken_relieve(void);

#endif
