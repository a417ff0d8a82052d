/* Thread identities: what a goroutine that is taken off at an arbitrary instruction keeps, so that libc takes nobody else for it.
 *
 * Goroutines share the identity of the thread that runs them, until one is taken off in the middle of foreign code: it keeps the
 * identity that it was using, and the thread goes on with a spare one. When that goroutine runs again, on whatever thread, that
 * thread uses its identity meanwhile (identity_switch, as part of a switch). At a call of the library that leaves its processor,
 * the goroutine's stack is searched for what could still need the identity (settle.c); if there is nothing, its thread keeps it,
 * and the one that it had is spare again.
 *
 * So each thread has an identity for all that have none of their own (`identity`); what it uses at the moment is `in_use`. They
 * come from threads that do nothing but lend theirs out, and sleep meanwhile (os_identity_lend). The one that a thread was made
 * with (`own`) it needs in order to end, and for its own context where it has no other; to goroutines it is of use as long as they
 * are tied to the thread. So it never leaves the thread. The first thread of the process begins with nothing else: main() is taken
 * off with it until it has parked for the first time (preempt.c), and before another one runs there it waits for a spare one.
 *
 * A goroutine can be taken off though there is no spare identity: its thread is left without, and runs only goroutines that have
 * one, of those that were taken off, until it gets one. That must be so, for who makes more may wait for a lock of libc's whose
 * owner is one of these. Only where the system has no more threads to give, a thread uses its own for all, and a preemption of
 * those is done in another way (preempt.c). So it is where the program has mutexes whose owner the kernel must know by its thread.
 *
 * The monitor writes into the thread-locals of the identity that a thread uses (taken.c), as it found it a moment before. So an
 * identity is only ended by the monitor itself; else what comes late is without effect: who starts to use an identity writes the
 * same words.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/identity.h"

#include "sched/monitor.h"
#include "sched/preempt.h"
#include "sched/runtime.h"
#include "sched/sched.h"

#include <errno.h>

#define GO_RESTART_NO_SEQUENCES
#include "goroutine/restart.h"

#define SPARES_LEAST 4
#define PATIENCE     1000000000

static bool possible;
static int64_t first_waits_until; /* the first thread's: for its first spare identity */
static struct lock lock;
static struct identity *spare; /* under lock, as are these */
static struct identity *ended; /* the monitor's to end */
static struct identity *blank; /* of threads that have ended */
static _Atomic(struct identity *) all;
static struct wait_queue waiting;
static _Atomic uint32_t spares;
static _Atomic uint32_t ends;  /* there are some that have ended */
static _Atomic bool none_come; /* the system has no more threads to give */

/* Threads go on with their own, from the next look for work on. */
static void ask_all_processors(void)
{
    for (int i = 0; i < load_relaxed(&sched.horizon); i++)
        processor_ask(processor_at(i));
}

bool identity_start(void)
{
    possible = SANITIZE_IDENTITIES && os_identity_start();
    os_when_owners_are_threads(ask_all_processors);
    return possible;
}

bool identity_is_possible(void)
{
    return possible;
}

/* ---- spare ones ---- */

static uint32_t spares_wanted(void)
{
    uint32_t processors = (uint32_t)load_relaxed(&sched.processors);
    return SPARES_LEAST + (processors < 32 ? processors : 32);
}

uint32_t identity_spares(void)
{
    return load_relaxed(&spares);
}

/* How many the maker is to make now. */
uint32_t identity_shortage(void)
{
    uint32_t there = load_relaxed(&spares), wanted = spares_wanted();
    return there < wanted ? wanted + SPARES_LEAST - there : 0;
}

static struct identity *take_spare(void)
{
    lock_take(&lock);
    struct identity *id = spare;
    if (id) {
        spare = id->link;
        store_relaxed(&spares, load_relaxed(&spares) - 1);
    }
    lock_drop(&lock);
    if (load_relaxed(&spares) < spares_wanted())
        maker_kick();
    return id;
}

/* Nobody uses it any more. */
void identity_put(struct identity *id)
{
    lock_take(&lock);
    id->link = spare;
    spare = id;
    store_relaxed(&spares, load_relaxed(&spares) + 1);
    struct waiter *w = wait_queue_pop(&waiting);
    lock_drop(&lock);
    if (w) {
        w->result = 0;
        sched_ready(w->g);
    }
}

static struct identity *take_blank(void)
{
    lock_take(&lock);
    struct identity *id = blank;
    if (id)
        blank = id->link;
    lock_drop(&lock);
    return id;
}

void identity_forget(struct identity *id)
{
    store_relaxed(&id->name, 0);
    lock_take(&lock);
    id->link = blank;
    blank = id;
    lock_drop(&lock);
}

/* For the list of all, which only grows. */
void identity_publish(struct identity *id)
{
    struct identity *first = load_relaxed(&all);
    do {
        id->next = first;
    } while (!cas_ordered(&all, &first, id)); /* partner: identity_has_name */
}

/* A page of them, which stays: the monitor may look at one that has ended. */
static void make_blanks(void)
{
    size_t page = os_page_size();
    struct identity *id = os_map(page, page);
    for (size_t n = id ? page / sizeof *id : 0; n > 0; n--) {
        identity_publish(id);
        identity_forget(id++);
    }
}

/* A record for a new one. By the maker only. */
struct identity *identity_blank(void)
{
    struct identity *id = take_blank();
    if (!id) {
        make_blanks();
        id = take_blank();
    }
    if (id) {
        id->os = (struct os_identity){0};
        id->locals = NULL;
        id->here = NULL;
        id->exceptions = NULL;
        id->link = NULL;
        store_relaxed(&id->lent, 0);
        store_relaxed(&id->back, 0);
    }
    return id;
}

/* Whether libc calls one of them so. */
bool identity_has_name(uintptr_t thread)
{
    for (struct identity *id = load_acquire(&all); id; id = id->next)
        if (load_relaxed(&id->name) == thread)
            return true;
    return false;
}

/* ---- ending them; by the monitor ---- */

/* Its thread wakes up, finds itself a plain one, and ends. What it runs in doing so may be the program's, and wake goroutines: no
 * deadlock, from before it is wanted to end (sched.blocking) until it is not counted any more (os_threads_leave). */
static void end(struct identity *id)
{
    store_relaxed(&id->locals->self, NULL);
    id->locals->mine = NULL;
    *id->here = GO_NOWHERE;
    store_release(&id->back, 1); /* partner: os_identity_lend */
    os_wake(&id->back, 1);
}

/* While the program is quiet: one at a time. True: there are more. */
bool identity_trim(void)
{
    if (load_relaxed(&spares) <= 2 * spares_wanted())
        return false;
    struct identity *id = take_spare();
    if (id) {
        add_ordered(&sched.blocking, 1);
        end(id);
    }
    return id != NULL;
}

void identity_end_some(void)
{
    if (!load_relaxed(&ends))
        return;
    lock_take(&lock);
    struct identity *first = ended;
    ended = NULL;
    store_relaxed(&ends, 0);
    lock_drop(&lock);
    while (first) {
        struct identity *id = first;
        first = id->link;
        end(id);
    }
}

/* ---- which one a thread uses ---- */

/* A handler may interrupt this at any point: in either identity it finds the thread. */
static void use(struct thread *m, struct identity *id)
{
    id->locals->mine = m;
    store_relaxed(&id->locals->self, m);
    *id->here = m->p ? m->p->id : GO_NOWHERE;
    store_relaxed(&m->in_use, id);
    m->exceptions = id->exceptions;
    if (possible)
        os_identity_use(&id->os);
}

/* The thread is about to switch to `to`. */
void identity_switch(struct thread *m, const struct goroutine *to)
{
    struct identity *id = to->identity ? to->identity : m->identity ? m->identity : m->own;
    if (id != load_relaxed(&m->in_use))
        use(m, id);
}

/* In the middle of a call, with whatever C++ has caught. */
static void go_on_with(struct thread *m, const struct goroutine *g)
{
    struct exceptions kept = exceptions_take(m->exceptions);
    identity_switch(m, g);
    exceptions_put(m->exceptions, &kept);
}

/* Whether what the thread has for goroutines that have none is what it should have. */
bool identity_serves(const struct thread *m)
{
    if (!possible)
        return true;
    return m->identity != NULL && (m->identity == m->own) == os_owners_are_threads();
}

static void put_unless_own(struct thread *m, struct identity *id)
{
    if (id && id != m->own)
        identity_put(id);
}

static void use_own(struct thread *m)
{
    struct identity *other = m->identity;
    m->identity = m->own;
    use(m, m->own);
    put_unless_own(m, other);
}

/* Not for ever: who makes them may wait for a lock of main()'s, and main() for a goroutine. */
static bool has_waited(struct thread *m)
{
    return load_relaxed(&none_come) || (m->is_first && sched_now() >= first_waits_until);
}

/* The calling thread has none for goroutines, or just its own, or another one where it should be that. False: it still has none.
 * On its own context. */
bool identity_refill(struct thread *m)
{
    if (os_owners_are_threads()) {
        use_own(m);
        return true;
    }
    struct identity *id = load_relaxed(&spares) || !m->identity ? take_spare() : NULL;
    if (id)
        first_waits_until = m->is_first ? TIME_NEVER : first_waits_until;
    else if (!m->identity && has_waited(m))
        id = m->own;
    if (id) {
        m->identity = id;
        use(m, id);
    }
    return m->identity != NULL;
}

void identity_none_come(bool none)
{
    store_relaxed(&none_come, none);
}

/* The calling thread begins. It goes on with m->identity, if there is one. */
void identity_begin(struct thread *m)
{
    if (possible)
        os_identity_learn(&m->own->os);
    thread_learn(m->own);
    use(m, m->own);
    if (m->identity)
        use(m, m->identity);
    else if (possible)
        first_waits_until = sched_now() + PATIENCE;
    else
        m->identity = m->own;
}

/* It is about to end, on its own context. */
void identity_end(struct thread *m)
{
    use_own(m);
    m->identity = NULL;
}

/* ---- goroutines that have one ---- */

/* A goroutine is tied to its thread: for as long as that lasts it is that thread to everybody, to the kernel too. What it has kept
 * may be needed afterwards. */
void identity_be_thread(struct thread *m, struct goroutine *g)
{
    if (!possible || g->keeps_identity || g->identity_for_life || g->identity == m->own)
        return;
    g->aside = g->identity;
    g->identity = m->own;
    go_on_with(m, g);
}

void identity_cease_to_be_thread(struct thread *m, struct goroutine *g)
{
    if (g->identity != m->own)
        return;
    g->identity = g->aside;
    g->aside = NULL;
    go_on_with(m, g);
}

/* g, which runs on m, can only stop with m: if it uses m's own identity, that is the one to go on with. */
void identity_stop(struct thread *m, struct goroutine *g)
{
    if (possible && !g->identity && load_relaxed(&m->in_use) == m->own)
        g->identity = m->own;
}

/* g, which runs on m, keeps the identity that it uses. False: it cannot, for that is m's own. */
bool identity_keep(struct thread *m, struct goroutine *g)
{
    if (load_relaxed(&m->in_use) == m->own)
        return false;
    if (g->identity)
        return true;
    g->identity = m->identity;
    m->identity = take_spare();
    return true;
}

/* The other way round; its own is the one in use. */
void identity_give_up(struct thread *m, struct goroutine *g)
{
    if (g->identity == m->own) {
        identity_cease_to_be_thread(m, g);
        return;
    }
    if (m == load_relaxed(&sched.relief)) {
        g->identity = NULL; /* its next step is identity_leave */
        return;
    }
    struct identity *other = m->identity;
    m->identity = g->identity;
    g->identity = NULL;
    put_unless_own(m, other);
}

/* The calling thread, on its own context, has none for goroutines. What the last of them has given up is spare. */
void identity_leave(struct thread *m)
{
    struct identity *id = load_relaxed(&m->in_use);
    if (id == m->own)
        return;
    use(m, m->own);
    identity_put(id);
}

/* g is dead, and its identity not in use any more. */
void identity_bury(struct thread *m, struct goroutine *g)
{
    struct identity *id = g->identity == m->own ? g->aside : g->identity;
    g->aside = NULL;
    if (!id) /* it was tied to this thread, and had no other */
        return;
    if (!g->identity_for_life) {
        identity_put(id);
        return;
    }
    add_ordered(&sched.blocking, 1);
    lock_take(&lock);
    id->link = ended;
    ended = id;
    store_relaxed(&ends, 1);
    lock_drop(&lock);
    monitor_kick();
}

/* Keeps what it uses, or the next spare one if that is its thread's own. A call, so it may change. */
static bool keep_some(struct thread *m, struct goroutine *g)
{
    if (g->locks_thread || identity_keep(m, g))
        return true;
    g->identity = take_spare();
    if (g->identity)
        go_on_with(m, g);
    return g->identity != NULL;
}

/* The same, and waits for one. */
void identity_keep_waiting(struct goroutine *g)
{
    while (!keep_some(thread_self(), g)) {
        struct waiter w = {.g = g};
        lock_take(&lock);
        if (spare) {
            lock_drop(&lock);
            continue;
        }
        add_ordered(&sched.blocking, 1); /* the maker is at it: no deadlock */
        maker_kick();
        wait_in_line(&lock, &waiting, &w, TIME_NEVER, "a thread identity");
        add_ordered(&sched.blocking, -1u);
    }
}
