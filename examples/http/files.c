/* Files below a folder, sent without a copy on the way.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pages.h"

enum { NAME_ROOM = 1024, PIECE = 256 * 1024 };

/* ---- names ---- */

/* Decodes %2e and the like, and splits at the slashes: in place of each a zero byte, and one more at the end. False: no file has
 * such a name. */
static bool decode(char *to, const char *name, size_t size)
{
    char *begin = to, *end = to + NAME_ROOM - 2;
    size_t i = 0;

    while (i < size && to < end) {
        char c = name[i++];

        if (c == '/' && (to == begin || !to[-1]))
            return false;
        if (c == '%') {
            int high = i + 1 < size ? http_hex(name[i]) : -1, low = high >= 0 ? http_hex(name[i + 1]) : -1;

            c = low >= 0 ? (char)(high * 16 + low) : 0;
            i += 2;
            if (c == 0 || c == '/')
                return false;
        }
        *to++ = c == '/' ? 0 : c;
    }
    to[0] = to[1] = 0;
    return i == size && to > begin && to[-1];
}

/* Goes down a folder at a time, and never up: what is asked for by the names "." and ".." is not there, nor is what a symbolic link
 * leads to. */
static int open_below(int folder, const char *names)
{
    int fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);

    for (const char *name = names; fd >= 0; name += strlen(name) + 1) {
        bool last = !name[strlen(name) + 1];
        int below = -1;

        if (strcmp(name, ".") && strcmp(name, ".."))
            below = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (last ? 0 : O_DIRECTORY));
        close(fd);
        fd = below;
        if (last)
            break;
    }
    return fd;
}

/* The disk may be slow, and other goroutines have better things to do than to wait for it. */
static int open_file(int folder, const char *names, struct stat *status)
{
    go_blocking_begin();

    int fd = open_below(folder, names);

    if (fd >= 0 && (fstat(fd, status) != 0 || !S_ISREG(status->st_mode))) {
        close(fd);
        fd = -1;
    }
    go_blocking_end();
    return fd;
}

static const char *type_of(const char *name, size_t size)
{
    static const char *const types[][2] = {
        {".html", "Content-Type: text/html; charset=utf-8\r\n"},
        {".css", "Content-Type: text/css\r\n"},
        {".js", "Content-Type: text/javascript\r\n"},
        {".svg", "Content-Type: image/svg+xml\r\n"},
        {".png", "Content-Type: image/png\r\n"},
        {".txt", "Content-Type: text/plain; charset=utf-8\r\n"},
        {".md", "Content-Type: text/plain; charset=utf-8\r\n"},
    };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t length = strlen(types[i][0]);

        if (size > length && http_same(name + size - length, length, types[i][0]))
            return types[i][1];
    }
    return "Content-Type: application/octet-stream\r\n";
}

/* ---- sending ---- */

/* In pieces, so that a client that takes them slowly, but does, may take a large file. */
static void send_file(struct conn *c, int fd, int64_t size)
{
    int64_t at = 0;

    while (at < size && !c->broken) {
        size_t piece = size - at < PIECE ? (size_t)(size - at) : PIECE;

        if (go_sendfile_until(c->fd, fd, &at, piece, go_deadline(c->server->request_time)) != (ptrdiff_t)piece)
            c->broken = true; /* also where the file has become shorter */
    }
}

void files_send(struct conn *c, int folder, const char *name, size_t size)
{
    char names[NAME_ROOM];
    struct stat status;
    int fd = decode(names, name, size) ? open_file(folder, names, &status) : -1;

    if (fd < 0) {
        conn_refuse(c, 404, "");
        return;
    }
    if (conn_head(c, 200, type_of(name, size), (uint64_t)status.st_size) && conn_flush(c))
        send_file(c, fd, status.st_size);
    go_close(fd);
}
