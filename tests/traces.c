/* Reading tracebacks.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "traces.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char *trace_dump(void)
{
    FILE *f = tmpfile();
    long size;
    char *text;

    if (!CHECK(f != NULL) || !CHECK_EQ(0, go_dump(fileno(f))))
        return calloc(1, 1);
    size = lseek(fileno(f), 0, SEEK_END);
    text = calloc(1, (size_t)size + 1);
    CHECK_EQ(size, pread(fileno(f), text, (size_t)size, 0));
    fclose(f);
    return text;
}

/* What addr2line says of all places in the program's own file. */
static void ask_addr2line(struct trace *t)
{
    char program[1000], command[1000 + TRACES_MOST * 20];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    const char *base;
    int asked[TRACES_MOST], n = 0;
    size_t used;
    FILE *answers;

    program[length < 0 ? 0 : length] = '\0';
    base = strrchr(program, '/') ? strrchr(program, '/') + 1 : program;
    used = (size_t)snprintf(command, sizeof command, "addr2line -f -e '%s'", program);
    for (int i = 0; i < t->count; i++) {
        if (strncmp(t->line[i], base, strlen(base)) != 0 || t->line[i][strlen(base)] != '+')
            continue;
        asked[n++] = i;
        used += (size_t)snprintf(command + used, sizeof command - used, " %.18s", t->line[i] + strlen(base) + 1);
    }
    answers = n > 0 ? popen(command, "r") : NULL;
    for (int i = 0; answers && i < n; i++) {
        char place[2000];

        if (!fgets(t->name[asked[i]], TRACES_LINE, answers) || !fgets(place, sizeof place, answers))
            break;
        t->name[asked[i]][strcspn(t->name[asked[i]], "\n")] = '\0';
    }
    if (answers)
        CHECK_EQ(0, pclose(answers));
}

/* "function+0x12 file.c:34": what comes before the offset; of an address without a function, nothing. */
static void take_name(struct trace *t, int i, bool with_names)
{
    strcpy(t->name[i], with_names ? t->line[i] : "?");
    t->name[i][strcspn(t->name[i], "+ .")] = '\0';
}

/* Where the dump has it; NULL: nowhere. */
static const char *find_goroutine(const char *dump, uint64_t id)
{
    char head[40];
    const char *at = dump;

    snprintf(head, sizeof head, "goroutine %llu ", (unsigned long long)id);
    while (at && strncmp(at, head, strlen(head)) != 0)
        at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
    return at;
}

struct trace *trace_of(const char *dump, uint64_t id)
{
    static struct trace t;
    const char *at = find_goroutine(dump, id);

    t.count = 0;
    if (!at)
        return &t;
    for (at = strchr(at, '\n') + 1; strncmp(at, "    ", 4) == 0 && t.count < TRACES_MOST; at = strchr(at, '\n') + 1) {
        snprintf(t.line[t.count], TRACES_LINE, "%.*s", (int)strcspn(at + 4, "\n"), at + 4);
        take_name(&t, t.count, true);
        t.count++;
    }
    ask_addr2line(&t);
    for (int i = 0; i < t.count; i++)
        t.name[i][strcspn(t.name[i], ".")] = '\0'; /* what compilers append to parts of a function */
    return &t;
}

/* It says so a moment before it has left, when nothing is shown of it yet. */
static bool waits(uint64_t id)
{
    char *dump = trace_dump();
    const char *at = find_goroutine(dump, id), *state = at ? strchr(at, '[') : NULL;
    bool waits = state && strncmp(state, "[run", 4) != 0 && trace_of(dump, id)->count > 0;

    free(dump);
    return waits;
}

uint64_t trace_parked(const _Atomic uint64_t *id)
{
    EVENTUALLY(atomic_load(id) != 0 && waits(atomic_load(id)));
    return atomic_load(id);
}

static bool begins_with(const struct trace *t, int from, const char *const *functions)
{
    for (int i = 0; functions[i]; i++)
        if (from + i >= t->count || strcmp(t->name[from + i], functions[i]) != 0)
            return false;
    return true;
}

void trace_check(uint64_t id, const char *const *functions)
{
    char *dump = trace_dump();
    struct trace *t = trace_of(dump, id);
    bool found = false;

    for (int i = 0; i < t->count && !found; i++)
        found = begins_with(t, i, functions);
    if (!CHECK(found)) {
        for (int i = 0; functions[i]; i++)
            test_note("wanted: %s", functions[i]);
        test_note("goroutine %llu in:\n%s", (unsigned long long)id, dump);
    }
    free(dump);
}
