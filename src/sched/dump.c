/* Seeing every goroutine: number, state, what it waits for and since when, where it was started. Reads while the world moves.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "base/format.h"
#include "sched/ending.h"
#include "sched/monitor.h"
#include "sched/sched.h"
#include "sched/trace.h"

#include <errno.h>

#include "goroutine/debug.h"

#define NAME_SIZE 400

/* One that says that it runs may sleep in a call that nobody announced. */
static const char *describe_running(struct goroutine *g)
{
    struct thread *m = runs_on(g);
    return m && taken_sleeps(m) ? "in a system call" : "running";
}

static const char *describe_state(struct goroutine *g, uint32_t state)
{
    switch (state) {
    case G_RUNNABLE:
        return "runnable";
    case G_RUNNING:
        return describe_running(g);
    case G_BLOCKED:
        return "in a blocking region";
    default: {
        const char *why = load_relaxed(&g->why);
        return why ? why : "waiting";
    }
    }
}

/* What a dump shows of a goroutine that may be starting or ending meanwhile. */
struct sight {
    uint32_t state;
    uintptr_t fn, creator_pc;
    uint64_t id, creator_id;
    int64_t since;
    const void *where;
    char name[sizeof(((struct goroutine *)0)->name)];
};

/* Where a function's code begins. The object that it is of may have gone. */
static uintptr_t code_of(uintptr_t fn)
{
    uintptr_t code = 0;
    bool known = ARCH_DESCRIPTORS && fn && os_peek(fn, &code, sizeof code) == sizeof code;
    return known ? code : fn;
}

READS_RACILY static struct sight look_at(struct goroutine *g)
{
    struct sight s = {.state = load_acquire(&g->state), .id = load_relaxed(&g->id), .since = load_relaxed(&g->since)};
    s.where = load_relaxed(&g->where);
    s.fn = code_of((uintptr_t)g->fn);
    s.creator_pc = g->creator_pc;
    s.creator_id = g->creator_id;
    for (size_t i = 0; i < sizeof s.name - 1; i++)
        s.name[i] = ((volatile char *)g->name)[i];
    s.name[sizeof s.name - 1] = 0;
    return s;
}

struct dump {
    int fd;
    struct goroutine *self;      /* who writes it; NULL: none of them */
    const struct go_stack *here; /* and where it is */
};

static void dump_one(struct goroutine *g, const struct dump *d)
{
    struct sight s = look_at(g);
    if (s.state == G_DEAD)
        return;
    struct text text = {0};
    char name[NAME_SIZE];
    text_add(&text, "goroutine %llu", (unsigned long long)s.id);
    if (s.name[0])
        text_add(&text, " \"%s\"", s.name);
    text_add(&text, " [%s", describe_state(g, s.state));
    if (s.state == G_WAITING && s.where)
        text_add(&text, " %p", s.where);
    int64_t ms = (sched_now() - s.since) / 1000000;
    if (s.state != G_RUNNING && s.since)
        text_add(&text, ", %lld.%llds", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
    text_add(&text, "]");
    if (s.fn) {
        trace_name(s.fn, name, sizeof name);
        text_add(&text, " %s, started by goroutine %llu", name, (unsigned long long)s.creator_id);
    }
    if (s.fn && s.creator_pc) {
        trace_name(s.creator_pc - 1, name, sizeof name);
        text_add(&text, " at %s", name);
    }
    text_add(&text, "\n");
    os_write(d->fd, text.bytes, text.used);
    trace_write(d->fd, g, g == d->self ? d->here : NULL);
}

static void dump_other(struct goroutine *g, void *argument)
{
    const struct dump *d = argument;
    if (g != d->self)
        dump_one(g, d);
}

/* Who writes it comes first. */
void dump_all(int fd, const struct go_stack *here)
{
    struct thread *m = thread_self();
    struct goroutine *self = m && here && m->current->kind == KIND_GOROUTINE ? m->current : NULL;
    struct dump d = {.fd = fd, .self = self, .here = here};
    ask_patiently();
    preempt_hold();
    if (self)
        dump_one(self, &d);
    dump_other(&main_goroutine, &d);
    stack_each(dump_other, &d);
    preempt_release();
}

int go_dump(int fd)
{
    if (fd < 0)
        return -EINVAL;
    int error = sched_ensure();
    if (error)
        return error;
    struct go_stack here = trace_caller();
    dump_all(fd, &here);
    return 0;
}
