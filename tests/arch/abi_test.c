/* arch_switch keeps what the ABI says a call keeps, on one thread and across threads, and a new context starts well.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <unwind.h>
#include "abi.h"
#include "os/tap.h"

enum { STACK = 256 * 1024, ROUNDS = 20000, MOVES = 2000 };

static char *stack;
static void *partner, *back; /* the second context, and whoever resumed it */
static const char *changed;  /* the name of the first register that arch_switch failed to keep */

/* Switches with random values in all kept registers. */
static void switch_filled(void **save, void *load, uint64_t *state)
{
    struct abi_kept in, out;

    abi_kept_random(&in, state);
    abi_switch(save, load, &in, &out);
    if (!changed)
        changed = abi_difference(abi_kept_fields, &in, &out);
}

static void partner_body(void)
{
    uint64_t state = 2;

    for (;;)
        switch_filled(&partner, back, &state);
}

static void start_partner(void)
{
    changed = NULL;
    stack = abi_new_stack(STACK);
    partner = arch_context_init(stack + STACK, partner_body);
}

static void one_thread(void)
{
    uint64_t state = 1;

    start_partner();
    for (int i = 0; i < ROUNDS; i++)
        switch_filled(&back, partner, &state);
    if (changed)
        printf("# it changed %s\n", changed);
    OK(!changed, "a switch keeps every register that a call keeps, control words included");
}

/* ---- two threads resume the partner by turns ---- */

struct carrier {
    sem_t turn;
    struct carrier *other;
    uint64_t state;
};

static void *carry(void *arg)
{
    struct carrier *me = arg;

    for (int i = 0; i < MOVES; i++) {
        sem_wait(&me->turn);
        switch_filled(&back, partner, &me->state);
        sem_post(&me->other->turn);
    }
    return NULL;
}

static void two_threads(void)
{
    struct carrier carriers[2] = {{.state = 3, .other = &carriers[1]}, {.state = 4, .other = &carriers[0]}};
    pthread_t threads[2];

    start_partner();
    for (int i = 0; i < 2; i++)
        sem_init(&carriers[i].turn, 0, i == 0);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, carry, &carriers[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    if (changed)
        printf("# it changed %s\n", changed);
    OK(!changed, "and so it does when the context continues on another thread");
}

/* ---- a new context ---- */

extern const char arch_end[] __attribute__((visibility("hidden")));

static void leave(void)
{
    arch_switch(&partner, back);
}

static void alignment(void)
{
    bool aligned = true, inside = true;

    stack = abi_new_stack(STACK);
    abi_entered.body = leave;
    for (int misaligned = 0; misaligned < 64; misaligned++) {
        char *top = stack + STACK - misaligned;
        arch_switch(&back, arch_context_init(top, abi_entry));
        aligned &= abi_entry_aligned();
        inside &= abi_entered.sp <= (uintptr_t)top && abi_entered.sp > (uintptr_t)top - 256;
    }
    OK(aligned, "a new context's entry finds the stack as aligned as a called function does, whatever the stack's end");
    OK(inside, "and close below the stack's end");
    OK(abi_entered.caller == (uintptr_t)arch_end, "and a return address that debuggers know");
}

static void control_words(void)
{
    stack = abi_new_stack(STACK);
    arch_switch(&back, abi_new_context(stack + STACK, abi_entry));
    OK(abi_entry_control(), "and the control words that its creator had when it made it");
}

/* ---- backtraces ---- */

/* The unwinder of 32-bit ARM has no other word for the end, and tells of the stack pointer as of a register. */
#ifdef __ARM_EABI_UNWINDER__
enum { END_OF_STACK = _URC_FAILURE };
#define STACK_POINTER(context) _Unwind_GetGR(context, 13)
#else
enum { END_OF_STACK = _URC_END_OF_STACK };
#define STACK_POINTER(context) _Unwind_GetCFA(context)
#endif

static int frames;
static bool left;
static _Unwind_Reason_Code ended;

static _Unwind_Reason_Code count_frame(struct _Unwind_Context *context, void *unused)
{
    uintptr_t sp = STACK_POINTER(context);
    (void)unused;
    left |= sp < (uintptr_t)stack || sp > (uintptr_t)stack + STACK;
    return ++frames < 100 ? _URC_NO_REASON : _URC_CONTINUE_UNWIND;
}

static void walk(void)
{
    frames = 0;
    ended = _Unwind_Backtrace(count_frame, NULL);
    arch_switch(&partner, back);
}

static void backtrace_end(void)
{
    stack = abi_new_stack(STACK);
    arch_switch(&back, arch_context_init(stack + STACK, walk));
    printf("# %d frames\n", frames);
    /* This function, where it would return to, and the unwinder's mark of the end. */
    OK(frames <= 3 && !left && (int)ended == END_OF_STACK, "a backtrace ends at a new context's entry");
}

/* ---- reading a context ---- */

static __attribute__((noinline)) void rest(uintptr_t *fp)
{
    *fp = (uintptr_t)__builtin_frame_address(0);
    arch_switch(&partner, back);
    __asm__ volatile("");
}

static uintptr_t resting_fp;

static void rest_for_ever(void)
{
    for (;;)
        rest(&resting_fp);
}

static void fields(void)
{
    stack = abi_new_stack(STACK);
    partner = arch_context_init(stack + STACK, rest_for_ever);
    OK(arch_context_pc(partner) == ARCH_CODE(rest_for_ever), "a new context will continue at its entry");
    arch_switch(&back, partner);
    uintptr_t pc = arch_context_pc(partner);
    OK(pc > ARCH_CODE(rest) && pc < ARCH_CODE(rest) + 200, "one that switched away, behind the call");
    uintptr_t fp = arch_context_fp(partner);
    OK(fp == resting_fp || (ARCH_BACK_CHAIN && *(uintptr_t *)fp == resting_fp), "and has its frame pointer");
}

/* ---- a call that is ended from below ---- */

static void *landings[2];
static const struct abi_kept *handed;

static void return_at_once(void *in)
{
    handed = in;
}

static void land_in_the_first(void *unused)
{
    (void)unused;
    arch_land(landings[0]);
}

/* Changes every register that a call keeps, and never gets to setting them back. */
static void garble_and_land(void *in)
{
    static uint64_t state = 6;
    static struct abi_kept garbled, out;

    handed = in;
    abi_kept_random(&garbled, &state);
    abi_call(&landings[1], land_in_the_first, &garbled, &out);
}

static void call_filled(void (*fn)(void *), bool ends)
{
    uint64_t state = 5;
    bool right = true;

    changed = NULL;
    for (int i = 0; i < ROUNDS / 10 && !changed && right; i++) {
        struct abi_kept in, out;
        abi_kept_random(&in, &state);
        right = abi_call(&landings[0], fn, &in, &out) == ends && handed == &in;
        changed = abi_difference(abi_kept_fields, &in, &out);
    }
    if (changed)
        printf("# it changed %s\n", changed);
    OK(right, ends ? "a call tells that it was ended" : "a call passes its argument and tells of the return");
    OK(!changed, "and every register that a call keeps is as it was");
}

int main(void)
{
    arch_init();
    call_filled(return_at_once, false);
    call_filled(garble_and_land, true);
    one_thread();
    two_threads();
    alignment();
    control_words();
    backtrace_end();
    fields();
    return tap_end();
}
