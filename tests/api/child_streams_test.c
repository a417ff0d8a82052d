/* What a child has as its streams where this program has closed some of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>
#include "test.h"

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

/* The lowest number that is free is that of the stream: a pipe must not take its place. The first child is there so that the poller
 * has its descriptors before. */
TEST(a_stream_that_this_program_has_closed_is_closed_in_the_child_too)
{
    char *says[] = {"sh", "-c", "if test -e /proc/self/fd/0; then echo open; else echo closed; fi", NULL};
    struct go_child_attr attr = {.streams = {GO_CHILD_INHERIT, GO_CHILD_PIPE, GO_CHILD_INHERIT}};
    int input = fcntl(0, F_DUPFD_CLOEXEC, 3), output;
    char text[100];
    go_child *child;

    CHECK(input >= 3);
    run_one(&child, NULL, (char *[]){"true", NULL});
    CHECK_EQ(0, go_child_free(child));
    CHECK_EQ(0, close(0));
    run_one(&child, &attr, says);
    output = go_child_pipe(child, 1);
    CHECK(output >= 3);
    read_all(output, text, sizeof text);
    CHECK_STR("closed\n", text);
    CHECK_EQ(0, go_child_free(child));
    CHECK_EQ(0, go_close(output));
    CHECK_EQ(0, dup2(input, 0));
    CHECK_EQ(0, close(input));
}
