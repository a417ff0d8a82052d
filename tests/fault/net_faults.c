/* Sockets when the system says no: no descriptors, no memory, no watches, and numbers that change hands at the worst moment.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "fault/fail.h"
#include "net.h"
#include "sanitizers.h"
#include "os/net.h"
#include "sched/identity.h"
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

/* ---- somebody else closes the same number, just before the system does ---- */

/* A read, or the question what is to be read, that is under way for as long as that takes. */
static atomic_int slowly;
enum { READ_SLOWLY = 1, ASK_SLOWLY, IS_SLOW, GO_ON };

static void be_slow(int how)
{
    if (atomic_compare_exchange_strong(&slowly, &how, IS_SLOW))
        while (atomic_load(&slowly) == IS_SLOW)
            usleep(1000);
}

ptrdiff_t __real_os_io_read(int fd, void *buffer, size_t size);
ptrdiff_t __wrap_os_io_read(int fd, void *buffer, size_t size)
{
    be_slow(READ_SLOWLY);
    return __real_os_io_read(fd, buffer, size);
}

static struct fault close_twice;
static int closed_twice;             /* the number */
static atomic_int closed_by_another; /* what that gave, or NOT_YET */
enum { NOT_YET = 1 };

static void *close_too(void *unused)
{
    (void)unused;
    atomic_store(&closed_by_another, go_close(closed_twice));
    return NULL;
}

/* For a while: it may have to wait for us. */
static void have_it_closed(void)
{
    pthread_t other;

    CHECK_EQ(0, pthread_create(&other, NULL, close_too, NULL));
    pthread_detach(other);
    for (int i = 0; i < 300 && atomic_load(&closed_by_another) == NOT_YET; i++)
        usleep(1000);
}

/* ---- the number is another file's as soon as it is free ---- */

static struct fault give_at_once;
static int listener_to_give;

static void *take_in(void *number)
{
    int fd = *(int *)number;

    CHECK_EQ(fd, dup2(listener_to_give, fd));
    CHECK_EQ(0, go_adopt(fd));
    return NULL;
}

static void have_it_taken(int fd)
{
    pthread_t other;

    CHECK_EQ(0, pthread_create(&other, NULL, take_in, &fd));
    CHECK_EQ(0, pthread_join(other, NULL));
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
    be_slow(ASK_SLOWLY);
    return fd == BEYOND ? 0 : __real_os_io_kind(fd, kind);
}

static atomic_int meet; /* 1: who closes waits, 2: until another has come in */
static int meet_fd;

int __real_os_io_free(int fd, int *other);
int __wrap_os_io_free(int fd, int *other)
{
    if (atomic_load(&meet) == 1 && fd == meet_fd) {
        atomic_store(&meet, 2);
        while (atomic_load(&meet) != 3)
            ;
    }
    if (fault_now(&close_twice))
        have_it_closed();
    int result = __real_os_io_free(fd, other);
    if (fault_now(&give_at_once))
        have_it_taken(fd);
    return result;
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

/* ---- coming in while a number is closed ---- */

/* The first of them has a number that nobody is given when it is free: files are opened for a moment, by the library too. */
static void open_pair(int ends[2])
{
    net_unix_pair(SOCK_STREAM, ends);
    ends[0] = net_move_up(ends[0]);
}

static void close_meeting(void *arg, int index)
{
    (void)index;
    CHECK_EQ(0, go_close(*(int *)arg));
}

static void read_meeting(void *arg, int index)
{
    char byte;

    (void)index;
    CHECK_EQ(-EBADF, go_read(*(int *)arg, &byte, 1));
}

/* Plain threads, so that none of them needs a processor that another one keeps. */
TEST(who_begins_to_wait_while_the_number_is_being_closed_is_told)
{
    int *ends = test_alloc(2 * sizeof *ends);
    struct crew *closer, *reader;

    if (WITH_TSAN)
        SKIP("ThreadSanitizer takes a read of what is being closed for a fault, and here it is meant");

    for (int i = 0; i < SCALED(20); i++) {
        open_pair(ends);
        if (i % 2)
            CHECK_EQ(0, go_adopt(ends[0]));
        meet_fd = ends[0];
        atomic_store(&meet, 1);
        closer = crew_start_threads(1, close_meeting, ends);
        EVENTUALLY(atomic_load(&meet) == 2);
        reader = crew_start_threads(1, read_meeting, ends);
        CHECK_EQ(0, go_sleep(5 * GO_MILLISECOND)); /* most probably it waits by then */
        atomic_store(&meet, 3);
        crew_wait(closer);
        crew_wait(reader);
        atomic_store(&meet, 0);
        CHECK_EQ(0, go_close(ends[1]));
    }
}

static void read_slowly(void *arg, int index)
{
    char byte;

    (void)index;
    CHECK_EQ(-EBADF, go_read(*(int *)arg, &byte, 1));
}

TEST(a_number_that_is_not_open_is_not_closed_whoever_is_inside)
{
    int *ends = test_alloc(2 * sizeof *ends);
    struct crew *reader;

    open_pair(ends);
    net_close_both(ends);
    atomic_store(&slowly, ASK_SLOWLY);
    reader = crew_start_threads(1, read_slowly, ends);
    EVENTUALLY(atomic_load(&slowly) == IS_SLOW);
    CHECK_EQ(-EBADF, go_close(ends[0]));
    CHECK_EQ(-EBADF, go_close(ends[0]));
    atomic_store(&slowly, GO_ON);
    crew_wait(reader);
}

/* A reader is the last to leave, so it is the reader's call that closes; who has asked for it has been told that it is closed. */
TEST(what_was_said_to_be_closed_cannot_be_closed_once_more)
{
    int *ends = test_alloc(2 * sizeof *ends);

    for (int i = 0; i < SCALED(20); i++) {
        struct crew *reader;

        open_pair(ends);
        CHECK_EQ(0, go_adopt(ends[0]));
        closed_twice = ends[0];
        atomic_store(&closed_by_another, NOT_YET);
        atomic_store(&slowly, READ_SLOWLY);
        reader = crew_start_threads(1, read_slowly, ends);
        EVENTUALLY(atomic_load(&slowly) == IS_SLOW);
        CHECK_EQ(0, go_close(ends[0]));
        fault_plan(&close_twice, 0, 1);
        atomic_store(&slowly, GO_ON);
        crew_wait(reader);
        EVENTUALLY(atomic_load(&closed_by_another) != NOT_YET);
        CHECK_EQ(-EBADF, atomic_load(&closed_by_another));
        CHECK_EQ(1, fault_end(&close_twice));
        CHECK_EQ(0, go_close(ends[1]));
    }
}

/* Else nobody would ever be accepted there. */
TEST(a_number_that_is_given_as_soon_as_it_is_free_is_the_new_file)
{
    char words[NET_WORDS];
    int ends[2];

    listener_to_give = net_listen(words);
    for (int i = 0; i < SCALED(20); i++) {
        open_pair(ends);
        CHECK_EQ(0, go_adopt(ends[0]));
        fault_plan(&give_at_once, 0, 1);
        CHECK_EQ(0, go_close(ends[0]));
        CHECK_EQ(1, fault_end(&give_at_once));
        CHECK_EQ(-EAGAIN, go_accept_until(ends[0], GO_NOW));
        net_close_both(ends);
    }
    CHECK_EQ(0, go_close(listener_to_give));
}
