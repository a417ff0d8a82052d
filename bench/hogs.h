/* Goroutines that compute and never call the library.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_HOGS_H
#define BENCH_HOGS_H

#include "bench.h"
#include <stdatomic.h>
#include <stdbool.h>

#define HOGS_MOST 64

struct hogs {
    int count;
    atomic_bool stop;
    go_waitgroup ended;
    struct hog {
        _Alignas(128) atomic_llong work; /* written only by its hog */
        struct hogs *all;
    } hog[HOGS_MOST];
};

/* hogs_start starts count hogs. *hogs must stay until hogs_stop returns. */
void hogs_start(struct hogs *hogs, int count);

/* hogs_work gives the rounds of work done so far by all of them. */
int64_t hogs_work(struct hogs *hogs);

/* hogs_running gives how many have done any work yet. */
int hogs_running(struct hogs *hogs);

/* hogs_stop ends them and waits for their end. */
void hogs_stop(struct hogs *hogs);

#endif
