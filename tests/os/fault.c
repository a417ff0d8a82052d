/* Faults: the hook first, then whoever was there before, then the death that they would have been.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "arch/arch.h"
#include <ucontext.h>
#include "os/os.h"
#include "tap.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

static char *volatile bad; /* an address that faults */
static size_t page;
static void *_Atomic seen;   /* what the hook was told */
static uintptr_t seen_stack; /* where it ran */
static sigset_t seen_mask;
static _Atomic bool verdict; /* what it says */
static _Atomic int chained;

/* ---- hooks ---- */

static void on_interrupt(void *frame)
{
    (void)frame;
}

static bool on_fault(void *frame, const struct os_fault *fault)
{
    char here;
    (void)frame;
    atomic_store(&seen, (void *)fault->address);
    seen_stack = (uintptr_t)&here;
    sigprocmask(SIG_BLOCK, NULL, &seen_mask);
    if (verdict)
        mprotect(bad, page, PROT_READ | PROT_WRITE);
    errno = 99;
    return verdict;
}

static void on_quit(void)
{
}

static void start(void)
{
    static const struct os_hooks hooks = {on_interrupt, on_fault, on_quit};
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (os_signals_start(&hooks, 0) != 0 || os_thread_prepare() != 0)
        _exit(100);
}

static void start_fresh(void)
{
    forget_handler(SIGSEGV);
    forget_handler(SIGBUS);
    start();
}

/* ---- children ---- */

/* Of an address, what the system says. */
static void *told(char *at)
{
    return (void *)((uintptr_t)at & -(uintptr_t)ARCH_FAULT_GRAIN);
}

static void mended(void)
{
    start_fresh();
    verdict = true;
    errno = 77;
    bad[5] = 1;
    _exit(bad[5] == 1 && errno == 77 && atomic_load(&seen) == told(bad + 5) ? 0 : 1);
}

static void masked(void)
{
    stack_t alternate;
    start_fresh();
    verdict = true;
    bad[0] = 1;
    sigaltstack(NULL, &alternate);
    uintptr_t low = (uintptr_t)alternate.ss_sp;
    bool on_alternate = seen_stack >= low && seen_stack < low + alternate.ss_size;
    _exit(on_alternate && sigismember(&seen_mask, SIGURG) == 1 ? 0 : 1);
}

static void by_default(void)
{
    start_fresh();
    bad[0] = 1;
}

static void bus(void)
{
    FILE *file = tmpfile();
    bad = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fileno(file), 0); /* beyond the end of the file */
    _exit(*(volatile char *)bad);
}

static const char *volatile words;

static bool remember_words(void *frame, const struct os_fault *fault)
{
    (void)frame;
    words = fault->what;
    if (fault->number == SIGFPE && fault->code == FPE_INTDIV && !fault->of_memory)
        _exit(strcmp(fault->name, "SIGFPE") == 0 && strstr(words, "division") ? 45 : 1);
    _exit(strcmp(fault->name, "SIGILL") == 0 && strstr(words, "illegal") ? 46 : 1);
}

static void start_with_words(void)
{
    static const struct os_hooks hooks = {on_interrupt, remember_words, on_quit};
    forget_handler(SIGFPE);
    forget_handler(SIGILL);
    if (os_signals_start(&hooks, 0) != 0 || os_thread_prepare() != 0)
        _exit(100);
}

#if defined(__x86_64__) || defined(__i386__)
enum { DIVIDES_BY_ZERO = false };
#define ILLEGAL "ud2"
#elif defined(__s390x__)
enum { DIVIDES_BY_ZERO = false };
#define ILLEGAL ".short 0"
#elif defined(__mips__)
#define DIVIDES_BY_ZERO emulated() /* what compilers put beside a division is another signal there */
#define ILLEGAL         ".long 0x39"
#elif defined(__arm__)
enum { DIVIDES_BY_ZERO = true }; /* or libgcc asks for the signal, without a fault */
#define ILLEGAL "udf #0"
#else
enum { DIVIDES_BY_ZERO = true };
#define ILLEGAL ".long 0"
#endif

static volatile int many = 7, nought;

__attribute__((no_sanitize("undefined"))) static void divided(void)
{
    start_with_words();
    many = many / nought;
}

static void trapped(void)
{
    start_with_words();
    __asm__ volatile(ILLEGAL);
}

static void bus_by_default(void)
{
    start_fresh();
    bus();
}

static void ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    start();
    bad[0] = 1;
}

static void sent_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    start();
    kill(getpid(), SIGSEGV);
}

static void sent(void)
{
    start_fresh();
    verdict = true;
    kill(getpid(), SIGSEGV);
}

static bool exit_on_fault(void *frame, const struct os_fault *fault)
{
    (void)frame;
    (void)fault;
    _exit(43);
}

/* As the kernel tells a process that asked for it: memory has broken somewhere. */
static void sent_by_broken_memory(void)
{
    static const struct os_hooks hooks = {on_interrupt, exit_on_fault, on_quit};
    siginfo_t info = {.si_signo = SIGBUS, .si_code = BUS_MCEERR_AO};

    forget_handler(SIGBUS);
    if (os_signals_start(&hooks, 0) != 0 || os_thread_prepare() != 0)
        _exit(100);
    syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGBUS, &info);
}

static void earlier_handler(int signal_number, siginfo_t *info, void *frame)
{
    (void)frame;
    atomic_fetch_add(&chained, 1);
    if (signal_number == SIGSEGV && info->si_code > 0 && info->si_addr == bad)
        _exit(42);
}

static void set_earlier(void)
{
    struct sigaction action = {.sa_sigaction = earlier_handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
}

static void handled_earlier(void)
{
    set_earlier();
    start();
    bad[0] = 1;
}

static void sent_and_handled_earlier(void)
{
    set_earlier();
    start();
    verdict = true;
    kill(getpid(), SIGSEGV);
    _exit(atomic_load(&chained) == 1 && atomic_load(&seen) == NULL ? 42 : 1);
}

static volatile int depth;

static int endless(int x)
{
    volatile char filler[1000];
    filler[x % 1000] = 1;
    return depth++ < 0 ? 0 : endless(x + 1) + filler[7];
}

static void overflow(void)
{
    static const struct os_hooks hooks = {on_interrupt, exit_on_fault, on_quit};
    os_signals_start(&hooks, 0);
    os_thread_prepare();
    endless(0);
}

static bool overflow_here_too(void *frame, const struct os_fault *fault)
{
    (void)frame;
    (void)fault;
    endless(0);
    return true;
}

static void bus_and_exit(void)
{
    static const struct os_hooks hooks = {on_interrupt, exit_on_fault, on_quit};
    os_signals_start(&hooks, 0);
    bus();
}

static void below_alternate(void)
{
    stack_t alternate;
    forget_handler(SIGSEGV);
    os_thread_prepare();
    sigaltstack(NULL, &alternate);
    _exit(((volatile char *)alternate.ss_sp)[-1]);
}

static void overflow_twice(void)
{
    static const struct os_hooks hooks = {on_interrupt, overflow_here_too, on_quit};
    os_signals_start(&hooks, 0);
    os_thread_prepare();
    bad[0] = 1;
}

static bool expect_no_address(void *frame, const struct os_fault *fault)
{
    (void)frame;
    _exit(fault->address == 0 ? 44 : 1);
}

/* For a frame, not for a system call. */
#ifdef __s390x__
enum { TOO_LITTLE = 1200 };
#elif defined(__riscv)
enum { TOO_LITTLE = 640 };
#else
enum { TOO_LITTLE = 2048 };
#endif

/* Uses up its stack down to that, and lets itself be interrupted. */
static __attribute__((noinline)) void *use_up(void *low)
{
    char here;
    volatile char filler[&here - (char *)low - TOO_LITTLE];
    filler[depth] = 1;
    os_interrupt(os_thread_self());
    filler[depth + 1] = filler[depth];
    return NULL;
}

static void *interrupt_with_little_room(void *low)
{
    os_thread_prepare();
    return use_up(low);
}

static void no_room(void)
{
    static const struct os_hooks hooks = {on_interrupt, expect_no_address, on_quit};
    size_t guard = 16 * page, stack_size = 64 * page;
    pthread_attr_t attr;
    pthread_t thread;
    char *stack = os_map(guard + stack_size, page);
    os_guard(stack, guard);
    os_signals_start(&hooks, 0);
    pthread_attr_init(&attr);
    pthread_attr_setstack(&attr, stack + guard, stack_size);
    pthread_create(&thread, &attr, interrupt_with_little_room, stack + guard);
    pthread_join(thread, NULL);
}

/* A core file would show the cause of the fault, so the parent sees it too. */
static void test_cause(void)
{
    siginfo_t info;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        by_default();
        _exit(0);
    }
    waitid(P_PID, (id_t)child, &info, WEXITED);
    OK_BUT_EMULATED(info.si_code == CLD_KILLED && info.si_status == SIGSEGV, "a fault that nobody handles kills by its own signal",
                    "death by a fault that can be relied on");
}

/* ---- the alternate stack ---- */

static stack_t alternate_now(void)
{
    stack_t now;
    sigaltstack(NULL, &now);
    return now;
}

static void test_alternate(void)
{
    static char small[16384];
    stack_t before = alternate_now();
    OK(os_thread_prepare() == 0 && os_thread_prepare() == 0, "a thread gets an alternate stack");
    stack_t during = alternate_now();
    OK((during.ss_flags & SS_DISABLE) == 0 && during.ss_size >= os_frame_room() + 16384, "it has room for a frame and a report");
    os_thread_forget();
    stack_t after = alternate_now();
    OK(after.ss_flags == before.ss_flags && (before.ss_flags != 0 || after.ss_sp == before.ss_sp),
       "it goes when the thread is forgotten");
    os_thread_forget();

    stack_t theirs = {.ss_sp = small, .ss_size = sizeof small};
    sigaltstack(&theirs, NULL);
    os_thread_prepare();
    OK(alternate_now().ss_sp != small, "an alternate stack that is too small is replaced");
    os_thread_forget();
    OK(alternate_now().ss_sp == small, "and comes back");

    theirs = (stack_t){.ss_sp = malloc(1 << 20), .ss_size = 1 << 20};
    sigaltstack(&theirs, NULL);
    os_thread_prepare();
    OK(alternate_now().ss_sp == theirs.ss_sp, "an alternate stack that is large enough stays");
    os_thread_forget();
    OK(alternate_now().ss_sp == theirs.ss_sp, "for good");
    sigaltstack(&before, NULL);
    free(theirs.ss_sp);
}

int main(void)
{
    page = os_page_size();
    bad = os_map(page, page);
    mprotect(bad, page, PROT_NONE);
    OK(exited(in_child(mended), 0), "a fault that the hook mends goes on, with its address told and errno left alone");
    if (handlers_mask())
        OK(exited(in_child(masked), 0), "the hook runs on the alternate stack with the interrupt masked");
    else
        tap_skip("the hook runs on the alternate stack with the interrupt masked", "the emulator takes another mask");
    OK_BUT_EMULATED(died_of(in_child(by_default), SIGSEGV), "a fault that the hook does not want is SIGSEGV by default",
                    "death by a fault that can be relied on");
    test_cause();
    OK_BUT_EMULATED(died_of(in_child(bus_by_default), SIGBUS), "or SIGBUS", "death by a fault that can be relied on");
    OK(exited(in_child(bus_and_exit), 43), "which reaches the hook likewise");
    if (DIVIDES_BY_ZERO)
        tap_skip("a division by zero reaches it", "this CPU divides by zero without a fault");
    else
        OK(exited(in_child(divided), 45), "a division by zero reaches it, with a name and words");
    OK(exited(in_child(trapped), 46), "and so does an illegal instruction");
    OK_BUT_EMULATED(died_of(in_child(ignored), SIGSEGV), "a fault can not be ignored", "end for who ignores one");
    OK(exited(in_child(sent_ignored), 0), "a SIGSEGV that was sent can");
    OK_BUT_EMULATED(died_of(in_child(sent), SIGSEGV), "one that was sent kills by default, and the hook is not asked",
                    "death by a fault that can be relied on");
    OK_BUT_EMULATED(died_of(in_child(sent_by_broken_memory), SIGBUS),
                    "memory that broke while nobody touched it is no fault of the code", "signals that only a kernel sends");
    OK(exited(in_child(handled_earlier), 42), "a fault that the hook does not want goes to the earlier handler, with its cause");
    OK(exited(in_child(sent_and_handled_earlier), 42), "one that was sent goes straight there");
    OK(exited(in_child(overflow), 43), "the overflow of a stack reaches the hook");
    OK_BUT_EMULATED(died_of(in_child(overflow_twice), SIGSEGV), "the overflow of the alternate stack ends the process",
                    "death by a fault that can be relied on");
    OK_BUT_EMULATED(died_of(in_child(below_alternate), SIGSEGV), "for there is a guard below it",
                    "death by a fault that can be relied on");
    bool small = os_frame_room() - 2048 < 3072 || (getauxval(AT_MINSIGSTKSZ) == 0 && sizeof(ucontext_t) < TOO_LITTLE / 2);
    if (WITH_TSAN || WITH_ASAN || small)
        tap_skip("an interrupt that finds no room reaches the hook without an address",
                 "frames are small here, or stacks are watched");
    else
        OK(exited(in_child(no_room), 44), "an interrupt that finds no room reaches the hook without an address");
    test_alternate();
    return tap_end();
}
