/* Tracebacks. A program that links libgoroutine-trace has its stacks walked by their unwind information and places named with
 * function, file and line; without it they are walked as the CPU knows how (most by frame pointers), and places are offsets in
 * their file, for addr2line.
 *
 * This is written for programs that are broken: whoever is shown may hold any lock of libc and may never run again, so nothing
 * waits for one, nothing is allocated, and whatever is read from a stack is taken for what it may be: garbage. Where a
 * goroutine stands is known from what lies on its stack if it is parked or was preempted, from its thread if it runs (ask.c), and
 * from where it said so if it is in a blocking region.
 *
 * Of the library's own frames, only the call that the program made is shown.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/trace.h"

#include "arch/arch.h"
#include "base/format.h"
#include "base/valgrind.h"
#include "sched/sched.h"

#include <errno.h>

#define TRIES     3
#define KEPT      32     /* of the innermost and of the outermost frames each */
#define STEPS     100000 /* where the walk ends at the latest */
#define NAME_SIZE 400
#define PATIENCE  1000000000
#define OWN_STACK ((size_t)128 << 10)

_Atomic uint32_t trace_count;

static struct lock lock;
static struct view view;                         /* under lock */
static _Atomic(const struct go_tracer *) tracer; /* NULL: none */

/* ---- the lock ---- */

/* Not for ever: a thread that holds it may be the one that faulted, beneath us. */
static bool lock_in_time(void)
{
    int64_t end = sched_now() + PATIENCE;
    while (!lock_try(&lock)) {
        if (sched_now() > end)
            return false;
        os_thread_yield();
    }
    return true;
}

/* ---- where it stands ---- */

struct go_stack trace_caller_of(const void *frame_address, const void *cfa, const void *caller)
{
    (void)frame_address;
    if (!ARCH_SHOWS_CALLS)
        return (struct go_stack){0};
    return (struct go_stack){.pc = arch_unsigned((uintptr_t)caller) - 1,
                             .sp = (uintptr_t)cfa - ARCH_CFA_OFFSET,
                             .fp = ARCH_CALLER_FP(frame_address, cfa, caller)};
}

struct go_stack trace_interrupted(const void *frame)
{
    return (struct go_stack){.pc = arch_frame_pc(frame),
                             .sp = arch_frame_sp(frame),
                             .fp = arch_frame_fp(frame),
                             .link = arch_frame_link(frame),
                             .more = arch_frame_more(frame)};
}

READS_RACILY struct thread *runs_on(const struct goroutine *g)
{
    for (struct thread *m = load_acquire(&sched.all_threads); m; m = m->all_link)
        if (*(struct goroutine *volatile *)&m->current == g)
            return m;
    return NULL;
}

/* Where it stopped, if it has: an interrupt that it was preempted in, or a switch. */
READS_RACILY static bool view_of_stopped(struct goroutine *g)
{
    void *sp = g->sp, *frame = g->frame;
    if (!sp || (uintptr_t)sp < g->stack_low || (uintptr_t)sp >= g->stack_high)
        return false;
    uint64_t words[ARCH_CONTEXT_BYTES / sizeof(uint64_t) + 1];
    struct go_stack there;
    if (frame)
        there = trace_interrupted(frame);
    else if (os_peek((uintptr_t)sp, words, ARCH_CONTEXT_BYTES) == ARCH_CONTEXT_BYTES)
        there = (struct go_stack){.pc = arch_context_pc(words),
                                  .sp = (uintptr_t)sp + (arch_context_sp(words) - (uintptr_t)words),
                                  .fp = arch_context_fp(words),
                                  .more = arch_context_more(words)};
    else
        return false;
    view_take(&view, g, &there);
    return g->sp == sp && g->frame == frame && !runs_on(g);
}

/* Where it was when it said that it may block. What it called since is not known. */
READS_RACILY static bool view_of_region(struct goroutine *g)
{
    struct go_stack s = g->outside;
    if (!s.pc)
        return false;
    view_take(&view, g, &s);
    return load_acquire(&g->state) == G_BLOCKED;
}

static bool find(struct goroutine *g)
{
    for (int i = 0; i < TRIES; i++) {
        uint32_t state = load_acquire(&g->state);
        struct thread *m = runs_on(g);
        if (state == G_DEAD)
            return false;
        if (state == G_BLOCKED ? view_of_region(g) : m ? ask_for_view(m, g, &view) : view_of_stopped(g))
            return true;
    }
    return false;
}

/* ---- walking ---- */

/* The frames to be written: the innermost, the outermost, and how many there are. */
struct path {
    uint32_t count, steps;
    uintptr_t library; /* the last frame of our own; shown once it is known that the program called it */
    uintptr_t inner[KEPT], outer[KEPT];
};

static void add(struct path *p, uintptr_t pc)
{
    if (p->count < KEPT)
        p->inner[p->count] = pc;
    else
        p->outer[p->count % KEPT] = pc;
    p->count++;
}

static int visit(void *argument, uintptr_t pc)
{
    struct path *p = argument;
    if (preempt_in_library(pc)) {
        p->library = pc;
    } else {
        if (p->library)
            add(p, p->library);
        p->library = 0;
        add(p, pc);
    }
    return ++p->steps < STEPS;
}

static bool find_caller(struct arch_place *at, const struct view *v)
{
    if (ARCH_UNWIND_SEGMENT && !os_image_table(at->pc, &at->table, &at->table_bytes))
        at->table_bytes = 0;
    return arch_find_caller(at, view_read, v);
}

/* What the CPU can tell without unwind information, as long as it leads to somebody's text. */
static void walk_callers(const struct view *v, int (*visit)(void *argument, uintptr_t pc), void *argument)
{
    struct arch_place at = {.pc = v->stack.pc, .sp = v->stack.sp, .fp = v->stack.fp, .link = v->stack.link, .more = v->stack.more};
    char name[NAME_SIZE];
    while (visit(argument, at.pc) && find_caller(&at, v) && os_image_place(at.pc, name, sizeof name))
        continue;
}

/* ---- writing ---- */

/* A name may have several lines: functions that the compiler put into the one around them come first. */
static const char *outermost(const char *name)
{
    const char *end = __builtin_strrchr(name, '\n');
    return end ? end + 1 : name;
}

static void name_place(uintptr_t pc, char *name, size_t size)
{
    const struct go_tracer *t = load_acquire(&tracer);
    if (!t || !t->name || !t->name(pc, name, size))
        os_image_place(pc, name, size);
}

/* What is inlined into our own functions is nobody's business. */
static void write_place(int fd, uintptr_t pc)
{
    char name[NAME_SIZE];
    struct text text = {0};
    name_place(pc, name, sizeof name);
    text_add(&text, "    ");
    for (const char *c = preempt_in_library(pc) ? outermost(name) : name; *c; c++)
        text_add(&text, "%c%s", *c, *c == '\n' ? "    " : "");
    text_add(&text, "\n");
    os_write(fd, text.bytes, text.used);
}

static void write_path(int fd, const struct path *p)
{
    uint32_t inner = p->count < KEPT ? p->count : KEPT;
    uint32_t outer = p->count - inner < KEPT ? p->count - inner : KEPT;
    for (uint32_t i = 0; i < inner; i++)
        write_place(fd, p->inner[i]);
    if (p->count > inner + outer) {
        struct text text = {0};
        text_add(&text, "    ... %u frames%s ...\n", p->count - inner - outer, p->steps < STEPS ? "" : " and more");
        os_write(fd, text.bytes, text.used);
    }
    for (uint32_t i = p->count - outer; i < p->count; i++)
        write_place(fd, p->outer[i % KEPT]);
}

struct job {
    int fd;
    struct goroutine *g;
    const struct go_stack *here;
};

static void write_trace(void *argument)
{
    const struct job *job = argument;
    struct path path = {0};
    const struct go_tracer *t = load_acquire(&tracer);
    if (job->here)
        view_take(&view, job->g, job->here);
    bool found = job->here || find(job->g);
    if (found && t && t->walk)
        t->walk(&view.stack, visit, &path);
    else if (found)
        walk_callers(&view, visit, &path);
    write_path(job->fd, &path);
}

struct label {
    uintptr_t pc;
    char *text;
    size_t size;
};

static void find_name(void *argument)
{
    const struct label *l = argument;
    name_place(l->pc, l->text, l->size);
}

/* ---- doing it on a stack of its own ---- */

/* The first name costs 12 KiB of stack, and goroutines may have 16. */
static _Alignas(64) char own_stack[OWN_STACK]; /* under lock, as all that follows */
static void *back, *spent;
static void (*run)(void *);
static void *run_argument;

static void run_there(void)
{
    run(run_argument);
    arch_switch(&spent, back);
    fatal("a traceback that is over goes on");
}

/* False: somebody else is at it, and does not come to an end. */
static bool run_on_own_stack(void (*fn)(void *), void *argument)
{
    static bool told;
    preempt_hold();
    bool ours = lock_in_time();
    if (ours) {
        if (!told)
            valgrind_stack((uintptr_t)own_stack, (uintptr_t)own_stack + sizeof own_stack);
        told = true;
        run = fn;
        run_argument = argument;
        arch_switch(&back, arch_context_init_in(own_stack, own_stack, own_stack + sizeof own_stack, run_there));
        lock_drop(&lock);
    }
    add_ordered(&trace_count, 1);
    preempt_release();
    return ours;
}

void trace_write(int fd, struct goroutine *g, const struct go_stack *here)
{
    struct job job = {.fd = fd, .g = g, .here = here};
    if (ARCH_SHOWS_CALLS)
        run_on_own_stack(write_trace, &job);
}

void trace_name(uintptr_t pc, char *text, size_t size)
{
    struct label l = {.pc = pc, .text = text, .size = size};
    if (!ARCH_SHOWS_CALLS || !run_on_own_stack(find_name, &l))
        os_image_place(pc, text, size);
    __builtin_memmove(text, outermost(text), __builtin_strlen(outermost(text)) + 1);
}

int go_set_tracer(const struct go_tracer *wanted)
{
    for (size_t i = 0; wanted && i < array_size(wanted->reserved); i++)
        if (wanted->reserved[i])
            return -EINVAL;
    store_release(&tracer, wanted); /* partner: who writes a dump */
    return 0;
}
