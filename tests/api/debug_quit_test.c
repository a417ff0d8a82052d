/* The dump that the user asks for.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include "sanitizers.h"
#include "test.h"

/* Reads until the text holds the word, or half a minute is over. */
static bool read_until(int fd, const char *word)
{
    static char text[1 << 16];
    size_t used = 0;
    int64_t end = test_now() + 30 * GO_SECOND;

    memset(text, 0, sizeof text);
    while (!strstr(text, word) && test_now() < end && used < sizeof text - 1) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n = poll(&p, 1, 100) > 0 ? read(fd, text + used, sizeof text - 1 - used) : 0;

        used += n > 0 ? (size_t)n : 0;
        go_yield();
    }
    return strstr(text, word) != NULL;
}

TEST(SIGQUIT_dumps_to_standard_error_and_the_program_goes_on)
{
    int ends[2], saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    bool said;

    CHECK_EQ(0, pipe(ends));
    dup2(ends[1], STDERR_FILENO);
    /* ThreadSanitizer keeps a signal back while its thread is in a system call that it does not know of. */
    CHECK_EQ(0, WITH_TSAN ? raise(SIGQUIT) : kill(getpid(), SIGQUIT));
    said = read_until(ends[0], "goroutine 1");
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[0]);
    close(ends[1]);
    CHECK(said);
}
