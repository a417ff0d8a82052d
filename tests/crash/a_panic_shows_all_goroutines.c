/* exit: 2; line: panic: enough [goroutine 3 second]; line: goroutine 3 "second" [running] *; line: goroutine 1 "main" [sleep*;
 * line: goroutine 2 "first" [channel receive*; line:     a_panic_shows_all_goroutines+0x*; line:     {libc}+0x* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static void wait(void *c)
{
    go_preempt_off();
    go_recv(c, NULL);
    __asm__ volatile("" ::: "memory");
}

static void fail(void *arg)
{
    (void)arg;
    go_panic("enough");
}

int main(void)
{
    go_chan *c = go_chan_new(0, 0);

    go_maxprocs(1); /* nobody runs before main waits */
    go_preempt_off();
    go_spawn_attr(&(struct go_attr){.name = "first"}, wait, c);
    go_sleep(10 * GO_MILLISECOND);
    go_spawn_attr(&(struct go_attr){.name = "second"}, fail, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
