/* What every server here needs: an address, and a way to be told to stop.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVER_H
#define SERVER_H

/* server_listen listens, and prints "listening on 127.0.0.1:4711" as the program's first line. Gives the descriptor; where it can
 * not be had it says why and ends the program. */
int server_listen(const char *address);

/* From server_catch_stop on, SIGTERM and SIGINT end server_wait_for_stop, which blocks the calling goroutine until then. The second
 * one ends the program as usual. Gives 0, or a negative errno value. */
int server_catch_stop(void);
void server_wait_for_stop(void);

#endif
