/* Goroutines that run on the thread which the process began with are taken off as anywhere else, even those that it runs first: not
 * together with it, which takes a multiple of the time. No framework: it has run others before.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "goroutine.h"
#include "sanitizers.h"

enum { ENOUGH = 100, SECONDS = 10 };

static atomic_bool stop;

static void hog(void *unused)
{
    (void)unused;
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        ;
}

/* Where nothing is preempted main() would never come back. */
static bool can_preempt(void)
{
    const char *mode = getenv("GOROUTINE_PREEMPT");

    return !WITH_TSAN && !(mode && strcmp(mode, "off") == 0);
}

static struct go_stats stats(void)
{
    struct go_stats now = {0};

    go_stats_read(&now, sizeof now);
    return now;
}

int main(void)
{
    struct go_stats now;
    bool good;

    if (!can_preempt()) {
        printf("1..0 # SKIP nothing is preempted\n");
        return 0;
    }
    setenv("GOMAXPROCS", "1", 1);
    if (go(hog, NULL) != 0 || go(hog, NULL) != 0)
        return 1;
    for (int i = 0; i < SECONDS * 100 && stats().preemptions < ENOUGH; i++)
        go_sleep(10 * GO_MILLISECOND);
    now = stats();
    atomic_store(&stop, true);
    good = now.threads_stopped * 10 <= now.preemptions; /* main() may be one, at its start */
    printf("1..1\n%sok 1 - hardly a preemption stops the first thread\n", good ? "" : "not ");
    printf("# %llu of %llu\n", (unsigned long long)now.threads_stopped, (unsigned long long)now.preemptions);
    return !good;
}
