/* Being told to stop.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <goroutine.h>
#include <signal.h>

#include "server.h"

static go_chan *told;

int server_catch_stop(void)
{
    static const int signals[] = {SIGTERM, SIGINT};

    told = go_chan_new(sizeof(int), 1);
    return told ? go_signal_notify(told, signals, 2) : -ENOMEM;
}

void server_wait_for_stop(void)
{
    go_recv(told, NULL);
    go_signal_stop(told);
    go_chan_free(told);
}
