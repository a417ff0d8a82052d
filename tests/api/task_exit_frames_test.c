/* pthread_exit and pthread_cancel in a C program that is built with unwinding throughout: there <pthread.h> makes clean-ups of the
 * compiler's of the handlers.
 *
 * COMPILED WITH: -fexceptions
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "exits.h"

static void pop_then_exit(void *arg)
{
    push_and_pop();
    pthread_exit(arg);
}

TEST(handlers_run_after_what_is_deferred_and_from_the_inside_out)
{
    forget_marks();
    run_as_goroutine(with_handlers, (void *)exits);
    CHECK_STR("dcba", marks);
    forget_marks();
    run_as_goroutine(with_handlers, (void *)pop_then_exit);
    CHECK_STR("ndcba", marks);
}

/* The unwinder that libc has begun with is in the way: of itself it has no unwind information on 32-bit ARM. */
#ifdef __ARM_EABI__
enum { IS_IN_THE_WAY = true };
#else
enum { IS_IN_THE_WAY = false };
#endif

TEST(also_where_libc_finds_that_the_goroutine_is_cancelled)
{
    if (IS_IN_THE_WAY)
        SKIP("this unwinder cannot be unwound");
    forget_marks();
    run_as_goroutine(with_handlers, (void *)cancel_at_poll);
    CHECK_STR("dcba", marks);
}
