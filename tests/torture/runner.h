/* What the parts of the runner share: its workers, as the watchdog sees them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TORTURE_RUNNER_H
#define TORTURE_RUNNER_H

#include <stdatomic.h>
#include <sys/types.h>
#include "../random.h"
#include "torture.h"

enum { WORKERS_MAX = 256, LOADS_MAX = 64 };

/* What is known of one workload; all workers count in it. */
struct tally {
    const struct workload *load;
    atomic_ulong steps, failures;
    _Atomic(const char *) first_failure;
    _Atomic int64_t worst_wait, worst_step;
};

/* Only its own goroutine writes. */
struct worker {
    _Alignas(64) int number;
    int turn; /* which workload is next */
    random_state random;
    pid_t thread;
    _Atomic(struct tally *) now; /* in a step of this; NULL: between two */
    atomic_ulong steps, migrations;
};

extern struct worker workers[WORKERS_MAX];
extern int worker_count;

/* From now on a worker that makes no step for so many seconds is named, all goroutines are shown, and the program exits with 3. */
void watchdog_start(int seconds);

#endif
