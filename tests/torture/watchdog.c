/* The watchdog: a plain thread that names the workload of a worker that makes no progress. A goroutine may have stopped anywhere in
 * libc, so nothing here allocates or takes a lock of stdio's.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "goroutine.h"
#include "runner.h"

static int limit;

static void say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return;
}

static void exit_now(int sig)
{
    (void)sig;
    _exit(3);
}

/* Says who stands still; a worker between two steps waits for the scheduler. */
static bool name_the_still(const int *still)
{
    bool any = false;
    char line[160];

    for (int i = 0; i < worker_count; i++) {
        const struct tally *at = atomic_load(&workers[i].now);

        if (still[i] < limit)
            continue;
        any = true;
        snprintf(line, sizeof line, "torture: no progress for %d s: worker %d, %s\n", still[i], i,
                 at ? at->load->name : "between two steps");
        say(line);
    }
    return any;
}

static void *watch(void *arg)
{
    static unsigned long seen[WORKERS_MAX];
    static int still[WORKERS_MAX];

    (void)arg;
    for (;;) {
        struct timespec second = {.tv_sec = 1};

        while (nanosleep(&second, &second) != 0)
            ;
        for (int i = 0; i < worker_count; i++) {
            unsigned long steps = atomic_load(&workers[i].steps);
            still[i] = steps == seen[i] ? still[i] + 1 : 0;
            seen[i] = steps;
        }
        if (!name_the_still(still))
            continue;
        signal(SIGALRM, exit_now);
        alarm(10); /* go_dump may hang on what they hang on */
        go_dump(STDERR_FILENO);
        _exit(3);
    }
}

void watchdog_start(int seconds)
{
    pthread_t thread;

    limit = seconds;
    if (pthread_create(&thread, NULL, watch, NULL) != 0) {
        fputs("torture: no thread for the watchdog\n", stderr);
        exit(2);
    }
    pthread_detach(thread);
}
