/* What a child has as its streams where this program has closed some of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>
#include "hogs.h"

static void read_all(int fd, char *text, size_t room)
{
    ptrdiff_t n;
    size_t used = 0;

    while (used < room - 1 && (n = go_read(fd, text + used, room - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = 0;
}

static void run_one(go_child **child, const struct go_child_attr *attr, char **words)
{
    CHECK_EQ(0, go_child_spawn(attr, words, child));
    CHECK_EQ(0, go_child_wait(*child, NULL));
}

/* What the child says of its stream 0. */
static void check_child_says(const char *what)
{
    char *says[] = {"sh", "-c", "if test -e /proc/self/fd/0; then echo open; else echo closed; fi", NULL};
    struct go_child_attr attr = {.streams = {GO_CHILD_INHERIT, GO_CHILD_PIPE, GO_CHILD_INHERIT}};
    char text[100];
    go_child *child;
    int output;

    run_one(&child, &attr, says);
    output = go_child_pipe(child, 1);
    CHECK(output >= 3);
    read_all(output, text, sizeof text);
    CHECK_STR(what, text);
    CHECK_EQ(0, go_child_free(child));
    CHECK_EQ(0, go_close(output));
}

/* The lowest number that is free is that of the stream: a pipe must not take its place. The first child is there so that the poller
 * has its descriptors before. */
static int close_input(void)
{
    int input = fcntl(0, F_DUPFD_CLOEXEC, 3);
    go_child *child;

    CHECK(input >= 3);
    run_one(&child, NULL, (char *[]){"true", NULL});
    CHECK_EQ(0, go_child_free(child));
    CHECK_EQ(0, close(0));
    return input;
}

static void open_input(int input)
{
    CHECK_EQ(0, dup2(input, 0));
    CHECK_EQ(0, close(input));
}

TEST(a_stream_that_this_program_has_closed_is_closed_in_the_child_too)
{
    int input = close_input();

    check_child_says("closed\n");
    open_input(input);
    check_child_says("open\n");
}

/* The library looks what they do, in files that have the number of the stream. */
static void sleep_and_compute(void *arg, int index)
{
    atomic_bool *over = arg;

    (void)index;
    while (!atomic_load(over)) {
        usleep(300);
        for (volatile int i = 0; i < 100000; i++)
            ;
    }
}

TEST(what_the_library_has_open_for_a_moment_is_no_stream)
{
    NEEDS_PREEMPTION();
    atomic_bool *over = test_alloc(sizeof *over);
    int input = close_input();
    struct crew *c;

    go_maxprocs(2);
    go_slice(100 * GO_MICROSECOND);
    c = crew_start(8, sleep_and_compute, over);
    for (int i = 0; i < SCALED(100); i++)
        check_child_says("closed\n");
    atomic_store(over, true);
    crew_wait(c);
    open_input(input);
}
