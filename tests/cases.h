/* What a select is asked to do.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_CASES_H
#define TESTS_CASES_H

#include "goroutine.h"

struct pair {
    go_chan *a, *b;
};

static inline struct go_case sending(go_chan *c, void *elem)
{
    return (struct go_case){.chan = c, .elem = elem, .op = GO_SEND, .result = 99};
}

static inline struct go_case receiving(go_chan *c, void *elem)
{
    return (struct go_case){.chan = c, .elem = elem, .op = GO_RECV, .result = 99};
}

#endif
