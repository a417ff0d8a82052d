/* The poller: each edge is told once, to one thread; a sleeper can be woken; deadlines are kept.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "os/net.h"
#include "os/os.h"
#include "os/tap.h"

enum { MANY = 200 };

/* ---- a kernel that is older than epoll_pwait2 ---- */

static atomic_bool old_kernel;
static atomic_int new_calls;

long __real_arch_system_call(long number, long a, long b, long c, long d, long e, long f);
long __wrap_arch_system_call(long number, long a, long b, long c, long d, long e, long f)
{
    if (number == SYS_epoll_pwait2) {
        atomic_fetch_add(&new_calls, 1);
        if (atomic_load(&old_kernel))
            return -ENOSYS;
    }
    return __real_arch_system_call(number, a, b, c, d, e, f);
}

/* ---- readiness ---- */

static struct os_ready ready[MANY];
static char tags[MANY];

static int64_t soon(void)
{
    return os_now() + 20000000;
}

static int caught(void)
{
    return os_poller_wait(ready, MANY, 0);
}

static void pair(int *ends, int type)
{
    socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends);
}

static void test_edges(void)
{
    int ends[2];
    char bytes[100] = {0};

    pair(ends, SOCK_STREAM);
    OK(os_poller_add(ends[0], &tags[0]) == 0, "a socket is added");
    OK(os_poller_add(ends[0], &tags[0]) == -EEXIST, "but once");
    OK(caught() == 1 && ready[0].tag == &tags[0] && ready[0].writable && !ready[0].readable && !ready[0].ended,
       "what is ready already is told, with its tag");
    OK(caught() == 0, "and told once");
    write(ends[1], bytes, 1);
    OK(caught() == 1 && ready[0].readable && !ready[0].ended, "bytes that arrive make it readable");
    OK(caught() == 0, "also if nobody reads them, once");
    write(ends[1], bytes, 1);
    OK(caught() == 1 && ready[0].readable, "more bytes are another edge");
    shutdown(ends[1], SHUT_WR);
    OK(caught() == 1 && ready[0].readable && ready[0].ended, "so is the end of what the other side sends");
    close(ends[1]);
    OK(caught() == 1 && ready[0].readable && ready[0].writable && ready[0].ended, "so is its going, both ways");
    close(ends[0]);
    OK(caught() == 0, "what is closed is told no more");
}

static void test_full(void)
{
    int ends[2];
    char bytes[4096] = {0};

    pair(ends, SOCK_STREAM);
    os_poller_add(ends[0], &tags[1]);
    caught();
    while (write(ends[0], bytes, sizeof(bytes)) > 0)
        ;
    OK(caught() == 0, "a full socket is not writable");
    while (read(ends[1], bytes, sizeof(bytes)) > 0)
        ;
    OK(caught() == 1 && ready[0].writable, "until there is room");
    close(ends[0]);
    close(ends[1]);
}

static void test_urgent(void)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), here = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), there;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;

    bind(listener, (struct sockaddr *)&at, sizeof at);
    getsockname(listener, (struct sockaddr *)&at, &size);
    listen(listener, 1);
    connect(here, (struct sockaddr *)&at, sizeof at);
    there = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    os_poller_add(there, &tags[0]);
    OK(caught() == 1 && !ready[0].ended, "a stream has not ended");
    send(here, "ab", 2, MSG_OOB);
    OK(os_poller_wait(ready, MANY, soon()) == 1 && ready[0].readable && ready[0].ended,
       "where something urgent comes, short reads tell nothing");
    close(listener);
    close(here);
    close(there);
    caught();
}

static void test_others(void)
{
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), ends[2];

    OK(os_poller_add(file, &tags[0]) == -EPERM, "a regular file is always ready");
    close(file);
    OK(os_poller_add(file, &tags[0]) == -EBADF, "what is not open can not be added");
    pipe2(ends, O_NONBLOCK | O_CLOEXEC);
    OK(os_poller_add(ends[0], &tags[2]) == 0 && caught() == 0, "the end of a pipe can");
    close(ends[1]);
    OK(caught() == 1 && ready[0].tag == &tags[2] && ready[0].readable && ready[0].ended, "and hears of the other end's closing");
    close(ends[0]);
}

static void test_many(void)
{
    static int ends[MANY][2];
    bool seen[MANY] = {false};
    int sum = 0, n;

    for (int i = 0; i < MANY; i++) {
        pair(ends[i], SOCK_DGRAM);
        os_poller_add(ends[i][0], &tags[i]);
    }
    while ((n = os_poller_wait(ready, 7, 0)) > 0) {
        sum += n;
        for (int i = 0; i < n; i++)
            seen[(char *)ready[i].tag - tags] = true;
    }
    OK(sum == MANY && memchr(seen, false, sizeof(seen)) == NULL, "no more are given than there is room for, and none is lost");
    for (int i = 0; i < MANY; i++) {
        close(ends[i][0]);
        close(ends[i][1]);
    }
}

/* ---- blocking ---- */

static void test_deadlines(const char *kernel)
{
    char text[100];
    int64_t deadline = soon();
    int n = 0;

    while (n == 0 && os_now() < deadline)
        n = os_poller_wait(ready, MANY, deadline);
    snprintf(text, sizeof(text), "%s: blocks until the deadline, if nothing is ready", kernel);
    OK(n == 0 && os_now() >= deadline, text);
    deadline = os_now() - 1;
    snprintf(text, sizeof(text), "%s: a deadline in the past does not block", kernel);
    OK(os_poller_wait(ready, MANY, deadline) == 0, text);
}

static void test_bell(void)
{
    os_poller_wake();
    os_poller_wake();
    OK(caught() == 0, "who looks in passing is not told of a wake-up");
    int64_t deadline = os_now() + 60000000000;
    OK(os_poller_wait(ready, MANY, deadline) == 0 && os_now() < deadline, "and leaves it to the next one who would block");
    deadline = soon();
    while (os_poller_wait(ready, MANY, deadline) == 0 && os_now() < deadline)
        ;
    OK(os_now() >= deadline, "which is woken once");
}

static atomic_int woken;

static void *sleep_in_poller(void *unused)
{
    struct os_ready one;

    errno = 77;
    while (!atomic_load(&woken) && os_poller_wait(&one, 1, INT64_MAX) == 0)
        atomic_fetch_add(&woken, 1);
    atomic_fetch_add(&woken, errno == 77 ? 10 : 0);
    return unused;
}

static void test_wake(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, sleep_in_poller, NULL);
    usleep(20000);
    for (int i = 0; i < 10; i++)
        caught(); /* must not take what is the other's */
    os_poller_wake();
    for (int i = 0; i < 10; i++)
        caught();
    pthread_join(thread, NULL);
    OK(atomic_load(&woken) == 11, "a thread that blocks is woken, though others look in passing; errno is left alone");
}

int main(void)
{
    OK(os_poller_start() == 0 && os_poller_start() == 0, "the poller starts, and a second time does no harm");
    test_edges();
    test_full();
    test_urgent();
    test_others();
    test_many();
    test_deadlines("this kernel");
    atomic_store(&old_kernel, true);
    int calls = atomic_load(&new_calls);
    test_deadlines("an older one");
    OK(atomic_load(&new_calls) <= calls + 1, "which is asked once");
    test_bell();
    test_wake();
    return tap_end();
}
