/* Goroutines: starting them, giving way, processors, threads, and where preemption must not happen.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_TASK_H
#define GOROUTINE_TASK_H

#include "abi.h"

GO_BEGIN_DECLS

/* What a goroutine may be given at its start. All zero means the defaults; later versions may use the reserved words. */
struct go_attr {
    size_t stack_size; /* bytes the goroutine may use; 0: 64 KiB; at most 1 GiB; rounded up to a power of two */
    const char *name;  /* shown in dumps; copied, the first 15 bytes; NULL: none */
    uintptr_t flags;   /* of GO_OWN_IDENTITY */
    uintptr_t reserved[5];
};

/* A thread identity of its own, from its first instruction to its last: see go_lock_identity. Nobody has used it before, and it
 * ends with the goroutine, as a thread ends, destructors of its thread-locals included, on a thread that is not the goroutine's. To
 * make one takes about as long as pthread_create; it holds a sleeping kernel thread. go_spawn_attr waits for it, and gives -EAGAIN
 * where the system has none to give. */
#define GO_OWN_IDENTITY 1u

/* go_spawn starts fn(arg) as a new goroutine and returns at once; the new goroutine may run before or after the return.
 * It ends when fn returns or calls go_exit(); its memory is taken back by the library. Never blocks.
 * The first call starts the scheduler; main() is goroutine 1 without being asked.
 * Errors: -EINVAL fn is NULL; -ENOMEM no memory for the stack; -EAGAIN the first thread could not be started. */
GO_API int go_spawn(void (*fn)(void *), void *arg);

/* go_spawn_attr is go_spawn with attributes; attr may be NULL.
 * Errors: as go_spawn; -EINVAL also where stack_size is over 1 GiB, or a flag is unknown, or a reserved word is not zero. */
GO_API int go_spawn_attr(const struct go_attr *attr, void (*fn)(void *), void *arg);

/* go_yield lets other goroutines run and comes back when they had their turn. On a plain thread it yields the thread. */
GO_API void go_yield(void);

/* go_exit ends the calling goroutine, as a return from its function would: what is deferred runs, then the clean-ups of all
 * functions that are left (panic.h). In main() it ends only goroutine 1: the program goes on until the others are done or asleep
 * for ever. On a plain thread it is a panic. */
GO_API GO_NORETURN void go_exit(void);

/* libc's calls that end a thread, in a goroutine. Nobody's thread ends; on plain threads they are what they always are.
 *
 * pthread_exit ends the goroutine as go_exit does, but for main(), and that it may be called in a blocking region. The value goes
 * unheard. In main(), once the clean-ups of that have run, goroutine 1 waits until all others have ended, and all plain threads;
 * then the program ends as by exit(0). If the others are asleep for ever, that is a deadlock.
 * Handlers of pthread_cleanup_push are the goroutine's, whatever it calls in between. They run when it ends by pthread_exit, by
 * go_exit or by being cancelled, and in a panic, after what is deferred and in the order of their frames.
 * pthread_cancel of pthread_self() ends it as pthread_exit does: at the next call of libc that is a cancellation point, or, if the
 * type is asynchronous, at once. Calls of this library are none. State and type (pthread_setcancelstate, pthread_setcanceltype) are
 * its own. Until it ends it keeps one thread identity (go_lock_identity), for which pthread_cancel may wait; pthread_self() may
 * give another name then. In main(), and where it is called in a blocking region, pthread_testcancel alone is a cancellation point.
 * So is it, with glibc, for a goroutine that calls longjmp in between: another one is fatal then. In a static program with musl all
 * are, in each of these places, and no identity is kept for it. pthread_cancel of what another goroutine got
 * from pthread_self() gives ESRCH. What that gives is no name of a goroutine: it is the thread identity's, which others may use
 * next; it cannot be joined or detached (EINVAL, EDEADLK). pthread_kill of pthread_self() sends the signal to the kernel thread
 * that it runs on, as raise does. thrd_exit must not be called: it is fatal. */

/* go_id gives the number of the calling goroutine: 1 for main(), then upward, never used twice; 0 on a plain thread. */
GO_API uint64_t go_id(void);

/* go_count gives the number of goroutines that were started and have not ended, goroutine 1 included. */
GO_API int64_t go_count(void);

/* go_maxprocs sets how many goroutines may run at the same moment and returns the number before; n of 0 or less only asks.
 * The start value is the environment's GOMAXPROCS, else the number of CPUs this process may use. The most is 1024, and 1 where
 * there are no threads (wasm): larger is cut. When it lowers the number it blocks until the surplus goroutines have been taken off.
 */
GO_API int go_maxprocs(int n);

/* go_lock_thread ties the calling goroutine to the kernel thread it runs on: it runs nowhere else, and no other goroutine
 * runs there, until as many go_unlock_thread calls. To libc and the kernel it is that thread meanwhile, so that what counts on the
 * number of the thread works (sigaltstack, the mask of signals), unless it has locked another identity (go_lock_identity) or has
 * one of its own. A goroutine that ends while tied takes its thread along. Where there is one thread (wasm) all run on it, and the
 * two only count.
 *
 * Errors: -EPERM on a plain thread; go_unlock_thread: -EPERM also where the goroutine is not tied. */
GO_API int go_lock_thread(void);
GO_API int go_unlock_thread(void);

/* go_preempt_off keeps the calling goroutine on its processor until as many go_preempt_on calls; a preemption asked for in
 * between happens at the last go_preempt_on. Calls of this library that block still let others run, and so does a lock of libc's
 * whose owner takes longer than a slice (pthread_mutex_lock, malloc, printf; whatever waits for a futex): the owner may need this
 * processor. When the call is over the goroutine has a processor again. Any other call that blocks the kernel thread keeps the
 * processor for as long as it takes, unless it is announced by go_blocking_begin. Where identities are not handed over
 * (go_lock_identity) a lock does too. Nests. A go_preempt_on without
 * its go_preempt_off is a panic. No effect on a plain thread. */
GO_API void go_preempt_off(void);
GO_API void go_preempt_on(void);

/* go_lock_identity has the calling goroutine keep its thread identity through whatever it does until as many go_unlock_identity
 * calls.
 *
 * The identity is what libc and other libraries take for "this thread": errno, thread-locals, the owner of a recursive or
 * error-checking pthread mutex or of a locked FILE, a locale set by uselocale, what pthread_self and pthread_getspecific give.
 * Goroutines share that of the kernel thread which runs them. One that is taken off in the middle of other code keeps it, until it
 * calls this library again with nothing on its stack that could still need it: no address inside the identity, no foreign code
 * that has called back. So code between two calls of this library always sees one and the same. But a call that blocks or yields
 * may come back with another one. Who owns a recursive mutex, a FILE's lock or a locale across such a call, or keeps an address of
 * a thread-local in other memory than its stack, needs this, or GO_OWN_IDENTITY. What C++ has thrown and caught is the goroutine's
 * all the same, across such a call in a catch block too; but not where the C++ library is not there from the start (a program of C
 * that loads it by dlopen), nor with emscripten.
 *
 * The first of nested calls may wait a little, until an identity is there. On a plain thread: no effect. Where identities cannot be
 * handed over (sanitizers, valgrind) the two are go_lock_thread and go_unlock_thread.
 *
 * Errors: -EPERM go_unlock_identity without its go_lock_identity. */
GO_API int go_lock_identity(void);
GO_API int go_unlock_identity(void);

/* go_blocking_begin announces that the calling goroutine is about to block its kernel thread (a system call, a foreign
 * library): its processor is given to the others, who may run before it returns. go_blocking_end takes a processor again, and waits
 * for one if need be. Nothing must be announced: where others wait, the processor of a thread that sleeps in a system call is taken
 * away after about a slice (after long calm up to four). The call is not disturbed: no signal is sent. When it is over the
 * goroutine runs on, beside the others and beyond go_maxprocs, until it calls this library, or, while somebody waits for a
 * processor, has computed for a slice; then it takes a processor again. To announce a call costs less, and the others need not wait
 * for the end of the slice. Each call that blocks holds a kernel thread; there are 10000 at most. A program that needs more ends
 * where they are announced; where they are not, and where the system has no more threads to give, the others wait until some call
 * is over. Nests. Between the two only such calls are allowed that do not block a goroutine. No effect on a plain thread. A
 * go_blocking_end without its go_blocking_begin is a panic. */
GO_API void go_blocking_begin(void);
GO_API void go_blocking_end(void);

/* go_slice sets the time in nanoseconds after which a running goroutine is taken off if another one waits, and returns the
 * time before; ns of 0 or less only asks. One that begins when another is taken off lasts that long; one that
 * begins when another has gone by itself may last up to twice and a quarter.
 * 1 ms at the start, or the environment's GOROUTINE_SLICE in microseconds. Values below 20 us are raised to it, above 10 s
 * lowered to it. */
GO_API int64_t go_slice(int64_t ns);

GO_END_DECLS

/* go(fn, arg) is go_spawn by its short name. Define GOROUTINE_NO_SHORT_NAMES to do without. */
#ifndef GOROUTINE_NO_SHORT_NAMES
#define go(fn, arg) go_spawn((fn), (arg))
#endif

#endif
