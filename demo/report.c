/* Puts the measurements of the three programs side by side, all computed here in the same way, and compares their results.
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: report EXPECTED OFF ON GO      each a file of lines "name number" (several runs may be put one after the other in one)
 * Exits with 1 where a result is not the expected one.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

enum { COLUMNS = 3, BUCKETS = 26, BAR = 18 };

static const char *const titles[COLUMNS] = {"preemption off", "preemption on", "Go"};

struct run {
    uint64_t processors, workers, passes, elapsed, cpu, slept, preemptions;
    uint64_t wrong;   /* passes that found something else, as the program itself saw it */
    uint64_t differs; /* results that are not the expected ones, as this program sees it */
    uint64_t results;
    int64_t *late; /* ns, sorted */
    size_t count, room;
    size_t bucket[BUCKETS];
};

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Bucket 0 is below 1 us, bucket b from 2^(b-1) us to below 2^b us. */
static int bucket_of(int64_t ns)
{
    int b = 0;

    for (int64_t us = ns / 1000; us > 0 && b < BUCKETS - 1; us /= 2)
        b++;
    return b;
}

static void add_late(struct run *r, int64_t ns)
{
    if (r->count == r->room) {
        r->room = r->room ? 2 * r->room : 4096;
        r->late = realloc(r->late, r->room * sizeof(*r->late));
        if (!r->late)
            die("no memory for", "the samples");
    }
    r->late[r->count++] = ns;
    r->bucket[bucket_of(ns)]++;
}

static void add_line(struct run *r, const struct expected *e, const char *name, uint64_t value)
{
    const struct {
        const char *name;
        uint64_t *sum;
    } sums[] = {{"passes", &r->passes}, {"elapsed", &r->elapsed}, {"cpu", &r->cpu},
                {"slept", &r->slept},   {"wrong", &r->wrong},     {"preemptions", &r->preemptions}};
    int i = result_index(name);

    if (strcmp(name, "late") == 0) {
        add_late(r, (int64_t)value);
    } else if (strcmp(name, "processors") == 0) {
        r->processors = value;
    } else if (strcmp(name, "workers") == 0) {
        r->workers = value;
    } else if (i >= 0) {
        r->results++;
        r->differs += value != e->result.value[i];
    }
    for (size_t k = 0; k < sizeof(sums) / sizeof(*sums); k++) {
        if (strcmp(name, sums[k].name) == 0)
            *sums[k].sum += value;
    }
}

static void read_run(const char *path, const struct expected *e, struct run *r)
{
    FILE *f = fopen(path, "r");
    char name[32];
    uint64_t value;

    if (!f)
        die("cannot read", path);
    while (fscanf(f, "%31s %" SCNu64, name, &value) == 2)
        add_line(r, e, name, value);
    if (!feof(f) || r->count == 0 || r->results == 0 || r->elapsed == 0)
        die("not what late and demo.go write:", path);
    fclose(f);
    qsort(r->late, r->count, sizeof(*r->late), by_value);
}

/* The smallest sample that at least `percent` of all do not exceed, in microseconds. */
static double percentile(const struct run *r, unsigned percent)
{
    size_t rank = (r->count * percent + 99) / 100;

    return (double)r->late[rank ? rank - 1 : 0] / 1e3;
}

static double processor_share(const struct run *r)
{
    return 100.0 * (double)r->cpu / (double)(r->elapsed * r->processors);
}

static void print_table(const struct run *runs, uint64_t text_size)
{
    printf("%-26s%18s%18s%18s", "", titles[0], titles[1], titles[2]);
    printf("\n%-26s", "wake-ups asked for");
    for (int c = 0; c < COLUMNS; c++)
        printf("%18zu", runs[c].count);
    printf("\n%-26s", "times it slept and woke");
    for (int c = 0; c < COLUMNS; c++)
        printf("%18" PRIu64, runs[c].slept);
    for (int row = 0; row < 3; row++) {
        printf("\n%-26s", row == 0 ? "lateness p50, us" : row == 1 ? "lateness p99, us" : "lateness maximum, us");
        for (int c = 0; c < COLUMNS; c++)
            printf("%18.0f", percentile(&runs[c], row == 0 ? 50 : row == 1 ? 99 : 100));
    }
    printf("\n%-26s", "computed, MB/s");
    for (int c = 0; c < COLUMNS; c++)
        printf("%18.1f", (double)(runs[c].passes * text_size) / ((double)runs[c].elapsed / 1e3));
    printf("\n%-26s", "processor time it had, %");
    for (int c = 0; c < COLUMNS; c++)
        printf("%18.0f", processor_share(&runs[c]));
    printf("\n%-26s%18" PRIu64 "%18" PRIu64 "%18s\n", "goroutines taken off", runs[0].preemptions, runs[1].preemptions, "not told");
}

static void print_histogram(const struct run *runs)
{
    int from = BUCKETS, to = 0;

    for (int b = 0; b < BUCKETS; b++) {
        for (int c = 0; c < COLUMNS; c++) {
            if (runs[c].bucket[b] > 0) {
                from = b < from ? b : from;
                to = b;
            }
        }
    }
    printf("\n%-19s", "lateness, us");
    for (int c = 0; c < COLUMNS; c++)
        printf("  %-*s", BAR + 8, titles[c]);
    for (int b = from; b <= to; b++) {
        printf("\n%9ld-%-9ld", b ? 1L << (b - 1) : 0L, (1L << b) - 1);
        for (int c = 0; c < COLUMNS; c++) {
            size_t n = runs[c].bucket[b], bar = (n * BAR + runs[c].count - 1) / runs[c].count;

            printf("  %7zu %-*.*s", n, BAR, (int)bar, "##################");
        }
    }
    printf("\n\n");
}

static void print_if_disturbed(const struct run *runs)
{
    for (int c = 0; c < COLUMNS; c++) {
        if (processor_share(&runs[c]) < 90) {
            printf(
                "Other programs took part of the processors meanwhile: lateness is theirs too. Repeat it on a quiet machine.\n\n");
            return;
        }
    }
}

/* Says for each run whether all it computed is as expected; gives the number of differences. */
static uint64_t print_results(const struct run *runs)
{
    uint64_t all = 0;

    for (int c = 0; c < COLUMNS; c++) {
        uint64_t differ = runs[c].wrong + runs[c].differs;

        printf("%s: %" PRIu64 " passes, %" PRIu64 " results differ from those computed beforehand\n", titles[c], runs[c].passes,
               differ);
        if (runs[c].processors != runs[0].processors || runs[c].workers != runs[0].workers || runs[c].passes != runs[0].passes) {
            printf("%s: not the same processors and work as the first\n", titles[c]);
            differ++;
        }
        all += differ;
    }
    return all;
}

int main(int argc, char **argv)
{
    static struct run runs[COLUMNS];
    struct expected expected;
    uint64_t differ;
    double off, on, go;

    if (argc != 2 + COLUMNS)
        die("usage:", "report EXPECTED OFF ON GO");
    read_expected(argv[1], &expected);
    for (int c = 0; c < COLUMNS; c++)
        read_run(argv[2 + c], &expected, &runs[c]);

    printf("One goroutine asks to wake every millisecond beside %" PRIu64 " that compute, on %" PRIu64 " processors.\n\n",
           runs[0].workers, runs[0].processors);
    print_table(runs, expected.result.value[RESTORED]);
    print_histogram(runs);
    print_if_disturbed(runs);
    differ = print_results(runs);
    off = percentile(&runs[0], 99);
    on = percentile(&runs[1], 99);
    go = percentile(&runs[2], 99);
    printf("demo: lateness p99 us off=%.0f on=%.0f go=%.0f ratio go/on=%.1f\n", off, on, go, go / on);
    return differ != 0;
}
