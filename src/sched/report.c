/* Last words: fatal (our bug), ruin (the caller's, and nothing can go on), and panics that nobody has recovered.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "base/format.h"
#include "base/unwind.h"
#include "sched/preempt.h"
#include "sched/sched.h"

enum { FRAMES = 48, NAME_SIZE = 160 };
#define PATIENCE (5 * GO_SECOND)

static _Atomic uintptr_t reporter; /* the thread that writes a report; nobody else does, and nothing comes after it */

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

_Noreturn void ruin(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line("panic: ", format, arguments);
    va_end(arguments);
    os_exit(2);
}

bool report_is_ours(void)
{
    return load_relaxed(&reporter) == os_thread_self().id;
}

/* The first to come reports; the others stop where they are, and end with the process. If that does not happen, it may be for a
 * lock of libc's that one of them has failed with. */
static void claim(void)
{
    uintptr_t nobody = 0, self = os_thread_self().id;
    if (cas_ordered(&reporter, &nobody, self) || nobody == self)
        return;
    static _Atomic uint32_t never;
    int64_t until = os_now() + PATIENCE;
    while (os_now() < until)
        os_wait(&never, 0, until);
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

static void write_frame(uintptr_t pc)
{
    struct text text = {0};
    char name[NAME_SIZE];
    os_image_name(pc, name, sizeof name);
    text_add(&text, "    %s\n", name);
    os_write(2, text.bytes, text.used);
}

/* To load an unwinder takes memory and locks of libc's, which a fault there may have found half way. */
static bool may_load(const struct panic *p)
{
    for (; p; p = p->outer)
        if (p->info.signal && !os_image_owns(p->info.pc))
            return false;
    return true;
}

/* The library's own frames say nothing to the caller. Without an unwinder there is only what a fault tells. */
static void write_frames(const struct panic *p)
{
    uintptr_t pcs[FRAMES];
    size_t n = unwind_look(pcs, FRAMES, may_load(p) ? os_unwinder : NULL);
    for (size_t i = 0; i < n; i++)
        if (!preempt_in_library(pcs[i]))
            write_frame(pcs[i]);
    if (n == 0 && p->info.pc)
        write_frame(p->info.pc);
}

_Noreturn void report_panics(const struct panic *p)
{
    preempt_hold();
    claim();
    write_panics(p);
    write_frames(p);
    os_exit(2);
}
