/* Files and memory for the demo's programs; every failure ends the program.
 *
 * SPDX-License-Identifier: MIT
 */
#include "common.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void die(const char *what, const char *which)
{
    fprintf(stderr, "demo: %s %s\n", what, which);
    exit(1);
}

uint8_t *load_text(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *text;
    long end;

    if (!f || fseek(f, 0, SEEK_END) != 0 || (end = ftell(f)) <= 0)
        die("cannot read", path);
    rewind(f);
    *size = (size_t)end;
    text = malloc(*size);
    if (!text || fread(text, 1, *size, f) != *size)
        die("cannot read", path);
    fclose(f);
    return text;
}

struct work *new_work(const uint8_t *text, size_t size)
{
    struct work *w = calloc(1, sizeof(*w));

    if (!w || !(w->packed = malloc(LZ_BOUND(size))) || !(w->restored = malloc(size)))
        die("no memory for", "a worker");
    w->text = text;
    w->size = size;
    work_prepare(w);
    return w;
}

void write_result(FILE *to, const struct result *r)
{
    for (int i = 0; i < RESULTS; i++)
        fprintf(to, "%s %" PRIu64 "\n", result_names[i], r->value[i]);
}

int result_index(const char *name)
{
    for (int i = 0; i < RESULTS; i++) {
        if (strcmp(name, result_names[i]) == 0)
            return i;
    }
    return -1;
}

void read_expected(const char *path, struct expected *e)
{
    FILE *f = fopen(path, "r");
    char name[32];
    uint64_t value;
    int seen = 0;

    if (!f)
        die("cannot read", path);
    while (fscanf(f, "%31s %" SCNu64, name, &value) == 2) {
        int i = result_index(name);

        if (i >= 0)
            e->result.value[i] = value;
        else
            e->passes = value;
        seen++;
    }
    fclose(f);
    if (seen != RESULTS + 1 || e->passes == 0)
        die("not what reference writes:", path);
}
