/* Runs the workloads in many goroutines at once for some seconds, and counts.
 *
 * usage: runner GOROUTINES SECONDS [workload...]      those, or with -workload all but those
 *
 * GOMAXPROCS and GOROUTINE_SLICE are the library's. TORTURE_STALL: seconds without a step after which a worker counts as hung
 * (30). TORTURE_TIED: goroutines are tied to their threads; what fails then is the fault of the workload.
 *
 * Exits with 0 if nothing failed, 1 if something did, 2 if it cannot run, 3 if somebody made no progress. The last line is
 * "steps N, preemptions N, migrations N, failures N" with more about each in parentheses.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "goroutine.h"
#include "runner.h"

enum { LIFE = 50, SECOND = 1000000000 }; /* a goroutine ends after so many steps, and another one goes on */

struct worker workers[WORKERS_MAX];
int worker_count;

static const struct workload *loads[LOADS_MAX];
static int load_count;
static struct tally tallies[LOADS_MAX]; /* of those that are chosen */
static int tally_count;
static atomic_bool over;
static atomic_int alive;
static bool tied;
static atomic_ulong lost; /* goroutines that could not be started */

void workload_register(const struct workload *load)
{
    if (load_count == LOADS_MAX)
        abort();
    loads[load_count++] = load;
}

/* ---- what a step may call ---- */

/* A noinline call, and a raw system call: what the thread is must be asked anew each time. */
static pid_t kernel_thread(void)
{
    return (pid_t)syscall(SYS_gettid);
}

bool worker_passes(struct worker *w)
{
    pid_t thread = kernel_thread();

    if (thread != w->thread) {
        w->thread = thread;
        atomic_fetch_add_explicit(&w->migrations, 1, memory_order_relaxed);
    }
    return true;
}

bool worker_fails(struct worker *w, const char *what)
{
    struct tally *t = atomic_load(&w->now);
    const char *none = NULL;

    atomic_fetch_add(&t->failures, 1);
    atomic_compare_exchange_strong(&t->first_failure, &none, what);
    return false;
}

int worker_random(struct worker *w, int below)
{
    return random_below(&w->random, below);
}

int worker_number(const struct worker *w)
{
    return w->number;
}

static void raise_to(_Atomic int64_t *most, int64_t value)
{
    int64_t seen = atomic_load_explicit(most, memory_order_relaxed);
    while (value > seen && !atomic_compare_exchange_weak(most, &seen, value))
        ;
}

void worker_waited(struct worker *w, int64_t ns)
{
    raise_to(&atomic_load(&w->now)->worst_wait, ns);
}

void compute(unsigned turns)
{
    for (volatile unsigned i = 0; i < turns; i++)
        ;
}

void worker_computes(struct worker *w)
{
    compute((unsigned)worker_random(w, worker_random(w, 8) == 0 ? 30000 : 3000));
}

int64_t nanoseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * (int64_t)SECOND + t.tv_nsec;
}

/* ---- workers ---- */

static void one_step(struct worker *w)
{
    struct tally *t = &tallies[w->turn++ % tally_count];
    int64_t began = nanoseconds();

    atomic_store(&w->now, t);
    t->load->step(w);
    worker_passes(w);
    atomic_store(&w->now, NULL);
    atomic_fetch_add(&t->steps, 1);
    atomic_fetch_add(&w->steps, 1);
    raise_to(&t->worst_step, nanoseconds() - began);
}

/* Between two steps is where a goroutine may give back what it holds of a thread. */
static void call_the_library(struct worker *w)
{
    switch (worker_random(w, 24)) {
    case 0:
    case 1:
        go_yield();
        break;
    case 2:
        go_sleep(worker_random(w, 100000));
        break;
    case 3:
        go_blocking_begin();
        usleep(50);
        go_blocking_end();
        break;
    case 4:
        usleep(50); /* unannounced */
        break;
    }
}

static void live(void *arg);

static void start(struct worker *w)
{
    struct go_attr attr = {.stack_size = 512 * 1024, .name = "worker"};

    if (go_spawn_attr(&attr, live, w) == 0)
        return;
    atomic_fetch_add(&lost, 1);
    atomic_fetch_sub(&alive, 1);
}

static void live(void *arg)
{
    struct worker *w = arg;

    if (tied)
        go_lock_thread();
    w->thread = kernel_thread();
    for (int i = 0; i < LIFE && !atomic_load(&over); i++) {
        one_step(w);
        call_the_library(w);
    }
    if (atomic_load(&over))
        atomic_fetch_sub(&alive, 1);
    else
        start(w);
}

/* ---- the cell ---- */

static bool named(const char *name, char **names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

static bool is_chosen(const struct workload *l, char **names)
{
    bool all = !*names || **names == '-';
    char without[80];

    snprintf(without, sizeof without, "-%s", l->name);
    return all ? !l->alone && !named(without, names) : named(l->name, names);
}

/* A name that is misspelt would leave something out. */
static void check_names(char **names)
{
    for (; *names; names++) {
        int i = 0;

        while (i < load_count && strcmp(loads[i]->name, *names + (**names == '-')) != 0)
            i++;
        if (i == load_count) {
            fprintf(stderr, "torture: no workload is called %s\n", *names);
            exit(2);
        }
    }
}

static void choose(char **names)
{
    check_names(names);
    for (int i = 0; i < load_count; i++) {
        const struct workload *l = loads[i];

        if (!is_chosen(l, names))
            continue;
        if (l->usable && !l->usable()) {
            printf("  %s: not here\n", l->name);
            continue;
        }
        if (l->prepare)
            l->prepare();
        tallies[tally_count++].load = l;
    }
}

/* However loaded the machine is; the watchdog sees to it that this ends. */
static bool all_have_run(void)
{
    for (int i = 0; i < worker_count; i++)
        if (atomic_load(&workers[i].steps) == 0)
            return false;
    for (int i = 0; i < tally_count; i++)
        if (atomic_load(&tallies[i].steps) == 0)
            return false;
    return true;
}

static void run(int seconds)
{
    atomic_store(&alive, worker_count);
    for (int i = 0; i < worker_count; i++) {
        workers[i].number = i;
        workers[i].turn = i * 5; /* neighbours do different things */
        workers[i].random = random_seed(i);
        start(&workers[i]);
    }
    go_sleep(seconds * (int64_t)SECOND);
    while (!all_have_run())
        go_sleep(10000000);
    atomic_store(&over, true);
    while (atomic_load(&alive) > 0)
        go_sleep(1000000);
}

static unsigned long report_workloads(void)
{
    unsigned long failures = atomic_load(&lost);

    for (int i = 0; i < tally_count; i++) {
        struct tally *t = &tallies[i];
        unsigned long failed = atomic_load(&t->failures);

        if (failed)
            printf("  FAILED %s: %lu times in %lu steps, first %s\n", t->load->name, failed, atomic_load(&t->steps),
                   atomic_load(&t->first_failure));
        if (atomic_load(&t->worst_wait))
            printf("  %s: worst wait %.1f ms in %lu steps\n", t->load->name, (double)atomic_load(&t->worst_wait) / 1e6,
                   atomic_load(&t->steps));
        failures += failed;
    }
    return failures;
}

static bool report(void)
{
    unsigned long steps = 0, migrations = 0, least = ~0ul;
    unsigned long failures = report_workloads();
    int64_t worst = 0;
    struct go_stats stats;

    go_stats_read(&stats, sizeof stats);
    for (int i = 0; i < worker_count; i++) {
        unsigned long mine = atomic_load(&workers[i].steps);

        steps += mine;
        least = mine < least ? mine : least;
        migrations += atomic_load(&workers[i].migrations);
    }
    for (int i = 0; i < tally_count; i++)
        worst = atomic_load(&tallies[i].worst_step) > worst ? atomic_load(&tallies[i].worst_step) : worst;
    printf("steps %lu (least of a worker %lu, longest %.0f ms), preemptions %lu (of %lu asked), migrations %lu, failures %lu\n",
           steps, least, (double)worst / 1e6, (unsigned long)stats.preemptions, (unsigned long)stats.preempt_requests, migrations,
           failures);
    return failures == 0;
}

int main(int argc, char **argv)
{
    int seconds = argc > 2 ? atoi(argv[2]) : 0;

    worker_count = argc > 1 ? atoi(argv[1]) : 0;
    if (worker_count < 1 || worker_count > WORKERS_MAX || seconds < 1) {
        fprintf(stderr, "usage: runner GOROUTINES SECONDS [workload...]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    tied = getenv("TORTURE_TIED") != NULL;
    choose(argv + 3);
    if (tally_count == 0)
        return 2;
    watchdog_start(getenv("TORTURE_STALL") ? atoi(getenv("TORTURE_STALL")) : 30);
    run(seconds);
    return report() ? 0 : 1;
}
