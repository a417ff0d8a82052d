/* Locks and other meeting points. Each is ready for use when all its bytes are zero, owns no memory and needs no clean-up;
 * it must not be copied or freed while in use. Goroutines and plain threads may share it. A mutex has no owner: one
 * goroutine may lock and another unlock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_SYNC_H
#define GOROUTINE_SYNC_H

#include "abi.h"

GO_BEGIN_DECLS

typedef struct go_mutex {
    uintptr_t opaque[4];
} go_mutex;
typedef struct go_rwmutex {
    uintptr_t opaque[8];
} go_rwmutex;
typedef struct go_cond {
    uintptr_t opaque[4];
} go_cond;
typedef struct go_waitgroup {
    uintptr_t opaque[4];
} go_waitgroup;
typedef struct go_once {
    uintptr_t opaque[4];
} go_once;
typedef struct go_sem {
    uintptr_t opaque[4];
} go_sem;

/* go_mutex_lock takes the mutex; blocks while another holds it. A waiter that was passed over for 1 ms gets it next.
 * go_mutex_unlock gives it back; never blocks. Unlocking an unlocked mutex is a panic.
 * Errors: -EINVAL m is NULL; go_mutex_lock_until also -EAGAIN, -ETIMEDOUT. */
GO_API int go_mutex_lock(go_mutex *m);
GO_API int go_mutex_lock_until(go_mutex *m, int64_t deadline);
GO_API int go_mutex_unlock(go_mutex *m);

/* go_rwmutex_lock takes it for one writer, go_rwmutex_rlock for one of many readers. A waiting writer keeps later readers
 * out, so readers must not take it twice. Unlocking what is not locked that way is a panic. Errors: as go_mutex_lock. */
GO_API int go_rwmutex_lock(go_rwmutex *rw);
GO_API int go_rwmutex_lock_until(go_rwmutex *rw, int64_t deadline);
GO_API int go_rwmutex_unlock(go_rwmutex *rw);
GO_API int go_rwmutex_rlock(go_rwmutex *rw);
GO_API int go_rwmutex_rlock_until(go_rwmutex *rw, int64_t deadline);
GO_API int go_rwmutex_runlock(go_rwmutex *rw);

/* go_cond_wait gives m back, waits for a signal sent after that, and takes m again before it returns, also on error.
 * It does not return without a signal. go_cond_signal wakes the one that has waited longest, go_cond_broadcast all; the
 * caller may hold m or not. Errors: -EINVAL; go_cond_wait_until also -EAGAIN (GO_NOW), -ETIMEDOUT. */
GO_API int go_cond_wait(go_cond *c, go_mutex *m);
GO_API int go_cond_wait_until(go_cond *c, go_mutex *m, int64_t deadline);
GO_API int go_cond_signal(go_cond *c);
GO_API int go_cond_broadcast(go_cond *c);

/* go_waitgroup_add adds n (which may be negative) to the counter, go_waitgroup_done takes one off, go_waitgroup_wait blocks
 * until it is zero. A counter below zero is a panic. May be used again after it came to zero.
 * Errors: -EINVAL; -EOVERFLOW the counter would pass INT32_MAX; go_waitgroup_wait_until also -EAGAIN, -ETIMEDOUT. */
GO_API int go_waitgroup_add(go_waitgroup *wg, int n);
GO_API int go_waitgroup_done(go_waitgroup *wg);
GO_API int go_waitgroup_wait(go_waitgroup *wg);
GO_API int go_waitgroup_wait_until(go_waitgroup *wg, int64_t deadline);

/* go_once_do calls fn(arg) if no call on this once has been made; when it returns, that first call has ended, whoever made
 * it. A go_once_do on the same once inside fn deadlocks. A fn that ends its goroutine counts as ended. Errors: -EINVAL. */
GO_API int go_once_do(go_once *once, void (*fn)(void *), void *arg);

/* go_sem_release adds n permits (n >= 1); never blocks. go_sem_acquire takes n at once (n >= 1), in the order of asking, and
 * blocks until it can. Errors: -EINVAL; -EOVERFLOW permits would pass INT32_MAX; go_sem_acquire_until also -EAGAIN, -ETIMEDOUT. */
GO_API int go_sem_release(go_sem *s, int n);
GO_API int go_sem_acquire(go_sem *s, int n);
GO_API int go_sem_acquire_until(go_sem *s, int n, int64_t deadline);

GO_END_DECLS

#endif
