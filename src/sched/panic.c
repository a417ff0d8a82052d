/* The ends: fatal (our bug), panic (the caller's), and faults that tell an overflowed stack.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "base/format.h"
#include "sched/sched.h"

static void add_goroutine(struct text *text)
{
    struct thread *m = thread_self();
    struct goroutine *g = m ? m->current : NULL;
    if (g && g->kind == KIND_GOROUTINE) {
        text_add(text, " [goroutine %llu%s%s]\n", (unsigned long long)load_relaxed(&g->id), g->name[0] ? " " : "", g->name);
    } else {
        text_add(text, " [%s]\n", m ? "scheduler" : "plain thread");
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
    os_abort();
}

_Noreturn void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("panic: ", format, arguments);
    va_end(arguments);
    os_exit(2);
}

static _Noreturn void stack_overflow(struct goroutine *g)
{
    struct text text = {0};
    size_t usable = g->stack_high - g->stack_low;
    text_add(&text, "fatal: stack overflow: goroutine %llu%s%s has %zu bytes of stack; go_spawn_attr can give it more\n",
             (unsigned long long)load_relaxed(&g->id), g->name[0] ? " " : "", g->name, usable);
    os_write(2, text.bytes, text.used);
    os_abort();
}

/* On the alternate stack of the thread that faulted. A fault in the gap below a stack, or one where the kernel found no room
 * there for an interrupt's frame (it names no address then), is an overflow. */
bool report_fault(void *frame, void *address)
{
    arch_settle();
    bool in_gap = false;
    struct goroutine *g = stack_owner((uintptr_t)address, &in_gap);
    if (g && in_gap)
        stack_overflow(g);
    struct thread *m = thread_self();
    if (!m || m->current->kind != KIND_GOROUTINE || !m->current->region)
        return false;
    uintptr_t sp = arch_frame_sp(frame);
    g = m->current;
    if (sp < g->stack_low + os_frame_room() && sp + STACK_GAP > g->stack_low && !address)
        stack_overflow(g);
    return false;
}
