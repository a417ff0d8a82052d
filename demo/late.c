/* Measures how late a goroutine wakes that asks to wake every millisecond, beside twice as many computing goroutines as there
 * are processors. demo.go does the same in Go.
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: late TEXT EXPECTED OUT
 * The moments asked for are start + 1 ms, start + 2 ms, ... until the last worker is done. A goroutine that was kept waiting
 * beyond several of them counts each one as late by its own distance, so nothing is hidden by not asking in time.
 */
#include <goroutine.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "common.h"

enum { MOST_SAMPLES = 120000 };

struct worker {
    struct work *work;
    struct result last;
    uint64_t wrong;
};

static struct expected expected;
static int64_t start;
static _Atomic int64_t end = INT64_MAX;
static atomic_int computing;
static go_waitgroup running;
static int64_t lateness[MOST_SAMPLES];
static int asked, slept;

/* From the first pass to the last there is no call of the library, and none of libc. */
static void compute(void *arg)
{
    struct worker *w = arg;

    for (uint64_t pass = 0; pass < expected.passes; pass++) {
        work_pass(w->work, &w->last);
        w->wrong += !result_same(&w->last, &expected.result);
    }
    if (atomic_fetch_sub(&computing, 1) == 1)
        atomic_store(&end, go_now());
    go_waitgroup_done(&running);
}

static void wake_every_millisecond(void *unused)
{
    (void)unused;
    for (asked = 0; asked < MOST_SAMPLES; asked++) {
        int64_t due = start + (asked + 1) * GO_MILLISECOND;

        if (due >= atomic_load(&end))
            break;
        if (go_now() < due) {
            go_sleep_until(due);
            slept++;
        }
        lateness[asked] = go_now() - due;
    }
    go_waitgroup_done(&running);
}

/* Nanoseconds of processor that this process has had. */
static int64_t cpu_time(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * GO_SECOND + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * GO_MICROSECOND;
}

static void write_report(const char *path, const struct worker *workers, int count, int64_t cpu)
{
    struct go_stats s = {0};
    uint64_t wrong = 0;
    FILE *f = fopen(path, "w");

    if (!f)
        die("cannot write", path);
    go_stats_read(&s, sizeof(s));
    for (int i = 0; i < count; i++)
        wrong += workers[i].wrong;
    fprintf(f, "processors %d\nworkers %d\nwrong %" PRIu64 "\n", go_maxprocs(0), count, wrong);
    fprintf(f, "passes %" PRIu64 "\nelapsed %" PRId64 "\ncpu %" PRId64 "\n", expected.passes * (uint64_t)count,
            atomic_load(&end) - start, cpu);
    fprintf(f, "slept %d\npreemptions %" PRIu64 "\n", slept, s.preemptions);
    for (int i = 0; i < count; i++)
        write_result(f, &workers[i].last);
    for (int i = 0; i < asked; i++)
        fprintf(f, "late %" PRId64 "\n", lateness[i]);
    if (fclose(f) != 0)
        die("cannot write", path);
}

int main(int argc, char **argv)
{
    int count = 2 * go_maxprocs(0);
    struct worker *workers = calloc((size_t)count, sizeof(*workers));
    uint8_t *text;
    size_t size;
    int64_t cpu;

    if (argc != 4 || !workers)
        die("usage:", "late TEXT EXPECTED OUT");
    text = load_text(argv[1], &size);
    read_expected(argv[2], &expected);
    for (int i = 0; i < count; i++)
        workers[i].work = new_work(text, size);
    for (int i = 0; i < MOST_SAMPLES; i++)
        lateness[i] = -1; /* touch the pages now, not while measuring */

    atomic_store(&computing, count);
    go_waitgroup_add(&running, count + 1);
    cpu = cpu_time();
    start = go_now();
    if (go(wake_every_millisecond, NULL) < 0)
        die("cannot start", "the sleeper");
    for (int i = 0; i < count; i++) {
        if (go(compute, &workers[i]) < 0)
            die("cannot start", "a worker");
    }
    go_waitgroup_wait(&running);
    write_report(argv[3], workers, count, cpu_time() - cpu);
    return 0;
}
