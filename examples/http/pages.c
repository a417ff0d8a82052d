/* Finding the page that was asked for, and making it.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pages.h"
#include "sha256.h"

enum { ROUNDS = 100000 };

static int root = -1;
static char *file; /* what /digest digests */
static size_t file_size;

/* ---- pages ---- */

static void index_page(struct conn *c)
{
    static const char page[] = "<!DOCTYPE html>\n"
                               "<html><head><title>httpd</title></head><body>\n"
                               "<h1>httpd</h1>\n"
                               "<p id=\"plaintext\">asking</p>\n"
                               "<p id=\"digest\">asking</p>\n"
                               "<script>\n"
                               "async function show(id, options) {\n"
                               "    const answer = await fetch('/' + id, options);\n"
                               "    document.getElementById(id).textContent = await answer.text();\n"
                               "}\n"
                               "show('plaintext');\n"
                               "show('digest', {method: 'POST', body: 'sent by the script'});\n"
                               "</script>\n"
                               "</body></html>\n";

    conn_answer(c, 200, "Content-Type: text/html; charset=utf-8\r\n", page, sizeof page - 1);
}

static void plaintext(struct conn *c)
{
    conn_text(c, "Hello, World!", 13);
}

static void answer_digest(struct conn *c, struct sha256 *s)
{
    char text[SHA256_TEXT + 1];

    sha256_end(s, text);
    text[SHA256_TEXT] = '\n';
    conn_text(c, text, sizeof text);
}

/* "rounds=N" with N of 1 to ROUNDS; 0: it says something else. */
static int rounds_of(const char *query, size_t size)
{
    static const char name[] = "rounds=";
    int n = 0;

    if (size <= sizeof name - 1 || memcmp(query, name, sizeof name - 1))
        return 0;
    for (size_t i = sizeof name - 1; i < size; i++) {
        if (query[i] < '0' || query[i] > '9' || (n = n * 10 + query[i] - '0') > ROUNDS)
            return 0;
    }
    return n;
}

/* Nothing here, or below, calls the library: while it computes, others are served because it is taken off its processor. */
static void digest_file(struct conn *c)
{
    int rounds = c->head.query.size ? rounds_of(conn_part(c, c->head.query), c->head.query.size) : 1;
    struct sha256 s;

    if (!file || !rounds) {
        conn_refuse(c, file ? 400 : 404, "");
        return;
    }
    sha256_begin(&s);
    for (int i = 0; i < rounds; i++)
        sha256_add(&s, file, file_size);
    answer_digest(c, &s);
}

static void digest_body(struct conn *c)
{
    struct sha256 s;
    const char *data;
    size_t size;
    int result;

    sha256_begin(&s);
    do {
        result = conn_body(c, &data, &size);
        sha256_add(&s, data, size);
    } while (result == HTTP_MORE);
    if (result == HTTP_DONE)
        answer_digest(c, &s);
    else
        conn_refuse(c, result, "");
}

static void send_below_root(struct conn *c)
{
    enum { PREFIX = sizeof "/file/" - 1 };

    files_send(c, root, conn_part(c, c->head.path) + PREFIX, c->head.path.size - PREFIX);
}

/* ---- finding them ---- */

static const struct page {
    const char *path;
    bool below; /* and all paths that begin so */
    void (*get)(struct conn *c);
    void (*post)(struct conn *c);
} pages[] = {
    {"/plaintext", false, plaintext, NULL},
    {"/digest", false, digest_file, digest_body},
    {"/file/", true, send_below_root, NULL},
    {"/", false, index_page, NULL},
};

static const struct page *find(const struct conn *c)
{
    const char *path = conn_part(c, c->head.path);
    size_t size = c->head.path.size;

    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        size_t length = strlen(pages[i].path);

        if ((pages[i].below ? size > length : size == length) && !memcmp(path, pages[i].path, length))
            return &pages[i];
    }
    return size ? NULL : &pages[sizeof pages / sizeof *pages - 1];
}

void pages_answer(struct conn *c)
{
    const struct page *page = find(c);

    if (c->head.method == HTTP_UNKNOWN)
        conn_refuse(c, 501, "");
    else if (!page)
        conn_refuse(c, 404, "");
    else if (c->head.method == HTTP_GET || c->head.method == HTTP_HEAD)
        page->get(c);
    else if (c->head.method == HTTP_POST && page->post)
        page->post(c);
    else
        conn_refuse(c, 405, page->post ? "Allow: GET, HEAD, POST\r\n" : "Allow: GET, HEAD\r\n");
}

/* ---- the beginning and the end ---- */

/* Where it has become shorter meanwhile, what there is. */
static int read_from(int fd)
{
    struct stat status;
    ptrdiff_t n = 1;

    if (fstat(fd, &status) != 0 || !(file = malloc((size_t)status.st_size + 1)))
        return -errno;
    while (n > 0 && file_size < (size_t)status.st_size)
        if ((n = go_read(fd, file + file_size, (size_t)status.st_size - file_size)) > 0)
            file_size += (size_t)n;
    return n < 0 ? (int)n : 0;
}

static int read_whole(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC), error;

    if (fd < 0)
        return -errno;
    error = read_from(fd);
    go_close(fd);
    return error;
}

static int complain(const char *name, int error)
{
    fprintf(stderr, "%s: %s\n", name, go_strerror(error));
    return -1;
}

int pages_begin(const char *folder, const char *name)
{
    int error = name ? read_whole(name) : 0;

    if (error)
        return complain(name, error);
    root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root < 0 ? complain(folder, -errno) : 0;
}

void pages_end(void)
{
    close(root);
    free(file);
}
