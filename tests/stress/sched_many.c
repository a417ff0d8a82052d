/* Very many goroutines: at once, one after the other, and in memory that stays bounded.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "hogs.h"
#include "sanitizers.h"

/* Kilobytes from a line of /proc/self/status. */
static long status_kb(const char *name)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kb = 0;

    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0)
            kb = atol(line + strlen(name) + 1);
    if (f)
        fclose(f);
    return kb;
}

/* What the process takes from the machine: pages and page tables. */
static int64_t memory_used(void)
{
    return ((int64_t)status_kb("VmRSS") + status_kb("VmPTE")) * 1024;
}

static int64_t memory_available(void)
{
    FILE *f = fopen("/proc/meminfo", "r");
    char line[256];
    long kb = 0;

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %ld", &kb) == 1)
            break;
    if (f)
        fclose(f);
    return (int64_t)kb * 1024;
}

struct parking {
    go_chan *leave;
    atomic_int parked, left;
};

static void park(void *arg)
{
    struct parking *p = arg;

    atomic_fetch_add(&p->parked, 1);
    go_recv(p->leave, NULL);
    atomic_fetch_add(&p->left, 1);
}

/* Spawns until n are parked; in portions, so that those that have not parked yet are few. */
static bool fill(struct parking *p, int n)
{
    for (int i = 0; i < n; i++) {
        if (!CHECK_EQ(0, go_spawn(park, p)))
            return false;
        if (i % 256 == 255)
            while (atomic_load(&p->parked) <= i)
                go_yield();
    }
    while (atomic_load(&p->parked) < n)
        go_yield();
    return true;
}

static void empty(struct parking *p, int n)
{
    CHECK_EQ(0, go_chan_close(p->leave));
    EVENTUALLY(atomic_load(&p->left) == n);
    EVENTUALLY(go_count() == 1);
}

/* Before others have left stacks behind, which would be used again. */
TEST(a_million_parked_goroutines_take_4400_bytes_each_page_tables_included)
{
    int n = CROWD(1000000);
    struct parking *p = test_alloc(sizeof *p);
    int64_t before, each;

    if (memory_available() < (int64_t)n * 8192)
        SKIP("not enough memory");
    if (WITH_ASAN || WITH_TSAN)
        SKIP("a sanitizer adds memory of its own");
    p->leave = test_chan(0, 0);
    before = memory_used();
    if (!fill(p, n))
        return;
    each = (memory_used() - before) / n;
    test_note("%d parked, %lld bytes each", n, (long long)each);
    if (!emulated()) /* which has no guards but by mappings, and its own page tables */
        CHECK_BETWEEN(100, 4400, each);
    empty(p, n);
}

struct sums {
    atomic_llong sum;
    atomic_int done;
};

struct triangle {
    struct sums *s;
    int n;
};

static void add_triangle(void *arg)
{
    struct triangle *t = arg;
    long long sum = 0;

    for (int i = 1; i <= t->n; i++) {
        sum += i;
        __asm__ volatile("" : "+r"(sum));
    }
    atomic_fetch_add(&t->s->sum, sum);
    atomic_fetch_add(&t->s->done, 1);
}

static void check_triangles(int procs, int n, int64_t slice)
{
    struct sums *s = test_alloc(sizeof *s);
    struct triangle *all = test_alloc((size_t)n * sizeof *all);
    long long expected = 0;

    go_maxprocs(procs);
    go_slice(slice);
    for (int i = 0; i < n; i++) {
        all[i] = (struct triangle){s, i % 3000};
        expected += (long long)all[i].n * (all[i].n + 1) / 2;
        if (!CHECK_EQ(0, go_spawn(add_triangle, &all[i])))
            return;
    }
    EVENTUALLY(atomic_load(&s->done) == n);
    CHECK_EQ(expected, atomic_load(&s->sum));
}

TEST(seventy_five_thousand_goroutines_each_add_up_a_triangle)
{
    check_triangles(1, CROWD(75000), GO_MILLISECOND);
    check_triangles(2, CROWD(75000), 20 * GO_MICROSECOND);
    check_triangles(8, CROWD(75000), 100 * GO_MICROSECOND);
}

/* The limit of mappings is 65530 by default: a stack must not cost two. */
TEST(a_hundred_thousand_goroutines_are_parked_at_once)
{
    int n = CROWD(100000);
    struct parking *p = test_alloc(sizeof *p);

    p->leave = test_chan(0, 0);
    if (fill(p, n))
        CHECK_EQ(n + 1, go_count());
    empty(p, atomic_load(&p->parked));
}

/* Goroutines that are started one after the other; ThreadSanitizer takes its time for each. */
static int births(int n)
{
    return SCALED(WITH_TSAN ? n / 200 : n);
}

static void end_at_once(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

TEST(ten_million_goroutines_start_and_end_in_bounded_memory)
{
    int n = births(10000000);
    atomic_int *ended = test_alloc(sizeof *ended);
    int64_t before = 0;

    for (int i = 0; i < n; i++) {
        if (!CHECK_EQ(0, go_spawn(end_at_once, ended)))
            return;
        while (i - atomic_load(ended) > 5000)
            go_yield();
        if (i == n / 10)
            before = memory_used();
    }
    EVENTUALLY(atomic_load(ended) == n);
    CHECK_BETWEEN(INT64_MIN, 100 << 20, memory_used() - before);
}

TEST(memory_of_parked_goroutines_is_used_again)
{
    int n = CROWD(100000);
    int64_t first = 0;

    for (int round = 0; round < 5; round++) {
        struct parking *p = test_alloc(sizeof *p);

        p->leave = test_chan(0, 0);
        if (!fill(p, n))
            return;
        if (round == 0)
            first = memory_used();
        else
            CHECK_BETWEEN(0, first + first / 4 + (16 << 20), memory_used());
        empty(p, n);
    }
}

struct link_in_chain {
    atomic_int left;
    atomic_int ended;
};

static void spawn_next(void *arg)
{
    struct link_in_chain *c = arg;

    if (atomic_fetch_sub(&c->left, 1) > 1 && !CHECK_EQ(0, go_spawn(spawn_next, c)))
        return;
    atomic_fetch_add(&c->ended, 1);
}

TEST(a_million_goroutines_each_start_the_next)
{
    int n = births(1000000);

    for (int procs = 1; procs <= 4; procs *= 2) {
        struct link_in_chain *c = test_alloc(sizeof *c);

        go_maxprocs(procs);
        atomic_store(&c->left, n);
        CHECK_EQ(0, go_spawn(spawn_next, c));
        EVENTUALLY(atomic_load(&c->ended) == n);
    }
}

struct tree {
    atomic_int leaves;
};

struct branch {
    struct tree *t;
    int depth;
    go_waitgroup wg;
};

/* Both children live on the parent's stack until they have ended. */
static void grow(void *arg)
{
    struct branch *b = arg;
    struct branch children[2];

    if (b->depth == 0) {
        atomic_fetch_add(&b->t->leaves, 1);
        go_waitgroup_done(&b->wg);
        return;
    }
    for (int i = 0; i < 2; i++) {
        children[i] = (struct branch){.t = b->t, .depth = b->depth - 1};
        go_waitgroup_add(&children[i].wg, 1);
        CHECK_EQ(0, go_spawn(grow, &children[i]));
    }
    for (int i = 0; i < 2; i++)
        CHECK_EQ(0, go_waitgroup_wait(&children[i].wg));
    go_waitgroup_done(&b->wg);
}

TEST(a_tree_of_a_hundred_thousand_goroutines_grows_and_ends)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct tree *t = test_alloc(sizeof *t);
        struct branch root = {.t = t, .depth = WITH_TSAN ? 9 : 16};

        go_maxprocs(procs);
        go_slice(100 * GO_MICROSECOND);
        go_waitgroup_add(&root.wg, 1);
        CHECK_EQ(0, go_spawn(grow, &root));
        CHECK_EQ(0, go_waitgroup_wait(&root.wg));
        CHECK_EQ(1 << root.depth, atomic_load(&t->leaves));
    }
}

static int64_t time_of_ends(int n)
{
    atomic_int *ended = test_alloc(sizeof *ended);
    int64_t begin = test_now();

    for (int i = 0; i < n; i++) {
        go_spawn(end_at_once, ended);
        if (i % 64 == 63)
            while (atomic_load(ended) <= i)
                go_yield();
    }
    while (atomic_load(ended) < n)
        go_yield();
    return test_now() - begin;
}

TEST(to_start_and_to_end_costs_the_same_however_many_others_live)
{
    int n = CROWD(100000);
    struct parking *p = test_alloc(sizeof *p);
    int64_t alone, among_many;

    go_maxprocs(1);
    p->leave = test_chan(0, 0);
    time_of_ends(n / 2);
    alone = time_of_ends(n);
    if (!fill(p, n))
        return;
    among_many = time_of_ends(n);
    empty(p, n);
    CHECK_BETWEEN(0, 20 * alone + GO_SECOND, among_many);
}
