/* One direction of a connection is ended here: who is in the middle of it comes back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net.h"

static void check_writer(int ends[2])
{
    struct net_call *writes = net_start(NET_WRITE_MUCH, ends[0]);

    CHECK(!atomic_load(&writes->done));
    CHECK_EQ(0, go_shutdown(ends[0], GO_WRITABLE));
    CHECK_BETWEEN(1, NET_MUCH - 1, net_result(writes));
    CHECK_EQ(-EPIPE, go_write(ends[0], "x", 1));
    CHECK_EQ(0, go_close(ends[0]));
    CHECK_EQ(0, go_close(ends[1]));
}

TEST(ending_the_writing_wakes_who_waits_for_room)
{
    int ends[2];

    net_tcp_pair(ends);
    check_writer(ends);
    net_unix_pair(SOCK_STREAM, ends);
    check_writer(ends);
}

TEST(ending_the_reading_wakes_who_waits_for_something)
{
    int ends[2];

    for (int kind = 0; kind < 3; kind++) {
        struct net_call *reads;

        if (kind == 0)
            net_tcp_pair(ends);
        else
            net_unix_pair(kind == 1 ? SOCK_STREAM : SOCK_SEQPACKET, ends);
        reads = net_start(NET_READ, ends[0]);
        CHECK(!atomic_load(&reads->done));
        CHECK_EQ(0, go_shutdown(ends[0], GO_READABLE));
        CHECK_EQ(0, net_result(reads));
        CHECK_EQ(0, go_close(ends[0]));
        CHECK_EQ(0, go_close(ends[1]));
    }
}
