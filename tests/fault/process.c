/* Signals and child processes where the system is older, or has no memory and no descriptors left: calls say so, nothing is lost or
 * left behind, and all goes on when there are some again.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "fault/fail.h"
#include "os/process.h"
#include "test.h"

#define ARGUMENTS(...) ((char *[]){__VA_ARGS__, NULL})

static struct fault no_memory, no_pipe, no_eventfd, no_watch, no_taking;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    if (fault_now(&no_memory)) {
        errno = ENOMEM;
        return NULL;
    }
    return __real_malloc(size);
}

int __real_pipe2(int ends[2], int flags);
int __wrap_pipe2(int ends[2], int flags)
{
    if (fault_now(&no_pipe)) {
        errno = EMFILE;
        return -1;
    }
    return __real_pipe2(ends, flags);
}

int __real_eventfd(unsigned value, int flags);
int __wrap_eventfd(unsigned value, int flags)
{
    if (fault_now(&no_eventfd)) {
        errno = EMFILE;
        return -1;
    }
    return __real_eventfd(value, flags);
}

int __real_os_child_watch(int id);
int __wrap_os_child_watch(int id)
{
    return fault_now(&no_watch) ? -ENOSYS : __real_os_child_watch(id);
}

int __real_os_signal_take(int number);
int __wrap_os_signal_take(int number)
{
    return fault_now(&no_taking) ? -EINVAL : __real_os_signal_take(number);
}

/* ---- signals ---- */

static bool is_default(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
}

/* Each test of this is the first to ask, or all have stopped: so the goroutine that sends is to be started. */
static void check_notify(go_chan *c, struct fault *fault, int expected)
{
    int number = SIGUSR1, result;

    test_settle();
    fault_plan(fault, 0, FOR_EVER);
    result = go_signal_notify(c, &number, 1);
    CHECK(fault_end(fault) > 0);
    CHECK_EQ(expected, result);
    CHECK(is_default(SIGUSR1));
    CHECK_EQ(0, go_chan_len(c));
}

static void check_works(go_chan *c)
{
    int number = SIGUSR1;

    CHECK_EQ(0, go_signal_notify(c, &number, 1));
    CHECK_EQ(0, kill(getpid(), SIGUSR1));
    CHECK_EQ(0, go_recv_until(c, NULL, go_deadline(30 * GO_SECOND)));
    CHECK_EQ(0, go_signal_stop(c));
    CHECK(is_default(SIGUSR1));
}

TEST(signals_that_cannot_be_had_for_lack_of_something_are_as_before)
{
    go_chan *c = test_chan(sizeof(int), 1);
    go_child *child;

    CHECK_EQ(0, go_child_spawn(NULL, ARGUMENTS("true"), &child)); /* so that the poller has what it needs */
    CHECK_EQ(0, go_child_wait(child, NULL));
    CHECK_EQ(0, go_child_free(child));
    check_notify(c, &no_eventfd, -EMFILE);
    check_works(c);
    check_notify(c, &no_memory, -ENOMEM);
    check_works(c);
    check_notify(c, &no_taking, -EINVAL);
    check_works(c);
}

TEST(of_several_signals_all_are_taken_or_none)
{
    static const int numbers[] = {SIGUSR1, SIGUSR2, SIGTERM};
    go_chan *c = test_chan(sizeof(int), 1), *other = test_chan(sizeof(int), 1);

    CHECK_EQ(0, go_signal_notify(other, &numbers[1], 1));
    for (int good = 0; good < 3; good++) {
        fault_plan(&no_taking, good, 1);
        CHECK_EQ(-EINVAL, go_signal_notify(c, numbers, 3));
        CHECK_EQ(1, fault_end(&no_taking));
        CHECK(is_default(SIGUSR1) && is_default(SIGTERM) && !is_default(SIGUSR2));
    }
    CHECK_EQ(0, kill(getpid(), SIGUSR2));
    CHECK_EQ(0, go_recv_until(other, NULL, go_deadline(30 * GO_SECOND)));
    CHECK_EQ(0, go_signal_stop(other));
    CHECK_EQ(0, go_chan_len(c));
}

TEST(of_all_signals_those_that_the_system_refuses_are_left_out)
{
    go_chan *c = test_chan(sizeof(int), 4);

    fault_plan(&no_taking, 0, 1);
    CHECK_EQ(0, go_signal_notify(c, NULL, 0));
    CHECK_EQ(1, fault_end(&no_taking));
    CHECK_EQ(0, kill(getpid(), SIGTERM));
    CHECK_EQ(0, go_recv_until(c, NULL, go_deadline(30 * GO_SECOND)));
    CHECK_EQ(0, go_signal_stop(c));
}

/* ---- children ---- */

static const struct go_child_attr with_pipes = {.streams = {GO_CHILD_PIPE, GO_CHILD_PIPE, GO_CHILD_NULL}};

TEST(a_child_that_cannot_start_for_lack_of_something_leaves_nothing_behind)
{
    go_child *child = NULL;

    for (int good = 0; good < 2; good++) {
        fault_plan(&no_pipe, good, FOR_EVER);
        CHECK_EQ(-EMFILE, go_child_spawn(&with_pipes, ARGUMENTS("true"), &child));
        CHECK_EQ(1, fault_end(&no_pipe));
    }
    fault_plan(&no_memory, 0, FOR_EVER);
    CHECK_EQ(-ENOMEM, go_child_spawn(&with_pipes, ARGUMENTS("true"), &child));
    CHECK(fault_end(&no_memory) > 0);
    CHECK(child == NULL);
}

/* ---- without a descriptor for a child ---- */

static go_child *spawn(char **arguments)
{
    struct go_child_attr attr = {.streams = {GO_CHILD_PIPE}};
    go_child *child = NULL;

    fault_plan(&no_watch, 0, FOR_EVER);
    CHECK_EQ(0, go_child_spawn(&attr, arguments, &child));
    CHECK_EQ(1, fault_end(&no_watch));
    return child;
}

static void wait_for(void *child, int index)
{
    struct go_child_status status = {99, 99, 99};

    (void)index;
    CHECK_EQ(0, go_child_wait(child, &status));
    CHECK_EQ(7, status.code);
    CHECK_EQ(0, status.signal);
}

TEST(many_wait_for_a_child_that_has_no_descriptor)
{
    go_child *child = spawn(ARGUMENTS("sh", "-c", "read line; exit 7"));
    struct crew *goroutines, *threads;

    go_maxprocs(1);
    goroutines = crew_start(10, wait_for, child);
    threads = crew_start_threads(2, wait_for, child);
    test_settle();
    CHECK_EQ(-EAGAIN, go_child_wait_until(child, NULL, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_child_wait_until(child, NULL, go_deadline(20 * GO_MILLISECOND)));
    CHECK_EQ(0, go_close(go_child_pipe(child, 0)));
    crew_wait(goroutines);
    crew_wait(threads);
    wait_for(child, 0);
    CHECK_EQ(-ESRCH, go_child_kill(child, SIGTERM));
    CHECK_EQ(0, go_child_free(child));
}

TEST(a_child_without_a_descriptor_is_killed)
{
    go_child *child = spawn(ARGUMENTS("sleep", "1000"));
    struct go_child_status status;

    CHECK_EQ(-EAGAIN, go_child_wait_until(child, NULL, GO_NOW));
    CHECK_EQ(0, go_child_kill(child, SIGTERM));
    CHECK_EQ(0, go_child_wait(child, &status));
    CHECK_EQ(SIGTERM, status.signal);
    CHECK_EQ(0, go_child_free(child));
}

static void check_forgotten(bool waited)
{
    go_child *child = spawn(ARGUMENTS("cat"));
    int pid = go_child_pid(child);

    if (waited)
        CHECK_EQ(-ETIMEDOUT, go_child_wait_until(child, NULL, go_deadline(GO_MILLISECOND)));
    CHECK_EQ(0, go_child_free(child));
    EVENTUALLY(kill(pid, 0) != 0);
}

TEST(a_forgotten_child_without_a_descriptor_leaves_no_zombie)
{
    check_forgotten(false);
    check_forgotten(true);
}
