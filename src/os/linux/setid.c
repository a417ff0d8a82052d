/* set*id, for all threads. The kernel has the user's and the groups' numbers for each thread, and a process is to have one; so libc
 * signals its threads, and each makes the call. Whom it signals, and who has answered, it looks up behind thread pointers, where it
 * may find somebody else's. musl waits for ever then, or takes who calls for the child of a vfork, that changes itself alone; glibc
 * leaves out the thread that lends its identity to the caller. So for programs that have this library, these take the place of
 * libc's.
 *
 * The threads are those that the kernel knows, found in /proc, or, after a chroot, by trying all numbers there are. Each
 * is signalled, and makes the call in the handler. Whoever has made it starts threads that have the new numbers, so when
 * a round has found no new thread all have them. The signal is that of libc's own way, which nobody can mask.
 *
 * glibc has ways to its own set*id that nobody can stand before, so it keeps the signal: what is not ours goes to its handler. That
 * marks the descriptor behind the thread pointer as done, and libc waits for that of the kernel thread that it has signalled: so
 * the handler runs with the thread's own identity. What it does there is atomic, and nobody else's.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/arch.h"
#include "base/sanitize.h"
#include "os/linux/action.h"
#include "os/linux/linux.h"

#if SANITIZE_IDENTITIES

/* As each libc has it. */
#if defined(__GLIBC__)
enum { TO_ALL_THREADS = 33 };
#else
enum { TO_ALL_THREADS = 34 };
#endif

enum { NUMBERS = 1 << 22 /* there can be no more threads in a system */, LOOK_EVERY = 10000000 };

/* Where the calls of these names take numbers of 16 bits, others take ours. */
#if defined(SYS_setuid32)
#define CALL(name) SYS_##name##32
#else
#define CALL(name) SYS_##name
#endif

/* A bit for each number that a thread can have. */
enum { SET_BYTES = NUMBERS / 8 };

static struct {
    long number, a, b, c;             /* the call */
    _Atomic(_Atomic uint64_t *) made; /* who has made it */
    _Atomic uint32_t left;            /* how many have not */
    _Atomic uint32_t working;         /* somebody is at all this; 2: and others wait */
} all;
static struct kernel_action action; /* ours */
static struct kernel_action libcs;  /* what was there before */

/* ---- the threads' side ---- */

/* True: it was not in the set. */
static bool add(_Atomic uint64_t *set, long thread)
{
    uint64_t bit = UINT64_C(1) << thread % 64;
    return (atomic_fetch_or_explicit(&set[thread / 64], bit, memory_order_relaxed) & bit) == 0;
}

/* Once for each thread. If it cannot do what the first one could, the process is half one user's and half another's, and must end.
 */
static bool take_turn(void)
{
    _Atomic uint64_t *made = atomic_load_explicit(&all.made, memory_order_acquire); /* partner: call_by_everybody */
    if (made == NULL || !add(made, os_call(SYS_gettid)))
        return false;
    if (os_call(all.number, all.a, all.b, all.c) != 0)
        os_call(SYS_kill, os_call(SYS_getpid), SIGKILL);
    if (atomic_fetch_sub_explicit(&all.left, 1, memory_order_acq_rel) == 1) /* partner: wait_for_all */
        os_wake(&all.left, 1);
    return true;
}

static void pass_on(int number, siginfo_t *info, void *frame)
{
    uintptr_t used = arch_thread_pointer();
    const struct os_own *own = os_own();
    if ((libcs.flags & SA_SIGINFO) == 0)
        return;
    if (own->pointer != 0 && own->id == (int)os_call(SYS_gettid)) /* else this thread lends its identity, and has its own pointer */
        arch_set_thread_pointer(own->pointer);
    libcs.handler(number, info, frame);
    arch_set_thread_pointer(used);
}

OS_HANDLER static void on_signal_to_all(int number, siginfo_t *info, void *frame)
{
    arch_frame_settle(frame);
    if (!take_turn())
        pass_on(number, info, frame);
}

/* libc lets nobody have this signal, so the kernel is asked; how a handler goes back, is libc's, and the same for all signals whose
 * handlers are told of their cause. */
static void find_way_back(void)
{
    struct sigaction same, told;
    sigaction(SIGURG, NULL, &same);
    told = same;
    told.sa_flags |= SA_SIGINFO;
    sigaction(SIGURG, &told, NULL);
    os_call(SYS_rt_sigaction, SIGURG, NULL, &action, sizeof action.mask);
    sigaction(SIGURG, &same, NULL);
    action.handler = on_signal_to_all;
    action.flags = (action.flags & ~(unsigned long)(SA_NODEFER | SA_RESETHAND)) | SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    action_mask_all(&action);
}

/* glibc has its handler from the first thread on that it makes. */
void os_setid_watch(void)
{
    struct kernel_action now;
    if (os_call(SYS_rt_sigaction, TO_ALL_THREADS, NULL, &now, sizeof now.mask) != 0 || now.handler == on_signal_to_all)
        return;
    libcs = now;
    os_call(SYS_rt_sigaction, TO_ALL_THREADS, &action, NULL, sizeof action.mask);
}

/* The child of a fork has no use for what another thread was at. */
static void forget(void)
{
    atomic_store_explicit(&all.working, 0, memory_order_relaxed);
}

__attribute__((constructor)) static void begin(void)
{
    find_way_back();
    pthread_atfork(NULL, NULL, forget);
}

/* ---- the caller's side ---- */

/* What the kernel counts among the threads of a process, and runs none of its code. */
enum { WORKS_FOR_THE_KERNEL = 0x10 /* for io_uring */ | 0x4000 /* for devices */ };

/* In the line that /proc has of a thread, behind its name: the state, and as the sixth word after that its flags. */
static bool says_it_cannot(const char *text)
{
    const char *at = strrchr(text, ')');
    if (at == NULL || at[1] == '\0')
        return false;
    char state = at[2];
    for (int words = 0; words < 7 && at != NULL; words++)
        at = strchr(at + 1, ' ');
    return state == 'Z' || state == 'X' || (at != NULL && (strtoul(at, NULL, 10) & WORKS_FOR_THE_KERNEL) != 0);
}

/* A zombie is in the lists too: the first thread of a process may be one. */
static bool cannot_answer(long thread)
{
    char path[64] = "/proc/self/task/", text[512], *end = path + strlen(path), digits[24];
    int count = 0;
    for (long n = thread; n > 0; n /= 10)
        digits[count++] = (char)('0' + n % 10);
    while (count > 0)
        *end++ = digits[--count];
    memcpy(end, "/stat", sizeof "/stat");
    long fd = os_open_briefly(path, 0);
    if (fd < 0)
        return fd == -ENOENT && os_call(SYS_tgkill, os_call(SYS_getpid), thread, 0) != 0;
    long got = os_call(SYS_read, fd, text, sizeof text - 1);
    os_close_brief(fd);
    if (got <= 0)
        return true;
    text[got] = '\0';
    return says_it_cannot(text) || os_task_is_an_emulators(thread);
}

/* Who has been signalled, and how that may go on while some of them end. */
struct round {
    _Atomic uint64_t *asked;
    long process;
    bool any; /* a new one */
};

/* Its turn is counted before it can come. */
static void ask(void *round, long thread)
{
    struct round *r = round;
    long error;
    if (thread >= NUMBERS || !add(r->asked, thread))
        return;
    r->any = true;
    atomic_fetch_add_explicit(&all.left, 1, memory_order_relaxed);
    while ((error = os_call(SYS_tgkill, r->process, thread, TO_ALL_THREADS)) == -EAGAIN)
        os_call(SYS_sched_yield);
    if (error != 0 && add(all.made, thread)) /* there is no such thread */
        atomic_fetch_sub_explicit(&all.left, 1, memory_order_relaxed);
}

static void forget_the_deaf(const struct round *r)
{
    for (long i = 0; i < NUMBERS / 64; i++)
        for (uint64_t late = r->asked[i] & ~all.made[i]; late != 0; late &= late - 1) {
            long thread = i * 64 + __builtin_ctzll(late);
            if (cannot_answer(thread) && add(all.made, thread))
                atomic_fetch_sub_explicit(&all.left, 1, memory_order_relaxed);
        }
}

static void wait_for_all(const struct round *r)
{
    uint32_t left;
    while ((left = atomic_load_explicit(&all.left, memory_order_acquire)) != 0) /* partner: take_turn */
        if (os_wait(&all.left, left, os_now() + LOOK_EVERY) == -ETIMEDOUT)
            forget_the_deaf(r);
}

static void ask_all_numbers(struct round *r)
{
    for (long thread = 1; thread < NUMBERS; thread++)
        if (os_call(SYS_tgkill, r->process, thread, 0) == 0)
            ask(r, thread);
}

static void ask_everybody(struct round *r)
{
    do {
        r->any = false;
        if (!os_tasks(ask, r))
            ask_all_numbers(r);
        wait_for_all(r);
    } while (r->any);
}

/* Others may be at it, and ask us. */
static void begin_work(struct os_mask *masked)
{
    struct os_mask most, one = {{0}};
    uint32_t was = 0;
    os_mask_add(&one, TO_ALL_THREADS);
    for (size_t i = 0; i < sizeof most.words / sizeof most.words[0]; i++)
        most.words[i] = ~one.words[i];
    os_call(SYS_rt_sigprocmask, SIG_BLOCK, &most, masked, sizeof most);
    if (atomic_compare_exchange_strong_explicit(&all.working, &was, 1, memory_order_acquire, memory_order_relaxed))
        return;
    while (atomic_exchange_explicit(&all.working, 2, memory_order_acquire) != 0)
        os_wait(&all.working, 2, INT64_MAX);
}

static void end_work(const struct os_mask *masked)
{
    if (atomic_exchange_explicit(&all.working, 0, memory_order_release) == 2)
        os_wake(&all.working, 1);
    os_call(SYS_rt_sigprocmask, SIG_SETMASK, masked, NULL, sizeof *masked);
}

/* The caller first: if it may not, nobody has. */
static long call_by_everybody(long number, long a, long b, long c, _Atomic uint64_t *sets)
{
    struct round r = {.asked = sets, .process = os_call(SYS_getpid)};
    long result = os_call(number, a, b, c);
    if (result != 0)
        return result;
    all.number = number;
    all.a = a;
    all.b = b;
    all.c = c;
    atomic_store_explicit(&all.left, 0, memory_order_relaxed);
    atomic_store_explicit(&all.made, sets + NUMBERS / 64, memory_order_release); /* partner: take_turn */
    os_setid_watch();
    add(r.asked, os_call(SYS_gettid));
    ask_everybody(&r);
    return 0;
}

static int everybody(long number, long a, long b, long c)
{
    _Atomic uint64_t *sets = os_map(2 * SET_BYTES, os_page_size());
    long result = -ENOMEM;
    struct os_mask masked;
    if (sets != NULL) {
        begin_work(&masked);
        result = call_by_everybody(number, a, b, c, sets);
        atomic_store_explicit(&all.made, NULL, memory_order_relaxed);
        end_work(&masked);
        os_unmap(sets, 2 * SET_BYTES);
    }
    if (result == 0)
        return 0;
    *os_errno() = (int)-result;
    return -1;
}

/* ---- what libc has under these names ---- */

REPLACES_LIBCS int setuid(uid_t user)
{
    return everybody(CALL(setuid), user, 0, 0);
}

REPLACES_LIBCS int setgid(gid_t group)
{
    return everybody(CALL(setgid), group, 0, 0);
}

REPLACES_LIBCS int seteuid(uid_t effective)
{
    return everybody(CALL(setresuid), -1, effective, -1);
}

REPLACES_LIBCS int setegid(gid_t effective)
{
    return everybody(CALL(setresgid), -1, effective, -1);
}

REPLACES_LIBCS int setreuid(uid_t real, uid_t effective)
{
    return everybody(CALL(setreuid), real, effective, 0);
}

REPLACES_LIBCS int setregid(gid_t real, gid_t effective)
{
    return everybody(CALL(setregid), real, effective, 0);
}

REPLACES_LIBCS int setresuid(uid_t real, uid_t effective, uid_t saved)
{
    return everybody(CALL(setresuid), real, effective, saved);
}

REPLACES_LIBCS int setresgid(gid_t real, gid_t effective, gid_t saved)
{
    return everybody(CALL(setresgid), real, effective, saved);
}

REPLACES_LIBCS int setgroups(size_t count, const gid_t *list)
{
    return everybody(CALL(setgroups), (long)count, (long)list, 0);
}

#else

/* Nobody uses another one's, so libc's way is right; and a sanitizer has threads that none of its handlers may run on. */
void os_setid_watch(void)
{
}

#endif
