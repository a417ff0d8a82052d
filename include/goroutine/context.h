/* Contexts: telling calls and goroutines that what they work for is not wanted any more; groups and scopes of goroutines.
 *
 * A context is done once it is cancelled, its deadline has passed, or its parent is done; it stays so. A call that takes a context
 * ends then: with -ECANCELED, or -ETIMEDOUT where it was the deadline. On a context that is done already it does nothing else.
 * Wherever a context is taken, NULL is one that is never done.
 *
 * A context belongs to who made it, until go_ctx_free; it may be used by any number of goroutines and threads meanwhile. Its parent
 * may be freed before it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_CONTEXT_H
#define GOROUTINE_CONTEXT_H

#include "abi.h"
#include "chan.h"
#include "select.h"
#include "sync.h"

GO_BEGIN_DECLS

typedef struct go_ctx go_ctx;

/* ---- making and ending ---- */

/* go_ctx_background gives a context that is never done. It need not be freed. */
GO_API go_ctx *go_ctx_background(void);

/* go_ctx_new makes a context below parent; go_ctx_with_deadline one that is done at the deadline (of go_now), or at its parent's if
 * that is earlier. Return NULL where memory is short. The caller frees it. Never block. */
GO_API go_ctx *go_ctx_new(go_ctx *parent);
GO_API go_ctx *go_ctx_with_deadline(go_ctx *parent, int64_t deadline);

/* go_ctx_with_value makes a context below parent in which key has this value. Keys are compared by address: that of a static
 * variable is one that nobody else has; NULL is no key. The value must last as long as the contexts. Returns NULL where memory is
 * short. */
GO_API go_ctx *go_ctx_with_value(go_ctx *parent, const void *key, void *value);

/* go_ctx_with_signals makes a context below parent that is cancelled when one of these n signals of the process arrives, which are
 * asked for as by go_signal_notify (signal.h) until then: a second SIGTERM has its usual effect. Where it is done for another
 * reason they are so for a moment more. Returns NULL where memory is short, or where go_signal_notify gives an error. */
GO_API go_ctx *go_ctx_with_signals(go_ctx *parent, const int *signals, int n);

/* go_ctx_without_cancel makes a context that has the values of parent, but is not done when parent is. NULL: memory is short. */
GO_API go_ctx *go_ctx_without_cancel(go_ctx *parent);

/* go_ctx_cancel makes the context and all below it done; 1 if this call did so, 0 if it was done before. When it returns, what
 * waits with one of them has been told, or is being told by another call that ends it just then. cause: what go_ctx_cause gives
 * from then on, a negative number; 0: -ECANCELED. Never blocks. Errors: -EINVAL the background; or a positive cause. */
GO_API int go_ctx_cancel(go_ctx *ctx, int cause);

/* go_ctx_hold says that one more go_ctx_free will come: for a goroutine that is given the context and may outlive its maker. Gives
 * ctx. go_ctx_free ends the caller's use of it. The last one cancels it, and its memory is taken back when nothing is below it any
 * more. NULL is allowed. Never block. */
GO_API go_ctx *go_ctx_hold(go_ctx *ctx);
GO_API void go_ctx_free(go_ctx *ctx);

/* ---- asking ---- */

/* go_ctx_err gives 0 while the context is not done; then -ECANCELED, or -ETIMEDOUT if its deadline or an ancestor's has passed.
 * go_ctx_cause gives 0 likewise; then what the canceller gave, or the same as go_ctx_err. */
GO_API int go_ctx_err(go_ctx *ctx);
GO_API int go_ctx_cause(go_ctx *ctx);

/* go_ctx_deadline gives the deadline; GO_FOREVER: it has none. */
GO_API int64_t go_ctx_deadline(const go_ctx *ctx);

/* go_ctx_value gives the value that key has in the context or the nearest of its ancestors that has one; NULL: none has. */
GO_API void *go_ctx_value(const go_ctx *ctx, const void *key);

/* go_ctx_done gives a channel that is closed when the context is done, for a select. It lives as long as the context. NULL: the
 * context is never done, or memory is short; a select takes NULL for a channel that is never ready. */
GO_API go_chan *go_ctx_done(go_ctx *ctx);

/* go_ctx_after_func runs fn(arg) in a goroutine of its own when the context is done; at once if it is. Where there is no memory for
 * a goroutine, whoever ends the context runs it. Returns NULL where memory is short or fn is NULL. go_ctx_after_stop must be called
 * once: it keeps fn from running and gives 1, or gives 0 where fn has been started; it does not wait for it, and frees what
 * go_ctx_after_func gave. Errors: -EINVAL after is NULL. Never block. */
typedef struct go_ctx_after go_ctx_after;
GO_API go_ctx_after *go_ctx_after_func(go_ctx *ctx, void (*fn)(void *), void *arg);
GO_API int go_ctx_after_stop(go_ctx_after *after);

/* ---- groups ---- */

typedef struct go_group go_group;

/* go_group_new makes a group of goroutines that work for one thing, with a context of its own below parent. limit: how many may run
 * at the same time; 0: any number. Returns NULL where memory is short or limit is negative. The caller frees it. */
GO_API go_group *go_group_new(go_ctx *parent, int limit);

/* go_group_spawn starts fn(ctx, arg) as a goroutine of the group, ctx being the group's. The first one that returns something
 * other than 0 (a negative number) cancels the context, with that as the cause: the others are expected to end. One that ends by
 * go_exit counts as 0, and one that panics, if it ends alone (panic.h), as -ENOTRECOVERABLE. Blocks while the limit is reached;
 * go_group_try_spawn gives -EAGAIN instead. Errors: those of go_spawn; -ECANCELED, -ETIMEDOUT the group's context is done; nothing
 * was started. */
GO_API int go_group_spawn(go_group *group, int (*fn)(go_ctx *ctx, void *arg), void *arg);
GO_API int go_group_try_spawn(go_group *group, int (*fn)(go_ctx *ctx, void *arg), void *arg);

/* go_group_wait blocks until all its goroutines have ended, and gives the first error, or 0. More may be started afterwards.
 * Errors: those of the goroutines; -EINVAL group is NULL; go_group_wait_until also -EAGAIN, -ETIMEDOUT. */
GO_API int go_group_wait(go_group *group);
GO_API int go_group_wait_until(go_group *group, int64_t deadline);

/* go_group_ctx gives the group's context, which lives as long as the group; also to cancel it. */
GO_API go_ctx *go_group_ctx(go_group *group);

/* go_group_free cancels the group's context, waits for its goroutines, and frees it. Gives what go_group_wait would. NULL: 0. */
GO_API int go_group_free(go_group *group);

/* go_scope calls body(scope, arg), scope being a group, and returns when body has returned and all goroutines of the group have
 * ended: none can outlive it, so they may use what lies on the caller's stack. If body returns something other than 0 (a negative
 * number), or ends the goroutine by go_exit, the others are cancelled. Gives the first error of all, or 0; -EINVAL body is NULL;
 * -ENOMEM, and nothing was called. */
GO_API int go_scope(go_ctx *parent, int (*body)(go_group *scope, void *arg), void *arg);

/* ---- calls that end with a context ---- */

/* Each is the call of the same name without _ctx, as the header of that one says; and ends as said at the top. What go_write_ctx
 * and its like have written by then they report, as with a deadline. go_cond_wait_ctx comes back with m taken in any case. */
GO_API int go_send_ctx(go_ctx *ctx, go_chan *c, const void *elem);
GO_API int go_recv_ctx(go_ctx *ctx, go_chan *c, void *elem);
GO_API int go_select_ctx(go_ctx *ctx, struct go_case *cases, int n);
GO_API int go_mutex_lock_ctx(go_ctx *ctx, go_mutex *m);
GO_API int go_rwmutex_lock_ctx(go_ctx *ctx, go_rwmutex *rw);
GO_API int go_rwmutex_rlock_ctx(go_ctx *ctx, go_rwmutex *rw);
GO_API int go_cond_wait_ctx(go_ctx *ctx, go_cond *c, go_mutex *m);
GO_API int go_waitgroup_wait_ctx(go_ctx *ctx, go_waitgroup *wg);
GO_API int go_sem_acquire_ctx(go_ctx *ctx, go_sem *s, int n);
GO_API int go_sleep_ctx(go_ctx *ctx, int64_t ns);
GO_API int go_group_wait_ctx(go_ctx *ctx, go_group *group);

struct iovec;
struct sockaddr;
struct go_child;
struct go_child_status;
GO_API int go_listen_ctx(go_ctx *ctx, const char *network, const char *address);
GO_API int go_accept_ctx(go_ctx *ctx, int fd);
GO_API int go_dial_ctx(go_ctx *ctx, const char *network, const char *address);
GO_API int go_connect_ctx(go_ctx *ctx, int fd, const struct sockaddr *address, unsigned size);
GO_API ptrdiff_t go_read_ctx(go_ctx *ctx, int fd, void *buffer, size_t size);
GO_API ptrdiff_t go_write_ctx(go_ctx *ctx, int fd, const void *bytes, size_t size);
GO_API ptrdiff_t go_readv_ctx(go_ctx *ctx, int fd, const struct iovec *parts, int n);
GO_API ptrdiff_t go_writev_ctx(go_ctx *ctx, int fd, const struct iovec *parts, int n);
GO_API ptrdiff_t go_recvfrom_ctx(go_ctx *ctx, int fd, void *buffer, size_t size, struct sockaddr *from, unsigned *from_size);
GO_API ptrdiff_t go_sendto_ctx(go_ctx *ctx, int fd, const void *bytes, size_t size, const struct sockaddr *to, unsigned to_size);
GO_API ptrdiff_t go_sendfile_ctx(go_ctx *ctx, int to, int from, int64_t *offset, size_t size);
GO_API int go_wait_fd_ctx(go_ctx *ctx, int fd, int events);

GO_API int go_child_wait_ctx(go_ctx *ctx, struct go_child *child, struct go_child_status *status);

GO_END_DECLS

#endif
