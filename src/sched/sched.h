/* What the floors above may use of the scheduler: who runs, the two doors of blocking (park and ready), and waiting in line.
 *
 * The rules of the two doors: a goroutine parks holding the lock of the object it waits on, having put a waiter on the object's
 * queue; the lock is dropped after the switch, by the context that was switched to. Whoever wins the waiter's claim (if it has one)
 * owns the goroutine and must call sched_ready exactly once: somebody who took it off the queue, under that lock, or a deadline or
 * canceller, which leaves the queue alone. The waiter lives on the parked stack and is gone after that.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "base/atomic.h"
#include "base/base.h"
#include "base/heap.h"
#include "os/net.h"
#include "os/os.h"
#include "sched/lock.h"
#include "sched/preempt.h"

struct goroutine;
struct processor;

/* The calling goroutine; on a plain thread its stand-in. Starts the scheduler if the caller is main(). */
struct goroutine *sched_self(void);

/* Parks the caller and drops the lock once it is off its stack. `why` and `where` are for dumps; why is a literal. */
void sched_park(struct lock *lock, const char *why, const void *where);

/* The same where more than one lock must be dropped: release(argument) runs after the switch, on another stack. */
void sched_park_with(void (*release)(void *), void *argument, const char *why, const void *where);

/* Makes a parked goroutine run again. */
void sched_ready(struct goroutine *g);

/* Brings a parked goroutine that is about to be made ready into the cache; the second, once the first has had time, its stack. */
void sched_fetch(const struct goroutine *g);
void sched_fetch_stack(const struct goroutine *g);

/* Lets others run. */
void sched_yield_now(void);

/* Starts a goroutine of the program's from inside the library (timer functions). 0, -ENOMEM, -EAGAIN. */
int sched_spawn(void (*fn)(void *), void *arg, uintptr_t creator_pc);

/* Starts a goroutine of the library's own: it does not count as one of the program's. Errors likewise. */
int sched_spawn_own(const char *name, void (*fn)(void *), void *arg);

/* Starts the scheduler if need be. 0 or -EAGAIN, -ENOMEM. */
int sched_ensure(void);

/* Memory through the allocator that the program chose; NULL: none left. */
void *sched_alloc(size_t size);
void sched_free(void *at);

/* memcpy and memset that are not preempted half way, as the caller may hold a lock. */
void sched_copy(void *to, const void *from, size_t size);
void sched_zero(void *at, size_t size);

/* ---- timers ---- */

struct timer {
    struct heap_node node;
    struct processor *p; /* in whose heap it is; fixed while armed */
    bool armed;          /* under the heap's lock */
    /* Runs under the heap's lock, in a scheduler context: must not wait for a lock. Returns when to fire again, or TIME_NEVER. */
    int64_t (*fire)(struct timer *timer, int64_t now);
};

/* Fires once the clock passes `when`. will_park: the caller parks right away, so the scheduler itself sees to the deadline. */
void timer_arm(struct timer *timer, int64_t when, bool will_park);

/* True if it had not fired. When it returns the timer does not fire, and is not firing. */
bool timer_disarm(struct timer *timer);

/* Parks the caller until the moment: 0, or the result of its canceller. */
int timer_sleep(int64_t when);

/* What a timer that finds a lock taken returns, to try again. */
#define TIMER_RETRY 20000

/* ---- the poller ---- */

/* How a floor above has goroutines wait for descriptors, which it adds to the poller of the OS by itself. */
struct poller {
    /* Makes ready whoever waits for these. On a scheduler context, or a thread without one. */
    void (*dispatch)(const struct os_ready *ready, int n);
    /* True if a goroutine waits for a descriptor: then there is no deadlock. */
    bool (*anybody_waits)(void);
    /* The calls of these names (os_poller_...). The scheduler does not name them, so that a program without descriptors has none of
     * it. */
    int (*start)(void);
    int (*wait)(struct os_ready *ready, int most, int64_t deadline);
    void (*wake)(void);
};

/* Starts polling; the first one counts. 0, -EMFILE, -ENFILE, -ENOMEM, and as sched_ensure. */
int sched_start_poller(const struct poller *poller);

/* ---- waiting in line ---- */

struct waiter {
    struct waiter *next, *prev;
    struct goroutine *g;
    void *slot;              /* the element to send, or where to receive */
    _Atomic uint32_t *claim; /* shared by the waiters of one select: 0, or 1 + index of the one that won; NULL: a lone waiter */
    uint32_t index;
    int32_t result; /* written by who takes it off the queue */
    bool queued;
    bool lone; /* for channels: not of a select, and not served */
};

/* All zero is an empty queue. Under the object's lock; first may be read without it, as a hint. */
struct wait_queue {
    struct waiter *_Atomic first;
    struct waiter *last;
};

static inline bool wait_queue_empty(const struct wait_queue *q)
{
    return load_relaxed(&q->first) == NULL;
}

static inline void wait_queue_push(struct wait_queue *q, struct waiter *w)
{
    w->next = NULL;
    w->prev = q->last;
    if (q->last) {
        q->last->next = w;
    } else {
        store_relaxed(&q->first, w);
    }
    q->last = w;
    w->queued = true;
}

static inline void wait_queue_push_front(struct wait_queue *q, struct waiter *w)
{
    struct waiter *first = load_relaxed(&q->first);
    w->prev = NULL;
    w->next = first;
    if (first) {
        first->prev = w;
    } else {
        q->last = w;
    }
    store_relaxed(&q->first, w);
    w->queued = true;
}

static inline void wait_queue_remove(struct wait_queue *q, struct waiter *w)
{
    if (w->prev) {
        w->prev->next = w->next;
    } else {
        store_relaxed(&q->first, w->next);
    }
    if (w->next) {
        w->next->prev = w->prev;
    } else {
        q->last = w->prev;
    }
    w->queued = false;
}

/* Wins the right to wake the waiter's goroutine; false: another case of its select has won. Release and acquire of the result
 * happen through sched_ready and the run queue. */
static inline bool waiter_claim(struct waiter *w)
{
    uint32_t open = 0;
    return !w->claim || cas_ordered(w->claim, &open, w->index + 1);
}

/* Takes off the waiter that has waited longest and that nobody else has won; NULL: none. */
static inline struct waiter *wait_queue_pop(struct wait_queue *q)
{
    for (;;) {
        struct waiter *w = load_relaxed(&q->first);
        if (!w)
            return NULL;
        wait_queue_remove(q, w);
        if (waiter_claim(w))
            return w;
    }
}

/* The waiter that has waited longest and that nobody has won so far; NULL: none. Those before it are taken off: they will leave
 * anyway, and must not hold up others meanwhile. */
static inline struct waiter *wait_queue_first(struct wait_queue *q)
{
    for (;;) {
        struct waiter *w = load_relaxed(&q->first);
        if (!w || !w->claim || !load_acquire(w->claim))
            return w;
        wait_queue_remove(q, w);
    }
}

/* Takes all off that can be won, each with this result, and links them by next, for wait_ready_all. */
struct waiter *wait_queue_pop_all(struct wait_queue *q, int32_t result);
void wait_ready_all(struct waiter *first);

/* Puts the waiter at the end of the queue, waits until somebody takes it off, and gives its result; -ETIMEDOUT at the deadline, or
 * the result of the caller's canceller. Called with the lock, returns without it. */
int wait_in_line(struct lock *lock, struct wait_queue *q, struct waiter *w, int64_t deadline, const char *why);

/* The same for a waiter that is on the queue already. */
int wait_queued(struct lock *lock, struct wait_queue *q, struct waiter *w, int64_t deadline, const char *why);

/* The same for several waiters with one claim: drops the locks by release(argument), `lock` last. Deadline and canceller claim by
 * waiter w; if it is on a queue, that is q, under `lock`. */
int wait_for_many(struct lock *lock, struct wait_queue *q, struct waiter *w, int64_t deadline, const char *why,
                  void (*release)(void *), void *argument);

/* ---- cancelling ---- */

/* Ends the waits of all who use it, those to come too. All zero is ready for use. */
struct canceller {
    struct lock lock;
    _Atomic int32_t result;     /* 0, or what the waits end with; written once, under lock */
    struct interruption *first; /* who waits; under lock */
};

/* From now on every wait of the caller ends once the canceller is fired; NULL: none does. Gives the one before. The canceller
 * travels with the goroutine, so that no call in between need know of it. */
struct canceller *sched_use_canceller(struct canceller *c);

/* 0, or what the caller's canceller was fired with: for who looks now and then, and must not take what comes after that. */
int sched_cancelled(void);

/* Fires it; false: it was fired before. */
bool canceller_fire(struct canceller *c, int32_t result);

/* ---- what waits have in common ---- */

/* A deadline that has passed before any waiting: -EAGAIN for GO_NOW, -ETIMEDOUT for another moment in the past, 0 for one to come.
 */
int deadline_passed(int64_t deadline);

/* os_now() for who may be on a goroutine, where preemption has to be kept off libc's part of it. */
int64_t sched_now(void);

/* A number by chance. */
uint64_t sched_random(void);

/* ---- ends ---- */

/* Called if the goroutine ends (go_exit), or panics, before sched_exit_forget. The hook lives on its stack; they nest. */
struct exit_hook {
    void (*run)(void *argument);
    void *argument;
    struct exit_hook *outer;
};
void sched_exit_hook(struct exit_hook *hook);
void sched_exit_forget(struct exit_hook *hook);

/* Asked by a hook: a panic runs it, and nobody has recovered so far. */
bool sched_panics(void);

/* A bug of ours: one line and the stack, then abort. */
_Noreturn void fatal(const char *format, ...) PRINTF_LIKE(1, 2);

/* The caller broke a rule: a panic that names it. It may be recovered, so nothing of ours may be held or half done. */
_Noreturn void panic(const char *format, ...) PRINTF_LIKE(1, 2);

/* The same where it cannot go on from there: one line that names the rule and the goroutine, all stacks, then exit with 2. */
_Noreturn void ruin(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
