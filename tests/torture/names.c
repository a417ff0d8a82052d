/* Names of hosts, services and users: libc opens files and sockets, and loads what it needs for them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include "torture.h"

WORKLOAD(addresses)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char host[64], port[16];

    if (!HOLDS(w, getaddrinfo("127.0.0.77", "4321", &hints, &list) == 0))
        return;
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)list->ai_addr;
    HOLDS(w, list->ai_next == NULL && in->sin_port == htons(4321) && in->sin_addr.s_addr == htonl(0x7F00004D));
    HOLDS(w,
          getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0);
    HOLDS(w, strcmp(host, "127.0.0.77") == 0 && strcmp(port, "4321") == 0);
    freeaddrinfo(list);
}

WORKLOAD(localhost)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list = NULL;

    if (!HOLDS(w, getaddrinfo("localhost", NULL, &hints, &list) == 0))
        return;
    for (struct addrinfo *at = list; at; at = at->ai_next) {
        struct sockaddr_in *in = (struct sockaddr_in *)(void *)at->ai_addr;
        HOLDS(w, ntohl(in->sin_addr.s_addr) >> 24 == 127);
    }
    freeaddrinfo(list);
}

WORKLOAD(users)
{
    char text[1024];
    struct passwd entry, *found = NULL;

    HOLDS(w, getpwuid_r(0, &entry, text, sizeof text, &found) == 0 && found == &entry && strcmp(entry.pw_name, "root") == 0);
}
