/* musl's part of cancel.c. A thread's mark of being cancelled, its state and its type are in libc's descriptor of it.
 *
 * In a program with a shared libc, libc's functions are asked for there, as with glibc. In a static program nobody can stand before
 * libc's pthread_cancel: it is one file with what the cancellation points of libc call, and whoever defines the one gives a meaning
 * to the others. So there all of that file is ours. The mark and the type of a plain thread are thread-locals of ours, and the
 * state is libc's, which sets it itself at times. A point asks who calls, so a goroutine needs no identity of its own to be
 * cancelled.
 *
 * Who is cancelled by another thread gets a signal. It ends a call of the system that has not begun, or that is broken off with
 * nothing done; else the mark is found at the next one.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "os/linux/ending.h"

#if !defined(__GLIBC__)

enum { CANCELS = 33 /* the signal that libc has for it */, MASKED = 2 /* the state in which libc's own calls give ECANCELED */ };

/* In a static program only. That of the state comes with pthread_join. */
extern __typeof__(pthread_exit) __pthread_exit __attribute__((weak));
extern __typeof__(pthread_setcancelstate) __pthread_setcancelstate __attribute__((weak));
extern __typeof__(sigaction) __libc_sigaction __attribute__((weak));
static const void *const brings_state __attribute__((used)) = (const void *)pthread_join;

bool os_libc_asks(void)
{
    return __pthread_exit != NULL;
}

/* ---- of a shared libc ---- */

enum { CANCEL, STATE, TYPE, TEST, FUNCTIONS };

#pragma weak dlsym
static void *shared(int which)
{
    static const char *const names[FUNCTIONS] = {
        [CANCEL] = "pthread_cancel",
        [STATE] = "pthread_setcancelstate",
        [TYPE] = "pthread_setcanceltype",
        [TEST] = "pthread_testcancel",
    };
    static void *_Atomic found[FUNCTIONS];
    void *f = atomic_load_explicit(&found[which], memory_order_relaxed);
    if (f != NULL)
        return f;
    f = dlsym != NULL ? dlsym(RTLD_NEXT, names[which]) : NULL;
    if (f == NULL)
        os_abort();
    atomic_store_explicit(&found[which], f, memory_order_relaxed);
    return f;
}

/* Before anybody is in a hurry. */
__attribute__((constructor)) static void find_all(void)
{
    for (int which = 0; !os_libc_asks() && which < FUNCTIONS; which++)
        shared(which);
}

/* ---- a thread of a static program ---- */

static _Thread_local struct {
    _Atomic int cancelled;
    _Atomic bool asynchronous;
} own __attribute__((tls_model("initial-exec")));

static int state_now(void)
{
    int state;
    __pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    __pthread_setcancelstate(state, NULL);
    return state;
}

static bool is_cancelled(void)
{
    return atomic_load_explicit(&own.cancelled, memory_order_relaxed) != 0;
}

/* At a point where a cancelled thread ends. */
static long end_thread(int state)
{
    if (state == PTHREAD_CANCEL_ENABLE || own.asynchronous)
        pthread_exit(PTHREAD_CANCELED);
    __pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL); /* once is enough: who asked for it sees to the rest */
    return -ECANCELED;
}

static void send_to_itself(void)
{
    os_call(SYS_tkill, os_call(SYS_gettid), CANCELS);
}

/* Masked where it has interrupted, it comes once more where another handler, which was interrupted, goes back to. */
static void on_cancel(int number, siginfo_t *info, void *context)
{
    ucontext_t *frame = context;
    uintptr_t pc = arch_frame_pc(frame);
    (void)number;
    (void)info;
    if (os_ending_of_caller() != NULL || !is_cancelled() || state_now() == PTHREAD_CANCEL_DISABLE)
        return;
    struct os_mask *masked = (struct os_mask *)&frame->uc_sigmask;
    os_mask_add(masked, CANCELS);
    if (own.asynchronous) {
        os_call(SYS_rt_sigprocmask, SIG_SETMASK, masked, NULL, sizeof *masked);
        end_thread(PTHREAD_CANCEL_ENABLE);
    }
    if (pc >= (uintptr_t)arch_call_unless_begins && pc < (uintptr_t)arch_call_unless_ends)
        arch_frame_set_pc(frame, (uintptr_t)arch_call_unless_off);
    else
        send_to_itself();
}

/* Thread-locals of a static program lie as far from the name of each thread. */
static _Atomic int *mark_of(pthread_t thread)
{
    return (_Atomic int *)((uintptr_t)&own.cancelled - (uintptr_t)pthread_self() + (uintptr_t)thread);
}

static int cancel_thread(pthread_t thread)
{
    static _Atomic bool ready;
    if (!ready) {
        struct sigaction action = {.sa_sigaction = on_cancel, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
        __builtin_memset(&action.sa_mask, -1, sizeof action.sa_mask);
        __libc_sigaction(CANCELS, &action, NULL);
        ready = true;
    }
    *mark_of(thread) = 1;
    if (!pthread_equal(thread, pthread_self()))
        return pthread_kill(thread, CANCELS);
    if (own.asynchronous && state_now() == PTHREAD_CANCEL_ENABLE)
        pthread_exit(PTHREAD_CANCELED);
    return 0;
}

/* ---- its cancellation points ---- */

/* What libc's other files call. */
SHOWN void __testcancel(void);
SHOWN void __testcancel(void)
{
    struct os_ending *e = os_ending_of_caller();
    if ((e != NULL ? !os_ending_is_due(e) : !is_cancelled()) || state_now() != PTHREAD_CANCEL_ENABLE)
        return;
    if (e != NULL)
        os_ending_finish(e);
    end_thread(PTHREAD_CANCEL_ENABLE);
}

/* In libc's text: who sleeps there is found, and taken off, like anybody. errno stays as it was. */
static long call_by_libc(const long call[7])
{
    int *place = os_errno(), kept = *place;
    long result = syscall(call[0], call[1], call[2], call[3], call[4], call[5], call[6]);
    if (result == -1) {
        result = -*place;
        *place = kept;
    }
    return result;
}

static long call_of_goroutine(struct os_ending *e, const long call[7])
{
    int state = os_ending_is_due(e) ? state_now() : PTHREAD_CANCEL_DISABLE;
    if (state == PTHREAD_CANCEL_ENABLE)
        os_ending_finish(e);
    if (state == MASKED && call[0] != SYS_close)
        return end_thread(state);
    return call_by_libc(call);
}

SHOWN long __syscall_cp_c(long number, long a, long b, long c, long d, long e, long f);
SHOWN long __syscall_cp_c(long number, long a, long b, long c, long d, long e, long f)
{
    const long call[7] = {number, a, b, c, d, e, f};
    struct os_ending *ending = os_ending_of_caller();
    if (ending != NULL)
        return call_of_goroutine(ending, call);
    int state = state_now();
    if (state == PTHREAD_CANCEL_DISABLE || (state == MASKED && number == SYS_close))
        return os_call(number, a, b, c, d, e, f);
    long result = arch_call_unless(&own.cancelled, call);
    bool nothing_done = result == ARCH_CALLED_OFF || (result == -EINTR && number != SYS_close && is_cancelled());
    return nothing_done ? end_thread(state) : result;
}

/* ---- either way ---- */

int os_libc_cancel(pthread_t thread)
{
    return os_libc_asks() ? cancel_thread(thread) : ((__typeof__(pthread_cancel) *)shared(CANCEL))(thread);
}

int os_libc_state(int state, int *before)
{
    return (os_libc_asks() ? __pthread_setcancelstate : (__typeof__(pthread_setcancelstate) *)shared(STATE))(state, before);
}

int os_libc_type(int type, int *before)
{
    if (!os_libc_asks())
        return ((__typeof__(pthread_setcanceltype) *)shared(TYPE))(type, before);
    if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
        return EINVAL;
    if (before != NULL)
        *before = own.asynchronous;
    own.asynchronous = type == PTHREAD_CANCEL_ASYNCHRONOUS;
    if (own.asynchronous)
        __testcancel();
    return 0;
}

void os_libc_test(void)
{
    if (os_libc_asks())
        __testcancel();
    else
        ((__typeof__(pthread_testcancel) *)shared(TEST))();
}

#endif
