/* What every benchmark shares: registering, checking, measuring, and printing a figure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_H
#define BENCH_H

#include <goroutine.h>
#include <stddef.h>
#include <stdint.h>

struct bench {
    const char *name;
    void (*run)(void);
    struct bench *next;
};

void bench_add(struct bench *b);

/* BENCH(name) { ... } is one workload, chosen by its name on the command line. It prints its figures itself. */
#define BENCH(workload)                                                                                                            \
    static void run_##workload(void);                                                                                              \
    __attribute__((constructor)) static void add_##workload(void)                                                                  \
    {                                                                                                                              \
        static struct bench self = {#workload, run_##workload, NULL};                                                              \
        bench_add(&self);                                                                                                          \
    }                                                                                                                              \
    static void run_##workload(void)

/* must(call) gives the call's result, and ends the program with a message where it is a negative errno value. */
#define must(call) bench_must((call), #call, __FILE__, __LINE__)
ptrdiff_t bench_must(ptrdiff_t result, const char *call, const char *file, int line);

/* must_have(pointer) is must for calls that give NULL on failure. */
#define must_have(call) bench_must_have((call), #call, __FILE__, __LINE__)
void *bench_must_have(void *result, const char *call, const char *file, int line);

/* expect(got, wanted) ends the program with a message where a workload's own result is wrong. */
#define expect(got, wanted) bench_expect((got), (wanted), #got, __FILE__, __LINE__)
void bench_expect(int64_t got, int64_t wanted, const char *what, const char *file, int line);

/* bench_best runs run(n) three times and gives the nanoseconds of the fastest. */
double bench_best(void (*run)(int64_t n), int64_t n);

/* bench_per_op prints the nanoseconds of one operation, where run(n) does n of them (a multiple of 256); n is chosen so that
 * a run takes about 0.2 s. */
void bench_per_op(const char *name, void (*run)(int64_t n));

/* bench_print prints one figure as "name unit value". */
void bench_print(const char *name, const char *unit, double value);

/* bench_quantile sorts the values and gives the one below which the share q of them lies. */
double bench_quantile(double *values, size_t count, double q);

#endif
