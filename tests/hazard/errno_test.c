/* A compiler looks up the address of errno once in a function, since libc says that it never changes. So the whole of a function
 * must see one errno, its own, however often it is taken off between a call that fails and the line that asks why.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "hazard.h"

enum { ROUNDS = 300 };

static volatile int no_descriptor = -1;
static const char *volatile no_file = "/nothing/like/this";

static void ask_why(void *arg, int index)
{
    int wrong = 0;

    (void)arg;
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        wrong += close(no_descriptor) != -1;
        linger(3000);
        wrong += errno != EBADF;
        wrong += open(no_file, O_RDONLY) != -1;
        linger(3000);
        wrong += errno != ENOENT;
        errno = 1000 + index;
        linger(3000);
        wrong += errno != 1000 + index;
    }
    CHECK_EQ(0, wrong);
}

TEST(a_call_that_fails_says_why_however_late_it_is_asked)
{
    crowd_with_identity(3000, ask_why, NULL);
}

static void keep_the_address(void *arg, int index)
{
    int wrong = 0;

    (void)arg;
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        int *volatile at = &errno;
        *at = 1000 + index;
        linger(5000);
        wrong += *at != 1000 + index;
        wrong += strtol("1000000000000000000000000000", NULL, 10) <= 0;
        wrong += *at != ERANGE;
    }
    CHECK_EQ(0, wrong);
}

TEST(the_address_of_errno_is_good_until_the_goroutine_calls_the_library)
{
    crowd_with_identity(3000, keep_the_address, NULL);
}
