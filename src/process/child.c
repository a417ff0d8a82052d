/* Child processes.
 *
 * Where the system can make a child a descriptor, all wait for that. Where it cannot, a goroutine of the library's own waits in a
 * blocking region, from when the first one wants to know. Either way whoever comes first afterwards reaps it, under the lock, and
 * leaves word; nobody sends a signal to its number after that.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/desc.h"
#include "os/process.h"
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/child.h"
#include "goroutine/net.h"
#include "goroutine/task.h"

enum { STREAMS = 3 };

struct go_child {
    struct lock lock;
    int id, watch;      /* fixed; watch: readable at its end, or -1 */
    bool leads_a_group; /* fixed */

    /* Under the lock. */
    int pipes[STREAMS]; /* those not given out; or -1 */
    uint32_t users;     /* calls inside that may block */
    bool looked_after;  /* there is the goroutine that waits for it */
    bool forgotten;     /* that one frees it */
    int result;         /* -EAGAIN: it runs; 0: it has ended; -ECHILD */
    struct go_child_status status;
    struct wait_queue waiting; /* for that goroutine, where there is no watch */
};

/* ---- starting ---- */

static void close_all(int fds[STREAMS])
{
    for (int i = 0; i < STREAMS; i++) {
        if (fds[i] >= 0)
            desc_close(fds[i]);
        fds[i] = -1;
    }
}

/* Of the child: nobody else knows it. */
static void close_theirs(const int theirs[STREAMS])
{
    preempt_hold();
    for (int i = 0; i < STREAMS; i++)
        if (theirs[i] >= 0)
            os_io_close(theirs[i]);
    preempt_release();
}

static int open_pipe(int *ours, int *theirs, int stream)
{
    preempt_hold();
    int error = os_pipe(ours, theirs, stream == 0);
    preempt_release();
    if (error) {
        *ours = *theirs = -1;
        return error;
    }
    *ours = desc_adopt(*ours, NULL);
    return *ours < 0 ? *ours : 0;
}

static int open_streams(const struct go_child_attr *attr, struct os_child_start *start, int ours[STREAMS], int theirs[STREAMS])
{
    int error = 0;
    for (int i = 0; i < STREAMS && !error; i++) {
        int wanted = attr->streams[i];
        if (wanted == GO_CHILD_PIPE)
            error = open_pipe(&ours[i], &theirs[i], i);
        start->streams[i] = wanted == GO_CHILD_PIPE      ? theirs[i]
                            : wanted == GO_CHILD_NULL    ? OS_STREAM_NULL
                            : wanted == GO_CHILD_INHERIT ? i
                                                         : wanted;
    }
    return error;
}

/* The number of the child. */
static int start(const struct go_child_attr *attr, char *const *argv, int ours[STREAMS])
{
    int theirs[STREAMS] = {-1, -1, -1};
    struct os_child_start what = {
        .file = attr->file ? attr->file : argv[0],
        .arguments = argv,
        .environment = attr->environment,
        .directory = attr->directory,
        .own_group = attr->flags & GO_CHILD_GROUP,
        .own_session = attr->flags & GO_CHILD_SESSION,
    };
    int result = open_streams(attr, &what, ours, theirs);
    if (!result) {
        go_blocking_begin();
        result = os_child_start(&what);
        go_blocking_end();
    }
    close_theirs(theirs);
    return result;
}

static bool is_sound(const struct go_child_attr *attr)
{
    for (size_t i = 0; i < array_size(attr->reserved); i++)
        if (attr->reserved[i])
            return false;
    for (int i = 0; i < STREAMS; i++)
        if (attr->streams[i] < GO_CHILD_PIPE)
            return false;
    return !(attr->flags & ~(GO_CHILD_GROUP | GO_CHILD_SESSION));
}

static int open_watch(int id)
{
    preempt_hold();
    int watch = os_child_watch(id);
    preempt_release();
    return watch < 0 ? -1 : desc_adopt(watch, NULL);
}

int go_child_spawn(const struct go_child_attr *attr, char *const *argv, go_child **child)
{
    static const struct go_child_attr plain;
    const struct go_child_attr *wanted = attr ? attr : &plain;
    if (!argv || !argv[0] || !child || !is_sound(wanted))
        return -EINVAL;
    int error = sched_ensure();
    go_child *c = error ? NULL : sched_alloc(sizeof *c);
    if (!c)
        return error ? error : -ENOMEM;
    *c = (go_child){.pipes = {-1, -1, -1}, .result = -EAGAIN, .leads_a_group = wanted->flags};
    c->id = start(wanted, argv, c->pipes);
    if (c->id < 0) {
        error = c->id;
        close_all(c->pipes);
        sched_free(c);
        return error;
    }
    c->watch = open_watch(c->id);
    *child = c;
    return 0;
}

/* ---- its end ---- */

/* Under the lock. 0 or -ECHILD: it has ended; -EAGAIN: it runs. */
static int reap(go_child *c)
{
    struct os_child_end end;
    if (c->result != -EAGAIN)
        return c->result;
    preempt_hold();
    c->result = os_child_reap(c->id, &end);
    preempt_release();
    if (c->result == 0)
        c->status = (struct go_child_status){end.signal ? -1 : end.status, end.signal, end.core};
    return c->result;
}

static int reap_locked(go_child *c)
{
    lock_take(&c->lock);
    int result = reap(c);
    lock_drop(&c->lock);
    return result;
}

static void destroy(go_child *c)
{
    if (c->watch >= 0)
        desc_close(c->watch);
    close_all(c->pipes);
    sched_free(c);
}

static void await(go_child *c)
{
    if (c->watch >= 0 && go_wait_fd(c->watch, GO_READABLE, GO_FOREVER) >= 0)
        return;
    go_blocking_begin();
    os_child_await(c->id);
    go_blocking_end();
}

static void look_after(void *child)
{
    go_child *c = child;
    await(c);
    lock_take(&c->lock);
    reap(c);
    c->looked_after = false;
    bool forgotten = c->forgotten;
    struct waiter *waiting = wait_queue_pop_all(&c->waiting, 0);
    lock_drop(&c->lock);
    wait_ready_all(waiting);
    if (forgotten)
        destroy(c);
}

/* Under the lock. */
static int have_it_looked_after(go_child *c)
{
    int error = c->looked_after ? 0 : sched_spawn_own("child", look_after, c);
    c->looked_after = c->looked_after || !error;
    return error;
}

/* A 0 says no more than that it is worth a look. */
static int wait_in_queue(go_child *c, int64_t deadline)
{
    struct waiter w = {.g = sched_self()}; /* with no lock: it may have to wait for a processor */
    lock_take(&c->lock);
    int result = reap(c) != -EAGAIN ? 0 : have_it_looked_after(c);
    bool wait = !result && c->result == -EAGAIN;
    if (wait && (result = deadline_passed(deadline)) == 0) {
        return wait_in_line(&c->lock, &c->waiting, &w, deadline, "child process");
    }
    lock_drop(&c->lock);
    return result;
}

static int wait_for_end(go_child *c, int64_t deadline)
{
    for (;;) {
        int result = reap_locked(c);
        if (result != -EAGAIN)
            return result;
        result = c->watch >= 0 ? go_wait_fd(c->watch, GO_READABLE, deadline) : wait_in_queue(c, deadline);
        if (result < 0)
            return result;
    }
}

int go_child_wait_until(go_child *child, struct go_child_status *status, int64_t deadline)
{
    if (!child)
        return -EINVAL;
    lock_take(&child->lock);
    child->users++;
    lock_drop(&child->lock);
    int result = wait_for_end(child, deadline);
    lock_take(&child->lock);
    child->users--;
    if (result == 0 && status)
        *status = child->status;
    lock_drop(&child->lock);
    return result;
}

int go_child_wait(go_child *child, struct go_child_status *status)
{
    return go_child_wait_until(child, status, GO_FOREVER);
}

int go_child_free(go_child *child)
{
    if (!child)
        return 0;
    lock_take(&child->lock);
    int error = child->users ? -EBUSY : 0;
    bool runs = !error && (reap(child) == -EAGAIN || child->looked_after);
    if (runs)
        error = have_it_looked_after(child);
    child->forgotten = !error;
    if (runs && !error)
        close_all(child->pipes);
    lock_drop(&child->lock);
    if (!runs && !error)
        destroy(child);
    return error;
}

/* ---- the rest ---- */

static int send_signal(go_child *c, int signal, bool to_group)
{
    lock_take(&c->lock);
    int result = reap(c) == -EAGAIN ? 0 : -ESRCH;
    preempt_hold();
    if (!result)
        result = to_group ? os_child_signal_group(c->id, signal) : os_child_signal(c->id, c->watch, signal);
    preempt_release();
    lock_drop(&c->lock);
    return result;
}

int go_child_kill(go_child *child, int signal)
{
    return child ? send_signal(child, signal, false) : -EINVAL;
}

int go_child_kill_group(go_child *child, int signal)
{
    return child && child->leads_a_group ? send_signal(child, signal, true) : -EINVAL;
}

int go_child_pid(const go_child *child)
{
    return child ? child->id : -EINVAL;
}

int go_child_pipe(go_child *child, int stream)
{
    if (!child || stream < 0 || stream >= STREAMS)
        return -EINVAL;
    lock_take(&child->lock);
    int fd = child->pipes[stream];
    child->pipes[stream] = -1;
    lock_drop(&child->lock);
    return fd >= 0 ? fd : -EBADF;
}
