/* exit: 0 */
/* SPDX-License-Identifier: MIT */
#include "goroutine.h"

int main(void)
{
    return go_signal_notify(go_chan_new(sizeof(int), 1), NULL, 0);
}
