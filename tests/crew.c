/* Helpers of tests: crews of goroutines or threads, and memory and channels that live as long as a test's goroutines.
 *
 * SPDX-License-Identifier: MIT
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "framework.h"
#include "sanitizers.h"

struct kept {
    struct kept *next;
    go_chan *chan; /* what is kept: this, or the bytes behind */
    max_align_t bytes[];
};

struct member {
    struct crew *crew;
    int index;
    pthread_t thread;
};

struct crew {
    crew_fn *fn;
    void *arg;
    go_chan *done;
    bool threads;
    int n;
    struct member members[];
};

static struct kept *_Atomic all_kept;

static _Noreturn void bail_out(const char *why)
{
    test_say("Bail out! %s", why);
    exit(1);
}

static struct kept *keep(size_t size)
{
    struct kept *k = calloc(1, sizeof *k + size);

    if (!k)
        bail_out("no memory");
    k->next = atomic_load(&all_kept);
    while (!atomic_compare_exchange_weak(&all_kept, &k->next, k))
        ;
    return k;
}

void *test_alloc(size_t size)
{
    return keep(size)->bytes;
}

go_chan *test_chan(size_t elem_size, size_t capacity)
{
    struct kept *k = keep(0);

    k->chan = go_chan_new(elem_size, capacity);
    if (!k->chan)
        bail_out("go_chan_new gave NULL");
    return k->chan;
}

void crew_clean_up(void)
{
    struct kept *k = atomic_exchange(&all_kept, NULL), *next;

    for (; k; k = next) {
        next = k->next;
        if (k->chan && go_chan_free(k->chan) != 0)
            test_fail("leak", 0, "somebody still waits on a channel");
        free(k);
    }
}

void crew_forget(void)
{
    atomic_store(&all_kept, NULL);
}

static void be_member(void *arg)
{
    struct member *m = arg;

    m->crew->fn(m->crew->arg, m->index);
    go_send(m->crew->done, NULL);
}

static void *be_thread(void *arg)
{
    be_member(arg);
    thread_takes_no_more_signals();
    return NULL;
}

static struct crew *start(int n, crew_fn *fn, void *arg, bool threads)
{
    struct crew *c = test_alloc(sizeof *c + (size_t)n * sizeof c->members[0]);

    *c = (struct crew){.fn = fn, .arg = arg, .done = test_chan(0, (size_t)n), .threads = threads, .n = n};
    for (int i = 0; i < n; i++) {
        struct member *m = &c->members[i];

        *m = (struct member){.crew = c, .index = i};
        if (threads ? pthread_create(&m->thread, NULL, be_thread, m) : go_spawn(be_member, m))
            bail_out(threads ? "pthread_create failed" : "go_spawn failed");
    }
    return c;
}

struct crew *crew_start(int n, crew_fn *fn, void *arg)
{
    return start(n, fn, arg, false);
}

struct crew *crew_start_threads(int n, crew_fn *fn, void *arg)
{
    return start(n, fn, arg, test_has_threads());
}

void crew_wait(struct crew *c)
{
    for (int i = 0; i < c->n; i++)
        if (go_recv(c->done, NULL) != 0)
            bail_out("a crew's channel failed");
    for (int i = 0; c->threads && i < c->n; i++)
        pthread_join(c->members[i].thread, NULL);
}

void crew_run(int n, crew_fn *fn, void *arg)
{
    crew_wait(crew_start(n, fn, arg));
}

struct launch {
    void (*fn)(void *);
    void *arg;
    atomic_bool started;
};

static void run_launch(void *arg)
{
    struct launch *l = arg;

    go_preempt_off();
    atomic_store(&l->started, true);
    l->fn(l->arg);
    go_preempt_on();
}

void test_start_until_blocked(void (*fn)(void *), void *arg)
{
    struct launch *l = test_alloc(sizeof *l);
    int procs = go_maxprocs(1);

    *l = (struct launch){.fn = fn, .arg = arg};
    if (go_spawn(run_launch, l) != 0)
        bail_out("go_spawn failed");
    while (!atomic_load(&l->started))
        go_yield();
    test_settle();
    go_maxprocs(procs);
}

bool test_can_preempt(void)
{
    const char *mode = getenv("GOROUTINE_PREEMPT");

    return test_has_threads() && !WITH_TSAN && !(mode && strcmp(mode, "off") == 0);
}

/* Guards are mappings under an emulator, of which there are few; without threads there is no memory for more; and an address space
 * of 32 bits has no room for the stacks. */
static int most_at_once(void)
{
    if (WITH_TSAN)
        return 1000;
    if (emulated() || !test_has_threads())
        return 10000;
    return sizeof(void *) < 8 ? 20000 : INT_MAX;
}

int test_crowd(int n)
{
    int scaled = test_scaled(n), most = most_at_once();

    return scaled > most ? most : scaled;
}

void test_settle(void)
{
    int64_t end = test_now() + GO_MILLISECOND;

    for (int yields = 0; yields < 100 || test_now() < end; yields++)
        go_yield();
}
