/* Preemption: taking a goroutine off its processor at an arbitrary instruction.
 *
 * A request marks the processor (attention: the goroutine gives way at its next pick of a successor) and sends its thread one
 * signal. The handler decides (verdict), and takes the goroutine off in one of two ways: frame   switches away inside the handler,
 * on the goroutine's own stack. When it is switched to again, on whatever thread, the handler returns, and the kernel restores
 * every bit of the state from its frame. inject  edits the frame so that the goroutine, once the handler has returned, finds itself
 * in a call that saves everything, switches away like any other call, and restores everything. What never holds at the same time as
 * a preemption: our own text (so the library needs no switching-off of its own), a scheduler context, preempt_hold (the library is
 * inside libc), go_preempt_off, but for a lock that it waits for (taken.c).
 *
 * Foreign code knows threads, not goroutines. So who is taken off keeps the identity of the thread that it was on (identity.c), or,
 * where that cannot be, stops with the whole thread, and another one carries the processor on: in a handler of the program's, whose
 * signal mask is the thread's; where no spare identity is there. It cannot be refused that often that somebody would be late: a
 * thread that could carry on must be idle. Where identities are not to be had at all, a pc outside the program's own text is
 * refused.
 *
 * After a switch out of the handler the signal stays masked on that thread; whoever is switched to there next unmasks it
 * (switch_arrive), unless it comes back from a handler itself. No SA_NODEFER: with it frames pile up.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/preempt.h"

#include "arch/arch.h"
#include "base/valgrind.h"
#include "sched/identity.h"
#include "sched/monitor.h"
#include "sched/runtime.h"
#include "sched/sched.h"
#include "sched/trace.h"

#define BELIEVED_MOST 100

int preempt_force;

static enum preempt_mode mode;
static bool frames_stay; /* a frame must return on the thread that it interrupted: valgrind's bring that one's pointer back */
extern const char __start_go_text[] __attribute__((visibility("hidden")));
extern const char __stop_go_text[] __attribute__((visibility("hidden")));

/* ---- asking ---- */

/* Whether this is so: a signal is on its way, or the thread is in the handler. Who leaves that by a jump, out of a handler of the
 * program's that was laid upon it, does not say so any more: it is believed so often. The word counts that. */
static bool is_believed(_Atomic uint32_t *word)
{
    uint32_t times = load_relaxed(word);
    if (times == 0 || times > BELIEVED_MOST)
        return false;
    cas_ordered(word, &times, times + 1); /* or it has changed just now */
    return true;
}

/* Who is in the handler may have to wait for its CPU there: a second signal would be the next goroutine's. */
void preempt_request(struct processor *p, bool quietly)
{
    struct thread *m = preempt_ask(p);
    if (m && !quietly && !is_believed(&m->decides))
        preempt_signal(m);
}

void preempt_signal(struct thread *m)
{
    uint32_t before = load_relaxed(&m->signal_pending);
    if (mode == PREEMPT_OFF || is_believed(&m->signal_pending))
        return;
    if (!cas_ordered(&m->signal_pending, &before, 1)) /* one at a time; partner: the store in preempt_interrupt */
        return;
    if (before == 0) /* else it is the same request again */
        bump(&m->requests);
    if (os_interrupt(m->thread) != 0)
        store_ordered(&m->signal_pending, 0);
}

/* ---- the verdict ---- */

bool preempt_in_library(uintptr_t pc)
{
    return pc - (uintptr_t)__start_go_text < (uintptr_t)(__stop_go_text - __start_go_text);
}

/* On the goroutine's own stack, with room for what is to come: a call, and, before all is as it was, one more interrupt's frame. */
static bool has_room(struct goroutine *g, uintptr_t sp)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    return here >= g->stack_low + os_frame_room() + arch_inject_room() && here < sp && sp <= g->stack_high;
}

/* GO_REFUSALS: yes. */
static enum go_refusal verdict(struct thread *m, void *frame)
{
    uintptr_t pc = arch_frame_pc(frame);
    if (preempt_in_library(arch_owner(pc, arch_frame_sp(frame), UINTPTR_MAX)))
        return GO_REFUSED_LIBRARY;
    struct goroutine *g = m->current;
    if (g->kind != KIND_GOROUTINE)
        return GO_REFUSED_SCHEDULER;
    if (m->hold)
        return GO_REFUSED_OFF;
    bool has_processor = thread_self() != NULL; /* else it goes whoever wanted it to go, as it should have none to run on */
    if (has_processor && !m->p)
        return GO_REFUSED_SCHEDULER;
    if (has_processor && !preempt_force && !preempt_is_wanted(m))
        return GO_REFUSED_STALE;
    if (g->preempt_off && !taken_sleep_was_interrupted(m, arch_frame_sp(frame), pc)) {
        g->preempt_deferred = true;
        return GO_REFUSED_OFF;
    }
    if (!has_room(g, arch_frame_sp(frame)))
        return GO_REFUSED_STACK;
    if (!identity_is_possible() && !os_image_owns(pc))
        return GO_REFUSED_FOREIGN;
    if (os_frame_returns(frame) || beneath_lies(g, arch_frame_sp(frame), os_frame_masked(frame), preempt_in_library))
        return GO_REFUSED_LIBRARY;
    return GO_REFUSALS;
}

enum way {
    WAY_FREE,    /* it may run on anywhere: it has an identity, or nothing that needs one */
    WAY_TIED,    /* only on this thread, which stops with it */
    WAY_NOWHERE, /* not now */
};

/* The thread's mask stays with the thread, and so does whoever has changed it for a while, or what no frame holds. */
static bool must_stop_with_its_thread(struct thread *m, const void *frame)
{
    return frames_stay || arch_frame_lacks(frame) || (identity_is_possible() && os_frame_masked(frame) != m->masked_signals);
}

READS_RACILY static bool somebody_is_idle(void)
{
    return sched.idle_threads != NULL;
}

static enum way way_out(struct thread *m, const void *frame)
{
    struct goroutine *g = m->current;
    if (g->bound || frames_stay)
        return WAY_TIED;
    bool stops = must_stop_with_its_thread(m, frame);
    if (!stops && (!identity_is_possible() || identity_keep(m, g)))
        return WAY_FREE;
    if (somebody_is_idle())
        return WAY_TIED;
    maker_want_reserve();
    return WAY_NOWHERE;
}

/* ---- doing it ---- */

/* At an arbitrary instruction. */
static void go_away_whole(struct thread *m)
{
    struct goroutine *g = m->current;
    g->interrupted = true;
    preempt_leave(m);
    g->interrupted = false;
}

/* Called by the code that arch_inject makes the goroutine run. */
static void injected(void)
{
    preempt_keeping_errno(thread_mine(), go_away_whole);
}

/* In the handler; returns on whatever thread. */
static void leave_in_frame(struct thread *m, void *frame, bool tied)
{
    struct goroutine *g = m->current;
    bool ties = tied && !g->bound;
    arch_frame_keep(frame);
    g->frame = frame;
    m->masked = true;
    if (ties) {
        thread_tie(m, g);
        identity_stop(m, g);
    }
    go_away_whole(m);
    m = thread_self();
    if (ties)
        thread_untie(m, g);
    g->frame = NULL;
    m->masked = false; /* the return from the handler restores the goroutine's own mask */
    if (!tied)
        os_frame_adopt(frame); /* what a tied one has brought to its own thread stays there */
    arch_frame_resume(frame);
}

/* Takes the goroutine off, if that may be; returns when it runs again, perhaps on another thread. */
static void decide(struct thread *m, void *frame)
{
    m->hold++;
    bool answered = ask_answer(m, frame);
    m->hold--;
    if (answered && (mode == PREEMPT_OFF || !load_relaxed(&m->wanted)))
        return;
    enum go_refusal refusal = verdict(m, frame);
    enum way way = refusal == GO_REFUSALS ? way_out(m, frame) : WAY_NOWHERE;
    if (refusal == GO_REFUSALS && way == WAY_NOWHERE)
        refusal = GO_REFUSED_IDENTITY;
    if (refusal != GO_REFUSALS) {
        bump(&m->refusals[refusal]);
        if (refusal == GO_REFUSED_LIBRARY)
            store_relaxed(&m->library_refusals, 1);
        return;
    }
    store_relaxed(&m->wanted, 0);
    bump(&m->preemptions);
    if (way == WAY_TIED && !m->current->bound)
        bump(&m->stops);
    restart_rewind(m->current, frame);
    if (mode == PREEMPT_INJECT && way == WAY_FREE && arch_inject(frame, injected))
        return; /* else this frame cannot take a call: it is left in place */
    leave_in_frame(m, frame, way == WAY_TIED);
}

void preempt_interrupt(void *frame)
{
    arch_settle();
    arch_frame_settle(frame);
    struct thread *m = thread_mine();
    if (!m)
        return;
    store_relaxed(&m->decides, 1);
    store_ordered(&m->signal_pending, 0);
    decide(m, frame);
    m = thread_mine();
    if (m) /* not in a process that a handler of the program's has forked off meanwhile */
        store_relaxed(&m->decides, 0);
}

void preempt_start(enum preempt_mode chosen)
{
    frames_stay = valgrind_runs();
    mode = SANITIZE_CAN_PREEMPT ? chosen : PREEMPT_OFF;
    if (frames_stay && mode == PREEMPT_INJECT)
        mode = PREEMPT_FRAME; /* valgrind takes what an injected call does below its stack pointer for a mistake */
}
