/* exit: 0; no line: fatal* */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

int main(void)
{
    go_ticker *t = go_ticker_new(100 * GO_MILLISECOND);

    for (int i = 0; i < 5; i++)
        if (go_recv(go_ticker_chan(t), NULL) != 0)
            return 1;
    return go_ticker_free(t);
}
