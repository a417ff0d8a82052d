/* pthread_cancel and what goes with it, for goroutines: the mark of being cancelled, the state and the type are the goroutine's,
 * and a plain thread's are libc's affair.
 *
 * Which calls are cancellation points only libc knows. Where it does not ask us (os_libc_asks), it looks at the identity in use. So
 * a goroutine that has cancelled itself gets an identity of its own, which is then cancelled too, with a trap in the way of its
 * end.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>

#include "os/linux/ending.h"

void os_ending_disarm(struct os_ending *e)
{
    if (e->trap == NULL)
        return;
    void *trap = e->trap;
    e->trap = NULL;
    os_libc_state(PTHREAD_CANCEL_DISABLE, NULL);
    os_libc_forget_trap(trap);
}

_Noreturn void os_ending_finish(struct os_ending *e)
{
    e->off = true;
    os_ending_disarm(e);
    os_ending_hooks_set()->end();
    __builtin_unreachable();
}

/* Of a kind that acts at once. */
static void end_if_due(struct os_ending *e)
{
    if (os_ending_is_due(e) && e->asynchronous)
        os_ending_finish(e);
}

SHOWN int pthread_setcancelstate(int state, int *before)
{
    struct os_ending *e = os_ending_of_caller();
    if (e == NULL)
        return os_libc_state(state, before);
    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
        return EINVAL;
    if (before != NULL)
        *before = e->off ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
    e->off = state == PTHREAD_CANCEL_DISABLE;
    if (e->trap != NULL)
        os_libc_state(state, NULL);
    end_if_due(e);
    return 0;
}

SHOWN int pthread_setcanceltype(int type, int *before)
{
    struct os_ending *e = os_ending_of_caller();
    if (e == NULL)
        return os_libc_type(type, before);
    if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
        return EINVAL;
    if (before != NULL)
        *before = e->asynchronous ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED;
    e->asynchronous = type == PTHREAD_CANCEL_ASYNCHRONOUS;
    end_if_due(e);
    return 0;
}

SHOWN void pthread_testcancel(void)
{
    struct os_ending *e = os_ending_of_caller();
    if (e == NULL)
        os_libc_test();
    else if (os_ending_is_due(e))
        os_ending_finish(e);
}

/* Called by libc when it begins to end the thread. */
static void caught(void *unused)
{
    (void)unused;
    os_ending_finish(os_ending_of_caller());
}

static void arm(struct os_ending *e)
{
    void *trap = os_ending_hooks_set()->keep_identity();
    if (trap == NULL)
        return;
    e->trap = trap;
    os_libc_state(e->off ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE, NULL);
    os_libc_type(PTHREAD_CANCEL_DEFERRED, NULL);
    os_libc_trap(trap, caught);
    os_libc_cancel((pthread_t)os_thread_name());
}

SHOWN int pthread_cancel(pthread_t thread)
{
    struct os_ending *e = os_ending_of_caller();
    const struct os_ending_hooks *h = os_ending_hooks_set();
    if (e == NULL || (uintptr_t)thread != os_thread_name())
        return h != NULL && h->is_lent((uintptr_t)thread) ? ESRCH : os_libc_cancel(thread);
    e->cancelled = true;
    end_if_due(e);
    if (e->trap == NULL && !os_libc_asks())
        arm(e);
    return 0;
}
