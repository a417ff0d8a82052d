/* Running this same test program again with another environment.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "child.h"
#include "emulator.h"

enum { OUTPUT_MAX = 1 << 16 };

/* The present environment with one variable changed; to be freed, the new entry (the first) too. */
static char **environment_with(const char *name, const char *value)
{
    size_t n = 0, used = 0, length = strlen(name);
    char **result;

    while (environ[n])
        n++;
    result = calloc(n + 2, sizeof *result);
    if (!result || asprintf(&result[0], "%s=%s", value ? name : "TEST_NO", value ? value : "") < 0)
        return NULL;
    used = 1;
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], name, length) != 0 || environ[i][length] != '=')
            result[used++] = environ[i];
    return result;
}

static pid_t start(const char *tests, char **environment, int output)
{
    posix_spawn_file_actions_t actions;
    char *argv[] = {"child", (char *)tests, NULL};
    char *by_emulator[] = {"sh", "-c", "exec $RUN \"$0\" \"$@\"", emulator_program(), (char *)tests, NULL};
    bool emulated = emulator_program() != NULL;
    pid_t pid = -1;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    if (posix_spawn(&pid, emulated ? "/bin/sh" : "/proc/self/exe", &actions, NULL, emulated ? by_emulator : argv, environment) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void read_all(int fd, char *text, size_t size)
{
    char more[1024];
    size_t used = 0;
    ssize_t n;

    while ((n = read(fd, more, sizeof more)) > 0 || (n < 0 && errno == EINTR)) {
        if (n < 0)
            continue;
        if ((size_t)n > size - 1 - used)
            n = (ssize_t)(size - 1 - used);
        memcpy(text + used, more, (size_t)n);
        used += (size_t)n;
    }
    text[used] = '\0';
}

static void show(char *text, const char *name, const char *value)
{
    char *save = NULL;

    test_note("with %s%s%s:", value ? name : "no ", value ? "=" : name, value ? value : "");
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        test_note("    %s", line);
}

static int run(const char *tests, char **environment, char *text)
{
    int ends[2], status = -1;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid = start(tests, environment, ends[1]);
    close(ends[1]);
    if (pid > 0) {
        read_all(ends[0], text, OUTPUT_MAX);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close(ends[0]);
    return status;
}

bool child_passes(const char *tests, const char *name, const char *value)
{
    char *text = test_alloc(OUTPUT_MAX);
    char **environment;
    int status;

    go_blocking_begin();
    environment = environment_with(name, value);
    status = environment ? run(tests, environment, text) : -1;
    go_blocking_end();
    if (status != 0)
        show(text, name, value);
    if (environment)
        free(environment[0]);
    free(environment);
    return status == 0;
}

bool child_can_be(void)
{
    return true;
}
