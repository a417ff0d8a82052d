/* Signals that the program takes: the handler counts them and rings; what it does must be right on any thread, at any instruction.
 *
 * The kernel decides which handler a signal gets when it takes it from its queue; the handler runs a little later, and by then the
 * signal may have been given back. So the handler looks again: a signal that nobody wants any more it sends once more to its own
 * thread, which gets it when the handler has returned, with the effect that it has then. Thus none is lost.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/linux/linux.h"
#include "os/process.h"

_Static_assert(_NSIG <= OS_SIGNALS, "more signals than there is room for");

static _Atomic int bell = -1;
static struct sigaction before[OS_SIGNALS]; /* what was there; where kept[] */
static bool kept[OS_SIGNALS];               /* one thread at a time changes these: the caller sees to that */

static _Atomic bool wanted[OS_SIGNALS];
static _Atomic bool covered[OS_SIGNALS]; /* somebody has put a handler over ours, and may call ours from there */
static _Atomic uint32_t arrived[OS_SIGNALS];
static _Atomic uint32_t under_way; /* handlers that have not decided yet */
static _Atomic uint32_t changes;   /* of wanted[] and of handlers; odd while one is under way */

/* ---- arriving ---- */

int os_signals_bell(void)
{
    int made = BY_VALUE(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (made >= 0)
        atomic_store(&bell, made);
    return made;
}

void os_signals_ring(void)
{
    uint64_t one = 1;
    os_call(SYS_write, atomic_load(&bell), &one, sizeof one);
}

OS_HANDLER static void on_signal(int number, siginfo_t *info, void *frame);

/* True if a signal that nobody wants would come back for ever, because the program itself has brought our handler back, or calls it
 * from its own: it may have found it there. */
static bool is_stray(int number)
{
    struct sigaction now;
    uint32_t seen = atomic_load(&changes);
    if (atomic_load(&covered[number]))
        return true;
    if (seen % 2 != 0 || atomic_load(&wanted[number]))
        return false;
    sigaction(number, NULL, &now);
    return now.sa_sigaction == on_signal && atomic_load(&changes) == seen;
}

/* As it was. Where too many are queued for this user, what is not lost is its number. */
static void send_again(int number, siginfo_t *info)
{
    if (os_call(SYS_rt_tgsigqueueinfo, os_process_id(), os_thread_self().id, number, info) != 0)
        os_call(SYS_kill, os_process_id(), number);
}

static void on_signal(int number, siginfo_t *info, void *frame)
{
    (void)frame;
    atomic_fetch_add(&under_way, 1);
    bool counts = atomic_load(&wanted[number]); /* partner: the store in os_signal_give_back; then os_signals_settle */
    if (counts && atomic_fetch_add(&arrived[number], 1) == 0)
        os_signals_ring();
    atomic_fetch_sub(&under_way, 1);
    if (counts)
        return;
    int errno_before = *os_errno();
    if (!is_stray(number))
        send_again(number, info);
    *os_errno() = errno_before;
}

uint32_t os_signal_arrived(int number)
{
    return atomic_load(&arrived[number]) != 0 ? atomic_exchange(&arrived[number], 0) : 0;
}

void os_signals_settle(void)
{
    while (atomic_load(&under_way) != 0)
        sched_yield();
}

/* ---- taking and giving back ---- */

bool os_signal_usable(int number)
{
    static const int not [] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    for (size_t i = 0; i < sizeof not / sizeof not [0]; i++)
        if (number == not [i])
            return false;
    return number != os_interrupt_number() && ((number >= 1 && number <= 31) || (number >= SIGRTMIN && number <= SIGRTMAX));
}

static int keep(int number)
{
    if (!kept[number] && sigaction(number, NULL, &before[number]) != 0)
        return -*os_errno();
    kept[number] = true;
    return 0;
}

/* On the alternate stack, since a goroutine's may have no room left; and with everything masked, so that nothing piles up on it. */
static int set(int number, void (*function)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART, .sa_sigaction = function};
    if (function == NULL)
        action = (struct sigaction){.sa_handler = SIG_IGN};
    sigfillset(&action.sa_mask);
    return sigaction(number, &action, NULL) == 0 ? 0 : -*os_errno();
}

static int change(int number, bool take)
{
    int errno_before = *os_errno();
    int error = keep(number);
    atomic_store(&os_signals_taken, true);
    atomic_fetch_add(&changes, 1);
    if (error == 0 && take)
        atomic_store(&wanted[number], true);
    if (error == 0)
        error = set(number, take ? on_signal : NULL);
    if (error != 0 || !take)
        atomic_store(&wanted[number], false);
    atomic_fetch_add(&changes, 1);
    *os_errno() = errno_before;
    return error;
}

int os_signal_take(int number)
{
    return change(number, true);
}

int os_signal_ignore(int number)
{
    return change(number, false);
}

static bool is_as_we_left_it(int number)
{
    struct sigaction now;
    sigaction(number, NULL, &now);
    bool is_ignored = (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_IGN;
    return atomic_load(&wanted[number]) ? now.sa_sigaction == on_signal : is_ignored;
}

void os_signal_give_back(int number)
{
    if (!kept[number])
        return;
    int errno_before = *os_errno();
    atomic_fetch_add(&changes, 1);
    if (is_as_we_left_it(number))
        sigaction(number, &before[number], NULL);
    else
        atomic_store(&covered[number], true);
    atomic_store(&wanted[number], false);
    atomic_fetch_add(&changes, 1);
    kept[number] = false;
    *os_errno() = errno_before;
}

bool os_signal_is_ignored(int number)
{
    int errno_before = *os_errno();
    struct sigaction now = {.sa_handler = SIG_DFL};
    sigaction(number, NULL, &now);
    *os_errno() = errno_before;
    return (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_IGN;
}
