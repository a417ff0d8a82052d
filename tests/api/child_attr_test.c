/* What a child process starts with: its streams, and how one talks to it; its directory, environment and group; and nothing else of
 * this program, no descriptor and no mask.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "children.h"

/* ---- streams ---- */

enum { BIG = 1 << 20 };

struct feed {
    int fd;
    const char *bytes;
};

static void feed(void *arg)
{
    struct feed *f = arg;

    CHECK_EQ(BIG, go_write(f->fd, f->bytes, BIG));
    CHECK_EQ(0, go_close(f->fd));
}

TEST(what_goes_through_a_child_comes_back_whole)
{
    char *bytes = test_alloc(BIG), *found = test_alloc(BIG + 2);
    struct feed *f = test_alloc(sizeof *f);
    go_child *child = spawn(&with_both, ARGUMENTS("cat"));

    for (int i = 0; i < BIG; i++)
        bytes[i] = (char)(i * 7 + i / 1000);
    *f = (struct feed){go_child_pipe(child, 0), bytes};
    CHECK_EQ(0, go(feed, f));
    read_all(child, 1, found, BIG + 2);
    CHECK_MEM(bytes, found, BIG);
    check_end(0, 0, child);
}

TEST(each_stream_is_what_the_attributes_say)
{
    struct go_child_attr error_only = {.streams = {GO_CHILD_NULL, GO_CHILD_NULL, GO_CHILD_PIPE}};
    struct go_child_attr swapped = {.streams = {GO_CHILD_NULL, 2, 1}};
    go_child *child = spawn(&error_only, SHELL("cat; echo out; echo err >&2"));
    char text[100];
    int out = dup(1), error = dup(2), one[2], two[2];

    read_all(child, 2, text, sizeof text);
    CHECK_STR("err\n", text);
    check_end(0, 0, child);

    /* As long as 1 and 2 are pipes, the test says nothing. */
    CHECK(pipe2(one, O_CLOEXEC) == 0 && pipe2(two, O_CLOEXEC) == 0);
    dup2(one[1], 1);
    dup2(two[1], 2);
    child = NULL;
    go_child_spawn(&swapped, SHELL("echo out; echo err >&2"), &child);
    dup2(out, 1);
    dup2(error, 2);
    check_end(0, 0, child);
    memset(text, 0, sizeof text);
    fcntl(one[0], F_SETFL, O_NONBLOCK);
    fcntl(two[0], F_SETFL, O_NONBLOCK);
    CHECK_EQ(4, read(one[0], text, sizeof text));
    CHECK_STR("err\n", text);
    CHECK_EQ(4, read(two[0], text, sizeof text));
    CHECK_STR("out\n", text);
    for (int i = 0; i < 2; i++)
        CHECK(close(one[i]) == 0 && close(two[i]) == 0);
    close(out);
    close(error);
}

TEST(a_descriptor_of_this_program_can_be_a_stream)
{
    char path[] = "/tmp/libgoroutine-child-XXXXXX", text[10] = {0};
    int fd = mkostemp(path, O_CLOEXEC);
    struct go_child_attr attr = {.streams = {GO_CHILD_NULL, fd, fd}};

    CHECK_EQ(0, unlink(path));
    check_end(0, 0, spawn(&attr, SHELL("echo a; echo b >&2")));
    CHECK_EQ(4, pread(fd, text, sizeof text, 0));
    CHECK_STR("a\nb\n", text);
    CHECK_EQ(0, close(fd));
}

TEST(a_write_to_a_child_that_has_gone_is_an_error_and_no_signal)
{
    go_child *child = spawn(&with_both, ARGUMENTS("true"));
    int fd = go_child_pipe(child, 0);
    char bytes[100] = {0};

    check_status(0, 0, child);
    CHECK_EQ(-EPIPE, go_write(fd, bytes, sizeof bytes));
    CHECK_EQ(-EPIPE, go_write(fd, bytes, sizeof bytes));
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_child_free(child));
}

/* ---- what it has of this program ---- */

/* What a child writes, which must end with 0. */
static char *output_of(const struct go_child_attr *attr, char **arguments)
{
    enum { ROOM = 1 << 16 };
    char *text = test_alloc(ROOM);
    struct go_child_attr all = *attr;
    go_child *child;

    all.streams[0] = all.streams[0] ? all.streams[0] : GO_CHILD_NULL;
    all.streams[1] = GO_CHILD_PIPE;
    child = spawn(&all, arguments);
    read_all(child, 1, text, ROOM);
    check_end(0, 0, child);
    return text;
}

TEST(a_child_starts_where_and_with_what_the_attributes_say)
{
    struct go_child_attr there = {.directory = "/proc"}, relative = {.directory = "/bin", .file = "./sh"};
    struct go_child_attr clean = {.environment = ARGUMENTS("ONE=1", "TWO=2")};

    CHECK_STR("/proc\n", output_of(&there, SHELL("pwd")));
    CHECK_STR("name\n", output_of(&relative, ARGUMENTS("name", "-c", "echo $0")));
    CHECK_STR("ONE=1\nTWO=2\n", output_of(&clean, ARGUMENTS("env")));
    CHECK_EQ(0, setenv("TEST_CHILD", "x y", 1));
    CHECK_STR("x y\n", output_of(&(struct go_child_attr){0}, SHELL("echo \"$TEST_CHILD\"")));
    CHECK_EQ(0, unsetenv("TEST_CHILD"));
}

static unsigned long long mask_of(const char *status, const char *name)
{
    const char *line = strstr(status, name);

    return CHECK(line != NULL) ? strtoull(line + strlen(name), NULL, 16) : 0;
}

/* Signals that no program under an emulator has a number for: what started it may have ignored them. (posix_spawn, as make uses
 * it.) */
static unsigned long long beyond_the_program(void)
{
    return emulated() ? 3ULL << (32 - 1) : 0;
}

TEST(a_child_has_no_signal_masked_ignored_or_handled)
{
    go_chan *c = test_chan(sizeof(int), 1);
    sigset_t some, kept;
    const char *status;

    sigemptyset(&some);
    sigaddset(&some, SIGUSR2);
    sigaddset(&some, SIGTERM);
    go_preempt_off();
    pthread_sigmask(SIG_BLOCK, &some, &kept);
    signal(SIGPIPE, SIG_IGN);
    CHECK_EQ(0, go_signal_notify(c, (int[]){SIGUSR1, SIGINT}, 2));
    CHECK_EQ(0, go_signal_ignore((int[]){SIGHUP}, 1));
    status = output_of(&(struct go_child_attr){0}, ARGUMENTS("cat", "/proc/self/status"));
    CHECK_EQ(0, mask_of(status, "SigBlk:"));
    CHECK_EQ(0, mask_of(status, "SigIgn:") & ~beyond_the_program());
    CHECK_EQ(0, mask_of(status, "SigCgt:"));
    CHECK_EQ(0, mask_of(status, "SigPnd:"));
    CHECK_EQ(0, go_signal_stop(c));
    CHECK_EQ(0, go_signal_reset((int[]){SIGHUP}, 1));
    signal(SIGPIPE, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
    go_preempt_on();
}

/* Those of this program that are meant to be passed on, beyond 0 to 2. */
static int passed_on(void)
{
    int n = 0;

    for (int fd = 3; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);

        n += flags >= 0 && !(flags & FD_CLOEXEC);
    }
    return n;
}

TEST(a_child_has_no_descriptor_of_the_library)
{
    go_child *child = spawn(&with_both, ARGUMENTS("cat"));
    go_chan *c = test_chan(sizeof(int), 1);
    const char *list;
    int lines = 0;

    CHECK_EQ(0, go_signal_notify(c, (int[]){SIGUSR1}, 1));
    list = output_of(&(struct go_child_attr){0}, ARGUMENTS("ls", "/proc/self/fd"));
    for (const char *at = list; (at = strchr(at, '\n')); at++)
        lines++;
    CHECK_EQ(3 + 1 + passed_on(), lines); /* one is what ls reads */
    CHECK_EQ(0, go_signal_stop(c));
    CHECK_EQ(0, go_close(go_child_pipe(child, 0)));
    check_end(0, 0, child);
}

/* pid, group and session, as /proc tells them. */
static void read_numbers(const char *stat, int *pid, int *group, int *session)
{
    const char *end = strrchr(stat, ')');

    CHECK_EQ(1, sscanf(stat, "%d", pid));
    CHECK(end && sscanf(end, ") %*c %*d %d %d", group, session) == 2);
}

TEST(a_child_may_lead_a_group_or_a_session)
{
    struct go_child_attr group = {.flags = GO_CHILD_GROUP}, session = {.flags = GO_CHILD_SESSION};
    int pid, its_group, its_session;

    read_numbers(output_of(&(struct go_child_attr){0}, ARGUMENTS("cat", "/proc/self/stat")), &pid, &its_group, &its_session);
    CHECK_EQ(getpgrp(), its_group);
    CHECK_EQ(getsid(0), its_session);
    read_numbers(output_of(&group, ARGUMENTS("cat", "/proc/self/stat")), &pid, &its_group, &its_session);
    CHECK_EQ(pid, its_group);
    CHECK_EQ(getsid(0), its_session);
    read_numbers(output_of(&session, ARGUMENTS("cat", "/proc/self/stat")), &pid, &its_group, &its_session);
    CHECK_EQ(pid, its_group);
    CHECK_EQ(pid, its_session);
}

TEST(a_signal_to_the_group_reaches_children_of_the_child)
{
    struct go_child_attr attr = {.streams = {GO_CHILD_NULL, GO_CHILD_PIPE}, .flags = GO_CHILD_GROUP};
    go_child *child = spawn(&attr, SHELL("sleep 1000 & sleep 1000 & echo started; wait"));
    int fd = go_child_pipe(child, 1);
    char text[10];

    CHECK_EQ(8, go_read(fd, text, sizeof text));
    CHECK_EQ(0, go_child_kill_group(child, SIGTERM));
    CHECK_EQ(0, go_read_until(fd, text, sizeof text, go_deadline(30 * GO_SECOND))); /* all who had it are gone */
    check_status(-1, SIGTERM, child);
    CHECK_EQ(-ESRCH, go_child_kill_group(child, SIGTERM));
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_child_free(child));
}
