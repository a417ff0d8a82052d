/* Being told to stop: a signal handler may not call the library, so it writes to a pipe, and a goroutine reads from there.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <goroutine.h>
#include <signal.h>
#include <unistd.h>

#include "server.h"

static int ends[2];

static void tell(int signal)
{
    int kept = errno;
    char byte = (char)signal;

    if (write(ends[1], &byte, 1) != 1)
        _exit(1); /* nobody would ever stop */
    errno = kept;
}

int server_catch_stop(void)
{
    struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESTART | SA_RESETHAND};

    sigemptyset(&action.sa_mask);
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) || sigaction(SIGTERM, &action, NULL) || sigaction(SIGINT, &action, NULL))
        return -errno;
    return 0;
}

void server_wait_for_stop(void)
{
    char byte;

    go_read(ends[0], &byte, 1);
}
