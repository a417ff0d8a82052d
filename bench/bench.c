/* Measuring, and the program that runs one workload: build/bench/c yield.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPEATS  3
#define RUN_NS   (200 * GO_MILLISECOND)
#define PROBE_NS (20 * GO_MILLISECOND)
#define GRAIN    256

static struct bench *benches;

void bench_add(struct bench *b)
{
    b->next = benches;
    benches = b;
}

ptrdiff_t bench_must(ptrdiff_t result, const char *call, const char *file, int line)
{
    if (result < 0) {
        fprintf(stderr, "%s:%d: %s: %s\n", file, line, call, go_strerror((int)result));
        exit(1);
    }
    return result;
}

void *bench_must_have(void *result, const char *call, const char *file, int line)
{
    if (!result) {
        fprintf(stderr, "%s:%d: %s gave NULL\n", file, line, call);
        exit(1);
    }
    return result;
}

void bench_expect(int64_t got, int64_t wanted, const char *what, const char *file, int line)
{
    if (got != wanted) {
        fprintf(stderr, "%s:%d: wrong result: %s is %" PRId64 ", not %" PRId64 "\n", file, line, what, got, wanted);
        exit(1);
    }
}

static int64_t timed(void (*run)(int64_t n), int64_t n)
{
    int64_t start = go_now();
    run(n);
    return go_now() - start;
}

double bench_best(void (*run)(int64_t n), int64_t n)
{
    int64_t best = INT64_MAX;
    for (int i = 0; i < REPEATS; i++) {
        int64_t ns = timed(run, n);
        if (ns < best)
            best = ns;
    }
    return (double)best;
}

static int64_t whole_grains(double n)
{
    int64_t grains = (int64_t)(n / GRAIN);
    return (grains > 0 ? grains : 1) * GRAIN;
}

static int64_t calibrate(void (*run)(int64_t n))
{
    int64_t n = 4 * GRAIN;
    int64_t ns = timed(run, n);
    while (ns < PROBE_NS) {
        n *= 4;
        ns = timed(run, n);
    }
    return whole_grains((double)n * RUN_NS / (double)ns);
}

void bench_per_op(const char *name, void (*run)(int64_t n))
{
    int64_t n = calibrate(run);
    bench_print(name, "ns", bench_best(run, n) / (double)n);
}

void bench_print(const char *name, const char *unit, double value)
{
    printf("%s %s %.4f\n", name, unit, value);
    fflush(stdout);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_quantile(double *values, size_t count, double q)
{
    qsort(values, count, sizeof(*values), by_value);
    return values[(size_t)(q * (double)(count - 1) + 0.5)];
}

int main(int argc, char **argv)
{
    for (struct bench *b = benches; argc == 2 && b; b = b->next) {
        if (strcmp(b->name, argv[1]) == 0) {
            b->run();
            return 0;
        }
    }
    fprintf(stderr, "usage: %s workload, which is one of:", argv[0]);
    for (struct bench *b = benches; b; b = b->next)
        fprintf(stderr, " %s", b->name);
    fprintf(stderr, "\n");
    return 2;
}
