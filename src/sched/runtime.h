/* Private to this folder: goroutine, thread, processor, and who may touch which field.
 *
 * Goroutine (g): a stack, and where it stopped. Thread (m): a kernel thread that runs goroutines, and its own scheduler context.
 * Processor (p): the right to run, with its queues; there are go_maxprocs of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_RUNTIME_H
#define SCHED_RUNTIME_H

#include "base/atomic.h"
#include "base/base.h"
#include "base/heap.h"
#include "base/sanitize.h"
#include "base/unwind.h"
#include "os/os.h"
#include "sched/lock.h"
#include "sched/runq.h"
#include "sched/tune.h"

#include "goroutine/debug.h"

enum g_state {
    G_DEAD,     /* in a cache of dead goroutines, or its slot was never used; belongs to that cache's owner */
    G_RUNNABLE, /* on exactly one queue; belongs to who takes it from there */
    G_RUNNING,  /* m->current of exactly one thread; belongs to that thread */
    G_WAITING,  /* parked; belongs to who dequeues its waiter, and that one must call sched_ready */
    G_BLOCKED,  /* in a blocking region: runs on its thread, without a processor */
};

enum g_kind {
    KIND_GOROUTINE,
    KIND_SCHEDULER, /* the context in which a thread looks for work */
    KIND_THREAD,    /* stands for a plain thread that uses the library: parks by sleeping */
};

struct goroutine {
    /* Belongs to whoever owns the goroutine by its state. */
    void *sp;               /* where it stopped; not valid while it runs */
    struct goroutine *link; /* next on the list that it is on */
    void (*fn)(void *);
    void *arg;
    uint8_t kind;
    bool own;                     /* the library's: not counted */
    uint16_t preempt_off;         /* depth of go_preempt_off */
    uint16_t blocking;            /* depth of go_blocking_begin */
    uint16_t locks_thread;        /* depth of go_lock_thread */
    bool preempt_deferred;        /* a preemption was refused because of preempt_off */
    bool falls;                   /* counted in sched.falling */
    bool interrupted;             /* it is taken off at an arbitrary instruction */
    bool identity_for_life;       /* nobody has used it before, and nobody will */
    uint16_t keeps_identity;      /* depth of go_lock_identity */
    struct identity *identity;    /* its own; NULL: its thread's */
    struct identity *aside;       /* which it has kept, and goes back to when it is no longer tied to a thread */
    void *frame;                  /* stopped inside this interrupt, whose return restores the signal mask; NULL: not in one */
    struct go_stack outside;      /* where it called go_blocking_begin; for tracebacks, which read it at any time */
    struct thread *bound;         /* the only thread it may run on; NULL: any */
    struct exit_hook *exit_hooks; /* what is deferred; innermost first */
    struct attempt *attempts;     /* go_trys under way; likewise */
    struct panic *panics;         /* panics under way; the newest first */
    struct canceller *canceller;  /* ends its waits; NULL: none does */
    struct os_ending ending;      /* as a thread */

    /* Written by the owner; read by dumps at any time. */
    _Atomic uint32_t state;
    _Atomic uint64_t id;
    _Atomic(const char *) why;   /* what it waits for, in words */
    _Atomic(const void *) where; /* the object that it waits on */
    _Atomic int64_t since;       /* about when the state began */

    /* Fixed while it lives. */
    uintptr_t stack_low, stack_high; /* what it may use; for main() a generous guess */
    uintptr_t creator_pc;
    uint64_t creator_id;
    char name[16];
    struct region *region; /* where its stack comes from; NULL: not from a region */

    _Atomic uint32_t note; /* KIND_THREAD: 1 when ready */
    struct fiber fiber;
    struct unwinding unwinding; /* of what is outside of all go_trys, at its end */
};

/* What must happen right after a switch, done by the context that was switched to: only then is the old stack at rest. */
enum after_kind {
    AFTER_NOTHING,
    AFTER_UNLOCK, /* drop `lock`: the goroutine has parked */
    AFTER_CALL,   /* call(argument): the same, for more than one lock */
    AFTER_YIELD,  /* queue g behind the others of this processor */
    AFTER_LAST,   /* queue g behind everybody */
    AFTER_DEAD,   /* take g's memory back */
};

struct after {
    enum after_kind kind;
    struct goroutine *g;
    struct lock *lock;
    void (*call)(void *);
    void *argument;
};

enum p_state {
    P_IDLE,    /* on sched.idle_processors; belongs to sched.lock */
    P_RUNNING, /* p->m runs it */
    P_LENT,    /* its thread is in a blocking region and may come back for it; whoever wins the CAS away from here owns it */
    P_RETIRED, /* beyond go_maxprocs; belongs to nobody, only its timers live on */
};

/* The state of a lent processor carries a count, so that a thread that comes back cannot take what was lent anew since. */
#define P_STATE(word)       ((word)&15)
#define P_LENT_TIMES(times) (P_LENT | (uint32_t)(times) << 4)

/* Whether a thread has the processor that it believes it has. */
enum taken {
    TAKEN_NOT,
    TAKEN_TRIED, /* the monitor tries, or has tried in vain; the thread ends that, if it comes first */
    TAKEN_AWAY,  /* the thread has none until it asks for one; it ends that too */
};

enum attention {
    ATTENTION_NONE,
    ATTENTION_LOOK, /* the slice is over, a timer is due, or the processor retires */
    ATTENTION_TURN, /* the same, and it is the turn of one that has waited longest: preempted, or fresh */
    ATTENTION_MORE, /* that turn is not over if this one leaves early; gives way to all requests */
};

struct processor {
    /* Atomic, written by anybody. */
    _Atomic uint32_t state;
    _Atomic(struct thread *) m;
    _Atomic uint32_t attention; /* somebody wants the scheduler to look around: enum attention */
    _Atomic int64_t due;        /* key of the first timer; written under timer_lock */

    /* Atomic, written by the thread that runs it. */
    _Atomic uint32_t tick;            /* one more with each slice that begins */
    _Atomic uint32_t began_tick;      /* a slice that began when its predecessor was taken off; stored after */
    _Atomic int64_t began;            /* when that was */
    _Atomic uint64_t switches;        /* one more with each goroutine put on it */
    _Atomic uint32_t polls;           /* one more with each look into the poller */
    _Atomic uint32_t gave_way;        /* one more each time a goroutine went without a signal when asked to */
    _Atomic uint32_t lent;            /* one more each time it is lent */
    _Atomic(struct goroutine *) next; /* runs next, within the slice of who made it ready; also taken by thieves */
    _Atomic uint32_t eager; /* wake-ups left that are sent at once, because its goroutines run long; also by the monitor */
    struct ring woken;      /* woken and yielded goroutines */
    struct deque fresh;     /* new goroutines */

    /* Only the thread that runs it. */
    uint32_t id;
    uint32_t picks;     /* from the rings */
    uint32_t polled_at; /* pick of the last look into the poller */
    bool look_around;   /* so many that the shared lists must have their turn */
    bool fresh_turn;
    bool urgent_turn;
    bool gave_turn;    /* the last look was the turn of one that had waited long */
    bool oldest_fresh; /* and of which kind */
    int64_t turn_ends; /* at the latest */
    uint32_t turn_for; /* how many of those who waited at its start may still have it */
    uint32_t dead_count;
    struct goroutine *dead; /* dead goroutines of the default stack size, last in first out */
    uint64_t next_id, last_id;
    _Atomic int64_t born; /* of goroutines spawned minus ended here; summed by go_count */
    _Atomic uint64_t spawned, steals;

    struct processor *idle_link; /* under sched.lock */

    struct lock timer_lock CACHE_ALIGNED;
    struct heap timers; /* under timer_lock */
};

struct thread {
    /* Only the thread itself (its interrupt handler included). */
    struct goroutine *current; /* also read by the monitor */
    struct processor *p;
    struct processor *lent; /* what it gave away for a blocking region, and its state word then */
    uint32_t lent_word;
    struct after after;
    struct goroutine *came_from; /* for the sanitizers */
    bool searching;              /* counted in sched.searching */
    bool masked;                 /* left an interrupt without returning from it: the signal is masked */
    bool quits;                  /* its bound goroutine has ended */
    uint32_t hold;               /* inside a call to libc made by the library: no preemption */
    uint64_t random;
    struct goroutine *bound;     /* the goroutine that is tied to it */
    struct os_fault fault;       /* from the handler of a fault to sigpanic */
    struct go_stack fault_stack; /* where it happened */
    bool fault_of_call;          /* of what is no code */

    struct identity *own;      /* which it began with */
    struct identity *identity; /* for goroutines that have none; NULL: it runs none of these */
    _Atomic(struct identity *) in_use;
    struct exceptions *exceptions; /* of that one */
    uint64_t masked_signals;       /* when it began */

    /* taken.c; by the thread itself and by the monitor. */
    _Atomic uint32_t taken; /* enum taken */
    struct lock taking;
    bool watched;              /* its thread-locals are there; under `taking` */
    _Atomic uint32_t relieves; /* it is to run others, though nobody took its goroutine's time */
    struct thread *taken_next; /* the monitor's */
    bool taken_listed;
    int64_t taken_time;                   /* its CPU time then */
    _Atomic int64_t asleep_at;            /* its CPU time when it was last seen to sleep in a call; by anybody who looks */
    _Atomic uintptr_t slept_sp, slept_pc; /* where it was seen asleep with preemption switched off; the monitor's */

    /* Atomic. */
    _Atomic uint32_t signal_pending; /* one signal at a time; with decides, 1 and how often that was in the way of another */
    _Atomic uint32_t decides;        /* it is in the handler, or on its way to its next goroutine: asked already */
    _Atomic uint32_t wanted;         /* 1 + low bits of the tick for which a preemption was asked; 0: none */
    _Atomic uint64_t requests, preemptions, stops, refusals[GO_REFUSALS];
    _Atomic uint32_t library_refusals; /* the monitor asks again soon */

    _Atomic uint32_t polls; /* it blocks in the poller, and is woken there */

    /* Handed over with the note: written by the waker before it sets the note. */
    _Atomic uint32_t note;
    struct processor *handed;
    bool handed_searching;

    os_thread thread;           /* fixed while it runs */
    struct thread *all_link;    /* fixed */
    struct thread *idle_link;   /* under sched.lock */
    bool published;             /* on the list of all threads */
    bool idle;                  /* on the idle list; under sched.lock */
    bool is_first;              /* the thread the process began with */
    struct goroutine scheduler; /* its own context */
};

enum thread_wish {
    THREAD_ENOUGH,
    THREAD_NOW,    /* start one: to the monitor, */
    THREAD_COMING, /* which has asked the maker */
    THREAD_LATER,  /* the last try failed */
};

struct scheduler {
    struct lock lock;
    /* Under lock. */
    struct processor *idle_processors;
    struct thread *idle_threads;
    struct thread *ended_threads;
    struct list urgent;    /* woken, but by no processor: from plain threads, blocking regions */
    struct list woken;     /* what the rings could not hold */
    struct list fresh;     /* the same */
    struct list preempted; /* and others that must not run before anybody else */

    /* Atomic; written under lock, or as noted. */
    _Atomic uint32_t idle_count CACHE_ALIGNED; /* processors on the idle list */
    _Atomic uint32_t queued;                   /* on these lists */
    _Atomic uint32_t urgent_waiting;           /* on the first of them */
    _Atomic uint32_t preempted_waiting;        /* on the last of them */
    _Atomic uint32_t preempted_taken;          /* times one was taken from it; wraps */
    _Atomic uint32_t searching;                /* threads that look for work; anybody */
    _Atomic uint32_t threads;                  /* kernel threads that exist */
    _Atomic uint32_t others;                   /* kernel threads that lend their identity, and the maker */
    _Atomic uint32_t wanted_threads;           /* enum thread_wish */
    _Atomic uint32_t poll_place;               /* enum poll_place: who blocks in the poller; by CAS, and left by that one */
    _Atomic uint32_t dispatching;              /* threads that pass on what the poller told them; by them */
    _Atomic uint32_t blocking;                 /* goroutines in blocking regions, and whoever else may wake some */
    _Atomic uint32_t foreign;                  /* plain threads have used the library */
    _Atomic uint32_t falling;                  /* goroutines in a panic that no go_try will end; by them */
    _Atomic int64_t keeper; /* until when the idle thread that keeps the time sleeps; 0: there is none; likewise */
    _Atomic int64_t clock;  /* a recent os_now() */
    _Atomic uint64_t wakeups, handovers, monitor_ticks, retaken;
    _Atomic uint64_t ids; /* last goroutine number given to a processor's batch */
    _Atomic int64_t born_outside;
    _Atomic uint64_t spawned_outside;

    /* Settings, and what changes hardly ever. */
    _Atomic int64_t slice CACHE_ALIGNED;
    _Atomic int32_t processors;      /* go_maxprocs */
    _Atomic int32_t horizon;         /* no work and no timer is on a processor from here on */
    _Atomic int32_t processors_ever; /* valid entries of processor[] */
    _Atomic(struct processor *) processor[PROCESSORS_MAX];
    _Atomic(struct thread *) all_threads;
    _Atomic(struct thread *) relief; /* see relief.c */
    _Atomic uint32_t started;
};

extern struct scheduler sched;

/* thread.c */
struct thread *thread_self(void); /* NULL on a plain thread, or one without the processor it had; ask again after every switch */
struct thread *thread_mine(void); /* NULL on a plain thread only: for what needs no processor */
void thread_set_self(struct thread *m);
struct goroutine *thread_stand_in(void);
void thread_set_here(uint32_t processor);
void thread_forget_itself(void);
int thread_start(struct identity *id);
int thread_start_relief(void);
void thread_learn(struct identity *id);
int thread_adopt_first(struct goroutine *main_goroutine);
_Noreturn void thread_retire(struct thread *m);
void thread_sleep(struct thread *m, int64_t deadline);
void thread_wake(struct thread *m, struct processor *p, bool searching);

/* beneath.c */
bool beneath_lies(const struct goroutine *g, uintptr_t sp, uint64_t masked, bool (*counts)(uintptr_t pc));

/* forked.c: ends the process if it is the child of a fork that was made after the start */
void forked_check(void);

/* processor.c */
struct processor *processor_at(int i);
int processor_grow(int from, int to);
int processor_resize(int n);
int processor_most(long n);
void processor_lower_horizon(void);
void processor_take(struct thread *m, struct processor *p);
struct processor *processor_drop(struct thread *m);
void processor_retire(struct thread *m);
void processor_free_idle_work(void);
void processor_share_work(struct processor *p);
bool processor_has_work(struct processor *p);
bool processors_have_work(void);
bool processors_are_lent(void);
void processor_ask(struct processor *p);
struct processor *idle_pop(void);    /* under sched.lock */
void idle_push(struct processor *p); /* under sched.lock */

/* sched.c */
_Noreturn void schedule_for_ever(void);
void switch_away(struct thread *m, struct goroutine *g, bool may_run_next);
_Noreturn void switch_from_dead(struct thread *m, struct goroutine *g);
void switch_arrive(void);
struct goroutine *take_own(struct processor *p);

/* idle.c */
struct goroutine *find_work(struct thread *m);
struct goroutine *find_identified(struct processor *p);
void wake_for(struct processor *p);
void wake_any(void);
void hand_over(struct processor *p);
void want_thread(void);

/* restart.c */
void restart_rewind(struct goroutine *g, void *frame);
bool restart_moves(uintptr_t pc);

/* goroutine.c */
extern struct goroutine main_goroutine;
uintptr_t goroutine_stack_end(const struct goroutine *g, uintptr_t sp);
void goroutine_begin(void);
void goroutine_bury(struct goroutine *g);
_Noreturn void goroutine_end(struct goroutine *g); /* runs what is deferred, and clean-ups, first */
_Noreturn void goroutine_leave(struct goroutine *g);
void goroutine_init_main(uintptr_t stack_address);
int64_t goroutine_count(void);

/* stack.c */
void stack_start(void);
struct goroutine *stack_take(struct processor *p, size_t size);
void stack_give(struct processor *p, struct goroutine *g);
void stack_flush(struct processor *p);
struct goroutine *stack_owner(uintptr_t address, bool *in_gap);
void stack_each(void (*visit)(struct goroutine *g, void *argument), void *argument);
uint64_t stack_count(void);
bool stack_trim(void);
void *stack_beneath(const struct goroutine *g);

/* alloc.c: whoever the caller is */
void free_now(void *at);

/* timers.c */
int64_t timers_earliest(void);
void timers_run(struct processor *p, int64_t now);
void timers_watch(void);

/* bind.c, blocking.c: back to this depth */
void bind_reset(struct goroutine *g, uint16_t preempt_off);
void blocking_reset(struct goroutine *g, uint16_t blocking);

/* bind.c: a tied goroutine runs on no other thread, and nobody else runs there */
void thread_tie(struct thread *m, struct goroutine *g);
void thread_untie(struct thread *m, struct goroutine *g);

/* blocking.c */
void processor_acquire(struct thread *m, struct goroutine *g);
void processor_queue_up(struct thread *m, struct goroutine *g);

#endif
