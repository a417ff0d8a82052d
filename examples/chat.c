/* A chat: what one says, all read. The first line that a client sends is its name.
 *
 * Two goroutines for each client, one that reads and one that writes, and one for the room, which alone knows who is in it. A
 * client has a channel of lines that are still to be written to it. The room waits while it is full, but not for long: who has kept
 * it waiting for two seconds in all, and never caught up meanwhile, has to leave, and the others are told.
 *
 * SPDX-License-Identifier: MIT
 */
#include <goroutine.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/server.h"

enum { NAME = 20, LINE = 240, WAITING = 64 };

#define PATIENCE (2 * GO_SECOND)

struct line {
    int size;
    char text[LINE];
};

struct client {
    int fd;
    char name[NAME + 1];
    go_chan *lines;       /* of struct line, still to be written; the room closes it when the client is out */
    go_waitgroup writing; /* until the writer has ended */
    bool out, slow;       /* the room's, as are the next two */
    int64_t patience;     /* how long it may keep the room waiting until it has caught up */
    struct client *next;
};

struct event {
    enum { COMES, SAYS, GOES } what;
    struct client *who;
    struct line line;
};

static go_chan *events; /* from the readers to the room */
static struct client *first;

static void print(struct line *line, const char *format, const char *name, const char *text)
{
    line->size = snprintf(line->text, sizeof line->text, format, name, text);
    if (line->size >= LINE)
        line->size = LINE - 1;
    line->text[line->size - 1] = '\n';
}

/* ---- the room ---- */

/* What waits is still written to it, unless it is too slow for that as well. */
static void put_out(struct client *c)
{
    struct client **at = &first;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    c->out = true;
    go_chan_close(c->lines);
    if (c->slow)
        go_shutdown(c->fd, GO_READABLE | GO_WRITABLE); /* its reader says that it goes, its writer ends */
}

static struct client *slow_one(void)
{
    struct client *c = first;

    while (c && !c->slow)
        c = c->next;
    return c;
}

/* False: it is too slow. */
static bool give(struct client *c, const struct line *line)
{
    if (go_send_until(c->lines, line, GO_NOW) == 0) {
        if (go_chan_len(c->lines) <= 1)
            c->patience = PATIENCE;
        return true;
    }

    int64_t began = go_now();
    bool given = go_send_until(c->lines, line, began + c->patience) == 0;

    c->patience -= go_now() - began;
    return given && c->patience > 0;
}

static void tell_each(const struct line *line)
{
    for (struct client *c = first; c; c = c->next)
        if (!c->slow && !give(c, line))
            c->slow = true;
}

/* That somebody was too slow may be one line too many for the next. */
static void tell(struct line *line)
{
    struct client *c;

    tell_each(line);
    while ((c = slow_one())) {
        put_out(c);
        print(line, "* %s was too slow%s\n", c->name, "");
        tell_each(line);
    }
}

static void come(struct client *c)
{
    struct line line;

    c->patience = PATIENCE;
    c->next = first;
    first = c;
    print(&line, "* %s is here%s\n", c->name, "");
    tell(&line);
}

/* After this it is its reader's alone. */
static void go_away(struct client *c)
{
    struct line line;

    if (!c->out) {
        put_out(c);
        print(&line, "* %s has gone%s\n", c->name, "");
        tell(&line);
    }
    go_waitgroup_done(&c->writing);
}

static void keep_room(void *unused)
{
    struct event e;

    (void)unused;
    while (go_recv(events, &e) == 0) {
        if (e.what == COMES)
            come(e.who);
        else if (e.what == GOES)
            go_away(e.who);
        else if (!e.who->out)
            tell(&e.line);
    }
}

/* ---- a client ---- */

static void write_lines(void *arg)
{
    struct client *c = arg;
    struct line line;

    while (go_recv(c->lines, &line) == 0)
        if (go_write(c->fd, line.text, (size_t)line.size) != line.size)
            go_shutdown(c->fd, GO_READABLE); /* so that the reader ends too; what is still to come is dropped */
    go_waitgroup_done(&c->writing);
}

/* Cuts a line off the front of bytes, without its end; one that fills all the room is a line too. NULL: none is there yet. */
static char *cut_line(char *bytes, size_t *size, size_t room, char *line)
{
    char *end = memchr(bytes, '\n', *size);
    size_t length = end ? (size_t)(end - bytes) : *size, used = end ? length + 1 : length;

    if (!end && *size < room)
        return NULL;
    memcpy(line, bytes, length);
    while (length && (line[length - 1] == '\r' || line[length - 1] == ' '))
        length--;
    line[length] = 0;
    *size -= used;
    memmove(bytes, bytes + used, *size);
    return line;
}

static void take_line(struct client *c, const char *text)
{
    struct event e = {.what = SAYS, .who = c};

    if (c->name[0]) {
        print(&e.line, "%s: %s\n", c->name, text);
    } else if (text[0]) {
        snprintf(c->name, sizeof c->name, "%.*s", NAME, text);
        e.what = COMES;
    } else {
        return;
    }
    go_send(events, &e);
}

static void read_lines(struct client *c)
{
    char bytes[LINE - NAME - 4], line[sizeof bytes + 1];
    size_t size = 0;
    ptrdiff_t n;

    while ((n = go_read(c->fd, bytes + size, sizeof bytes - size)) > 0) {
        size += (size_t)n;
        while (cut_line(bytes, &size, sizeof bytes, line))
            take_line(c, line);
    }
}

static void leave(struct client *c)
{
    struct event e = {.what = GOES, .who = c};

    if (c->name[0])
        go_send(events, &e);
    else {
        go_chan_close(c->lines); /* the room has never heard of it */
        go_waitgroup_done(&c->writing);
    }
    go_waitgroup_wait(&c->writing);
}

static void serve(void *arg)
{
    struct client c = {.fd = (int)(intptr_t)arg, .lines = go_chan_new(sizeof(struct line), WAITING)};

    go_waitgroup_add(&c.writing, 2); /* the writer, and the room */
    if (c.lines && go(write_lines, &c) == 0) {
        read_lines(&c);
        leave(&c);
    }
    go_close(c.fd);
    go_chan_free(c.lines);
}

int main(int argc, char **argv)
{
    int listener = server_listen(argc > 1 ? argv[1] : "127.0.0.1:0"), fd;

    events = go_chan_new(sizeof(struct event), 0);
    if (!events || go(keep_room, NULL) < 0)
        return 1;
    while ((fd = go_accept(listener)) >= 0)
        if (go(serve, (void *)(intptr_t)fd) < 0)
            go_close(fd);
    fprintf(stderr, "accept: %s\n", go_strerror(fd));
    return 1;
}
