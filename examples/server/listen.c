/* Listens, and says where.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <goroutine.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "server.h"

static void announce(int fd)
{
    struct sockaddr_storage at = {0};
    socklen_t size = sizeof at;
    char host[INET6_ADDRSTRLEN] = "?";
    const struct sockaddr_in *four = (const void *)&at;
    const struct sockaddr_in6 *six = (const void *)&at;

    getsockname(fd, (struct sockaddr *)&at, &size);
    if (at.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host);
        printf("listening on [%s]:%d\n", host, ntohs(six->sin6_port));
    } else {
        inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
        printf("listening on %s:%d\n", host, ntohs(four->sin_port));
    }
    fflush(stdout);
}

int server_listen(const char *address)
{
    int fd = go_listen("tcp", address);

    if (fd < 0) {
        fprintf(stderr, "%s: %s\n", address, go_strerror(fd));
        exit(1);
    }
    announce(fd);
    return fd;
}
