/* contention: 64 goroutines contend for one mutex of pthread's, one arena of malloc's and one FILE, in turn, at slices of 20 us,
 * 100 us and 1 ms: how long they wait for each, in us: contention_20us_mutex_p99 and _mutex_max, likewise _arena and _file. _spread
 * is how many times as often as the last of them the first had its turn, _turns how many all had in a second. contention_threads_*:
 * plain threads instead, as many, on all CPUs: these locks are nobody's in particular, and who comes by may take one before those
 * that wait.
 *
 * Whoever holds one of the three may be taken off, and who waits for it sleeps in the kernel. A wait lasts from the call that takes
 * the lock to its return. It goes on until each has had a turn; that this takes half a minute is a failure.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"
#include "ticks.h"
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOROUTINES 64
#define LENGTH     GO_SECOND
#define LIMIT      (30 * GO_SECOND)
#define WAITS_MOST 16384 /* of one goroutine for one thing that are kept; the longest of all are in any case */
#define BLOCK      4000  /* bytes, at least: too large for the cache that each thread has */
#define WORK       2000  /* turns of a loop, about a microsecond */
#define PAUSE      6     /* times as much without a lock */

enum { MUTEX, ARENA, STREAM, THINGS };

struct waits {
    size_t count;
    float ns[WAITS_MOST];
    double longest;
};

static struct contest {
    pthread_mutex_t mutex;
    int64_t begun, ended; /* guarded by mutex */
    FILE *stream;
    atomic_bool stop;
    go_waitgroup all;
    double seconds;
    struct member {
        struct waits waits[THINGS];
        atomic_llong turns; /* written only by its member */
    } member[GOROUTINES];
} contest = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void work(int times)
{
    for (int i = 0; i < times * WORK; i++)
        __asm__ volatile("" : "+r"(i));
}

static void note(struct waits *w, int64_t start)
{
    double ns = (double)(clock_ns() - start);
    if (w->count < WAITS_MOST)
        w->ns[w->count++] = (float)ns;
    if (ns > w->longest)
        w->longest = ns;
}

static void use_mutex(struct waits *w)
{
    int64_t start = clock_ns();
    expect(pthread_mutex_lock(&contest.mutex), 0);
    note(w, start);
    contest.begun++;
    work(1);
    contest.ended++;
    expect(contest.ended, contest.begun);
    expect(pthread_mutex_unlock(&contest.mutex), 0);
}

static void use_arena(struct waits *w, int64_t turn)
{
    int64_t start = clock_ns();
    char *block = must_have(malloc((size_t)(BLOCK + turn % 16 * 1000)));
    note(w, start);
    memset(block, (char)turn, BLOCK);
    work(1);
    expect(block[BLOCK - 1], (char)turn);
    free(block);
}

static void use_stream(struct waits *w, int64_t turn)
{
    int64_t start = clock_ns();
    expect(fprintf(contest.stream, "%lld turns\n", (long long)turn) > 0, true);
    note(w, start);
    work(1);
}

static void take_turns(struct member *self)
{
    while (!atomic_load_explicit(&contest.stop, memory_order_relaxed)) {
        use_mutex(&self->waits[MUTEX]);
        use_arena(&self->waits[ARENA], self->turns);
        use_stream(&self->waits[STREAM], self->turns);
        work(PAUSE);
        self->turns++;
    }
}

static void as_goroutine(void *arg)
{
    take_turns(arg);
    must(go_waitgroup_done(&contest.all));
}

static void *as_thread(void *arg)
{
    take_turns(arg);
    return NULL;
}

static void prepare(void)
{
    memset(contest.member, 0, sizeof contest.member);
    atomic_store(&contest.stop, false);
}

static bool all_had_a_turn(void)
{
    for (int i = 0; i < GOROUTINES; i++)
        if (atomic_load_explicit(&contest.member[i].turns, memory_order_relaxed) == 0)
            return false;
    return true;
}

/* And stops them. */
static void wait_for_all(void)
{
    int64_t start = clock_ns();
    do
        must(go_sleep(LENGTH));
    while (!all_had_a_turn() && clock_ns() - start < LIMIT);
    expect(all_had_a_turn(), true);
    contest.seconds = (double)(clock_ns() - start) / GO_SECOND;
    atomic_store(&contest.stop, true);
}

static void compete(int64_t slice)
{
    int64_t usual = go_slice(slice);
    prepare();
    must(go_waitgroup_add(&contest.all, GOROUTINES));
    for (int i = 0; i < GOROUTINES; i++)
        must(go(as_goroutine, &contest.member[i]));
    wait_for_all();
    must(go_waitgroup_wait(&contest.all));
    go_slice(usual);
}

/* On all CPUs, however many processors there are. */
static void compete_as_threads(void)
{
    pthread_t threads[GOROUTINES];
    prepare();
    for (int i = 0; i < GOROUTINES; i++)
        must(-pthread_create(&threads[i], NULL, as_thread, &contest.member[i]));
    wait_for_all();
    for (int i = 0; i < GOROUTINES; i++)
        must(-pthread_join(threads[i], NULL));
}

/* ---- figures ---- */

static void print(int64_t us, const char *what, const char *unit, double value)
{
    char name[64];
    if (us == 0)
        snprintf(name, sizeof name, "contention_threads_%s", what);
    else
        snprintf(name, sizeof name, us < 1000 ? "contention_%dus_%s" : "contention_%dms_%s", (int)(us < 1000 ? us : us / 1000),
                 what);
    bench_print(name, unit, value);
}

static void print_waits(int64_t us, int thing, const char *p99, const char *longest)
{
    static double all[GOROUTINES * WAITS_MOST];
    size_t count = 0;
    double most = 0;
    for (int i = 0; i < GOROUTINES; i++) {
        struct waits *w = &contest.member[i].waits[thing];
        for (size_t k = 0; k < w->count; k++)
            all[count++] = (double)w->ns[k];
        most = w->longest > most ? w->longest : most;
    }
    print(us, p99, "us", bench_quantile(all, count, 0.99) / GO_MICROSECOND);
    print(us, longest, "us", most / GO_MICROSECOND);
}

static void print_turns(int64_t us)
{
    int64_t least = INT64_MAX, most = 0, sum = 0;
    for (int i = 0; i < GOROUTINES; i++) {
        int64_t turns = contest.member[i].turns;
        least = turns < least ? turns : least;
        most = turns > most ? turns : most;
        sum += turns;
    }
    print(us, "spread", "x", (double)most / (double)least);
    print(us, "turns", "1/s", (double)sum / contest.seconds);
}

BENCH(contention)
{
    static const int64_t slices[] = {0, 20, 100, 1000}; /* 0: threads */
    expect(mallopt(M_ARENA_MAX, 1), 1);
    contest.stream = must_have(fopen("/dev/null", "w"));
    for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++) {
        if (slices[i])
            compete(slices[i] * GO_MICROSECOND);
        else
            compete_as_threads();
        print_waits(slices[i], MUTEX, "mutex_p99", "mutex_max");
        print_waits(slices[i], ARENA, "arena_p99", "arena_max");
        print_waits(slices[i], STREAM, "file_p99", "file_max");
        print_turns(slices[i]);
    }
    expect(fclose(contest.stream), 0);
}
