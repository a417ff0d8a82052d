/* Thread identities: the thread pointer, and what the kernel knows of a thread that libc keeps behind that pointer.
 *
 * An identity is somebody's: of the thread that libc made it for. That one lends it out and sleeps, so all that libc and the kernel
 * may ask of it stays true: its number is a thread's, signals to it arrive, and when it is no longer wanted that thread wakes up
 * and ends as threads do, destructors included.
 *
 * What the kernel has been told of a thread's memory lies behind the thread pointer that it had at its start. Of these, the list of
 * robust mutexes and the word that is cleared at the end are of use to who ends, and stay. The area for restartable sequences is
 * not: the kernel would write the CPU of this thread into what another one reads. So libc's is taken back, and libc does without
 * (it says so there); in its place comes one that nobody reads, so that no other library can put its own there and believe in it.
 * (rseq(2), and glibc's manual, "Restartable Sequences")
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <link.h>
#include <locale.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "arch/arch.h"
#include "os/linux/linux.h"

#if defined(__has_include)
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif
#endif
#ifndef RSEQ_SIG
#define RSEQ_SIG 0 /* the kernel only compares it with what it is told at the end, and before an abort, which there is none of */
#endif

/* ---- whose thread-locals ---- */

static _Thread_local struct os_own home __attribute__((tls_model("initial-exec")));  /* of the thread that these were made for */
static _Thread_local struct os_own *user __attribute__((tls_model("initial-exec"))); /* of the one that uses them; NULL: the same */

/* noinline, so that no caller keeps the address of a thread-local across a switch to another thread. */
__attribute__((noinline)) struct os_own *os_own(void)
{
    __asm__ volatile("" ::: "memory");
    return user != NULL ? user : &home;
}

/* ---- restartable sequences of the kernel's ---- */

enum { RSEQ_BYTES = 32, RSEQ_UNREGISTER = 1 };

#if defined(SYS_rseq)

static _Thread_local struct {
    char bytes[RSEQ_BYTES];
} __attribute__((aligned(RSEQ_BYTES))) unread __attribute__((tls_model("initial-exec")));

/* glibc 2.35 registers one for each thread, and says where; musl does not. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

static bool claim_sequences(void)
{
    if (&__rseq_size != NULL && __rseq_size != 0)
        os_call(SYS_rseq, arch_thread_pointer() + (uintptr_t)__rseq_offset, RSEQ_BYTES, RSEQ_UNREGISTER, RSEQ_SIG);
    return os_call(SYS_rseq, &unread, sizeof unread, 0, RSEQ_SIG) != -EBUSY;
}

void os_sequences_forget(void)
{
    os_call(SYS_rseq, &unread, sizeof unread, RSEQ_UNREGISTER, RSEQ_SIG);
}

#else

void os_sequences_forget(void)
{
}

static bool claim_sequences(void)
{
    return true;
}

#endif

/* ---- identities ---- */

enum { BEHIND = 4096 /* libc's descriptor of a thread, and what dlopen adds to the thread-locals of all */ };

static uintptr_t reach = BEHIND; /* as far from the thread pointer lies what belongs to it, on either side */

static int add_thread_locals(struct dl_phdr_info *object, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_TLS)
            reach += object->dlpi_phdr[i].p_memsz + object->dlpi_phdr[i].p_align;
    return 0;
}

bool os_identity_start(void)
{
    if (!arch_thread_pointer_moves())
        return false;
    reach = BEHIND;
    dl_iterate_phdr(add_thread_locals, NULL);
    return claim_sequences();
}

__attribute__((noinline)) void os_identity_learn(struct os_identity *id)
{
    claim_sequences();
    os_setid_watch();
    uintptr_t pointer = arch_thread_pointer();
    home.pointer = pointer;
    home.id = (int)os_call(SYS_gettid);
    uintptr_t first = pointer - ARCH_THREAD_POINTER_BIAS;
    *id = (struct os_identity){.pointer = pointer, .low = first - reach, .high = pointer + reach, .own = &user};
}

void os_identity_use(const struct os_identity *id)
{
    *id->own = os_own();
    arch_set_thread_pointer(id->pointer);
}

static void lost(void *unused)
{
    (void)unused;
    os_ending_lost();
}

static void sleep_until_back(_Atomic uint32_t *back)
{
    while (atomic_load_explicit(back, memory_order_acquire) == 0) /* partner: who wakes us */
        os_wait(back, 0, INT64_MAX);
}

#if !defined(__GLIBC__)

/* musl tells the kernel of a thread's list of robust mutexes when the thread takes its first one, which would be another one with
 * this identity; and the kernel releases those only that bear the number of the thread that ends. */
static void show_robust_mutexes(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    pthread_mutex_destroy(&mutex);
    pthread_mutexattr_destroy(&attributes);
}

#else

static void show_robust_mutexes(void)
{
}

#endif

/* Nothing thread-local once others may use it. Who lends has all signals masked but the two that libc keeps from being masked:
 * their handlers find the right descriptor behind this thread pointer, and change nothing else there. */
void os_identity_lend(const struct os_identity *id, _Atomic uint32_t *lent, _Atomic uint32_t *back)
{
    sigset_t all;
    show_robust_mutexes();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    pthread_cleanup_push(lost, NULL);
    atomic_store_explicit(lent, 1, memory_order_release);
    os_wake(lent, 1);
    sleep_until_back(back);
    *id->own = NULL;
    pthread_cleanup_pop(0);
}

void os_identity_clean(void)
{
    uselocale(LC_GLOBAL_LOCALE);
}

bool os_identity_is_marked(void)
{
    return uselocale((locale_t)0) != LC_GLOBAL_LOCALE;
}
