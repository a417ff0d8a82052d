/* The poller: epoll, edge-triggered, and an eventfd that wakes who blocks in it.
 *
 * The eventfd is level-triggered, and only a thread that may block takes what is in it: another one that looks in passing must not
 * swallow a wake-up that is meant for the one that sleeps.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/linux/linux.h"
#include "os/net.h"

enum { BATCH = 128 };

static int poller = -1, bell = -1; /* fixed after os_poller_start */

int os_poller_start(void)
{
    if (poller < 0)
        poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0)
        return -errno;
    if (bell >= 0)
        return 0;
    int made = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (made < 0)
        return -errno;
    struct epoll_event rung = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, made, &rung) != 0) {
        int error = -errno;
        close(made);
        return error;
    }
    bell = made;
    return 0;
}

int os_poller_add(int fd, void *tag)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = tag};
    return (int)os_call(SYS_epoll_ctl, poller, EPOLL_CTL_ADD, fd, &event);
}

void os_poller_wake(void)
{
    uint64_t one = 1;
    os_call(SYS_write, bell, &one, sizeof one);
}

static void take_bell(void)
{
    uint64_t rung;
    os_call(SYS_read, bell, &rung, sizeof rung);
}

/* ---- waiting ---- */

struct time64 {
    int64_t seconds, nanoseconds;
};

/* For a kernel before 5.11, where epoll itself knows milliseconds only. */
static long wait_by_poll(struct epoll_event *events, int most, const struct timespec *time)
{
    struct pollfd whole = {.fd = poller, .events = POLLIN};
    int kept = *os_errno();
    int count = ppoll(&whole, 1, time, NULL);
    if (count > 0)
        count = epoll_wait(poller, events, most, 0);
    *os_errno() = kept;
    return count;
}

static long wait_for(struct epoll_event *events, int most, int64_t ns)
{
    static _Atomic bool old;
    if (ns == 0 || ns == INT64_MAX)
        return os_call(SYS_epoll_pwait, poller, events, most, ns == 0 ? 0 : -1, NULL, 0);
    struct time64 time = {ns / 1000000000, ns % 1000000000};
    if (!atomic_load_explicit(&old, memory_order_relaxed)) {
        long count = os_call(SYS_epoll_pwait2, poller, events, most, &time, NULL, 0);
        if (count != -ENOSYS)
            return count;
        atomic_store_explicit(&old, true, memory_order_relaxed);
    }
    struct timespec spec = {.tv_sec = (time_t)time.seconds, .tv_nsec = (long)time.nanoseconds};
    return wait_by_poll(events, most, &spec);
}

static int64_t until(int64_t deadline)
{
    if (deadline == 0 || deadline == INT64_MAX)
        return deadline;
    int64_t now = os_now();
    return deadline > now ? deadline - now : 0; /* a deadline may be any number */
}

int os_poller_wait(struct os_ready *ready, int most, int64_t deadline)
{
    struct epoll_event events[BATCH];
    long count = wait_for(events, most < BATCH ? most : BATCH, until(os_nap(deadline)));
    int n = 0;
    if (count <= 0 && deadline != 0)
        run_late_handlers();
    for (long i = 0; i < count; i++) {
        uint32_t what = events[i].events;
        bool error = what & (EPOLLERR | EPOLLHUP);
        if (events[i].data.ptr) {
            ready[n++] = (struct os_ready){.tag = events[i].data.ptr,
                                           .readable = error || (what & (EPOLLIN | EPOLLRDHUP)),
                                           .writable = error || (what & EPOLLOUT),
                                           .ended = error || (what & (EPOLLRDHUP | EPOLLPRI))};
        } else if (deadline != 0) {
            take_bell();
        }
    }
    return n;
}
