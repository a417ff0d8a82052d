/* stdio: files of a goroutine's own, one that all share under its lock, and streams in memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "torture.h"

enum { LINES = 40, SHARED_BYTES = 64 * 1024 };

static const char *folder(void)
{
    const char *tmp = getenv("TMPDIR");
    return tmp && *tmp ? tmp : "/tmp";
}

/* A file without a name, as soon as it is open. */
static FILE *open_file(const char *name, int number)
{
    char path[300];
    FILE *f;

    snprintf(path, sizeof path, "%s/torture-%d-%s-%d", folder(), (int)getpid(), name, number);
    f = fopen(path, "w+");
    if (f)
        unlink(path);
    return f;
}

WORKLOAD(files)
{
    unsigned first = (unsigned)worker_random(w, 1000000);
    char line[80], expected[80];
    FILE *f = open_file("own", worker_number(w));

    if (!HOLDS(w, f != NULL))
        return;
    for (unsigned i = 0; i < LINES; i++)
        HOLDS(w, fprintf(f, "line %u of %d: %08x %s\n", i, LINES, first * (i + 1), i % 2 ? "odd" : "even") > 0);
    HOLDS(w, fflush(f) == 0);
    worker_computes(w);
    rewind(f);
    for (unsigned i = 0; i < LINES; i++) {
        snprintf(expected, sizeof expected, "line %u of %d: %08x %s\n", i, LINES, first * (i + 1), i % 2 ? "odd" : "even");
        HOLDS(w, fgets(line, sizeof line, f) == line && strcmp(line, expected) == 0);
    }
    HOLDS(w, fgets(line, sizeof line, f) == NULL && feof(f) && !ferror(f));
    HOLDS(w, fclose(f) == 0);
}

static FILE *shared;
static int inside; /* under the lock of shared */

static void open_shared(void)
{
    shared = open_file("shared", 0);
    if (!shared) {
        perror("torture: a file");
        exit(2);
    }
}

/* Three writes that make one line, then read back where they should be. The lock nests, as it does in each call. */
static void write_and_read(struct worker *w)
{
    unsigned number = (unsigned)worker_random(w, 1000000);
    char line[80], expected[80];
    long at;

    HOLDS(w, fseek(shared, 0, SEEK_END) == 0);
    at = ftell(shared);
    if (at > SHARED_BYTES) {
        HOLDS(w, ftruncate(fileno(shared), 0) == 0);
        rewind(shared);
        at = 0;
    }
    fprintf(shared, "%08x", number);
    worker_computes(w);
    flockfile(shared);
    fputs(" is the number ", shared);
    funlockfile(shared);
    fprintf(shared, "of worker %d\n", worker_number(w));
    HOLDS(w, fflush(shared) == 0 && fseek(shared, at, SEEK_SET) == 0);
    snprintf(expected, sizeof expected, "%08x is the number of worker %d\n", number, worker_number(w));
    HOLDS(w, fgets(line, sizeof line, shared) == line && strcmp(line, expected) == 0);
}

WORKLOAD(shared_file, .prepare = open_shared)
{
    flockfile(shared);
    HOLDS(w, inside++ == 0);
    write_and_read(w);
    HOLDS(w, --inside == 0);
    funlockfile(shared);
}

WORKLOAD(memory_streams)
{
    char *text = NULL, word[40];
    size_t size = 0;
    int number = worker_random(w, 1000000), seen = -1;
    FILE *f = open_memstream(&text, &size);

    if (!HOLDS(w, f != NULL))
        return;
    for (int i = 0; i < LINES; i++)
        fprintf(f, "%d word%d ", number + i, i);
    HOLDS(w, fclose(f) == 0 && size == strlen(text));
    f = fmemopen(text, size, "r");
    if (HOLDS(w, f != NULL)) {
        for (int i = 0; i < LINES; i++) {
            char expected[40];

            snprintf(expected, sizeof expected, "word%d", i);
            HOLDS(w, fscanf(f, "%d %39s", &seen, word) == 2 && seen == number + i && strcmp(word, expected) == 0);
        }
        fclose(f);
    }
    free(text);
}
