/* Sends back what it is sent: a goroutine for each connection. Give it an address, or it takes any port of this machine.
 *
 * SPDX-License-Identifier: MIT
 */
#include <goroutine.h>
#include <stdio.h>

#include "server/server.h"

static void echo(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char bytes[4096];
    ptrdiff_t n;

    while ((n = go_read(fd, bytes, sizeof bytes)) > 0 && go_write(fd, bytes, (size_t)n) == n)
        ;
    go_close(fd);
}

int main(int argc, char **argv)
{
    int listener = server_listen(argc > 1 ? argv[1] : "127.0.0.1:0"), fd;

    while ((fd = go_accept(listener)) >= 0)
        if (go(echo, (void *)(intptr_t)fd) < 0)
            go_close(fd);
    fprintf(stderr, "accept: %s\n", go_strerror(fd));
    return 1;
}
