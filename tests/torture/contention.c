/* What all goroutines contend for: one mutex, one arena of malloc's, one FILE. How long the longest waited is measured. They run
 * where they are asked for, the arena's with GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "goroutine.h"
#include "torture.h"

enum { ROUNDS = 10, HOLD_NS = 15000000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long a, b;

WORKLOAD(contended_mutex, .alone = true)
{
    for (int i = 0; i < ROUNDS; i++) {
        int64_t began = nanoseconds();

        HOLDS(w, pthread_mutex_lock(&lock) == 0);
        worker_waited(w, nanoseconds() - began);
        a++;
        worker_computes(w);
        HOLDS(w, ++b == a);
        HOLDS(w, pthread_mutex_unlock(&lock) == 0);
    }
}

/* Held for many slices, so that its owner is taken off while all others wait. */
WORKLOAD(long_held_mutex, .alone = true)
{
    int64_t began = nanoseconds(), held;

    HOLDS(w, pthread_mutex_lock(&lock) == 0);
    held = nanoseconds();
    worker_waited(w, held - began);
    a++;
    while (nanoseconds() - held < HOLD_NS)
        worker_computes(w);
    HOLDS(w, ++b == a);
    HOLDS(w, pthread_mutex_unlock(&lock) == 0);
}

/* Blocks that the arena must cut and join. */
static void use_arena(struct worker *w)
{
    for (int i = 0; i < ROUNDS; i++) {
        size_t size = 1000 + (size_t)worker_random(w, 20000);
        int64_t began = nanoseconds();
        char *bytes = malloc(size);

        worker_waited(w, nanoseconds() - began);
        if (!HOLDS(w, bytes != NULL))
            return;
        memset(bytes, i + 1, size);
        compute(200);
        HOLDS(w, bytes[0] == i + 1 && bytes[size - 1] == i + 1);
        began = nanoseconds();
        free(bytes);
        worker_waited(w, nanoseconds() - began);
    }
}

WORKLOAD(contended_arena, .alone = true)
{
    use_arena(w);
}

/* The same by those that have no processor meanwhile. */
WORKLOAD(contended_arena_in_region, .alone = true)
{
    go_blocking_begin();
    use_arena(w);
    go_blocking_end();
}

static FILE *file;

static void open_file(void)
{
    file = fopen("/dev/null", "w");
    if (!file) {
        perror("torture: /dev/null");
        exit(2);
    }
}

WORKLOAD(contended_file, .prepare = open_file, .alone = true)
{
    for (int i = 0; i < ROUNDS; i++) {
        int64_t began = nanoseconds();

        HOLDS(w, fprintf(file, "%d of worker %d\n", i, worker_number(w)) > 0);
        HOLDS(w, fflush(file) == 0);
        worker_waited(w, nanoseconds() - began);
        worker_computes(w);
    }
}
