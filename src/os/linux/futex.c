/* Waiting on a word, and the fence that runs on all threads.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>

#include "os/linux/linux.h"

/* ---- wait and wake ---- */

/* From <linux/futex.h> and <linux/membarrier.h>, which do not come with every libc. */
enum {
    PRIVATE = 128,
    WAIT_BITSET = 9 | PRIVATE,
    WAKE = 1 | PRIVATE,
    ANY_BIT = -1,
    FENCE_ALL = 1 << 3,
    REGISTER_FENCE_ALL = 1 << 4
};

struct time64 {
    int64_t seconds, nanoseconds;
};

/* With a bitset, because such a wait takes an absolute time of the monotonic clock: started again, it ends no later. */
#if defined(SYS_futex_time64) && __SIZEOF_LONG__ == 4
static long wait_until(_Atomic uint32_t *word, uint32_t expected, const struct time64 *until)
{
    long result = os_call(SYS_futex_time64, word, WAIT_BITSET, expected, until, 0, ANY_BIT);
    if (result != -ENOSYS)
        return result;
    long until32[2] = {0}; /* a kernel before 5.1 */
    if (until != NULL) {
        until32[0] = until->seconds > INT32_MAX ? INT32_MAX : (long)until->seconds;
        until32[1] = (long)until->nanoseconds;
    }
    return os_call(SYS_futex, word, WAIT_BITSET, expected, until != NULL ? until32 : NULL, 0, ANY_BIT);
}
#else
static long wait_until(_Atomic uint32_t *word, uint32_t expected, const struct time64 *until)
{
    return os_call(SYS_futex, word, WAIT_BITSET, expected, until, 0, ANY_BIT);
}
#endif

int os_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline)
{
    long result;
    for (;;) {
        int64_t nap = os_nap(deadline);
        int64_t from_zero = nap > 0 ? nap : 0;
        struct time64 until = {.seconds = from_zero / 1000000000, .nanoseconds = from_zero % 1000000000};
        result = wait_until(word, expected, nap != INT64_MAX ? &until : NULL);
        if (result != -EINTR && (result != -ETIMEDOUT || nap == deadline))
            break;
        run_late_handlers();
    }
    return result == -ETIMEDOUT ? -ETIMEDOUT : 0; /* -EAGAIN: the word had changed already */
}

void os_wake(_Atomic uint32_t *word, int n)
{
    os_call(SYS_futex, word, WAKE, n); /* -EFAULT: the memory is gone, and so are its waiters */
}

/* ---- the fence ---- */

static _Atomic bool no_fence;

static long fence(int command)
{
    return os_call(SYS_membarrier, command, 0);
}

/* The kernel wants to know first that a process will use this; it says so with -EPERM, and registering twice does no harm. */
bool os_fence_all(void)
{
    if (atomic_load_explicit(&no_fence, memory_order_relaxed))
        return false;
    if (fence(FENCE_ALL) == 0)
        return true;
    if (fence(REGISTER_FENCE_ALL) == 0 && fence(FENCE_ALL) == 0)
        return true;
    atomic_store_explicit(&no_fence, true, memory_order_relaxed);
    return false;
}
