/* Sockets when the system says no: no descriptors, no memory, no watches.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "fault/fail.h"
#include "net.h"
#include "os/net.h"
#include "sched/runtime.h"

static struct fault no_poller, no_watch, no_accept, no_memory;
static int error_of_poller, error_of_watch, error_of_accept;

int __real_os_poller_start(void);
int __wrap_os_poller_start(void)
{
    return fault_now(&no_poller) ? -error_of_poller : __real_os_poller_start();
}

int __real_os_poller_add(int fd, void *tag);
int __wrap_os_poller_add(int fd, void *tag)
{
    return fault_now(&no_watch) ? -error_of_watch : __real_os_poller_add(fd, tag);
}

int __real_accept4(int fd, struct sockaddr *peer, socklen_t *size, int flags);
int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *size, int flags)
{
    if (fault_now(&no_accept)) {
        errno = error_of_accept;
        return -1;
    }
    return __real_accept4(fd, peer, size, flags);
}

static struct fault no_unblock;

int __real_os_io_unblock(int fd);
int __wrap_os_io_unblock(int fd)
{
    return fault_now(&no_unblock) ? -EPERM : __real_os_io_unblock(fd);
}

static _Thread_local bool starts_thread; /* the maker may, at any time: that is not for the sake of sockets */

struct identity;
int __real_thread_start(struct identity *id);
int __wrap_thread_start(struct identity *id)
{
    starts_thread = true;
    int result = __real_thread_start(id);
    starts_thread = false;
    return result;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    if (!starts_thread && fault_now(&no_memory)) {
        errno = ENOMEM;
        return NULL;
    }
    return __real_malloc(size);
}

static struct fault no_map;

void *__real_os_map(size_t size, size_t align);
void *__wrap_os_map(size_t size, size_t align)
{
    return fault_now(&no_map) ? NULL : __real_os_map(size, align);
}

/* A number so large has never been open here; it could be. */
enum { BEYOND = 1 << 22 };

int __real_os_io_kind(int fd, struct os_io_kind *kind);
int __wrap_os_io_kind(int fd, struct os_io_kind *kind)
{
    *kind = (struct os_io_kind){0};
    return fd == BEYOND ? 0 : __real_os_io_kind(fd, kind);
}

/* ---- the first wait ---- */

/* The first test: later there is a poller. */
TEST(where_no_poller_can_be_had_waiting_is_an_error_that_passes)
{
    static const int errors[] = {EMFILE, ENFILE, ENOMEM};
    int ends[2];
    char byte;
    struct net_call *reads;

    net_unix_pair(SOCK_STREAM, ends);
    for (int i = 0; i < 3; i++) {
        error_of_poller = errors[i];
        fault_plan(&no_poller, 0, FOR_EVER);
        CHECK_EQ(-errors[i], go_read(ends[0], &byte, 1));
        CHECK_EQ(-errors[i], go_wait_fd(ends[0], GO_READABLE, GO_FOREVER));
        CHECK_EQ(-errors[i], go_listen("tcp", "127.0.0.1:0"));
        CHECK_EQ(3, fault_end(&no_poller));
        CHECK_EQ(1, go_write(ends[1], "x", 1)); /* what need not wait works */
        CHECK_EQ(1, go_read(ends[0], &byte, 1));
    }
    reads = net_start(NET_READ, ends[0]);
    CHECK_EQ(1, go_write(ends[1], "x", 1));
    CHECK_EQ(1, net_result(reads));
    net_close_both(ends);
}

TEST(where_nothing_more_can_be_watched_it_is_an_error_that_passes)
{
    static const int errors[] = {ENOSPC, ENOMEM};
    char words[NET_WORDS], byte;
    int listener = net_listen(words), ends[2], fd, accepted, before;

    net_unix_pair(SOCK_STREAM, ends);
    before = net_open_count();
    for (int i = 0; i < 2; i++) {
        error_of_watch = errors[i];
        fault_plan(&no_watch, 0, FOR_EVER);
        CHECK_EQ(-errors[i], go_dial("tcp", words));
        CHECK_EQ(-errors[i], go_listen("tcp", "127.0.0.1:0"));
        CHECK_EQ(-errors[i], go_accept(listener)); /* what had come is lost with it */
        CHECK_EQ(-errors[i], go_read(ends[0], &byte, 1));
        CHECK_EQ(-errors[i], go_adopt(ends[0]));
        CHECK_EQ(5, fault_end(&no_watch));
        CHECK_EQ(before, net_open_count());
    }
    fd = go_dial("tcp", words);
    accepted = go_accept(listener);
    CHECK(fd >= 0 && accepted >= 0);
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(accepted));
    CHECK_EQ(0, go_close(listener));
    net_close_both(ends);
}

TEST(what_cannot_be_made_not_to_block_stays_the_programs)
{
    int ends[2];

    CHECK_EQ(0, pipe2(ends, O_CLOEXEC));
    fault_plan(&no_unblock, 0, 1);
    CHECK_EQ(-EPERM, go_adopt(ends[0]));
    CHECK_EQ(1, fault_end(&no_unblock));
    CHECK_EQ(-EINVAL, go_accept(ends[0]));
    CHECK_EQ(0, go_adopt(ends[0]));
    CHECK_EQ(-ENOTSOCK, go_accept(ends[0]));
    net_close_both(ends);
}

/* ---- accepting ---- */

static void check_accept_goes_on(int error, int times)
{
    char words[NET_WORDS];
    int listener = net_listen(words), fd = go_dial("tcp", words), accepted;

    error_of_accept = error;
    fault_plan(&no_accept, 0, times);
    accepted = go_accept(listener);
    CHECK(accepted >= 0);
    CHECK_EQ(times, fault_end(&no_accept));
    fault_plan(&no_accept, 0, FOR_EVER);
    CHECK_EQ(-EAGAIN, error == ENFILE || error == EMFILE ? go_accept_until(listener, GO_NOW) : -EAGAIN);
    fault_end(&no_accept);
    CHECK_EQ(0, go_close(accepted));
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(listener));
}

TEST(a_server_survives_what_ends_single_connections)
{
    static const int errors[] = {ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, ENETUNREACH, EINTR};

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        check_accept_goes_on(errors[i], 20);
}

TEST(a_server_without_descriptors_waits_until_there_are_some)
{
    check_accept_goes_on(EMFILE, 5);
    check_accept_goes_on(ENFILE, 5);
}

/* The same by the system itself: no number below the limit is free. */
TEST(at_the_limit_of_descriptors_who_accepts_waits_and_who_dials_is_told)
{
    char words[NET_WORDS];
    int listener = net_listen(words), fd = go_dial("tcp", words), free_number = dup(fd);
    struct rlimit old, low;
    struct net_call *accepts, *late;
    int64_t deadline;

    close(free_number);
    CHECK_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
    low = old;
    low.rlim_cur = (rlim_t)free_number;
    CHECK_EQ(0, setrlimit(RLIMIT_NOFILE, &low));
    accepts = net_start(NET_ACCEPT, listener);
    deadline = go_deadline(20 * GO_MILLISECOND);
    late = net_start_until(NET_ACCEPT, listener, deadline);
    CHECK_EQ(-ETIMEDOUT, net_result(late));
    CHECK(go_now() >= deadline);
    CHECK_EQ(-EMFILE, go_dial("tcp", words));
    CHECK_EQ(-EMFILE, go_listen("tcp", "127.0.0.1:0"));
    CHECK_EQ(-EMFILE, go_listen("unix", "@libgoroutine-limit"));
    CHECK(!atomic_load(&accepts->done));
    CHECK_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
    CHECK(net_result(accepts) >= 0);
    CHECK_EQ(0, go_close((int)accepts->result));
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(listener));
}

/* How often it has tried once more after that. */
static int close_over_who_accepts(void)
{
    char words[NET_WORDS];
    int listener = net_listen(words), fd = go_dial("tcp", words), tries;
    struct net_call *accepts;

    error_of_accept = EMFILE;
    fault_plan(&no_accept, 0, FOR_EVER);
    accepts = net_start(NET_ACCEPT, listener);
    EVENTUALLY(atomic_load(&no_accept.failed) >= 5); /* its pauses grow: now it has one of 16 ms before it */
    go_preempt_off();
    tries = atomic_load(&no_accept.failed);
    CHECK_EQ(0, go_close(listener));
    go_preempt_on();
    CHECK_EQ(-EBADF, net_result(accepts));
    tries = fault_end(&no_accept) - tries;
    CHECK_EQ(0, go_close(fd));
    return tries;
}

/* Not when it looks again by itself, though its time for that may have come just then. */
TEST(closing_wakes_a_server_that_waits_for_descriptors)
{
    int at_once = 0;

    go_maxprocs(1);
    for (int i = 0; i < 10; i++)
        at_once += close_over_who_accepts() == 0;
    CHECK_BETWEEN(6, 10, at_once);
}

/* ---- the table ---- */

TEST(a_number_too_large_for_us_is_said_to_be_so)
{
    char byte;

    CHECK_EQ(-EMFILE, go_read(BEYOND, &byte, 1));
    CHECK_EQ(-EMFILE, go_close(BEYOND));
    CHECK_EQ(-EBADF, go_read(BEYOND + 1, &byte, 1));
}

TEST(without_memory_for_a_high_number_it_is_an_error_that_passes)
{
    int ends[2], high;
    char byte;

    net_unix_pair(SOCK_STREAM, ends);
    high = fcntl(ends[0], F_DUPFD_CLOEXEC, 9000);
    fault_plan(&no_map, 0, FOR_EVER);
    CHECK_EQ(-ENOMEM, go_read_until(high, &byte, 1, GO_NOW));
    CHECK(fault_end(&no_map) > 0);
    CHECK_EQ(-EAGAIN, go_read_until(high, &byte, 1, GO_NOW));
    CHECK_EQ(0, go_close(high));
    net_close_both(ends);
}

struct frugal {
    int ends[2], listener;
    char words[NET_WORDS];
    atomic_bool end;
};

static void give_back(void *arg)
{
    struct frugal *f = arg;
    char byte;

    while (go_read(f->ends[1], &byte, 1) == 1)
        CHECK_EQ(1, go_write(f->ends[1], &byte, 1));
    atomic_store(&f->end, true);
}

static void use_sockets(struct frugal *f, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        char byte;
        int fd = i % 10 ? -1 : go_dial("tcp", f->words);

        CHECK_EQ(1, go_write(f->ends[0], "x", 1));
        CHECK_EQ(GO_READABLE, go_wait_fd(f->ends[0], GO_READABLE, go_deadline(60 * GO_SECOND)));
        CHECK_EQ(1, go_read_until(f->ends[0], &byte, 1, go_deadline(60 * GO_SECOND)));
        CHECK_EQ(-ETIMEDOUT, go_read_until(f->ends[0], &byte, 1, go_deadline(10 * GO_MICROSECOND)));
        if (fd >= 0) {
            CHECK_EQ(0, go_close(go_accept(f->listener)));
            CHECK_EQ(0, go_close(fd));
        }
    }
}

TEST(sockets_in_use_need_no_memory)
{
    struct frugal *f = test_alloc(sizeof *f);

    go_maxprocs(1); /* another processor might want its first thread just then */
    f->listener = net_listen(f->words);
    net_tcp_pair(f->ends);
    CHECK_EQ(0, go(give_back, f));
    use_sockets(f, 20);
    fault_plan(&no_memory, 0, FOR_EVER);
    use_sockets(f, SCALED(500));
    CHECK_EQ(0, fault_end(&no_memory));
    CHECK_EQ(0, go_shutdown(f->ends[0], GO_WRITABLE));
    EVENTUALLY(atomic_load(&f->end));
    net_close_both(f->ends);
    CHECK_EQ(0, go_close(f->listener));
}
