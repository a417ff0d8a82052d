/* mkpreempt writes src/arch/<cpu>/switch.S and preempt.S from one table of registers per CPU.
 *
 *   mkpreempt                      writes both files of every CPU
 *   mkpreempt --check              says which of them differ from what it would write; status 1 if any
 *   mkpreempt CPU...               prints them
 *   mkpreempt --list CPU...        prints what --drop takes: routine:register
 *   mkpreempt --drop ROUTINE:REG   leaves a register out of the code, to see that the tests notice
 *   -C DIR                         the repository, instead of the current directory
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frame.h"

/* A new CPU is one line here. */
static const struct cpu *const cpus[] = {&cpu_386,    &cpu_amd64, &cpu_arm,     &cpu_arm64, &cpu_mips,
                                         &cpu_mips64, &cpu_ppc64, &cpu_riscv64, &cpu_s390x};
enum { CPUS = sizeof(cpus) / sizeof(cpus[0]) };

static const char *const files[] = {[SWITCH] = "switch.S", [PREEMPT] = "preempt.S"};
static const char *const prefixes[] = {[SWITCH] = "switch:", [PREEMPT] = "preempt:"};

static const char *folder = ".";
static const char *drop;
static bool dropped;

static const struct cpu *find_cpu(const char *name)
{
    for (int i = 0; i < CPUS; i++)
        if (!strcmp(cpus[i]->name, name))
            return cpus[i];
    fprintf(stderr, "mkpreempt: no table for the CPU \"%s\"; there are:", name);
    for (int i = 0; i < CPUS; i++)
        fprintf(stderr, " %s", cpus[i]->name);
    fputc('\n', stderr);
    exit(1);
}

/* Tells a frame which of its registers to leave out, if --drop names one. */
static void drop_one(struct frame *f)
{
    size_t prefix = strlen(prefixes[f->routine]);
    if (!drop || strncmp(drop, prefixes[f->routine], prefix))
        return;
    f->drop = drop + prefix;
    for (const struct row *row = f->cpu->rows; row->names; row++)
        dropped |= frame_saves(f, row) && frame_drops(f, row);
}

static struct out generate(const struct cpu *cpu, enum routine routine)
{
    struct frame f = {.cpu = cpu, .routine = routine};
    struct out o = {0};

    drop_one(&f);
    out_text(&o, "/* Written by tools/mkpreempt from %s.c; run `make asm`.\n", cpu->name);
    (routine == SWITCH ? cpu->write_switch : cpu->write_preempt)(&o, &f);
    frame_prove(&f);
    return o;
}

static void path_of(char *path, size_t size, const struct cpu *cpu, enum routine routine)
{
    if (snprintf(path, size, "%s/src/arch/%s/%s", folder, cpu->name, files[routine]) >= (int)size)
        die("the path is too long");
}

static void write_file(const struct cpu *cpu, enum routine routine)
{
    char path[4096];
    struct out o = generate(cpu, routine);
    path_of(path, sizeof(path), cpu, routine);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(o.text, 1, o.size, file) != o.size || fclose(file))
        die("%s: %s", path, strerror(errno));
    out_free(&o);
}

/* True if the file is what would be written. */
static bool check_file(const struct cpu *cpu, enum routine routine)
{
    char path[4096];
    struct out o = generate(cpu, routine);
    char *there = malloc(o.size + 1);
    path_of(path, sizeof(path), cpu, routine);
    FILE *file = fopen(path, "r");
    bool same = file && there && fread(there, 1, o.size + 1, file) == o.size && !memcmp(there, o.text, o.size);

    if (file)
        fclose(file);
    free(there);
    out_free(&o);
    if (!same)
        fprintf(stderr, "mkpreempt: %s is not what `make asm` writes\n", path);
    return same;
}

static void print_cpu(const struct cpu *cpu)
{
    for (enum routine routine = SWITCH; routine <= PREEMPT; routine++) {
        struct out o = generate(cpu, routine);
        fwrite(o.text, 1, o.size, stdout);
        out_free(&o);
    }
}

static void list_cpu(const struct cpu *cpu)
{
    for (enum routine routine = SWITCH; routine <= PREEMPT; routine++)
        for (const struct row *row = cpu->rows; row->names; row++)
            if (frame_saves(&(struct frame){.cpu = cpu, .routine = routine}, row))
                printf("%s%s\n", prefixes[routine], row->names);
}

static const char *argument_of(char **argv, int *i)
{
    if (!argv[*i + 1])
        die("%s needs an argument", argv[*i]);
    return argv[++*i];
}

int main(int argc, char **argv)
{
    bool check = false, list = false, same = true;
    int names = 0;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-C"))
            folder = argument_of(argv, &i);
        else if (!strcmp(argv[i], "--drop"))
            drop = argument_of(argv, &i);
        else if (!strcmp(argv[i], "--check"))
            check = true;
        else if (!strcmp(argv[i], "--list"))
            list = true;
        else if (argv[i][0] == '-')
            die("no option %s", argv[i]);
        else
            argv[names++] = (char *)find_cpu(argv[i])->name;
    }
    for (int i = 0; i < CPUS; i++)
        table_prove(cpus[i]);
    for (int i = 0; i < names; i++)
        (list ? list_cpu : print_cpu)(find_cpu(argv[i]));
    for (int i = 0; i < CPUS && !names; i++)
        for (enum routine routine = SWITCH; routine <= PREEMPT; routine++)
            if (check)
                same &= check_file(cpus[i], routine);
            else
                write_file(cpus[i], routine);
    if (drop && !dropped)
        die("no routine saves %s", drop);
    return same ? 0 : 1;
}
