/* Running this same test program again with another environment, which it can read only at its start.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include "test.h"

/* Runs the tests of this program whose names hold `tests`, with the environment variable name=value (NULL: not set); true if all
 * passed. Otherwise it shows what they wrote. Blocks. */
bool child_passes(const char *tests, const char *name, const char *value);

/* Where there are no processes beside this one, the test is left out. */
bool child_can_be(void);

#define NEEDS_CHILDREN()                                                                                                           \
    do {                                                                                                                           \
        if (!child_can_be())                                                                                                       \
            SKIP("no program can be started from here");                                                                           \
    } while (0)

#endif
