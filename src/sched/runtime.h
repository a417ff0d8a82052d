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
#include "os/net.h"
#include "os/os.h"
#include "sched/lock.h"
#include "sched/tune.h"

#include "goroutine/debug.h"
#include "goroutine/panic.h"

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

/* The thread-locals of ours, in each identity. */
struct locals {
    _Atomic(struct thread *) self; /* NULL on a plain thread, and on one whose processor is taken away (taken.c) */
    struct thread *mine;           /* NULL on a plain thread only */
};

/* A thread identity; who has it is told in identity.c. */
struct identity {
    struct os_identity os;
    struct locals *locals;
    uint32_t *here; /* go_here */
    struct identity *link;
    struct identity *next;       /* fixed: on the list of all that ever were */
    _Atomic uintptr_t name;      /* os_thread_name of its thread; 0: there is none (any more) */
    _Atomic uint32_t lent, back; /* between its thread, if that only lends it, and the others */
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
    uint64_t masked_signals; /* when it began */

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
    _Atomic uint32_t signal_pending; /* one signal at a time */
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

struct list {
    struct goroutine *first, **last; /* last is NULL in an empty list that was never used */
    uint32_t count;
};

enum poll_place { POLL_NOBODY, POLL_IDLE, POLL_MONITOR };

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

/* identity.c */
bool identity_start(void);
bool identity_is_possible(void);
uint32_t identity_spares(void);
uint32_t identity_shortage(void);
struct identity *identity_blank(void);
void identity_forget(struct identity *id);
void identity_put(struct identity *id);
void identity_publish(struct identity *id);
bool identity_has_name(uintptr_t thread);
bool identity_trim(void);
void identity_end_some(void);
void identity_begin(struct thread *m);
void identity_switch(struct thread *m, const struct goroutine *to);
void identity_end(struct thread *m);
bool identity_serves(const struct thread *m);
bool identity_refill(struct thread *m);
void identity_none_come(bool none);
bool identity_keep(struct thread *m, struct goroutine *g);
void identity_give_up(struct thread *m, struct goroutine *g);
void identity_leave(struct thread *m);
void identity_bury(struct thread *m, struct goroutine *g);
void identity_be_thread(struct thread *m, struct goroutine *g);
void identity_stop(struct thread *m, struct goroutine *g);
void identity_cease_to_be_thread(struct thread *m, struct goroutine *g);
void identity_keep_waiting(struct goroutine *g);

/* settle.c */
void identity_settle(struct thread *m, struct goroutine *g);
void identity_clean(void);

/* maker.c */
int maker_start(void);
void maker_kick(void);
void maker_free(void *at);
int maker_make_identity(struct identity **id);
void maker_want_reserve(void);

/* beneath.c */
bool beneath_lies(const struct goroutine *g, uintptr_t sp, uint64_t masked, bool (*counts)(uintptr_t pc));

/* forked.c: ends the process if it is the child of a fork that was made after the start */
void forked_check(void);

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

/* relief.c */
int relief_start(void);
bool relief_call(void);
void relief_fails(void);
struct goroutine *relief_find_work(struct thread *m);
void relief_leave(void);

/* processor.c */
struct processor *processor_at(int i);
int processor_grow(int from, int to);
int processor_resize(int n);
void processor_lower_horizon(void);
void processor_take(struct thread *m, struct processor *p);
struct processor *processor_drop(struct thread *m);
void processor_retire(struct thread *m);
void processor_free_idle_work(void);
void processor_share_work(struct processor *p);
bool processor_has_work(struct processor *p);
void processor_ask(struct processor *p);
struct processor *idle_pop(void);    /* under sched.lock */
void idle_push(struct processor *p); /* under sched.lock */

/* runq.c */
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

/* timers.c */
int64_t timers_earliest(void);
void timers_run(struct processor *p, int64_t now);
void timers_watch(void);

/* calm.c */
struct calm {
    int64_t since; /* when a goroutine was last seen to stay, and all that is passed over */
};
int64_t calm_lateness(const struct calm *c, int64_t now, int64_t slice); /* how late the next look may be; 0: not at all */
void calm_end(struct calm *c, int64_t now);
void calm_pass_over(struct calm *c, int64_t time);

/* poll.c */
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

/* wanted.c */
bool wanted_threads_come(int64_t now, int64_t slice, int64_t *next);

/* monitor.c */
int monitor_start(void);
void monitor_kick(void);
void monitor_request_dump(void);
extern _Atomic uint32_t monitor_asleep; /* 1: it sleeps until a moment or for ever, and wants to be told of waiting work */
extern _Atomic int64_t monitor_until;   /* the moment */

/* bind.c, blocking.c: back to this depth */
void bind_reset(struct goroutine *g, uint16_t preempt_off);
void blocking_reset(struct goroutine *g, uint16_t blocking);

/* bind.c: a tied goroutine runs on no other thread, and nobody else runs there */
void thread_tie(struct thread *m, struct goroutine *g);
void thread_untie(struct thread *m, struct goroutine *g);

/* blocking.c */
void processor_acquire(struct thread *m, struct goroutine *g);
void processor_queue_up(struct thread *m, struct goroutine *g);

/* deadlock.c */
void deadlock_check(void);
bool deadlock_only_ours(void); /* the process has no thread but ours */
bool deadlock_is_hidden(void); /* not now, but in a moment it may be seen */

/* ending.c */
void ending_start(void);
bool ending_stays(const struct goroutine *g);
_Noreturn void ending_stay(struct goroutine *g); /* until all others have ended, then it ends the process */
bool ending_tell_main(bool only_ours);

/* dump.c */
void dump_all(int fd, const struct go_stack *here); /* here: the caller's own stack, which comes first; NULL: of no interest */

/* panic.c */
struct panic {
    struct go_panic_info info;
    struct go_stack stack; /* who panics */
    struct panic *outer;
    struct attempt *attempt; /* where it lands; NULL: nowhere */
    bool recovered;
    bool handled; /* nobody has recovered it in time */
};
_Noreturn void panic_raise(struct panic *p);
void attempts_close(struct goroutine *g);        /* its panics are over, and no other lands in a go_try that is under way */
_Noreturn void stack_leave(struct goroutine *g); /* runs all clean-ups, then goroutine_leave */
void fall_end(struct goroutine *g);              /* it ends alone */
void deferred_run(struct goroutine *g, const struct exit_hook *until);
void sigpanic(void);

/* report.c */
_Noreturn void report_panics(const struct panic *p);
void report_before_exit(void); /* exit() waits here for what is to be reported */
_Noreturn void fatal_fault(const void *frame, const char *format, ...) PRINTF_LIKE(2, 3);
bool report_is_ours(void);

/* fault.c */
bool report_fault(void *frame, const struct os_fault *fault);

/* A push by the thread that runs the processor, then a look at whether the monitor sleeps: the store-load pair needs no fence
 * here because the monitor fences all threads before it looks at the queues a last time (monitor.c). */
static inline void monitor_tell(void)
{
    compiler_barrier();
    if (unlikely(load_relaxed(&monitor_asleep)))
        monitor_kick();
}

#endif
