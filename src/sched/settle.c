/* Whether a goroutine that calls the library still needs the thread identity that it kept.
 *
 * It does if anything on its stack, or in a register that a call keeps, is an address inside the identity (a cached address of
 * errno, a thread-local), or may be a return address into foreign code (a library that has called back: it may hold a lock as its
 * owner, or be half way through a change of its thread-locals). What was left on the stack by calls that are over looks the same:
 * then an identity is kept for longer than it is needed, which costs one, and breaks nothing. What the search cannot see is told in
 * goroutine/task.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "sched/identity.h"
#include "sched/preempt.h"
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/task.h"

#define WORDS_MOST 4096 /* a deeper stack is not searched */

/* The return addresses of main()'s callers are foreign, always. */
static bool keeps_for_ever(const struct goroutine *g)
{
    return g->keeps_identity || g->identity_for_life || g->locks_thread || g == &main_goroutine;
}

static inline bool needs(const struct goroutine *g, const struct os_identity *id, uintptr_t word)
{
    if (word - g->stack_low < g->stack_high - g->stack_low || preempt_in_library(word))
        return false;
    return word - id->low < id->high - id->low || os_image_foreign(arch_unsigned(word));
}

/* From this function's own frame up: what its caller has put into its frame is found. */
static NOINLINE bool search(const struct goroutine *g)
{
    const uintptr_t *at = __builtin_frame_address(0), *end = (const uintptr_t *)round_down(g->stack_high, sizeof *at);
    if (end - at > WORDS_MOST)
        return true;
    for (; at < end; at++)
        if (*at >= STACK_SMALLEST && needs(g, &g->identity->os, *at))
            return true;
    return false;
}

/* g is about to leave its processor by a call. */
NOINLINE void identity_settle(struct thread *m, struct goroutine *g)
{
    if (g->identity == m->own && !g->locks_thread) { /* never leaves the thread */
        identity_give_up(m, g);
        return;
    }
    if (keeps_for_ever(g))
        return;
    __builtin_unwind_init(); /* registers that a call keeps go into this frame */
    m->hold++;
    bool needed = os_identity_is_marked() || search(g);
    m->hold--;
    if (!needed)
        identity_give_up(m, g);
}

/* A goroutine with an identity is about to end. */
void identity_clean(void)
{
    preempt_hold();
    os_identity_clean();
    preempt_release();
}

/* ---- for those who count on it ---- */

int go_lock_identity(void)
{
    struct goroutine *g = sched_self();
    if (g->kind != KIND_GOROUTINE)
        return 0;
    if (!identity_is_possible())
        return go_lock_thread();
    if (g->keeps_identity++ == 0)
        identity_keep_waiting(g);
    return 0;
}

int go_unlock_identity(void)
{
    struct goroutine *g = sched_self();
    if (g->kind != KIND_GOROUTINE)
        return 0;
    if (!identity_is_possible())
        return go_unlock_thread();
    if (g->keeps_identity == 0)
        return -EPERM;
    g->keeps_identity--;
    return 0;
}
