/* What a failed assertion calls: libc's calls its own abort, whatever stands before it (raise.c). The message is as libc words it,
 * but in English, and goes to the descriptor, past stdio.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <assert.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/format.h"
#include "os/linux/linux.h"

#if SANITIZE_IDENTITIES

enum { WORDS = 16 };

/* In one call, so that nobody else's words come in between; what is left of it in further ones. */
static void write_all(struct iovec *at, int left)
{
    while (left > 0) {
        long wrote = os_call(SYS_writev, STDERR_FILENO, at, left);
        if (wrote == -EINTR)
            continue;
        if (wrote <= 0)
            return;
        for (; left > 0 && (size_t)wrote >= at->iov_len; at++, left--)
            wrote -= (long)at->iov_len;
        if (left > 0)
            *at = (struct iovec){(char *)at->iov_base + wrote, at->iov_len - (size_t)wrote};
    }
}

/* NULL ends them. */
static _Noreturn void abort_with(const char *const words[])
{
    struct iovec pieces[WORDS];
    int count = 0;
    for (; count < WORDS && words[count] != NULL; count++)
        pieces[count] = (struct iovec){(char *)words[count], strlen(words[count])};
    write_all(pieces, count);
    os_abort();
}

static struct text line_number(unsigned line)
{
    struct text text = {0};
    text_add(&text, "%u", line);
    return text;
}

#if defined(__GLIBC__)

extern char *__progname; /* the program may have changed it */

static _Noreturn void abort_at(const char *file, unsigned line, const char *function, const char *const what[3])
{
    bool named = __progname != NULL && __progname[0] != '\0', within = function != NULL;
    abort_with((const char *const[]){named ? __progname : "", named ? ": " : "", file, ":", line_number(line).bytes, ": ",
                                     within ? function : "", within ? ": " : "", what[0], what[1], what[2], NULL});
}

REPLACES_LIBCS_WEAKLY _Noreturn void __assert_fail(const char *expression, const char *file, unsigned line, const char *function)
{
    abort_at(file, line, function, (const char *const[]){"Assertion `", expression, "' failed.\n"});
}

REPLACES_LIBCS_WEAKLY _Noreturn void __assert_perror_fail(int error, const char *file, unsigned line, const char *function)
{
    abort_at(file, line, function, (const char *const[]){"Unexpected error: ", os_error_text(-error), ".\n"});
}

/* For programs in which no function has a name. */
REPLACES_LIBCS_WEAKLY _Noreturn void __assert(const char *expression, const char *file, int line)
{
    __assert_fail(expression, file, (unsigned)line, NULL);
}

#else

REPLACES_LIBCS_WEAKLY _Noreturn void __assert_fail(const char *expression, const char *file, int line, const char *function)
{
    abort_with((const char *const[]){"Assertion failed: ", expression, " (", file, ": ", function, ": ",
                                     line_number((unsigned)line).bytes, ")\n", NULL});
}

#endif

#endif
