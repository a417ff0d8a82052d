/* Child processes: how they start, what they have of this program, how one talks to them, and that nobody waits for them but who
 * wants to.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "hogs.h"
#include "sanitizers.h"

#define ARGUMENTS(...) ((char *[]){__VA_ARGS__, NULL})
#define SHELL(text)    ARGUMENTS("sh", "-c", text)

static const struct go_child_attr with_output = {.streams = {GO_CHILD_NULL, GO_CHILD_PIPE, GO_CHILD_INHERIT}};
static const struct go_child_attr with_both = {.streams = {GO_CHILD_PIPE, GO_CHILD_PIPE, GO_CHILD_INHERIT}};

static go_child *spawn(const struct go_child_attr *attr, char **arguments)
{
    go_child *child = NULL;
    int error = go_child_spawn(attr, arguments, &child);

    if (!CHECK_EQ(0, error))
        test_note("%s: %s", arguments[0], go_strerror(error));
    return child;
}

static void check_status(int code, int signal, go_child *child)
{
    struct go_child_status status = {99, 99, 99};

    CHECK_EQ(0, go_child_wait(child, &status));
    CHECK_EQ(code, status.code);
    CHECK_EQ(signal, status.signal);
    CHECK_EQ(0, status.core_dumped);
}

/* And forgets it. */
static void check_end(int code, int signal, go_child *child)
{
    check_status(code, signal, child);
    CHECK_EQ(0, go_child_free(child));
}

static void read_all(go_child *child, int stream, char *text, size_t size)
{
    int fd = go_child_pipe(child, stream);
    size_t used = 0;
    ptrdiff_t n;

    CHECK(fd >= 0);
    while (used < size - 1 && (n = go_read(fd, text + used, size - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    CHECK_EQ(0, go_close(fd));
}

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
    CHECK_EQ(0, mask_of(status, "SigIgn:"));
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
