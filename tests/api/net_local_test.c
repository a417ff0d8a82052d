/* Local connections: their names, descriptors that are passed along, packets in sequence.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <sys/un.h>
#include "net.h"

TEST(a_local_connection_has_the_name_of_its_server)
{
    int listener = go_listen("unix", "@libgoroutine-name"), fd = go_dial("unix", "@libgoroutine-name"),
        accepted = go_accept(listener);
    struct sockaddr_un at = {0};
    socklen_t size = sizeof at;

    CHECK_EQ(0, getpeername(fd, (struct sockaddr *)&at, &size));
    CHECK_EQ(offsetof(struct sockaddr_un, sun_path) + sizeof "@libgoroutine-name" - 1, size);
    CHECK_MEM("\0libgoroutine-name", at.sun_path, sizeof "@libgoroutine-name" - 1);
    size = sizeof at;
    CHECK_EQ(0, getsockname(accepted, (struct sockaddr *)&at, &size));
    CHECK_MEM("\0libgoroutine-name", at.sun_path, sizeof "@libgoroutine-name" - 1);
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(accepted));
    CHECK_EQ(0, go_close(listener));
}

static void send_with_descriptor(int fd, const char *bytes, size_t size, int passed)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {(void *)bytes, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.room};

    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
    CHECK_EQ(size, sendmsg(fd, &message, MSG_NOSIGNAL));
}

/* A read stops behind what came with a descriptor, though there is more. */
TEST(a_passed_descriptor_holds_up_nothing)
{
    int listener = go_listen("unix", "@libgoroutine-pass"), fd = go_dial("unix", "@libgoroutine-pass"),
        accepted = go_accept(listener);

    for (int i = 0; i < 20; i++) {
        char bytes[100] = {0};
        size_t done = 0;
        ptrdiff_t n;

        send_with_descriptor(fd, "hello", 5, 0);
        CHECK_EQ(5, go_write(fd, "world", 5));
        for (; done < 10; done += (size_t)n)
            if (!CHECK((n = go_read_until(accepted, bytes + done, sizeof bytes - done, go_deadline(20 * GO_SECOND))) > 0))
                return;
        CHECK_STR("helloworld", bytes);
    }
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_close(accepted));
    CHECK_EQ(0, go_close(listener));
}

TEST(sequenced_packets_keep_their_bounds_and_have_an_end)
{
    int listener = go_listen("unixpacket", "@libgoroutine-packets"), fd = go_dial("unixpacket", "@libgoroutine-packets"),
        accepted = go_accept(listener);
    char bytes[10];

    CHECK_EQ(3, go_write(fd, "abc", 3));
    CHECK_EQ(2, go_write(fd, "de", 2));
    CHECK_EQ(3, go_read(accepted, bytes, sizeof bytes));
    CHECK_EQ(2, go_read(accepted, bytes, sizeof bytes));
    CHECK_EQ(0, go_close(fd));
    CHECK_EQ(0, go_read(accepted, bytes, sizeof bytes));
    CHECK_EQ(0, go_close(accepted));
    CHECK_EQ(0, go_close(listener));
}
