/* The poller, in which one thread blocks at most: the place in it, and what it says. Private to this folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_POLL_H
#define SCHED_POLL_H

#include "base/base.h"
#include "os/net.h"

struct processor;
struct thread;

enum poll_place { POLL_NOBODY, POLL_IDLE, POLL_MONITOR };

enum { POLL_BATCH = 64 };
struct poll_catch {
    int n;
    struct os_ready ready[POLL_BATCH];
};
bool poll_anybody_waits(void);
bool poll_is_started(void);
bool poll_place_is_free(void); /* false also where there is no poller */
bool poll_take_place(enum poll_place who);
void poll_leave_place(void);
void poll_wait(struct poll_catch *c, int64_t deadline); /* in the place, or with deadline 0 */
void poll_wake(void);                                   /* who is in it */
bool poll_in_passing(struct processor *p);
void poll_sleep(struct thread *m, int64_t deadline, struct poll_catch *c); /* in the place, which it leaves */
void poll_dispatch(const struct poll_catch *c);

#endif
