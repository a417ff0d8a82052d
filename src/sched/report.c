/* Last words: fatal (our bug), ruin (the caller's, and nothing can go on), and panics that nobody has recovered.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "base/format.h"
#include "sched/ending.h"
#include "sched/preempt.h"
#include "sched/sched.h"
#include "sched/trace.h"

#define PATIENCE (5 * GO_SECOND)
#define GRACE    GO_SECOND /* for what is deferred in a panic that may be the program's end */

static _Atomic uintptr_t reporter; /* the thread that writes a report; nobody else does, and nothing comes after it */

/* NULL: on a plain thread, or in no goroutine. */
static struct goroutine *current_goroutine(void)
{
    struct thread *m = thread_mine();
    return m && m->current && m->current->kind == KIND_GOROUTINE ? m->current : NULL;
}

static void add_goroutine(struct text *text)
{
    struct goroutine *g = current_goroutine();
    if (g) {
        text_add(text, " [goroutine %llu%s%s]\n", (unsigned long long)load_relaxed(&g->id), g->name[0] ? " " : "", g->name);
    } else {
        text_add(text, " [%s]\n", thread_mine() ? "scheduler" : "plain thread");
    }
}

static void write_line(const char *kind, const char *format, va_list arguments)
{
    struct text text = {0};
    text_add(&text, "%s", kind);
    text_addv(&text, format, arguments);
    add_goroutine(&text);
    os_write(2, text.bytes, text.used);
}

_Noreturn void fatal(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("fatal: ", format, arguments);
    va_end(arguments);
    struct go_stack here = trace_caller();
    trace_write(2, current_goroutine(), &here);
    os_abort();
}

_Noreturn void fatal_fault(const void *frame, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("fatal: ", format, arguments);
    va_end(arguments);
    struct go_stack there = trace_interrupted(frame);
    trace_write(2, current_goroutine(), &there);
    os_abort();
}

_Noreturn void report_overflow(struct goroutine *g, const struct go_stack *there)
{
    struct text text = {0};
    size_t usable = g->stack_high - g->stack_low;
    text_add(&text, "fatal: stack overflow: goroutine %llu%s%s", (unsigned long long)load_relaxed(&g->id), g->name[0] ? " " : "",
             g->name);
    if (g->region)
        text_add(&text, " has %zu bytes of stack; go_spawn_attr can give it more\n", usable);
    else
        text_add(&text, " has used up the stack of the process\n");
    os_write(2, text.bytes, text.used);
    trace_write(2, g, there);
    os_abort();
}

/* Who did it comes first. */
static void write_stacks(const struct go_stack *here)
{
    if (!current_goroutine())
        trace_write(2, NULL, here);
    dump_all(2, here);
}

_Noreturn void ruin(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("panic: ", format, arguments);
    va_end(arguments);
    struct go_stack here = trace_caller();
    write_stacks(&here);
    os_exit(2);
}

bool report_is_ours(void)
{
    return load_relaxed(&reporter) == os_thread_self().id;
}

/* The first to come reports; the others stop where they are, and end with the process. If the report does not come on, it may be
 * for a lock of libc's that one of them has failed with. */
void report_claim(void)
{
    uintptr_t nobody = 0, self = os_thread_self().id;
    if (cas_ordered(&reporter, &nobody, self) || nobody == self)
        return;
    static _Atomic uint32_t never;
    uint32_t seen = load_relaxed(&trace_count);
    for (int64_t until = sched_now() + PATIENCE; sched_now() < until;) {
        os_wait(&never, 0, until);
        if (load_relaxed(&trace_count) == seen)
            continue;
        seen = load_relaxed(&trace_count);
        until = sched_now() + PATIENCE;
    }
    os_exit(2);
}

/* The oldest first. */
static void write_panics(const struct panic *p)
{
    if (p->outer)
        write_panics(p->outer);
    struct text text = {0};
    text_add(&text, "panic: %s%s", p->info.message, p->recovered ? " [recovered]" : "");
    add_goroutine(&text);
    os_write(2, text.bytes, text.used);
}

_Noreturn void report_panics(const struct panic *p)
{
    preempt_hold();
    report_claim();
    write_panics(p);
    write_stacks(&p->stack);
    os_exit(2);
}

/* Main has returned, perhaps because of what a panicking goroutine's deferred functions did, and before the panic has come to its
 * end: the program must exit with its report, and with 2. (Go's main() waits likewise.) In a scheduler context nobody can wait:
 * what a host calls, to which the only thread was given back (wasm). */
void report_before_exit(void)
{
    const struct goroutine *g = sched_self();
    if (g->kind == KIND_SCHEDULER)
        return;
    uint32_t own = g->falls;
    int64_t until = sched_now() + GRACE;
    while (load_ordered(&sched.falling) > own && !load_relaxed(&reporter) && sched_now() < until)
        sched_yield_now();
    if (load_relaxed(&reporter) && !report_is_ours())
        report_claim();
}
