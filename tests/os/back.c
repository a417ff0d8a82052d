/* The way back from handlers: where it is the library's own it is the one that the kernel knows, unwinders find their way through
 * it, all registers come back; and who is on the way back from a handler of the program's is known too.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unwind.h>
#include "arch/arch.h"
#include "os/linux/action.h"
#include "tap.h"

enum { FRAMES = 64, ROUNDS = 1000 };

static volatile int interrupts, found_pc, found_caller;
static volatile uintptr_t caller, returns_to;

struct seen {
    uintptr_t pcs[FRAMES];
    int count;
};

static _Unwind_Reason_Code see(struct _Unwind_Context *context, void *arg)
{
    struct seen *s = arg;
    int before;
    if (s->count == FRAMES)
        return _URC_END_OF_STACK;
    s->pcs[s->count++] = _Unwind_GetIPInfo(context, &before);
    return _URC_NO_REASON;
}

static bool is_seen(const struct seen *s, uintptr_t pc)
{
    for (int i = 0; i < s->count; i++)
        if (s->pcs[i] == pc)
            return true;
    return false;
}

static void on_interrupt(void *frame)
{
    struct seen s = {.count = 0};
    _Unwind_Backtrace(see, &s);
    found_pc += is_seen(&s, arch_frame_pc(frame));
    found_caller += is_seen(&s, caller);
    interrupts++;
}

static bool on_fault(void *frame, const struct os_fault *fault)
{
    (void)frame;
    (void)fault;
    return false;
}

static void on_quit(void)
{
}

/* A sanitizer may put handlers off until the next call of the system. */
static __attribute__((noinline)) void interrupt_myself(void)
{
    int before = interrupts;
    int64_t end = os_now() + 10000000000;
    caller = arch_unsigned((uintptr_t)__builtin_return_address(0));
    os_interrupt(os_thread_self());
    while (interrupts == before && os_now() < end)
        os_thread_yield();
}

static void be_interrupted_often(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        interrupt_myself();
        __asm__ volatile("" ::: "memory");
    }
}

static void test_ours(void)
{
    const struct os_hooks hooks = {on_interrupt, on_fault, on_quit};
    struct kernel_action now;
    arch_init();
    OK(os_signals_start(&hooks, 0) == 0, "handlers are installed");
    be_interrupted_often();
    OK(interrupts == ROUNDS, "each interrupt is handled once");
    if (arch_way_back() == 0) {
        tap_skip("the kernel knows the library's way back", "libc's own is good enough");
        tap_skip("an unwinder finds who was interrupted, and its caller", "libc's own is good enough");
        return;
    }
    os_call(SYS_rt_sigaction, SIGURG, NULL, &now, sizeof now.mask);
    OK(action_returns(&now) == arch_way_back(), "the kernel knows the library's way back");
    OK(found_pc == ROUNDS && found_caller == ROUNDS, "an unwinder finds who was interrupted, and its caller");
}

/* ---- handlers of the program's ---- */

static void plain(int number)
{
    (void)number;
    returns_to = arch_unsigned((uintptr_t)__builtin_return_address(0));
}

static ucontext_t told_frame;

static void told(int number, siginfo_t *info, void *frame)
{
    (void)info;
    memcpy(&told_frame, frame, sizeof told_frame);
    returns_to = arch_unsigned((uintptr_t)__builtin_return_address(0));
    (void)number;
}

static bool is_on_its_way_back(uintptr_t pc)
{
    arch_frame_set_pc(&told_frame, pc);
    return os_frame_returns(&told_frame);
}

static void test_others(void)
{
    struct sigaction action = {.sa_sigaction = told, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    OK(is_on_its_way_back(returns_to), "who returns from a handler of the program's that is told of the cause is on the way back");
    OK(!is_on_its_way_back(ARCH_CODE(test_others)), "nobody else is");
    if (arch_way_back() == 0)
        return;
    action = (struct sigaction){.sa_handler = plain};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    OK(is_on_its_way_back(returns_to), "so is who returns from one that is not told");
}

int main(void)
{
    test_ours();
    test_others();
    return tap_end();
}
