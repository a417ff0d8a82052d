/* What tests of sockets have in common: pairs, listeners, peers that never answer.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_NET_H
#define TEST_NET_H

#include <sys/socket.h>
#include "test.h"

enum { NET_WORDS = 120 };

/* The port, or the address in words, that a socket has taken. */
int net_port(int fd);
void net_words(int fd, char words[NET_WORDS]);

/* A listener on a free port of 127.0.0.1, and its address. */
int net_listen(char words[NET_WORDS]);

/* Two ends of a connection: TCP, or local. */
void net_tcp_pair(int ends[2]);
void net_unix_pair(int type, int ends[2]);
void net_close_both(int ends[2]);

/* The same file by a number, this one or above, that nobody else is given: who opens one, the library for a moment too, gets the
 * lowest. The library has yet to be given it. */
enum { NET_NOBODYS = 700 };
int net_move_up(int fd);

/* Reads and writes until the end of the first, at most size bytes at a time; how many there were. */
ptrdiff_t net_copy(int from, int to, char *buffer, size_t size);

/* Sets the next close to reset the connection. */
void net_will_reset(int fd);

/* Writes until there is no more room; the number of bytes. */
ptrdiff_t net_fill(int fd);

/* A listener (host: "127.0.0.1") that answers nobody: its queue is full. net_silent_speak lets it take what comes. */
struct net_silent {
    int fd, n;
    int fillers[64];
    char words[NET_WORDS];
};
void net_silent_start(struct net_silent *s, const char *host, int port);
void net_silent_speak(struct net_silent *s);
void net_silent_stop(struct net_silent *s);

/* A call that a goroutine of its own makes; it has blocked, or ended, when net_start returns. */
enum net_what { NET_READ, NET_WRITE, NET_WRITE_MUCH, NET_ACCEPT, NET_WAIT_READABLE, NET_WAIT_WRITABLE, NET_WAIT_EITHER };
enum { NET_MUCH = 32 << 20 }; /* more than any buffer of a socket takes */
struct net_call {
    enum net_what what;
    int fd;
    int64_t deadline;
    ptrdiff_t result;
    char byte; /* that was read */
    atomic_bool done;
};
struct net_call *net_start(enum net_what what, int fd);
struct net_call *net_start_until(enum net_what what, int fd, int64_t deadline);

/* Waits for its end; its result. */
ptrdiff_t net_result(struct net_call *c);

/* How many descriptors are open now, without those of a moment. */
int net_open_count(void);

#endif
