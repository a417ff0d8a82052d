/* Frames of interrupts: moving the pc of one, and telling where an earlier one on the same stack has its pc.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "abi.h"
#include "os/os.h"
#include "os/tap.h"

/* ---- moving the pc ---- */

static void install(int number, void (*full)(int, siginfo_t *, void *), void (*plain)(int))
{
    struct sigaction action = {.sa_flags = full ? SA_SIGINFO : 0};

    if (full)
        action.sa_sigaction = full;
    else
        action.sa_handler = plain;
    sigaction(number, &action, NULL);
}

static void step_over(int number, siginfo_t *info, void *frame)
{
    uintptr_t next = arch_frame_pc(frame) + ABI_SKIP;

    (void)number;
    (void)info;
    arch_frame_set_pc(frame, next);
    OK(arch_frame_pc(frame) == next, "the pc of a frame is what it was set to");
}

/* At a trap, or behind it, where there is an instruction that a program must not execute. */
static void test_moving(void)
{
    install(ABI_TRAP_SIGNAL, step_over, NULL);
    __asm__ volatile(ABI_TRAP ::: "memory");
    OK(true, "the interrupted code goes on there");
}

/* ---- earlier frames ---- */

static uintptr_t earlier_pc, top;
static const void *earlier; /* NULL: a handler that is not told where its frame is */
static int found, at_once;
static bool masked_outside, masked_inside;

/* All words of the stack, whatever they are. */
__attribute__((no_sanitize("address"))) static void look(int number, siginfo_t *info, void *frame)
{
    const uintptr_t *end = (const uintptr_t *)(top - top % sizeof *end), *at = (const uintptr_t *)arch_frame_sp(frame);

    (void)number;
    (void)info;
    masked_inside = os_frame_masked(frame);
    found = at_once = 0;
    for (; at < end; at++) {
        if (*at != earlier_pc || !arch_saves_pc(frame, at, top))
            continue;
        found++;
        at_once += !earlier || (uintptr_t)at - (uintptr_t)earlier < sizeof(ucontext_t);
    }
}

static void in_plain(int number)
{
    (void)number;
    raise(SIGUSR2);
}

static void in_full(int number, siginfo_t *info, void *frame)
{
    (void)number;
    (void)info;
    earlier = frame;
    earlier_pc = arch_frame_pc(frame);
    masked_outside = os_frame_masked(frame);
    raise(SIGUSR2);
}

/* Interrupts itself at always the same instruction, behind a call of the kernel. */
static void strike(void)
{
    arch_system_call(SYS_tgkill, getpid(), (long)os_thread_self().id, SIGTRAP, 0, 0, 0);
}

/* Copies of the pc lie about, as data of the program's would. */
static __attribute__((noinline)) void trap_among_copies(void)
{
    volatile uintptr_t copies[64];

    for (int i = 0; i < 64; i++)
        copies[i] = earlier_pc;
    __asm__ volatile("" ::"r"(copies) : "memory");
    strike();
    __asm__ volatile("" ::"r"(copies) : "memory");
}

/* What is left of frames that have gone looks like frames. */
static __attribute__((noinline)) void wipe_below(void)
{
    volatile uintptr_t words[4096];

    for (int i = 0; i < 4096; i++)
        words[i] = 0;
    __asm__ volatile("" ::"r"(words) : "memory");
}

static void test_searching(void)
{
    install(SIGUSR2, look, NULL);
    install(SIGTRAP, in_full, NULL);
    trap_among_copies();
    wipe_below();
    trap_among_copies(); /* now it is known */
    OK(found == 1 && at_once == 1, "of an earlier frame just the saved pc is found, and no copy");
    OK(!masked_outside && masked_inside, "a handler's own frame says that signals were masked in it");
    earlier = NULL;
    install(SIGTRAP, NULL, in_plain);
    wipe_below();
    trap_among_copies();
    OK(found == 1, "also where the handler takes no frame");
    OK(earlier_pc != 0, "and there was one");
}

static void test_top(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    OK(top > here && top - here < (uintptr_t)64 << 20, "the stack of the first thread ends above its frames");
    OK(*(const char *)top != '\0', "where there is memory");
}

int main(void)
{
    if (WITH_TSAN) {
        tap_skip("frames", "ThreadSanitizer hands on copies of them");
        return tap_end();
    }
    top = os_first_stack_end();
    test_moving();
    test_top();
    test_searching();
    return tap_end();
}
