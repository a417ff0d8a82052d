/* What the workloads of `make torture` share. A workload is ordinary C code in steps of some hundred microseconds: it uses libc,
 * pthread and other libraries as if each goroutine were a thread, never calls this library in the middle of a step, and leaves
 * nothing open at its end. So whatever a step finds wrong was done by a preemption or a change of threads.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct worker; /* a row of goroutines, each of which goes on where the one before ended */

struct workload {
    const char *name;
    void (*step)(struct worker *w);
    void (*prepare)(void); /* before there are goroutines: what a step's result is compared with; NULL: nothing */
    bool (*usable)(void);  /* whether this machine can; NULL: each can */
    bool alone;            /* runs only where it is asked for by name */
};

void workload_register(const struct workload *load);

/* WORKLOAD(name, .member = ...) { the step; its worker is w } */
#define WORKLOAD(title, ...)                                                                                                       \
    static void step_of_##title(struct worker *w);                                                                                 \
    static const struct workload workload_##title = {.name = #title, .step = step_of_##title, __VA_ARGS__};                        \
    __attribute__((constructor)) static void register_##title(void)                                                                \
    {                                                                                                                              \
        workload_register(&workload_##title);                                                                                      \
    }                                                                                                                              \
    static void step_of_##title(struct worker *w)

#define TORTURE_TEXT_(line) #line
#define TORTURE_TEXT(line)  TORTURE_TEXT_(line)

/* HOLDS is the condition's value; where it is false that is counted, and the first such condition of a workload is shown. */
#define HOLDS(w, ...) ((__VA_ARGS__) ? worker_passes(w) : worker_fails(w, __FILE__ ":" TORTURE_TEXT(__LINE__) ": " #__VA_ARGS__))

bool worker_passes(struct worker *w);                  /* true; looks whether the kernel thread is another one now */
bool worker_fails(struct worker *w, const char *what); /* false; what must last */

/* The worker's own row of random numbers: 0 to below-1. */
int worker_random(struct worker *w, int below);

/* 0 to workers-1. */
int worker_number(const struct worker *w);

/* The longest of these is the workload's worst wait. */
void worker_waited(struct worker *w, int64_t ns);

/* Computes in the program's own text for some microseconds, without a call. */
void compute(unsigned turns);

/* A long or a short while, by chance. */
void worker_computes(struct worker *w);

int64_t nanoseconds(void);

/* A result that must be the same as before there were goroutines. The function writes at most room bytes for the seed, and
 * gives how many; 0: it failed. */
enum { RESULT_SEEDS = 6, RESULT_ROOM = 24 * 1024 };
typedef size_t result_fn(unsigned seed, unsigned char *bytes, size_t room);
struct results {
    result_fn *fn;
    size_t lengths[RESULT_SEEDS];
    unsigned char *bytes[RESULT_SEEDS];
};
void results_prepare(struct results *r);
void results_compare(struct results *r, struct worker *w);

#ifdef __cplusplus
}
#endif

#endif
