/* With libgoroutine-trace, frames have names, files and lines. The tests of api/debug_trace_test.c are in this program too.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "hogs.h"
#include "traces.h"

struct subject {
    go_chan *c;
    _Atomic uint64_t id;
};

static int line;

__attribute__((noinline)) static void wait_on_a_line(struct subject *s)
{
    line = __LINE__ + 2;
    atomic_store(&s->id, go_id());
    go_recv(s->c, NULL);
    __asm__ volatile("" ::: "memory");
}

static inline __attribute__((always_inline)) void wait_inlined(struct subject *s)
{
    wait_on_a_line(s);
}

static void wait_around(void *arg)
{
    wait_inlined(arg);
    __asm__ volatile("" ::: "memory");
}

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

TEST(a_frame_has_function_offset_file_and_line)
{
    struct subject *s = test_alloc(sizeof *s);
    char place[40], *dump;
    struct trace *t;
    uint64_t id;

    s->c = test_chan(0, 0);
    CHECK_EQ(0, go_spawn(wait_around, s));
    id = trace_parked(&s->id);
    dump = trace_dump();
    t = trace_of(dump, id);
    snprintf(place, sizeof place, " named_test.c:%d", line);
    if (!CHECK_BETWEEN(4, 5, t->count) || !CHECK(strncmp(t->line[0], "go_recv", 7) == 0) ||
        !CHECK(strncmp(t->line[1], "wait_on_a_line+0x", 17) == 0) || !CHECK(ends_with(t->line[1], place)) ||
        !CHECK(strncmp(t->line[2], "wait_inlined named_test.c:", 26) == 0) ||
        !CHECK(strncmp(t->line[3], "wait_around+0x", 14) == 0))
        test_note("%s", dump);
    CHECK(strstr(dump, "] wait_around named_test.c:") != NULL);
    free(dump);
    go_chan_close(s->c);
}

static atomic_bool in_handler, stop;

static void compute_in_handler(int number)
{
    (void)number;
    atomic_store(&in_handler, true);
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        ;
}

__attribute__((noinline)) static void raise_signal(_Atomic uint64_t *id)
{
    atomic_store(id, go_id());
    raise(SIGUSR1);
    __asm__ volatile("" ::: "memory");
}

static void be_interrupted(void *arg)
{
    raise_signal(arg);
    __asm__ volatile("" ::: "memory");
}

static int index_of(const struct trace *t, const char *name)
{
    for (int i = 0; i < t->count; i++)
        if (strcmp(t->name[i], name) == 0)
            return i;
    return -1;
}

TEST(a_goroutine_in_a_signal_handler_shows_what_was_interrupted)
{
    struct sigaction action = {.sa_handler = compute_in_handler}, earlier;
    _Atomic uint64_t *id = test_alloc(sizeof *id);
    char *dump;
    struct trace *t;

    NEEDS_PREEMPTION();
    sigaction(SIGUSR1, &action, &earlier);
    go_maxprocs(2);
    CHECK_EQ(0, go_spawn(be_interrupted, id));
    EVENTUALLY(atomic_load(&in_handler));
    dump = trace_dump();
    t = trace_of(dump, atomic_load(id));
    if (!CHECK(index_of(t, "compute_in_handler") >= 0) || !CHECK(index_of(t, "raise_signal") > index_of(t, "compute_in_handler")) ||
        !CHECK_EQ(index_of(t, "raise_signal") + 1, index_of(t, "be_interrupted")))
        test_note("%s", dump);
    free(dump);
    atomic_store(&stop, true);
    EVENTUALLY(go_count() == 1);
    sigaction(SIGUSR1, &earlier, NULL);
}
