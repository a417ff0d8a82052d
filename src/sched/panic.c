/* Panics: raising them, what is deferred, landing in a go_try, recovering, and the end where nobody does.
 *
 * Deferred functions and tries are two lists on the goroutine's own stack, so that neither needs memory or unwind information. A
 * panic runs what is deferred on top of the stack that panicked; only then is the stack left, by landing where the innermost go_try
 * stands (arch_call), or it is reported while the stack still shows where it came from. Landing drops all panics that are younger
 * than the try: they were raised by frames that are gone.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "base/format.h"
#include "base/unwind.h"
#include "sched/ending.h"
#include "sched/preempt.h"
#include "sched/sched.h"
#include "sched/trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

_Static_assert(sizeof(struct exit_hook) <= sizeof(struct go_deferred), "struct go_deferred is too small");

/* A go_try under way; on its stack. */
struct attempt {
    struct attempt *outer;
    void *landing;
    struct exit_hook *deferred; /* what was deferred before */
    struct panic *panics;       /* those that were under way already */
    uint16_t preempt_off, blocking;
    bool panicked;
    bool closed; /* the goroutine ends */
    struct go_panic_info *info;
    struct unwinding unwinding;
    struct fiber fiber; /* for the sanitizers */
};

static _Atomic(go_panic_handler *) handler;

/* ---- what is deferred ---- */

void sched_exit_hook(struct exit_hook *hook)
{
    struct goroutine *g = sched_self();
    hook->outer = g->exit_hooks;
    g->exit_hooks = hook;
}

void sched_exit_forget(struct exit_hook *hook)
{
    sched_self()->exit_hooks = hook->outer;
}

void deferred_run(struct goroutine *g, const struct exit_hook *until)
{
    while (g->exit_hooks != until) {
        struct exit_hook *hook = g->exit_hooks;
        g->exit_hooks = hook->outer;
        void (*run)(void *) = hook->run;
        hook->run = NULL; /* it is done: go_run_deferred and go_undefer find nothing to do */
        run(hook->argument);
    }
}

void go_defer(struct go_deferred *deferred, void (*fn)(void *), void *arg)
{
    struct exit_hook *hook = (struct exit_hook *)deferred;
    hook->run = fn;
    if (!fn)
        panic("go_defer of no function");
    hook->argument = arg;
    sched_exit_hook(hook);
}

/* NULL: a panic has run it. */
static struct exit_hook *take_off(struct go_deferred *deferred)
{
    struct exit_hook *hook = (struct exit_hook *)deferred;
    if (!hook->run)
        return NULL;
    if (sched_self()->exit_hooks != hook)
        panic("go_run_deferred or go_undefer of what was not deferred last");
    sched_exit_forget(hook);
    return hook;
}

void go_run_deferred(struct go_deferred *deferred)
{
    struct exit_hook *hook = take_off(deferred);
    if (!hook)
        return;
    void (*run)(void *) = hook->run;
    hook->run = NULL;
    run(hook->argument);
}

void go_undefer(struct go_deferred *deferred)
{
    struct exit_hook *hook = take_off(deferred);
    if (hook)
        hook->run = NULL;
}

/* ---- trying ---- */

int go_try(void (*fn)(void *), void *arg, struct go_panic_info *info)
{
    if (!fn)
        return -EINVAL;
    struct goroutine *g = sched_self();
    struct attempt a; /* not cleared: most of it is for the unwinder, and mostly unused */
    a.outer = g->attempts;
    a.deferred = g->exit_hooks;
    a.panics = g->panics;
    a.preempt_off = g->preempt_off;
    a.blocking = g->blocking;
    a.panicked = a.closed = false;
    a.info = info;
    fiber_try(&g->fiber, &a.fiber);
    g->attempts = &a;
    bool landed = arch_call(&a.landing, fn, arg);
    g->attempts = a.outer;
    fiber_tried(&g->fiber, &a.fiber);
    if (unlikely(landed && a.closed))
        stack_leave(g);
    return landed && a.panicked;
}

static void touch_down(void *argument)
{
    struct attempt *a = argument;
    fiber_land();
    arch_land(a->landing);
}

static void keep_it(void)
{
    ruin("a catch (...) has kept a panic or go_exit, and must throw it on");
}

static void run_handler(void *goroutine)
{
    struct goroutine *g = goroutine;
    os_ending_run(&g->ending);
}

/* Where libc's handlers of a thread's end (os.h) are on the way, to the innermost first. When it has returned, stack_leave goes on.
 */
static _Noreturn void leave(struct goroutine *g, struct unwinding *u, uintptr_t until, void (*arrived)(void *), void *argument)
{
    os_ending_leave(&g->ending, until);
    uintptr_t frame = os_ending_frame(&g->ending);
    u->swallowed = keep_it;
    if (frame && frame < until)
        unwind_to(u, (ARCH_PUSHES_ARGUMENTS ? unwind_frame_of(frame) : frame) - 1, run_handler, g);
    unwind_to(u, until, arrived, argument);
}

static _Noreturn void unwind(struct goroutine *g, struct attempt *a)
{
    leave(g, &a->unwinding, (uintptr_t)a->landing, touch_down, a);
}

static _Noreturn void land(struct goroutine *g, struct attempt *a, const struct panic *p)
{
    a->panicked = !p->recovered;
    if (a->panicked && a->info)
        *a->info = p->info;
    g->panics = a->panics;
    unwind(g, a);
}

void attempts_close(struct goroutine *g)
{
    for (struct attempt *a = g->attempts; a; a = a->outer)
        a->closed = true;
    g->panics = NULL;
}

static void all_left(void *goroutine)
{
    goroutine_leave(goroutine);
}

/* From try to try: each goes on here when its part of the stack is left. */
_Noreturn void stack_leave(struct goroutine *g)
{
    if (g->attempts)
        unwind(g, g->attempts);
    leave(g, &g->unwinding, g->stack_high, all_left, g);
}

/* ---- raising ---- */

bool sched_panics(void)
{
    const struct panic *p = sched_self()->panics;
    return p && !p->recovered;
}

/* From the first panic that no go_try will end until the goroutine does: it may be the end of the program, which must not end
 * otherwise meanwhile. Partner: report_before_exit. */
static void fall(struct goroutine *g)
{
    if (g->falls)
        return;
    g->falls = true;
    add_ordered(&sched.falling, 1);
}

void fall_end(struct goroutine *g)
{
    if (!g->falls)
        return;
    g->falls = false;
    add_ordered(&sched.falling, -1u);
}

static bool is_being_handled(const struct panic *p)
{
    for (; p; p = p->outer)
        if (p->handled)
            return true;
    return false;
}

static _Noreturn void nobody_recovers(struct goroutine *g, struct panic *p)
{
    go_panic_handler *ask = is_being_handled(p->outer) ? NULL : load_acquire(&handler);
    p->handled = true;
    if (ask && ask(&p->info) == GO_PANIC_END && g->kind == KIND_GOROUTINE)
        goroutine_end(g);
    report_panics(p);
}

_Noreturn void panic_raise(struct panic *p)
{
    struct goroutine *g = sched_self();
    struct thread *m = thread_mine();
    if (m && m->hold)
        report_panics(p); /* in what the library calls: it is half done */
    struct attempt *a = g->attempts && !g->attempts->closed ? g->attempts : NULL;
    p->info.goroutine = g->kind == KIND_GOROUTINE ? load_relaxed(&g->id) : 0;
    p->attempt = a;
    p->outer = g->panics;
    g->panics = p;
    if (!a)
        fall(g);
    g->canceller = NULL; /* of the call that panics: what is deferred waits for itself */
    bind_reset(g, a ? a->preempt_off : 0);
    blocking_reset(g, a ? a->blocking : 0);
    deferred_run(g, a ? a->deferred : NULL);
    if (a)
        land(g, a, p);
    if (p->recovered)
        goroutine_end(g);
    nobody_recovers(g, p);
}

static void set_message(struct panic *p, const struct text *text)
{
    size_t most = sizeof p->info.message - 1, n = text->used < most ? text->used : most;
    __builtin_memcpy(p->info.message, text->bytes, n);
    p->info.message[n] = 0;
}

_Noreturn void go_panic(const char *format, ...)
{
    struct panic p = {.stack = trace_caller()};
    va_list arguments;
    va_start(arguments, format);
    preempt_hold();
    vsnprintf(p.info.message, sizeof p.info.message, format, arguments);
    preempt_release();
    va_end(arguments);
    panic_raise(&p);
}

_Noreturn void panic(const char *format, ...)
{
    struct text text = {0};
    struct panic p = {.stack = trace_caller()};
    va_list arguments;
    va_start(arguments, format);
    text_addv(&text, format, arguments);
    va_end(arguments);
    set_message(&p, &text);
    panic_raise(&p);
}

/* Runs in a call that the faulting instruction seems to have made (fault.c). */
void sigpanic(void)
{
    struct thread *m = thread_mine();
    struct os_fault fault = m->fault;
    struct text text = {0};
    struct panic p = {.info = {.signal = fault.number, .code = fault.code, .address = fault.address, .pc = m->fault_stack.pc},
                      .stack = m->fault_stack};
    text_add(&text, "%s: %s", fault.name, m->fault_of_call ? "call of what is no code" : fault.what);
    text_add(&text, " (code %d), address 0x%lx, pc 0x%lx", fault.code, (unsigned long)fault.address,
             (unsigned long)m->fault_stack.pc);
    set_message(&p, &text);
    panic_raise(&p);
}

/* ---- recovering ---- */

int go_recover(struct go_panic_info *info)
{
    struct goroutine *g = sched_self();
    struct panic *p = g->panics;
    if (!p || p->recovered || p->handled || (g->kind != KIND_GOROUTINE && !p->attempt))
        return 0;
    p->recovered = true;
    if (info)
        *info = p->info;
    return 1;
}

go_panic_handler *go_on_panic(go_panic_handler *wanted)
{
    return swap_ordered(&handler, wanted);
}
