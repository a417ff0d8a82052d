/* What the tests of child processes share: starting one, reading what it writes, and how it must have ended.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_API_CHILDREN_H
#define TEST_API_CHILDREN_H

#include "test.h"

#define ARGUMENTS(...) ((char *[]){__VA_ARGS__, NULL})
#define SHELL(text)    ARGUMENTS("sh", "-c", text)

static const struct go_child_attr with_both = {.streams = {GO_CHILD_PIPE, GO_CHILD_PIPE, GO_CHILD_INHERIT}};

static inline go_child *spawn(const struct go_child_attr *attr, char **arguments)
{
    go_child *child = NULL;
    int error = go_child_spawn(attr, arguments, &child);

    if (!CHECK_EQ(0, error))
        test_note("%s: %s", arguments[0], go_strerror(error));
    return child;
}

static inline void check_status(int code, int signal, go_child *child)
{
    struct go_child_status status = {99, 99, 99};

    CHECK_EQ(0, go_child_wait(child, &status));
    CHECK_EQ(code, status.code);
    CHECK_EQ(signal, status.signal);
    CHECK_EQ(0, status.core_dumped);
}

/* And forgets it. */
static inline void check_end(int code, int signal, go_child *child)
{
    check_status(code, signal, child);
    CHECK_EQ(0, go_child_free(child));
}

static inline void read_all(go_child *child, int stream, char *text, size_t size)
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

#endif
