/* The reader-writer mutex: a count of readers in one word; waiting writers keep later readers out, and after a writer all waiting
 * readers go first, so neither side starves.
 *
 * word: READER times the readers, or WRITER; WAITED while somebody is in line. While WAITED is set the word changes under the guard
 * only, but for readers that leave. The mutex passes from owner to owner: who is woken holds it already.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/sync.h"

#define WRITER 1u
#define WAITED 2u
#define READER 4u

struct rwmutex {
    _Atomic uint32_t word;
    struct lock guard;
    struct wait_queue readers, writers;
};
_Static_assert(sizeof(struct rwmutex) <= sizeof(go_rwmutex), "go_rwmutex is too small");

/* Takes it if nobody holds it against us and nobody waits. */
static bool try_take(struct rwmutex *rw, bool write)
{
    uint32_t word = load_relaxed(&rw->word);
    for (;;) {
        bool free = write ? word == 0 : !(word & (WRITER | WAITED));
        if (!free)
            return false;
        if (cas_ordered(&rw->word, &word, write ? WRITER : word + READER))
            return true;
    }
}

/* Under the guard: takes it, or sets WAITED, after which whoever leaves must come to the guard. */
static bool take_or_mark(struct rwmutex *rw, bool write)
{
    uint32_t word = load_relaxed(&rw->word);
    for (;;) {
        bool line = wait_queue_first(&rw->writers) || (write && wait_queue_first(&rw->readers));
        bool free = !line && !(word & WRITER) && (!write || word < READER);
        uint32_t next = !free ? word | WAITED : write ? word | WRITER : word + READER;
        if (cas_ordered(&rw->word, &word, next))
            return free;
    }
}

static struct waiter *admit_readers(struct rwmutex *rw, uint32_t *word)
{
    struct waiter *first = wait_queue_pop_all(&rw->readers, 0);
    for (struct waiter *w = first; w; w = w->next)
        *word += READER;
    return first;
}

static struct waiter *admit_writer(struct rwmutex *rw, uint32_t *word)
{
    struct waiter *w = wait_queue_pop(&rw->writers);
    if (!w)
        return NULL;
    w->result = 0;
    w->next = NULL;
    *word |= WRITER;
    return w;
}

/* Under the guard, nobody holding it: the next owners, linked by next. */
static struct waiter *admit(struct rwmutex *rw, bool readers_first)
{
    uint32_t word = 0;
    struct waiter *w = readers_first ? admit_readers(rw, &word) : admit_writer(rw, &word);
    if (!w)
        w = readers_first ? admit_writer(rw, &word) : admit_readers(rw, &word);
    if (!wait_queue_empty(&rw->readers) || !wait_queue_empty(&rw->writers))
        word |= WAITED;
    store_ordered(&rw->word, word);
    return w;
}

/* A writer gave up: the readers that it kept out need not wait any longer. Under the guard. */
static struct waiter *readmit(struct rwmutex *rw)
{
    if (wait_queue_first(&rw->writers) || load_relaxed(&rw->word) & WRITER)
        return NULL;
    uint32_t more = 0;
    struct waiter *w = admit_readers(rw, &more);
    add_ordered(&rw->word, more);
    return w;
}

static NOINLINE int take_slow(struct rwmutex *rw, bool write, int64_t deadline)
{
    struct goroutine *g = sched_self();
    lock_take(&rw->guard);
    if (take_or_mark(rw, write)) {
        lock_drop(&rw->guard);
        return 0;
    }
    int error = deadline_passed(deadline);
    if (error) {
        lock_drop(&rw->guard);
        return error;
    }
    struct waiter w = {.g = g};
    error = wait_in_line(&rw->guard, write ? &rw->writers : &rw->readers, &w, deadline, write ? "rwmutex write" : "rwmutex read");
    if (error && write) {
        lock_take(&rw->guard);
        struct waiter *woken = readmit(rw);
        lock_drop(&rw->guard);
        wait_ready_all(woken);
    }
    return error;
}

static int take(go_rwmutex *rwmutex, bool write, int64_t deadline)
{
    struct rwmutex *rw = (struct rwmutex *)rwmutex;
    if (unlikely(!rw))
        return -EINVAL;
    return likely(try_take(rw, write)) ? 0 : take_slow(rw, write, deadline);
}

int go_rwmutex_lock_until(go_rwmutex *rw, int64_t deadline)
{
    return take(rw, true, deadline);
}

int go_rwmutex_lock(go_rwmutex *rw)
{
    return take(rw, true, INT64_MAX);
}

int go_rwmutex_rlock_until(go_rwmutex *rw, int64_t deadline)
{
    return take(rw, false, deadline);
}

int go_rwmutex_rlock(go_rwmutex *rw)
{
    return take(rw, false, INT64_MAX);
}

int go_rwmutex_unlock(go_rwmutex *rwmutex)
{
    struct rwmutex *rw = (struct rwmutex *)rwmutex;
    if (unlikely(!rw))
        return -EINVAL;
    uint32_t word = WRITER;
    if (likely(cas_ordered(&rw->word, &word, 0)))
        return 0;
    lock_take(&rw->guard);
    if (!(load_relaxed(&rw->word) & WRITER)) {
        lock_drop(&rw->guard);
        panic("go_rwmutex_unlock of a rwmutex that is not locked for writing");
    }
    struct waiter *woken = admit(rw, true);
    lock_drop(&rw->guard);
    wait_ready_all(woken);
    return 0;
}

int go_rwmutex_runlock(go_rwmutex *rwmutex)
{
    struct rwmutex *rw = (struct rwmutex *)rwmutex;
    if (unlikely(!rw))
        return -EINVAL;
    uint32_t word = load_relaxed(&rw->word);
    do {
        if (unlikely(word < READER))
            panic("go_rwmutex_runlock of a rwmutex that is not locked for reading");
        /* The last reader leaves through the guard if somebody waits. */
        if ((word & WAITED) && word < 2 * READER)
            break;
    } while (!cas_ordered(&rw->word, &word, word - READER));
    if (!((word & WAITED) && word < 2 * READER))
        return 0;
    lock_take(&rw->guard);
    struct waiter *woken = NULL;
    if ((add_ordered(&rw->word, -READER) - READER) < READER)
        woken = admit(rw, false);
    lock_drop(&rw->guard);
    wait_ready_all(woken);
    return 0;
}
