/* The table of descriptors, and the news of their edges.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/desc.h"

#include <errno.h>

#include "os/net.h"

enum { CHUNK = 1024, CHUNKS = 4096 };

static _Atomic(struct desc *) table[CHUNKS]; /* chunks, never freed */

/* ---- the table ---- */

static _Atomic uint32_t chunks_added; /* partner of each: dispatch, which is told of a descriptor by the system */

static struct desc *add_chunk(int i)
{
    size_t size = round_up(CHUNK * sizeof(struct desc), os_page_size());
    preempt_hold();
    struct desc *made = os_map(size, os_page_size()), *there = NULL;
    preempt_release();
    if (!made)
        return NULL;
    for (int k = 0; k < CHUNK; k++)
        made[k].fd = i * CHUNK + k;
    add_ordered(&chunks_added, 1);
    if (cas_ordered(&table[i], &there, made))
        return made;
    preempt_hold();
    os_unmap(made, size);
    preempt_release();
    return there;
}

static bool is_open(int fd)
{
    struct os_io_kind kind;
    preempt_hold();
    int error = os_io_kind(fd, &kind);
    preempt_release();
    return !error;
}

/* Nearly always: NULL where its chunk is still to be added, or never will be. */
static inline struct desc *find_known(int fd)
{
    if (unlikely((unsigned)fd >= CHUNK * CHUNKS))
        return NULL;
    struct desc *chunk = load_acquire(&table[(unsigned)fd / CHUNK]); /* partner: the exchange in add_chunk */
    return likely(chunk) ? &chunk[(unsigned)fd % CHUNK] : NULL;
}

/* The table grows for numbers only that somebody has opened. */
static NOINLINE int find_new(int fd, struct desc **d)
{
    if (fd < 0)
        return -EBADF;
    if (!is_open(fd))
        return -EBADF;
    if (fd >= CHUNK * CHUNKS)
        return -EMFILE;
    struct desc *chunk = add_chunk(fd / CHUNK);
    if (!chunk)
        return -ENOMEM;
    *d = &chunk[fd % CHUNK];
    return 0;
}

static int find(int fd, struct desc **d)
{
    struct desc *known = find_known(fd);
    if (unlikely(!known))
        return find_new(fd, d);
    *d = known;
    return 0;
}

static bool anybody_waits(void)
{
    for (int i = 0; i < CHUNKS; i++) {
        struct desc *chunk = load_acquire(&table[i]);
        for (int k = 0; chunk && k < CHUNK; k++)
            if (!wait_queue_empty(&chunk[k].waiting[WAY_READ]) || !wait_queue_empty(&chunk[k].waiting[WAY_WRITE]))
                return true;
    }
    return false;
}

/* ---- edges ---- */

/* Under the lock. Whoever waits tries again. */
static struct waiter *edge(struct desc *d, enum way way, bool now)
{
    if (!now)
        return NULL;
    store_release(&d->edges[way], load_relaxed(&d->edges[way]) + 1);
    return wait_queue_empty(&d->waiting[way]) ? NULL : wait_queue_pop_all(&d->waiting[way], 0);
}

/* Those who wait for these edges, which the caller makes ready; readers first. */
static struct waiter *edges(struct desc *d, bool readable, bool writable)
{
    lock_take(&d->lock);
    struct waiter *first = edge(d, WAY_READ, readable), **end = &first;
    struct waiter *writers = edge(d, WAY_WRITE, writable);
    lock_drop(&d->lock);
    while (*end)
        end = &(*end)->next;
    *end = writers;
    return first;
}

void desc_wake(struct desc *d, bool readable, bool writable)
{
    wait_ready_all(edges(d, readable, writable));
}

/* ---- the door ---- */

/* While a number is being closed nobody knows whether it is still the old file's: who comes then waits, for some calls of the
 * system that do not block. */
int desc_enter(int fd, struct desc **d)
{
    int error = find(fd, d);
    if (error)
        return error;
    uint32_t users;
    while ((users = add_ordered(&(*d)->users, 1)) >= DESC_CLOSED) {
        desc_leave(*d);
        lock_take(&(*d)->lock);
        lock_drop(&(*d)->lock);
    }
    if (users < DESC_CLOSING)
        return 0;
    desc_leave(*d);
    return -EBADF;
}

static void forget(struct desc *d)
{
    store_relaxed(&d->kind, 0);
    store_relaxed(&d->drained, 0);
    store_relaxed(&d->ended, false);
}

/* Once the number is free it may be another file's, and what is noted then is of that one. The door is open again before the file
 * is closed, which may take long. The number is free before that: else somebody else might close it too, and both be told so. Who
 * came in meanwhile, and found that it would block, is told to try again. Under the lock, which it drops. */
static int close_number(struct desc *d)
{
    int other;
    forget(d);
    preempt_hold();
    int result = os_io_free(d->fd, &other);
    add_ordered(&d->users, -DESC_CLOSED);
    lock_drop(&d->lock);
    if (other >= 0)
        os_io_close(other);
    preempt_release();
    desc_wake(d, true, true);
    return result;
}

/* The number is the caller's alone if the door is shut and nobody is inside but those who count here. */
static bool close_if(struct desc *d, uint32_t inside, int *result)
{
    uint32_t users = DESC_CLOSING + inside;
    lock_take(&d->lock);
    if (!cas_ordered(&d->users, &users, DESC_CLOSED)) {
        lock_drop(&d->lock);
        return false;
    }
    *result = close_number(d);
    return true;
}

void desc_leave(struct desc *d)
{
    int result;
    if (unlikely(add_ordered(&d->users, -1u) - 1 == DESC_CLOSING))
        close_if(d, 0, &result);
}

bool desc_shut(struct desc *d)
{
    if (atomic_fetch_or(&d->users, DESC_CLOSING) >= DESC_CLOSING)
        return false;
    lock_take(&d->lock);
    struct waiter *readers = wait_queue_pop_all(&d->waiting[WAY_READ], -EBADF);
    struct waiter *writers = wait_queue_pop_all(&d->waiting[WAY_WRITE], -EBADF);
    lock_drop(&d->lock);
    wait_ready_all(readers);
    wait_ready_all(writers);
    return true;
}

/* Where others are inside the last of them closes. Whether there is something to close can be asked as long as nobody has. */
int desc_close(int fd)
{
    struct desc *d;
    int result, error = desc_enter(fd, &d);
    if (error)
        return error;
    if (!desc_shut(d))
        result = -EBADF;
    else if (close_if(d, 1, &result))
        return result;
    else
        result = is_open(fd) ? 0 : -EBADF;
    desc_leave(d);
    return result;
}

/* ---- being watched ---- */

/* A thousand goroutines that wait for a thousand descriptors are in no cache when their turn comes. What is to be touched of all of
 * them is fetched at once, first the descriptors, then the waiters, then the goroutines with their stacks: one after the other
 * each of these steps would wait for the one before. */
static void fetch(const struct os_ready *ready, int n)
{
    for (int i = 0; i < n; i++)
        __builtin_prefetch(ready[i].tag);
    for (int i = 0; i < n; i++)
        __builtin_prefetch(load_relaxed(&((struct desc *)ready[i].tag)->waiting[WAY_READ].first));
}

static void dispatch(const struct os_ready *ready, int n)
{
    (void)load_acquire(&chunks_added);
    struct waiter *first = NULL, **end = &first;
    fetch(ready, n);
    for (int i = 0; i < n; i++) {
        struct desc *d = ready[i].tag;
        if (ready[i].ended)
            store_relaxed(&d->ended, true);
        *end = edges(d, ready[i].readable, ready[i].writable);
        for (; *end; end = &(*end)->next)
            sched_fetch((*end)->g);
    }
    for (struct waiter *w = first; w; w = w->next)
        sched_fetch_stack(w->g);
    wait_ready_all(first);
}

static const struct poller poller = {
    .dispatch = dispatch, .anybody_waits = anybody_waits, .start = os_poller_start, .wait = os_poller_wait, .wake = os_poller_wake};

/* What another part of the program has opened may have been closed and opened again since: asked each time. */
int desc_watch(struct desc *d)
{
    int error = sched_start_poller(&poller);
    if (error)
        return error;
    preempt_hold();
    error = os_poller_add(d->fd, d);
    preempt_release();
    return error == -EEXIST ? 0 : error;
}

static int kind_of(int fd, uint32_t *found)
{
    struct os_io_kind kind;
    int error = os_io_kind(fd, &kind);
    if (!error)
        *found = DESC_OURS | (kind.socket ? DESC_SOCKET : 0) | (kind.stream ? DESC_STREAM : 0);
    return error;
}

/* The last step: from now on nobody asks the system what it is. Ordered after what was forgotten, as the system frees a number
 * under the lock under which it gives it away. */
static void become(struct desc *d, uint32_t kind)
{
    store_relaxed(&d->kind, kind);
}

/* Before any hold: one is not counted on a thread that the scheduler does not know yet, but its release would be. */
static int find_to_take_in(int fd, struct desc **d)
{
    *d = NULL;
    int error = find(fd, d);
    return error ? error : sched_ensure();
}

int desc_take(int fd)
{
    struct desc *d;
    int error = find_to_take_in(fd, &d);
    uint32_t kind = 0;
    preempt_hold();
    if (!error)
        error = kind_of(fd, &kind);
    if (!error)
        error = desc_watch(d);
    if (!error)
        error = os_io_unblock(fd);
    if (!error)
        become(d, kind);
    preempt_release();
    return error;
}

int desc_adopt(int fd, const struct desc *like)
{
    struct desc *d;
    int error = find_to_take_in(fd, &d);
    uint32_t kind = like ? load_relaxed(&like->kind) : 0;
    preempt_hold();
    if (!error && !like)
        error = kind_of(fd, &kind);
    if (!error)
        error = desc_watch(d);
    if (!error)
        become(d, kind);
    else
        os_io_close(fd);
    preempt_release();
    if (error && d)
        desc_wake(d, true, true); /* as when a number is closed */
    return error ? error : fd;
}
