/* The calls that take a context, each in a world where it blocks until it is served.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_OPS_H
#define TEST_OPS_H

#include "world.h"

struct op {
    const char *name;
    ptrdiff_t (*call)(go_ctx *ctx, struct world *w);
    void (*serve)(struct world *w);
    ptrdiff_t gives; /* once it is served */
    enum {
        ONCE,
        FOR_GOOD, /* and so are all who come later: a count that is zero, room */
        ONLY_WHO_WAITS,
        NEVER
    } served;
};

enum { OPS = 24 };
extern const struct op ops[];

const struct op *op_find(const char *name);

#define CHECK_OP(expected, actual, op)                                                                                             \
    do {                                                                                                                           \
        if (!CHECK_EQ(expected, actual))                                                                                           \
            test_note("in go_%s_ctx", (op)->name);                                                                                 \
    } while (0)

/* One of them as it is made. */
struct op_call {
    const struct op *op;
    go_ctx *ctx;
    struct world *w;
    ptrdiff_t result;
    atomic_bool begun, done;
};
struct op_call *op_new(const struct op *op, go_ctx *ctx, struct world *w);
void op_make(void *call, int index); /* here and now; as a member of a crew too */

/* Makes it in a goroutine, which then waits; or in a thread (a crew, if there is room for one), which most probably does. */
struct op_call *op_start(const struct op *op, go_ctx *ctx, struct world *w, struct crew **thread);

/* Waits for its end. */
void op_end(struct op_call *c, struct crew *thread, ptrdiff_t expected);

#endif
