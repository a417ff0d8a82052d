/* Child processes: how they start and end, and that nobody waits for them but who wants to. (What they start with:
 * child_attr_test.c.)
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "children.h"
#include "hogs.h"

static const struct go_child_attr with_output = {.streams = {GO_CHILD_NULL, GO_CHILD_PIPE, GO_CHILD_INHERIT}};

/* ---- ends ---- */

TEST(a_child_tells_how_it_ended)
{
    go_child *child;

    check_end(0, 0, spawn(NULL, ARGUMENTS("true")));
    check_end(1, 0, spawn(NULL, ARGUMENTS("false")));
    check_end(255, 0, spawn(NULL, SHELL("exit 255")));
    check_end(-1, SIGTERM, spawn(NULL, SHELL("kill -TERM $$")));
    child = spawn(NULL, ARGUMENTS("sleep", "1000"));
    CHECK_EQ(0, go_child_kill(child, 0));
    CHECK_EQ(0, go_child_kill(child, SIGKILL));
    check_status(-1, SIGKILL, child);
    check_status(-1, SIGKILL, child);
    CHECK_EQ(-ESRCH, go_child_kill(child, SIGKILL));
    CHECK_EQ(0, go_child_wait(child, NULL));
    CHECK_EQ(0, go_child_wait_until(child, NULL, GO_NOW));
    CHECK_EQ(0, go_child_free(child));
}

TEST(waiting_gives_up_at_its_deadline)
{
    go_child *child = spawn(NULL, ARGUMENTS("sleep", "1000"));
    int64_t deadline = go_deadline(20 * GO_MILLISECOND);

    CHECK_EQ(-EAGAIN, go_child_wait_until(child, NULL, GO_NOW));
    CHECK_EQ(-ETIMEDOUT, go_child_wait_until(child, NULL, deadline));
    CHECK(go_now() >= deadline);
    CHECK_EQ(0, go_child_kill(child, SIGTERM));
    check_end(-1, SIGTERM, child);
}

struct waits {
    go_child *child;
    atomic_int done;
};

static void wait_for(void *arg, int index)
{
    struct waits *w = arg;

    (void)index;
    check_status(7, 0, w->child);
    atomic_fetch_add(&w->done, 1);
}

TEST(many_may_wait_for_one_child)
{
    struct waits *w = test_alloc(sizeof *w);
    struct go_child_attr attr = {.streams = {GO_CHILD_PIPE}};
    struct crew *goroutines, *threads;
    int fd;

    w->child = spawn(&attr, SHELL("read line; exit 7"));
    goroutines = crew_start(20, wait_for, w);
    threads = crew_start_threads(3, wait_for, w);
    test_settle();
    CHECK_EQ(0, atomic_load(&w->done));
    fd = go_child_pipe(w->child, 0);
    CHECK_EQ(1, go_write(fd, "\n", 1));
    crew_wait(goroutines);
    crew_wait(threads);
    CHECK_EQ(0, go_close(fd));
    check_end(7, 0, w->child);
}

static void wait_alone(void *arg)
{
    wait_for(arg, 0);
}

TEST(a_child_that_somebody_waits_for_is_not_freed)
{
    struct waits *w = test_alloc(sizeof *w);
    struct go_child_attr attr = {.streams = {GO_CHILD_PIPE}};
    int fd;

    w->child = spawn(&attr, SHELL("read line; exit 7"));
    fd = go_child_pipe(w->child, 0);
    test_start_until_blocked(wait_alone, w);
    CHECK_EQ(-EBUSY, go_child_free(w->child));
    CHECK_EQ(0, go_close(fd));
    EVENTUALLY(atomic_load(&w->done) == 1);
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(0, go_child_free(w->child));
    CHECK_EQ(0, go_child_free(NULL));
}

enum { CHILDREN = 50 };

static void wait_for_long(void *arg, int index)
{
    go_child **children = arg;

    check_end(-1, SIGTERM, children[index]);
}

static uint64_t threads_now(void)
{
    struct go_stats stats = {0};

    go_stats_read(&stats, sizeof stats);
    return stats.threads;
}

TEST(waiting_takes_neither_a_processor_nor_a_thread)
{
    go_child **children = test_alloc(CHILDREN * sizeof *children);
    struct crew *c;
    uint64_t before;

    go_maxprocs(1);
    for (int i = 0; i < CHILDREN; i++)
        children[i] = spawn(NULL, ARGUMENTS("sleep", "1000"));
    before = threads_now();
    c = crew_start(CHILDREN, wait_for_long, children);
    go_sleep(500 * GO_MILLISECOND); /* the threads that it must not take would come one a slice */
    CHECK_BETWEEN(0, before + CHILDREN / 2, threads_now());
    for (int i = 0; i < CHILDREN; i++)
        CHECK_EQ(0, go_child_kill(children[i], SIGTERM));
    crew_wait(c);
}

static bool is_there(int pid)
{
    return kill(pid, 0) == 0;
}

TEST(no_zombie_stays_behind)
{
    go_child *waited = spawn(NULL, ARGUMENTS("true")), *ended, *running;
    struct go_child_attr attr = {.streams = {GO_CHILD_PIPE, GO_CHILD_PIPE}};
    int pid = go_child_pid(waited), other;

    CHECK(pid > 1 && is_there(pid));
    check_end(0, 0, waited);
    CHECK(!is_there(pid));

    ended = spawn(&attr, ARGUMENTS("true"));
    pid = go_child_pid(ended);
    CHECK(is_there(pid));
    read_all(ended, 1, (char[8]){0}, 8); /* to its end, or nearly */
    CHECK_EQ(0, go_child_free(ended));
    EVENTUALLY(!is_there(pid));

    running = spawn(&attr, ARGUMENTS("cat")); /* ends when its pipe is closed */
    other = go_child_pid(running);
    CHECK_EQ(0, go_child_free(running));
    EVENTUALLY(!is_there(other));
}

TEST(what_the_program_ignores_is_not_known)
{
    go_child *child;

    signal(SIGCHLD, SIG_IGN);
    child = spawn(NULL, ARGUMENTS("true"));
    CHECK_EQ(-ECHILD, go_child_wait(child, NULL));
    CHECK_EQ(-ESRCH, go_child_kill(child, SIGTERM));
    CHECK_EQ(0, go_child_free(child));
    signal(SIGCHLD, SIG_DFL);
}

/* ---- what keeps one from starting ---- */

TEST(what_cannot_be_started_is_an_error_of_the_call)
{
    NEEDS_NO_EMULATOR("vfork that shares memory: libc is not told why a child could not start");
    struct go_child_attr attr = {.directory = "/no/such/place"};
    char path[] = "/tmp/libgoroutine-child-XXXXXX";
    go_child *child = NULL;
    int fd = mkstemp(path);

    CHECK_EQ(-ENOENT, go_child_spawn(NULL, ARGUMENTS("no-such-program-anywhere"), &child));
    CHECK_EQ(-ENOENT, go_child_spawn(NULL, ARGUMENTS("/no/such/program"), &child));
    CHECK_EQ(-ENOENT, go_child_spawn(&attr, ARGUMENTS("true"), &child));
    CHECK_EQ(-EACCES, go_child_spawn(&with_both, ARGUMENTS("/"), &child));
    CHECK_EQ(-EACCES, go_child_spawn(&with_output, ARGUMENTS(path), &child));
    CHECK_EQ(4, write(fd, "\177abc", 4));
    CHECK_EQ(0, fchmod(fd, 0700));
    CHECK_EQ(0, close(fd));
    CHECK_EQ(-ENOEXEC, go_child_spawn(&with_output, ARGUMENTS(path), &child));
    CHECK_EQ(0, unlink(path));
    attr = (struct go_child_attr){.streams = {GO_CHILD_PIPE, 987}};
    CHECK_EQ(-EBADF, go_child_spawn(&attr, ARGUMENTS("true"), &child));
    CHECK(child == NULL);
}

TEST(arguments_that_make_no_sense_are_an_error)
{
    struct go_child_attr stream = {.streams = {0, -3}}, flags = {.flags = 4}, reserved = {.reserved = {1}};
    go_child *child;

    CHECK_EQ(-EINVAL, go_child_spawn(NULL, NULL, &child));
    CHECK_EQ(-EINVAL, go_child_spawn(NULL, (char *[]){NULL}, &child));
    CHECK_EQ(-EINVAL, go_child_spawn(NULL, ARGUMENTS("true"), NULL));
    CHECK_EQ(-EINVAL, go_child_spawn(&stream, ARGUMENTS("true"), &child));
    CHECK_EQ(-EINVAL, go_child_spawn(&flags, ARGUMENTS("true"), &child));
    CHECK_EQ(-EINVAL, go_child_spawn(&reserved, ARGUMENTS("true"), &child));
    CHECK_EQ(-EINVAL, go_child_wait(NULL, NULL));
    CHECK_EQ(-EINVAL, go_child_kill(NULL, SIGTERM));
    CHECK_EQ(-EINVAL, go_child_kill_group(NULL, SIGTERM));
    CHECK_EQ(-EINVAL, go_child_pid(NULL));
    CHECK_EQ(-EINVAL, go_child_pipe(NULL, 0));
    child = spawn(&with_output, ARGUMENTS("true"));
    CHECK_EQ(-EINVAL, go_child_pipe(child, 3));
    CHECK_EQ(-EINVAL, go_child_pipe(child, -1));
    CHECK_EQ(-EBADF, go_child_pipe(child, 0));
    CHECK_EQ(0, go_close(go_child_pipe(child, 1)));
    CHECK_EQ(-EBADF, go_child_pipe(child, 1));
    CHECK_EQ(-EINVAL, go_child_kill_group(child, SIGTERM));
    CHECK_EQ(0, go_child_wait(child, NULL));
    CHECK_EQ(0, go_child_free(child));
    child = spawn(NULL, ARGUMENTS("sleep", "1000"));
    CHECK_EQ(-EINVAL, go_child_kill(child, 1000));
    CHECK_EQ(0, go_child_kill(child, SIGKILL));
    check_end(-1, SIGKILL, child);
}

/* ---- many ---- */

static void start_many(void *arg, int index)
{
    char text[16], expected[16];

    (void)arg;
    for (int i = 0; i < SCALED(20); i++) {
        char code[32];
        go_child *child;

        snprintf(code, sizeof code, "echo %d; exit %d", i, index + i);
        snprintf(expected, sizeof expected, "%d\n", i);
        child = spawn(&with_output, SHELL(code));
        read_all(child, 1, text, sizeof text);
        CHECK_STR(expected, text);
        check_end(index + i, 0, child);
    }
}

TEST(goroutines_that_are_preempted_start_children)
{
    struct hogs *h;

    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    h = hogs_start(2, hog_calling);
    crew_run(8, start_many, NULL);
    hogs_stop(h);
}

TEST(plain_threads_start_children)
{
    crew_wait(crew_start_threads(4, start_many, NULL));
}
