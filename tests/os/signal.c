/* Interrupts: ours reach the hook and nobody else's do, and the interrupted code does not notice.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include "os/os.h"
#include "tap.h"

/* ---- hooks and handlers that count ---- */

static _Atomic int interrupts, depth, deepest, faults_seen, quits;
static void *_Atomic hook_frame;
static _Atomic uintptr_t hook_local, hook_thread;
static sigset_t hook_mask;
static void (*in_hook)(void);

static void on_interrupt(void *frame)
{
    int here, now_deep = atomic_fetch_add(&depth, 1) + 1;
    if (now_deep > atomic_load(&deepest))
        atomic_store(&deepest, now_deep);
    atomic_store(&hook_frame, frame);
    atomic_store(&hook_local, (uintptr_t)&here);
    atomic_store(&hook_thread, os_thread_self().id);
    pthread_sigmask(SIG_BLOCK, NULL, &hook_mask);
    if (in_hook != NULL)
        in_hook();
    atomic_fetch_sub(&depth, 1);
    atomic_fetch_add(&interrupts, 1);
    errno = 99;
}

static bool on_fault(void *frame, const struct os_fault *fault)
{
    (void)frame;
    (void)fault;
    atomic_fetch_add(&faults_seen, 1);
    return false;
}

static void on_quit(void)
{
    atomic_fetch_add(&quits, 1);
    errno = 99;
}

static const struct os_hooks hooks = {on_interrupt, on_fault, on_quit};

static _Atomic int chained, chained_code;
static sigset_t chained_mask;

static void plain_handler(int signal_number)
{
    (void)signal_number;
    atomic_fetch_add(&chained, 1);
    pthread_sigmask(SIG_BLOCK, NULL, &chained_mask);
}

static void info_handler(int signal_number, siginfo_t *info, void *frame)
{
    atomic_store(&chained_code, frame != NULL && info->si_signo == signal_number ? info->si_code : 12345);
    plain_handler(signal_number);
}

static void set_handler(int signal_number, void (*plain)(int), int flags)
{
    struct sigaction action = {.sa_handler = plain, .sa_flags = flags};
    if (flags & SA_SIGINFO)
        action.sa_sigaction = info_handler;
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(signal_number, &action, NULL);
}

static int interrupt_self(void)
{
    return os_interrupt(os_thread_self());
}

/* ---- which number ---- */

static int number_to_try;

static void try_number(void)
{
    forget_handler(SIGSEGV);
    _exit(os_signals_start(&hooks, number_to_try) == 0 && interrupt_self() == 0 && atomic_load(&interrupts) == 1 ? 0
          : os_signals_start(&hooks, number_to_try) == -EINVAL                                                   ? 1
                                                                                                                 : 2);
}

static bool number_gives(int number, int code)
{
    number_to_try = number;
    return exited(in_child(try_number), code);
}

static void test_numbers(void)
{
    static const int refused[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,  SIGILL,  SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGCHLD,
                                  SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGQUIT, 32,     33,      -1,      1000};
    static const int usable[] = {0, SIGURG, SIGUSR1, SIGUSR2, SIGIO, SIGVTALRM, SIGPROF, SIGWINCH};
    bool all = true;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        all = all && number_gives(refused[i], 1);
    OK(all && number_gives(SIGRTMAX + 1, 1), "a number with another meaning is -EINVAL");
    all = true;
    for (size_t i = 0; i < sizeof usable / sizeof usable[0]; i++)
        all = all && number_gives(usable[i], 0);
    OK(all, "every other number serves");
    OK_BUT_EMULATED(number_gives(SIGRTMIN, 0) && number_gives(SIGRTMAX, 0), "that of a real-time signal too", "signal 64");
}

/* ---- ours ---- */

static void interrupt_again(void)
{
    if (atomic_load(&interrupts) < 5)
        interrupt_self();
}

static void test_ours(void)
{
    int here;
    errno = 77;
    OK(interrupt_self() == 0 && atomic_load(&interrupts) == 1, "an interrupt reaches the hook");
    OK(errno == 77, "errno is left alone, whatever the hook does to it");
    OK(atomic_load(&hook_thread) == os_thread_self().id, "the hook runs on the thread that was aimed at");
    OK(sigismember(&hook_mask, SIGURG) == 1, "the hook runs with the interrupt masked");
    OK_BUT_TSAN(sigismember(&hook_mask, SIGUSR1) == 0 && sigismember(&hook_mask, SIGALRM) == 0, "and nothing else");
    uintptr_t sp = (uintptr_t)&here, hook_sp = atomic_load(&hook_local);
    OK(hook_sp < sp && sp - hook_sp < 65536, "the hook runs on the stack that was interrupted");
    OK(sp - hook_sp <= os_frame_room() + 1024, "an interrupt needs no more stack than it says");
    OK_BUT_TSAN((uintptr_t)atomic_load(&hook_frame) > hook_sp && (uintptr_t)atomic_load(&hook_frame) < sp,
                "the frame lies on that stack");
    in_hook = interrupt_again;
    interrupt_self();
    in_hook = NULL;
    OK_BUT_TSAN(atomic_load(&interrupts) == 6 && atomic_load(&deepest) == 1, "an interrupt within the hook comes after it");
    OK(atomic_load(&chained) == 0, "our interrupts do not go to the earlier handler");
}

static int read_pipe[2];
static _Atomic uintptr_t reader;
static _Atomic int read_result = 77;

static void *read_byte(void *arg)
{
    char byte;
    (void)arg;
    atomic_store(&reader, os_thread_self().id);
    long got = read(read_pipe[0], &byte, 1);
    atomic_store(&read_result, got == 1 ? 1 : -errno);
    return NULL;
}

static void test_restart(void)
{
    pthread_t thread;
    if (pipe(read_pipe) != 0)
        abort();
    pthread_create(&thread, NULL, read_byte, NULL);
    while (atomic_load(&reader) == 0)
        os_thread_yield();
    usleep(50000);
    os_thread target = {.id = atomic_load(&reader)};
    int before = atomic_load(&interrupts);
    for (int i = 0; i < 5; i++) {
        os_interrupt(target);
        usleep(2000);
    }
    for (int i = 0; i < 10000 && atomic_load(&interrupts) == before && !WITH_TSAN; i++)
        usleep(1000);
    OK_BUT_TSAN(atomic_load(&interrupts) > before && atomic_load(&hook_thread) == target.id,
                "another thread is interrupted, even in the kernel");
    if (write(read_pipe[1], "x", 1) != 1)
        abort();
    pthread_join(thread, NULL);
    OK(atomic_load(&read_result) == 1, "a read that is interrupted goes on");
    for (int i = 0; i < 10000 && os_interrupt(target) == 0; i++)
        usleep(1000); /* a thread may be joined a little before it is gone */
    errno = 77;
    OK(os_interrupt(target) == -ESRCH && errno == 77, "a thread that is gone is -ESRCH");
}

static void start_and_interrupt_unsigned(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_SIGPENDING, &none);
    os_signals_start(&hooks, number_to_try);
    interrupt_self();
}

static void fill_queue(void)
{
    start_and_interrupt_unsigned();
    _exit(atomic_load(&interrupts) == 1 ? 0 : 1);
}

static void fill_queue_before_handler(void)
{
    set_handler(SIGURG, plain_handler, 0);
    start_and_interrupt_unsigned();
    bool good = atomic_load(&chained) == 1 && atomic_load(&interrupts) == 1;
    _exit(good && (WITH_TSAN || sigismember(&hook_mask, SIGUSR2) == 0) ? 0 : 1);
}

static bool arrives_unsigned(int number)
{
    number_to_try = number;
    return exited(in_child(fill_queue), 0);
}

static void unmask(void)
{
    sigset_t set;
    sigfillset(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    os_interrupt_unmask(); /* before the start: nothing to do */
    os_signals_start(&hooks, 0);
    interrupt_self();
    bool held = atomic_load(&interrupts) == 0;
    errno = 77;
    os_interrupt_unmask();
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    _exit(held && errno == 77 && atomic_load(&interrupts) == 1 && sigismember(&set, SIGUSR1) == 1 ? 0 : 1);
}

/* ---- somebody else's ---- */

static void tgkill_from_child(void)
{
    syscall(SYS_tgkill, getppid(), getppid(), SIGURG);
}

static bool goes_to_chain(void)
{
    int before = atomic_load(&interrupts), chain_before = atomic_load(&chained);
    kill(getpid(), SIGURG);
    union sigval value = {0};
    sigqueue(getpid(), SIGURG, value);
    in_child(tgkill_from_child);
    return atomic_load(&interrupts) == before && atomic_load(&chained) == chain_before + 3;
}

static void chain_plain(void)
{
    set_handler(SIGURG, plain_handler, 0);
    os_signals_start(&hooks, 0);
    os_signals_start(&hooks, 0); /* as after a failure further on */
    bool good = goes_to_chain() && sigismember(&chained_mask, SIGUSR2) == 1 && sigismember(&chained_mask, SIGURG) == 1;
    pthread_sigmask(SIG_BLOCK, NULL, &chained_mask);
    _exit(good && sigismember(&chained_mask, SIGUSR2) == 0 ? 0 : 1);
}

static void chain_info(void)
{
    set_handler(SIGURG, NULL, SA_SIGINFO | SA_NODEFER);
    os_signals_start(&hooks, 0);
    _exit(goes_to_chain() && atomic_load(&chained_code) == SI_TKILL && sigismember(&chained_mask, SIGURG) == 0 ? 0 : 1);
}

static void chain_once(void)
{
    set_handler(SIGURG, plain_handler, SA_RESETHAND);
    os_signals_start(&hooks, 0);
    kill(getpid(), SIGURG);
    kill(getpid(), SIGURG);
    _exit(atomic_load(&chained) == 1 ? 0 : 1);
}

static void without_chain(void)
{
    forget_handler(number_to_try);
    os_signals_start(&hooks, number_to_try);
    kill(getpid(), number_to_try);
    if (atomic_load(&interrupts) != 0)
        _exit(1);
    interrupt_self(); /* ours still come */
    _exit(atomic_load(&interrupts) == 1 ? 0 : 2);
}

static void with_ignored(void)
{
    signal(number_to_try, SIG_IGN);
    os_signals_start(&hooks, number_to_try);
    kill(getpid(), number_to_try);
    _exit(atomic_load(&interrupts) == 0 ? 0 : 1);
}

static int number_run(int number, void (*run)(void))
{
    number_to_try = number;
    return in_child(run);
}

static void test_others(void)
{
    OK(exited(in_child(chain_plain), 0), "others' signals go to the earlier handler, under its mask, and not to the hook");
    OK(exited(in_child(chain_info), 0), "an earlier handler with siginfo gets the sender, and may be deferred or not");
    OK(exited(in_child(chain_once), 0), "an earlier handler for once is called once");
    OK(exited(number_run(SIGURG, without_chain), 0), "others' SIGURG is ignored by default");
    OK(exited(number_run(SIGWINCH, without_chain), 0), "so is SIGWINCH");
    OK(died_of(number_run(SIGUSR1, without_chain), SIGUSR1), "others' SIGUSR1 ends the process by default");
    OK_BUT_EMULATED(died_of(number_run(SIGRTMAX, without_chain), SIGRTMAX), "so does a real-time signal", "signal 64");
    OK(exited(number_run(SIGUSR1, with_ignored), 0), "others' SIGUSR1 is ignored if it was");
}

/* ---- the dump key ---- */

static void quit_default(void)
{
    forget_handler(SIGQUIT);
    os_signals_start(&hooks, 0);
    errno = 77;
    kill(getpid(), SIGQUIT);
    _exit(atomic_load(&quits) == 1 && errno == 77 ? 0 : 1);
}

static void quit_ignored(void)
{
    signal(SIGQUIT, SIG_IGN);
    os_signals_start(&hooks, 0);
    kill(getpid(), SIGQUIT);
    _exit(atomic_load(&quits) == 0 ? 0 : 1);
}

static void quit_handled(void)
{
    set_handler(SIGQUIT, NULL, SA_SIGINFO);
    os_signals_start(&hooks, 0);
    kill(getpid(), SIGQUIT);
    _exit(atomic_load(&quits) == 0 && atomic_load(&chained) == 1 ? 0 : 1);
}

int main(void)
{
    forget_handler(SIGURG);
    test_numbers();
    OK(exited(in_child(unmask), 0), "the interrupt alone is unmasked");
    OK(arrives_unsigned(SIGURG) && arrives_unsigned(SIGUSR1), "an interrupt arrives when no signal can be queued");
    number_to_try = SIGURG;
    OK(exited(in_child(fill_queue_before_handler), 0), "and reaches an earlier handler too, for it might have been meant");
    test_others();
    OK(exited(in_child(quit_default), 0), "SIGQUIT calls the hook");
    OK(exited(in_child(quit_ignored), 0), "SIGQUIT stays ignored where it was");
    OK(exited(in_child(quit_handled), 0), "SIGQUIT stays with the program that handles it");
    set_handler(SIGURG, plain_handler, 0);
    OK(os_signals_start(&hooks, 0) == 0 && os_thread_prepare() == 0, "the handlers are installed");
    test_ours();
    test_restart();
    os_thread_forget();
    return tap_end();
}
