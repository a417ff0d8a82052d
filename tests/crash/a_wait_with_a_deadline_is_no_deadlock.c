/* exit: 0; no line: fatal* */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include "goroutine.h"

int main(void)
{
    go_chan *c = go_chan_new(sizeof(int), 0);
    struct go_case cases[] = {{.chan = c, .op = GO_RECV}, {.op = GO_RECV}};

    if (go_recv_until(c, NULL, go_deadline(300 * GO_MILLISECOND)) != -ETIMEDOUT)
        return 1;
    if (go_select_until(cases, 2, go_deadline(300 * GO_MILLISECOND)) != -ETIMEDOUT)
        return 2;
    return go_select_until(cases, 0, go_deadline(100 * GO_MILLISECOND)) != -ETIMEDOUT;
}
