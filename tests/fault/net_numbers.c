/* Numbers that change hands at the worst moment: closed by two, used while they are being closed, given away as soon as they are
 * free.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <unistd.h>
#include "fault/fail.h"
#include "net.h"
#include "sanitizers.h"
#include "os/net.h"

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

int __real_os_io_kind(int fd, struct os_io_kind *kind);
int __wrap_os_io_kind(int fd, struct os_io_kind *kind)
{
    be_slow(ASK_SLOWLY);
    return __real_os_io_kind(fd, kind);
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
