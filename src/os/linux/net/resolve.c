/* Names: getaddrinfo, which asks whatever this machine asks for names. It may take long, and much of a stack; numbers do without.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "os/linux/linux.h"
#include "os/net.h"

/* A name that exists, but has no address: an error of its own in some libcs. */
#ifdef EAI_NODATA
#define EAI_WITHOUT_ADDRESS EAI_NODATA
#else
#define EAI_WITHOUT_ADDRESS EAI_NONAME
#endif

static int error_of(int error)
{
    if (error == EAI_WITHOUT_ADDRESS)
        return -ENOENT;
    switch (error) {
    case EAI_NONAME:
    case EAI_ADDRFAMILY:
        return -ENOENT;
    case EAI_SERVICE:
    case EAI_SOCKTYPE:
        return -EINVAL;
    case EAI_AGAIN:
        return -EAGAIN;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_SYSTEM:
        return -*os_errno();
    default:
        return -EIO;
    }
}

int os_resolve(const char *host, const char *service, int family, enum os_transport transport, struct os_address *found, int most)
{
    struct addrinfo wanted = {
        .ai_family = family == 4   ? AF_INET
                     : family == 6 ? AF_INET6
                                   : AF_UNSPEC,
        .ai_socktype = transport == OS_DATAGRAM ? SOCK_DGRAM : SOCK_STREAM,
        .ai_flags = host ? 0 : AI_PASSIVE,
    };
    struct addrinfo *list = NULL;
    int kept = *os_errno(), n = 0;
    int error = getaddrinfo(host, service, &wanted, &list);
    if (error)
        error = error_of(error);
    *os_errno() = kept;
    if (error)
        return error;
    for (struct addrinfo *a = list; a && n < most; a = a->ai_next) {
        if (a->ai_addrlen > sizeof found->bytes)
            continue;
        found[n].size = (unsigned)a->ai_addrlen;
        memcpy(found[n++].bytes, a->ai_addr, a->ai_addrlen);
    }
    freeaddrinfo(list);
    return n ? n : -ENOENT;
}

/* ---- without asking anybody ---- */

/* 0 to 65535; -1: not a number. */
static int port_of(const char *service)
{
    char *end;
    long port = strtol(service, &end, 10);
    return *service >= '0' && *service <= '9' && !*end && port <= 65535 ? (int)port : -1;
}

static struct os_address inet4(struct in_addr host, int port)
{
    struct os_address address = {.size = sizeof(struct sockaddr_in)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = host};
    memcpy(address.bytes, &in, sizeof in);
    return address;
}

static struct os_address inet6(struct in6_addr host, int port)
{
    struct os_address address = {.size = sizeof(struct sockaddr_in6)};
    struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = host};
    memcpy(address.bytes, &in, sizeof in);
    return address;
}

/* All of this machine's: the IPv6 one, which serves IPv4 too, first. */
static int any(int family, int port, struct os_address *found)
{
    int n = 0;
    if (family != 4)
        found[n++] = inet6(in6addr_any, port);
    if (family != 6)
        found[n++] = inet4((struct in_addr){htonl(INADDR_ANY)}, port);
    return n;
}

int os_resolve_now(const char *host, const char *service, int family, struct os_address *found)
{
    struct in_addr host4;
    struct in6_addr host6;
    int port = port_of(service);
    if (port < 0)
        return -EAGAIN;
    if (!host)
        return any(family, port, found);
    if (inet_pton(AF_INET, host, &host4) == 1) {
        found[0] = inet4(host4, port);
        return family == 6 ? -ENOENT : 1;
    }
    if (inet_pton(AF_INET6, host, &host6) == 1) {
        found[0] = inet6(host6, port);
        return family == 4 ? -ENOENT : 1;
    }
    return -EAGAIN;
}
