/* The maker: a thread of its own that makes threads.
 *
 * To make one takes locks of libc's, which a goroutine may hold that was taken off its processor: who waits for them must not be
 * needed for that goroutine to go on. So it is neither a thread that runs goroutines nor the monitor, which only ask. It makes
 * threads that find a processor idle and work waiting, thread identities (identity.c), and frees memory for those who must not wait
 * either.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/identity.h"
#include "sched/monitor.h"
#include "sched/sched.h"

#include <errno.h>

#define MAKER_STACK  ((size_t)256 << 10)
#define LENDER_STACK ((size_t)64 << 10)
#define RETRY        10000000 /* after the system had no thread to give */

/* Memory that is to be freed holds the list. */
struct freed {
    struct freed *next;
};

/* Who waits for an identity that nobody has used. */
struct wish {
    struct waiter w;
    struct identity *id;
};

static _Atomic uintptr_t works;  /* the maker's number, unless it has nothing to do, or waits for somebody to begin; by the maker */
static _Atomic uintptr_t begins; /* that of the newest thread, until it has all that it needs; by that one */
static _Atomic uint32_t kicked;
static _Atomic uint32_t reserve_wanted;
static _Atomic(struct freed *) freed;
static struct lock lock;
static struct wait_queue wishes; /* under lock */

void maker_kick(void)
{
    if (load_ordered(&kicked) || swap_ordered(&kicked, 1)) /* after what it is kicked for; partner: who clears it and looks */
        return;
    os_wake(&kicked, 1);
}

void maker_free(void *at)
{
    struct freed *f = at;
    struct freed *first = load_relaxed(&freed);
    do {
        f->next = first;
    } while (!cas_ordered(&freed, &first, f)); /* partner: free_all */
    maker_kick();
}

static void free_all(void)
{
    struct freed *f = swap_ordered(&freed, NULL);
    while (f) {
        struct freed *next = f->next;
        sched_free(f);
        f = next;
    }
}

/* ---- who is at it ---- */

void maker_begins(void)
{
    store_relaxed(&begins, os_thread_self().id);
}

void maker_has_begun(void)
{
    uintptr_t me = os_thread_self().id;
    cas_ordered(&begins, &me, 0);
}

static bool sleeps(uintptr_t number)
{
    struct os_sleep sleep;
    return number != 0 && os_thread_in_call((os_thread){.id = number}, &sleep);
}

/* True if who makes the next thread or identity sleeps: for a lock, it may be. Late it can also be for want of a CPU. */
bool maker_sleeps(void)
{
    return sleeps(load_relaxed(&works)) || sleeps(load_relaxed(&begins));
}

/* ---- identities ---- */

static void lend(void *argument)
{
    struct identity *id = argument;
    maker_begins();
    thread_learn(id);
    os_identity_learn(&id->os);
    maker_has_begun();
    os_identity_lend(&id->os, &id->lent, &id->back);
    os_thread_leave();
    add_ordered(&sched.others, -1u);
    add_ordered(&sched.blocking, -1u);
    identity_forget(id);
    monitor_kick();
}

static struct identity *make_identity(void)
{
    struct identity *id = identity_blank();
    if (!id)
        return NULL;
    if (os_thread_start(lend, id, LENDER_STACK) != 0) {
        identity_forget(id);
        return NULL;
    }
    add_ordered(&sched.others, 1);
    store_relaxed(&works, 0);
    while (!load_acquire(&id->lent)) /* partner: os_identity_lend */
        os_wait(&id->lent, 0, TIME_NEVER);
    store_relaxed(&works, os_thread_self().id);
    return id;
}

/* ---- threads ---- */

static int start_thread(void)
{
    struct identity *id = NULL;
    if (identity_is_possible() && !(id = make_identity()))
        return -EAGAIN;
    int error = thread_start(id);
    if (error && id)
        identity_put(id);
    return error;
}

/* The monitor has passed a wish on. The thread takes it back itself when it has come: until then nobody else is asked. */
static void make_thread(void)
{
    if (load_ordered(&sched.wanted_threads) != THREAD_COMING)
        return;
    lock_take(&sched.lock);
    bool needed = !sched.idle_threads && (sched.idle_processors || relief_serves());
    lock_drop(&sched.lock);
    if (!needed) {
        store_ordered(&sched.wanted_threads, THREAD_ENOUGH);
        wake_any();
    } else if (start_thread() != 0) {
        store_ordered(&sched.wanted_threads, THREAD_LATER);
        monitor_kick();
    }
}

/* One that is to be idle, for who could go off a processor if there was somebody to carry it on. */
static void make_reserve(void)
{
    if (!swap_ordered(&reserve_wanted, 0))
        return;
    lock_take(&sched.lock);
    bool needed = !sched.idle_threads;
    lock_drop(&sched.lock);
    if (needed && load_relaxed(&sched.threads) < THREADS_MAX)
        start_thread();
}

void maker_want_reserve(void)
{
    store_ordered(&reserve_wanted, 1);
    maker_kick();
}

/* ---- what others wait for ---- */

/* False: the system has none to give. */
static bool make_spares(void)
{
    for (uint32_t n = identity_is_possible() ? identity_shortage() : 0; n > 0; n--) {
        struct identity *id = make_identity();
        if (!id)
            return false;
        identity_put(id);
    }
    return true;
}

static void grant_wishes(void)
{
    while (!wait_queue_empty(&wishes)) {
        struct identity *id = make_identity();
        lock_take(&lock);
        struct waiter *w = wait_queue_pop(&wishes);
        lock_drop(&lock);
        if (w) {
            container_of(w, struct wish, w)->id = id;
            w->result = id ? 0 : -EAGAIN;
            sched_ready(w->g);
        } else if (id) { /* who wished has been cancelled */
            identity_put(id);
        }
    }
}

int maker_make_identity(struct identity **id)
{
    struct wish wish = {.w.g = sched_self()};
    add_ordered(&sched.blocking, 1); /* no deadlock */
    lock_take(&lock);
    wait_queue_push(&wishes, &wish.w);
    maker_kick();
    int error = wait_queued(&lock, &wishes, &wish.w, TIME_NEVER, "a thread identity");
    add_ordered(&sched.blocking, -1u);
    *id = wish.id;
    return error;
}

/* ---- the thread ---- */

static void run(void *argument)
{
    (void)argument;
    os_thread_set_prompt(true); /* preemptions wait for it */
    add_ordered(&sched.others, 1);
    for (;;) {
        store_relaxed(&works, os_thread_self().id);
        store_ordered(&kicked, 0);
        make_thread();
        make_reserve();
        grant_wishes();
        bool enough = make_spares();
        identity_none_come(!enough);
        free_all();
        monitor_kick(); /* a look for a deadlock counts the threads of the process, and may have come in between */
        store_relaxed(&works, 0);
        os_wait(&kicked, 0, enough ? TIME_NEVER : os_now() + RETRY);
    }
}

int maker_start(void)
{
    return os_thread_start(run, NULL, MAKER_STACK * SANITIZE_STACK_FACTOR);
}
