/* exit: 2; line: panic: SIGSEGV: no memory there *[goroutine 2 worker]; line: goroutine 2 "worker" [running] worker *;
 * line:     touch*+0x* a_fault_shows_*.c:13; line:     worker+0x* a_fault_shows_*.c:*; line: goroutine 1 "main" [sleep*;
 * line:     main+0x* a_fault_shows_*.c:*; no line:     *sigpanic*; no line:     *arch_preempt*; no line:     *panic_raise* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static volatile int *volatile nowhere;

/* The frame that faults, and no call of the library's that the fault became. */
__attribute__((noinline, no_sanitize("undefined"))) static int touch(int n)
{
    n += *nowhere;
    __asm__ volatile("" ::: "memory");
    return n;
}

static void worker(void *arg)
{
    (void)arg;
    touch(1);
    __asm__ volatile("" ::: "memory");
}

int main(void)
{
    go_maxprocs(1); /* the worker does not run before main waits */
    go_preempt_off();
    go_spawn_attr(&(struct go_attr){.name = "worker"}, worker, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
