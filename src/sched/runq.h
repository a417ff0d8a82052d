/* The queues of runnable goroutines: a ring, a deque and a next slot a processor, and lists that all share. Which is for whom, and
 * who has his turn when, stands in runq.c. Private to this folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_RUNQ_H
#define SCHED_RUNQ_H

#include "base/atomic.h"
#include "base/base.h"
#include "sched/tune.h"

struct goroutine;
struct processor;

/* A first-in-first-out ring: the owner puts at the tail and takes at the head, thieves take half from the head. */
struct ring {
    _Atomic uint32_t head CACHE_ALIGNED; /* moved by whoever takes, by CAS */
    _Atomic uint32_t tail;               /* moved by the owner; release, partner: the acquire load of a thief */
    _Atomic(struct goroutine *) slots[RING_SIZE];
};

/* A last-in-first-out deque (D. Chase, Y. Lev: Dynamic circular work-stealing deque, 2005), bounded: the owner pushes and pops at
 * the bottom, thieves take one at a time from the top, which is the oldest. */
struct deque {
    _Atomic uint32_t top CACHE_ALIGNED; /* moved by whoever takes the oldest, by CAS */
    _Atomic uint32_t bottom;            /* moved by the owner */
    _Atomic(struct goroutine *) slots[RING_SIZE];
};

struct list {
    struct goroutine *first, **last; /* last is NULL in an empty list that was never used */
    uint32_t count;
};

bool ring_put(struct ring *r, struct goroutine *g);
struct goroutine *ring_get(struct ring *r);
uint32_t ring_grab(struct ring *r, struct goroutine **batch);
bool ring_empty(struct ring *r);
bool deque_push(struct deque *d, struct goroutine *g);
struct goroutine *deque_pop(struct deque *d);
struct goroutine *deque_steal(struct deque *d);
bool deque_empty(struct deque *d);
void list_add(struct list *l, struct goroutine *g);
struct goroutine *list_take(struct list *l);
void queue_woken(struct processor *p, struct goroutine *g);
void queue_fresh(struct processor *p, struct goroutine *g);
void queue_last(struct goroutine *g);
void queue_overflow(struct goroutine *g);
void queue_urgent(struct goroutine *g);
struct goroutine *queue_take_shared(struct processor *p, bool preempted_too);
struct goroutine *queue_take_preempted(void);
struct goroutine *queue_take_identified(void);
struct goroutine *queue_take_next(struct processor *p);
void queue_give_away(struct processor *p);

#endif
