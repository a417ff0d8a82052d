/* A world of what calls with a context wait for: in a new one each of them would block, and can be done once it is served (ops.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include <sys/socket.h>
#include <sys/un.h>
#include "test.h"

enum { BACKLOG = 8 };

struct world {
    go_chan *empty, *full;
    go_mutex held, of_cond;
    go_rwmutex write_held, read_held;
    go_cond cond;
    go_waitgroup counter;
    go_sem permits;
    go_group *members;
    go_chan *end_of_members;
    int reader, to_reader, writer, from_writer; /* nothing to read; no room to write */
    int datagrams, to_datagrams, full_datagrams, from_full_datagrams;
    int listener, crowded, crowd[BACKLOG], crowds; /* one that nobody dials, one whose queue is full */
    char name[32];                                 /* of the crowded one */
    char address[32];                              /* of the other */
    struct sockaddr_un crowded_at;
    socklen_t crowded_size;
    int file;
    go_child *child; /* ends with its input */
    int to_child;
};

struct world *world_new(void);
void world_free(struct world *w);

#endif
