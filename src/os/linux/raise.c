/* Signals to oneself. glibc asks for the number of the calling thread and sends to it then: who is taken off in between has the
 * signal handled on another thread, later. musl has that number behind the thread pointer, where with an identity that is lent it
 * is that of the thread that lends, which sleeps with all signals masked. So for programs that have this library, these take the
 * place of libc's: they ask the kernel who is running, and nobody is taken off before the call, since they are the library's text.
 *
 * Nothing here knows of goroutines, and nothing is cached: it holds in the child of a vfork too, which shares our memory.
 *
 * In a static program libc's abort is taken, if what it reports errors with is linked, which it shares a file of the archive with;
 * it calls our raise.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "os/linux/linux.h"

long os_raise(int number)
{
    return os_call(SYS_tgkill, os_call(SYS_getpid), os_call(SYS_gettid), number);
}

#if SANITIZE_IDENTITIES

#if defined(__GLIBC__)

/* libc's own: in a static program by this name, which no shared libc shows; in any other by asking the loader. */
#pragma weak dlsym
extern __typeof__(pthread_kill) __pthread_kill __attribute__((weak));

static __typeof__(pthread_kill) *_Atomic found;

/* Before anybody is in a handler. */
__attribute__((constructor)) static void find(void)
{
    __typeof__(pthread_kill) *f = __pthread_kill;
    if (f == NULL && dlsym != NULL)
        f = (__typeof__(pthread_kill) *)dlsym(RTLD_NEXT, "pthread_kill");
    if (f == NULL)
        os_abort();
    atomic_store_explicit(&found, f, memory_order_relaxed);
}

static int send_to_another(pthread_t thread, int number)
{
    if (atomic_load_explicit(&found, memory_order_relaxed) == NULL)
        find();
    return atomic_load_explicit(&found, memory_order_relaxed)(thread, number);
}

/* libc has some to itself. */
static bool may_be_sent(int number)
{
    return number < __SIGRTMIN || number >= SIGRTMIN;
}

#else

/* Which number a thread has, libc tells nobody, but the name of the thread's clock is made of it. 0: it has ended. */
static long number_of(pthread_t thread)
{
    clockid_t clock;
    return pthread_getcpuclockid(thread, &clock) == 0 ? ~(clock >> 3) : 0;
}

static int send_to_another(pthread_t thread, int number)
{
    long other = number_of(thread);
    long result = other != 0 ? os_call(SYS_tgkill, os_call(SYS_getpid), other, number) : -ESRCH;
    if (result != -ESRCH) /* it has ended, perhaps just now */
        return (int)-result;
    return number >= 0 && number < _NSIG ? 0 : EINVAL;
}

static bool may_be_sent(int number)
{
    (void)number;
    return true;
}

/* For those who send to themselves by tgkill; glibc's asks the kernel. */
REPLACES_LIBCS_WEAKLY pid_t gettid(void)
{
    return (pid_t)os_call(SYS_gettid);
}

#endif

static int send_to_itself(int number)
{
    return may_be_sent(number) ? (int)-os_raise(number) : EINVAL;
}

REPLACES_LIBCS_WEAKLY int raise(int number)
{
    int error = send_to_itself(number);
    if (error == 0)
        return 0;
    *os_errno() = error;
    return -1;
}

REPLACES_LIBCS_WEAKLY int pthread_kill(pthread_t thread, int number)
{
    return pthread_equal(thread, pthread_self()) ? send_to_itself(number) : send_to_another(thread, number);
}

#if defined(__GLIBC__)

/* The same in BSD. libc's archive has both in one file. */
REPLACES_LIBCS_WEAKLY int gsignal(int number)
{
    return raise(number);
}

#endif

REPLACES_LIBCS_WEAKLY _Noreturn void abort(void)
{
    os_abort();
}

#endif
