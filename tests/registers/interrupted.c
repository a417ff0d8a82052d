/* A goroutine interrupts itself in its own text, and each time it is taken off and goes on. tests/registers/cost counts what that
 * takes: between two runs with different numbers of interrupts nothing else differs.
 *
 * usage: interrupted [frame | inject | off] [N]        off: the same without the interrupts
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <signal.h>
#include "arch/abi.h"
#include "goroutine.h"
#include "os/os.h"
#include "os/tap.h"
#include "sched/preempt.h"

static long wanted = 100;
static bool interrupts = true;

/* In the handler of a trap our signal is masked: it comes at the end of that, at the program's next instruction. */
static void on_trap(int number, siginfo_t *info, void *frame)
{
    (void)number;
    (void)info;
    arch_frame_set_pc(frame, arch_frame_pc(frame) + ABI_SKIP);
    if (interrupts)
        os_interrupt(os_thread_self());
}

static void interrupt_itself(void *done)
{
    for (long i = 0; i < wanted; i++)
        __asm__ volatile(ABI_TRAP ::: "memory");
    go_waitgroup_done(done);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "frame";
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    static go_waitgroup done;
    struct go_stats stats;

    interrupts = strcmp(mode, "off") != 0;
    setenv("GOROUTINE_PREEMPT", interrupts ? mode : "frame", 1);
    setenv("GOROUTINE_SLICE", "10000000", 1); /* no preemptions but these */
    if (argc > 2)
        wanted = atol(argv[2]);
    go_maxprocs(1);
    mask_all(&action.sa_mask);
    sigaction(ABI_TRAP_SIGNAL, &action, NULL);
    preempt_force = 1;
    go_waitgroup_add(&done, 1);
    go_spawn(interrupt_itself, &done);
    go_waitgroup_wait(&done);
    go_stats_read(&stats, sizeof stats);
    printf("# %s: %lu preemptions of %ld interrupts\n", mode, (unsigned long)stats.preemptions, interrupts ? wanted : 0);
    OK(interrupts ? stats.preemptions >= (unsigned long)wanted : stats.preemptions == 0, "each interrupt takes the goroutine off");
    return tap_end();
}
