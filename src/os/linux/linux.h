/* What the files of this folder share, and nobody else includes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OS_LINUX_LINUX_H
#define OS_LINUX_LINUX_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

#include "arch/arch.h"
#include "base/sanitize.h"
#include "os/os.h"

/* A function of libc's that this library has too: whoever calls it finds ours, which comes first. */
#define REPLACES_LIBCS __attribute__((visibility("default")))

/* The same, if the program has none of its own. And a linker that takes more of libc's archive may find it there beside what it
 * looks for, which must be right too. */
#define REPLACES_LIBCS_WEAKLY __attribute__((weak, visibility("default")))

/* A system call that returns -errno and touches neither errno nor anything else of libc's. */
#define os_call(...) os_call6(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define os_call6(number, a, b, c, d, e, f, ...)                                                                                    \
    arch_system_call((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* What belongs to a kernel thread, whoever's thread-locals it uses. It lies in its own. (identity.c) */
struct os_alternate {
    stack_t used;    /* what faults of this thread run on */
    stack_t earlier; /* what they ran on before us */
    char *map;       /* ours; NULL: the earlier one was good enough */
    size_t mapped;
    bool ready;
};
struct os_own {
    int id;            /* 0: not asked yet */
    uintptr_t pointer; /* to its own thread-locals; 0: it never uses others */
    struct os_alternate alternate;
    bool ends;   /* as it should */
    bool leaves; /* noted as somebody who is about to */
};
struct os_own *os_own(void);

/* libc's pthread_exit, whoever calls; and what is done where it was called for a thread that has not ended. (ending.c) */
_Noreturn void os_ending_exit(void);
void os_ending_lost(void);
const struct os_ending_hooks *os_ending_hooks_set(void); /* NULL: none yet */

/* Descriptors of a moment: a file's, to read (os_open_briefly gives it, or -errno), and whichever is opened and closed between
 * os_brief_begin and os_brief_end. Between os_brief_keep_off and os_brief_let_go no thread has any. (brief.c) */
long os_open_briefly(const char *path, int flags);
void os_close_brief(long fd);
void os_brief_begin(void);
void os_brief_end(void);
void os_brief_keep_off(void);
void os_brief_let_go(void);

/* Whether /proc is of this program; else it is of one that emulates its system. (watch.c) */
bool os_proc_shows(os_thread thread);

/* The number in a line of what /proc says of a thread's status, as "\nThreads:\t"; all bits: it does not tell. (watch.c) */
uint64_t os_thread_status(os_thread thread, const char *line, int base);

/* Calls each(arg, number) for all threads that the kernel knows of this process. False: there is no /proc. (tasks.c) */
bool os_tasks(void (*each)(void *arg, long thread), void *arg);

/* Whether it is not the program's, but of the program that emulates its system. (tasks.c) */
bool os_task_is_an_emulators(long thread);

/* Sends a signal to the calling thread, whichever that is; 0 or -errno. In the child of a vfork too. [signal] (raise.c) */
long os_raise(int number);

/* Has the signal that libc's set*id goes to all threads with come to us first. For each new thread. (setid.c) */
void os_setid_watch(void);

/* The calling thread is about to end, and uses its own thread-locals: the kernel writes there no more. A libc may unmap them before
 * the kernel sees the thread for the last time. (identity.c) */
void os_sequences_forget(void);

/* The kernel's set of signals, which is smaller than libc's. There are 64 of them on most CPUs, else 128. */
#define OS_MASK_BITS (_NSIG > 65 ? 128 : 64)
enum { OS_MASK_WORD = 8 * sizeof(unsigned long) };
struct os_mask {
    unsigned long words[OS_MASK_BITS / OS_MASK_WORD];
};

static inline void os_mask_add(struct os_mask *mask, int number)
{
    mask->words[(number - 1) / OS_MASK_WORD] |= 1UL << (number - 1) % OS_MASK_WORD;
}

/* All in one word. Where there are more than it has bits, each is that of two signals, and says that one of them is masked. */
static inline uint64_t os_mask_folded(const struct os_mask *mask)
{
    uint64_t folded = 0;
    for (int i = 0; i < OS_MASK_BITS / OS_MASK_WORD; i++)
        folded |= (uint64_t)mask->words[i] << i * OS_MASK_WORD % 64;
    return folded;
}

/* The result of a call of libc that sets errno, by value; errno as it was before. Calls again after EINTR. The thread stays the
 * same all the while: the address of its errno does. */
#define BY_VALUE(call)                                                                                                             \
    ({                                                                                                                             \
        int *place = os_errno(), kept = *place;                                                                                    \
        __typeof__(call) result;                                                                                                   \
        do                                                                                                                         \
            result = (call);                                                                                                       \
        while (result == -1 && *place == EINTR);                                                                                   \
        if (result == -1)                                                                                                          \
            result = -*place;                                                                                                      \
        *place = kept;                                                                                                             \
        result;                                                                                                                    \
    })

/* The process id, without a system call; right in the child of a fork. [signal] (thread.c) */
int os_process_id(void);

/* What the calling thread, if it is urgent, must pass on to those it starts; 0: nothing. (prompt.c) */
int os_prompt_niceness(void);
void os_prompt_inherit(int niceness);

/* The number of the interrupt; 0 before os_signals_start. (signal.c) */
int os_interrupt_number(void);

/* Until when to sleep that long: while the program takes signals, not for ever where handlers come late. */
#define OS_NAP 10000000
extern _Atomic bool os_signals_taken; /* (signal.c) */
static inline int64_t os_nap(int64_t deadline)
{
    if (!SANITIZE_LATE_HANDLERS || !atomic_load_explicit(&os_signals_taken, memory_order_relaxed))
        return deadline;
    int64_t soon = os_now() + OS_NAP;
    return soon < deadline ? soon : deadline;
}

/* How os_guard works here. Tests set it to force the way of older kernels. (guard.c) */
enum guard_way { GUARD_UNKNOWN, GUARD_MARKS, GUARD_SPLITS };
extern _Atomic int os_guard_way;

/* The signals that mean a fault. (signal.c) */
enum { OS_FAULTS = 4 };
extern const int os_faults[OS_FAULTS];

/* The handlers that were there before ours. os_chain_call does what would have happened without us. (chain.c) */
int os_chain_install(int signal_number, const struct sigaction *ours);
bool os_chain_has_handler(int signal_number);
void os_chain_call(int signal_number, siginfo_t *info, void *frame);

/* A signal handler of ours: its stack may come back on another thread, whose stack protector value need not be the same. */
#if defined(__has_attribute)
#if __has_attribute(no_stack_protector)
#define OS_HANDLER __attribute__((noinline, no_stack_protector))
#endif
#endif
#ifndef OS_HANDLER
#define OS_HANDLER __attribute__((noinline))
#endif

#endif
