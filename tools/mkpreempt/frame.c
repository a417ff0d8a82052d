/* Where a routine puts the registers it saves, and the proof that none is forgotten.
 *
 * SPDX-License-Identifier: MIT
 */
#include "frame.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 512, NAME_SIZE = 24 };

struct names {
    char name[NAMES_MAX][NAME_SIZE];
    int count;
};

static void add_name(struct names *n, const char *prefix, int prefix_size, const char *rest)
{
    if (n->count == NAMES_MAX || prefix_size + strlen(rest) >= NAME_SIZE)
        die("the names of a table are too many or too long");
    snprintf(n->name[n->count++], NAME_SIZE, "%.*s%s", prefix_size, prefix, rest);
}

/* "ymm0h-ymm15h": the names that differ in the last number of the token. */
static void add_range(struct names *n, const char *first, const char *last)
{
    int prefix = (int)strcspn(first, "0123456789");
    char *suffix, rest[NAME_SIZE];
    long from = strtol(first + prefix, &suffix, 10);
    long to = strtol(last + strcspn(last, "0123456789"), NULL, 10);

    for (long i = from; i <= to; i++) {
        snprintf(rest, sizeof(rest), "%ld%s", i, suffix);
        add_name(n, first, prefix, rest);
    }
}

static void add_names(struct names *n, const char *list)
{
    char *copy = strdup(list), *place;
    for (char *token = strtok_r(copy, " ", &place); token; token = strtok_r(NULL, " ", &place)) {
        char *dash = strchr(token, '-');
        if (dash)
            *dash = 0, add_range(n, token, dash + 1);
        else
            add_name(n, "", 0, token);
    }
    free(copy);
}

static int count_name(const struct names *n, const char *name)
{
    int count = 0;
    for (int i = 0; i < n->count; i++)
        count += !strcmp(n->name[i], name);
    return count;
}

void table_prove(const struct cpu *cpu)
{
    static struct names file, table;
    file.count = table.count = 0;

    add_names(&file, cpu->file);
    for (const struct row *row = cpu->rows; row->names; row++) {
        add_names(&table, row->names);
        if ((row->fate == FIXED) != (row->why != NULL))
            die("%s: %s must say why exactly if it is FIXED", cpu->name, row->names);
        if (row - cpu->rows >= ROWS_MAX)
            die("%s: too many rows", cpu->name);
    }
    for (int i = 0; i < file.count; i++)
        if (count_name(&table, file.name[i]) != 1)
            die("%s: register %s is on %d lists instead of one", cpu->name, file.name[i], count_name(&table, file.name[i]));
    for (int i = 0; i < table.count; i++)
        if (count_name(&file, table.name[i]) != 1)
            die("%s: the register file names %s %d times instead of once", cpu->name, table.name[i],
                count_name(&file, table.name[i]));
}

bool frame_saves(const struct frame *f, const struct row *row)
{
    return row->fate == BOTH || row->fate == (f->routine == SWITCH ? KEPT : SPILLED);
}

int frame_place(struct frame *f, const struct row *row)
{
    f->placed[row - f->cpu->rows] = true;
    f->size += (int)row->bytes;
    return f->size;
}

void frame_place_block(struct frame *f)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (row->component)
            f->placed[row - f->cpu->rows] = true;
}

bool frame_drops(const struct frame *f, const struct row *row)
{
    return f->drop && !strcmp(f->drop, row->names);
}

void frame_prove(const struct frame *f)
{
    for (const struct row *row = f->cpu->rows; row->names; row++)
        if (frame_saves(f, row) && !f->placed[row - f->cpu->rows])
            die("%s: %s does not save %s", f->cpu->name, f->routine == SWITCH ? "switch.S" : "preempt.S", row->names);
}
