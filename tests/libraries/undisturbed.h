/* Work inside a library whose complete output, byte for byte, must be that of an undisturbed run.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_UNDISTURBED_H
#define TEST_UNDISTURBED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hogs.h"

enum { WORKERS = 8, WORKER_STACK = 256 << 10, ENOUGH_PREEMPTIONS = 300 };

/* All that a piece of work gives. */
struct output {
    unsigned char *bytes;
    size_t size, room;
};

/* Does the work number `index`, and puts all that it finds into *out, which follows from the index alone. */
typedef void piece_of_work(struct output *out, int index);

static inline void put(struct output *out, const void *bytes, size_t size)
{
    if (out->room - out->size < size) {
        out->room = 2 * (out->size + size);
        out->bytes = realloc(out->bytes, out->room);
        if (!out->bytes)
            abort();
    }
    if (size)
        memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

/* A checksum that takes its time, in the program's own text: what libraries call back uses it, so that goroutines are taken off
 * there, with frames of the library beneath. */
static inline uint64_t hash_slowly(const void *bytes, size_t size, int times)
{
    const unsigned char *p = bytes;
    uint64_t h = 14695981039346656037u;

    for (int n = 0; n < times; n++)
        for (size_t i = 0; i < size; i++)
            h = (h ^ p[i]) * 1099511628211u;
    return h;
}

/* Numbers that follow from the seed. */
static inline uint32_t next_number(uint32_t *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 8;
}

/* Text of words, lines and numbers, partly repeated. */
static inline void write_text(char *text, size_t size, uint32_t seed)
{
    static const char *const words[] = {"channel", "select", "processor", "thread", "a", "of", "the", "slice", "queue", "signal"};
    size_t n = 0;

    while (n < size) {
        uint32_t r = next_number(&seed);
        char word[32];
        int length = r % 5 ? snprintf(word, sizeof word, "%s%c", words[r / 5 % 10], r % 7 ? ' ' : '\n')
                           : snprintf(word, sizeof word, "%x", r);

        for (int i = 0; i < length && n < size; i++)
            text[n++] = word[i];
    }
}

struct undisturbed {
    piece_of_work *work;
    struct output wanted[WORKERS], found[WORKERS];
    go_waitgroup running;
    atomic_int next;
};

static inline void work_for(void *arg)
{
    struct undisturbed *u = arg;
    int index = atomic_fetch_add(&u->next, 1);

    u->work(&u->found[index], index);
    go_waitgroup_done(&u->running);
}

static inline void work_undisturbed(void *arg, int unused)
{
    struct undisturbed *u = arg;

    (void)unused;
    for (int i = 0; i < WORKERS; i++)
        u->work(&u->wanted[i], i);
}

static inline void work_disturbed(struct undisturbed *u)
{
    static const struct go_attr attr = {.stack_size = WORKER_STACK};

    atomic_store(&u->next, 0);
    go_waitgroup_add(&u->running, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQ(0, go_spawn_attr(&attr, work_for, u));
    go_waitgroup_wait(&u->running);
    for (int i = 0; i < WORKERS; i++) {
        if (CHECK_EQ(u->wanted[i].size, u->found[i].size))
            CHECK_MEM(u->wanted[i].bytes, u->found[i].bytes, u->wanted[i].size);
        u->found[i].size = 0;
    }
}

/* Again and again until the goroutines were taken off often enough to mean something. */
static inline void work_until_disturbed(struct undisturbed *u)
{
    const uint64_t enough = test_can_preempt() ? (uint64_t)SCALED(ENOUGH_PREEMPTIONS) : 0;
    const int64_t end = test_now() + 60 * GO_SECOND;
    struct go_stats before = {0}, now = {0};
    unsigned long long asked, taken, refused;

    go_stats_read(&before, sizeof before);
    do {
        work_disturbed(u);
        go_stats_read(&now, sizeof now);
        asked = now.preempt_requests - before.preempt_requests;
        taken = now.preemptions - before.preemptions;
        refused = now.refusals[GO_REFUSED_FOREIGN] - before.refusals[GO_REFUSED_FOREIGN];
    } while (taken < enough && test_now() < end);
    CHECK_BETWEEN(enough, INT64_MAX, taken);
    test_note("asked to give way %llu times: taken off %llu, refused in libraries %llu", asked, taken, refused);
}

/* First on a plain thread, one piece after the other; then by goroutines on two processors at the shortest slice. */
static inline void check_undisturbed(piece_of_work *work)
{
    struct undisturbed *u = test_alloc(sizeof *u);

    u->work = work;
    crew_wait(crew_start_threads(1, work_undisturbed, u));
    for (int i = 0; i < WORKERS; i++)
        CHECK_BETWEEN(1, INT64_MAX, u->wanted[i].size);
    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    work_until_disturbed(u);
    for (int i = 0; i < WORKERS; i++) {
        free(u->wanted[i].bytes);
        free(u->found[i].bytes);
    }
}

#endif
