/* Interrupts, faults and the request for a dump: the three kinds of signal that go up to the hooks.
 *
 * The interrupt is handled on the stack that it interrupts (no SA_ONSTACK), because the hook may leave that stack, with the
 * kernel's frame on it, and come back to it on another thread. It masks itself (no SA_NODEFER), or frames would pile up under a
 * flood. It tells ours from others by their sender: ours are tgkill from this very process.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "os/linux/action.h"
#include "os/linux/linux.h"

const int os_faults[OS_FAULTS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

static struct os_hooks hooks;      /* fixed after os_signals_start */
static int interrupt_number;       /* likewise; 0 before */
static _Atomic uintptr_t way_back; /* where handlers return to: a few instructions that ask the kernel to bring the frame back */
_Atomic bool os_signals_taken;

/* ---- handlers ---- */

enum sender { SENDER_US, SENDER_OTHER, SENDER_UNKNOWN };

/* When the user's limit of queued signals is reached, the kernel delivers an interrupt without saying who sent it. */
static enum sender sender_of(const siginfo_t *info)
{
    if (info->si_code == SI_TKILL && info->si_pid == os_process_id())
        return SENDER_US;
    return info->si_code == SI_USER && info->si_pid == 0 ? SENDER_UNKNOWN : SENDER_OTHER;
}

/* The hook may return on another thread, so that nothing thread-local is kept across it: errno is looked up twice. */
OS_HANDLER static void on_interrupt(int signal_number, siginfo_t *info, void *frame)
{
    atomic_store_explicit(&way_back, arch_unsigned((uintptr_t)__builtin_return_address(0)), memory_order_relaxed);
    enum sender sender = sender_of(info);
    if (sender == SENDER_OTHER || (sender == SENDER_UNKNOWN && os_chain_has_handler(signal_number)))
        os_chain_call(signal_number, info, frame);
    if (sender == SENDER_OTHER)
        return;
    int kept = *os_errno();
    hooks.interrupt(frame);
    *os_errno() = kept;
}

/* What the kernel says of faults, in words. */
static const struct meaning {
    int number, code;
    const char *words;
} meanings[] = {
    {SIGSEGV, SEGV_MAPERR, "no memory there"},
    {SIGSEGV, SEGV_ACCERR, "no such access to that memory"},
    {SIGSEGV, SI_KERNEL, "misaligned, or no address at all"},
    {SIGBUS, BUS_ADRALN, "misaligned"},
    {SIGBUS, BUS_ADRERR, "beyond the end of a file, or no memory left"},
    {SIGBUS, BUS_OBJERR, "the memory is broken"},
    {SIGFPE, FPE_INTDIV, "integer division by zero"},
    {SIGFPE, FPE_INTOVF, "integer overflow"},
    {SIGFPE, FPE_FLTDIV, "floating-point division by zero"},
    {SIGFPE, FPE_FLTOVF, "floating-point overflow"},
    {SIGFPE, FPE_FLTUND, "floating-point underflow"},
    {SIGFPE, FPE_FLTRES, "inexact floating-point result"},
    {SIGFPE, FPE_FLTINV, "invalid floating-point operation"},
    {SIGILL, ILL_ILLOPN, "illegal instruction"},
};

static const char *words_for(int number, int code)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].number == number && meanings[i].code == code)
            return meanings[i].words;
    return number == SIGFPE ? "arithmetic error" : number == SIGILL ? "illegal instruction" : "memory fault";
}

static const char *name_of(int number)
{
    return number == SIGSEGV ? "SIGSEGV" : number == SIGBUS ? "SIGBUS" : number == SIGFPE ? "SIGFPE" : "SIGILL";
}

static struct os_fault fault_of(int number, const siginfo_t *info)
{
    return (struct os_fault){
        .number = number,
        .code = info->si_code,
        .name = name_of(number),
        .what = words_for(number, info->si_code),
        .address = info->si_code == SI_KERNEL ? 0 : (uintptr_t)info->si_addr,
        .of_memory = number == SIGSEGV || number == SIGBUS,
        .has_a_handler = os_chain_has_handler(number),
    };
}

/* Not one sent by kill(), nor memory that broke while nobody touched it: those are not the mistake of the code that was
 * interrupted. */
static bool is_of_the_code(int number, const siginfo_t *info)
{
    return info->si_code > 0 && !(number == SIGBUS && info->si_code == BUS_MCEERR_AO);
}

/* Others go straight to whom they were meant for. */
OS_HANDLER static void on_fault(int signal_number, siginfo_t *info, void *frame)
{
    int kept = *os_errno();
    struct os_fault fault = fault_of(signal_number, info);
    bool ended = is_of_the_code(signal_number, info) && hooks.fault(frame, &fault);
    *os_errno() = kept;
    if (!ended)
        os_chain_call(signal_number, info, frame);
}

OS_HANDLER static void on_quit(int signal_number)
{
    (void)signal_number;
    int kept = *os_errno();
    hooks.quit();
    *os_errno() = kept;
}

/* ---- installing them ---- */

/* Not: what cannot be caught, what means a fault, what job control and wait() live on, our dump key, and what libc keeps to itself
 * below SIGRTMIN. */
static bool is_usable(int number)
{
    static const int taken[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGTRAP, SIGSYS,
                                SIGABRT, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGQUIT};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (number == taken[i])
            return false;
    return (number >= 1 && number <= 31) || (number >= SIGRTMIN && number <= SIGRTMAX);
}

/* Every handler of ours runs with the interrupt masked. */
static struct sigaction action(int flags)
{
    struct sigaction action = {.sa_flags = flags | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, interrupt_number);
    return action;
}

/* Where the CPU has a better one. libc installs handlers with its own. */
static void choose_way_back(int number)
{
    struct kernel_action action;
    uintptr_t better = arch_way_back();
    if (better == 0 || os_call(SYS_rt_sigaction, number, NULL, &action, sizeof action.mask) != 0)
        return;
    action_returns_to(&action, better);
    os_call(SYS_rt_sigaction, number, &action, NULL, sizeof action.mask);
}

static int install_faults(void)
{
    struct sigaction fault = action(SA_SIGINFO | SA_ONSTACK);
    fault.sa_sigaction = on_fault;
    int result = 0;
    for (size_t i = 0; i < sizeof os_faults / sizeof os_faults[0] && result == 0; i++)
        result = os_chain_install(os_faults[i], &fault);
    return result;
}

/* A program that handles or ignores SIGQUIT (nohup, a shell's background job) has said what it wants. */
static int install_quit(void)
{
    struct sigaction quit = action(SA_ONSTACK), now;
    quit.sa_handler = on_quit;
    if (sigaction(SIGQUIT, NULL, &now) != 0)
        return -errno;
    bool is_default = (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL;
    return is_default ? os_chain_install(SIGQUIT, &quit) : 0;
}

int os_signals_start(const struct os_hooks *wanted, int signal_number)
{
    int number = signal_number != 0 ? signal_number : SIGURG;
    if (!is_usable(number))
        return -EINVAL;
    hooks = *wanted;
    interrupt_number = number;
    struct sigaction interrupt = action(SA_SIGINFO);
    interrupt.sa_sigaction = on_interrupt;
    int result = os_chain_install(number, &interrupt);
    if (result != 0)
        return result;
    choose_way_back(number);
    result = install_faults();
    return result != 0 ? result : install_quit();
}

/* ---- sending and masking ---- */

int os_interrupt_number(void)
{
    return interrupt_number;
}

int os_interrupt(os_thread thread)
{
    return (int)os_call(SYS_tgkill, os_process_id(), thread.id, interrupt_number);
}

void os_interrupt_unmask(void)
{
    if (interrupt_number == 0)
        return;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, interrupt_number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL); /* reports by value, never by errno */
}

bool os_frame_returns(const void *frame)
{
    enum { MOST_BYTES = 16 };
    return arch_frame_pc(frame) - atomic_load_explicit(&way_back, memory_order_relaxed) < MOST_BYTES || arch_frame_returns(frame);
}

uint64_t os_masked(void)
{
    struct os_mask masked = {{0}};
    os_call(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &masked, sizeof masked);
    return os_mask_folded(&masked);
}

/* ---- for a sanitizer that puts handlers off (base/sanitize.h) ---- */

#if SANITIZE_LATE_HANDLERS
static __thread sigset_t held;

void os_signals_hold(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &held);
}

void os_signals_release(void)
{
    pthread_sigmask(SIG_SETMASK, &held, NULL);
}
#endif
