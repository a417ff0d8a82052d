/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: *goroutine 1*; line: *"stuck a"*; line: *"stuck j"* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

enum { RING = 10 };
static go_chan *chans[RING];

static void wait_then_pass(void *arg)
{
    size_t i = (size_t)((go_chan **)arg - chans);
    int value = 0;
    struct go_case cases[] = {{.chan = chans[i], .elem = &value, .op = GO_RECV}, {.op = GO_RECV}};

    if (i % 2)
        go_recv(chans[i], &value);
    else
        go_select(cases, 2);
    go_send(chans[(i + 1) % RING], &value);
}

int main(void)
{
    char name[] = "stuck ?";
    struct go_attr attr = {.name = name};

    for (size_t i = 0; i < RING; i++)
        chans[i] = go_chan_new(sizeof(int), 0);
    for (size_t i = 0; i < RING; i++) {
        name[sizeof(name) - 2] = (char)('a' + i);
        go_spawn_attr(&attr, wait_then_pass, &chans[i]);
    }
    go_select(&(struct go_case){0}, 0);
    return 0;
}
