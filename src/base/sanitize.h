/* What the sanitizers must be told when a kernel thread changes stacks. Nothing at all in an ordinary build.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_SANITIZE_H
#define BASE_SANITIZE_H

#include "base/base.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define SANITIZE_THREAD 1
#elif defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZE_ADDRESS 1
#endif

/* A function that reads what others may be writing, on purpose, and makes do with what it finds. */
#if defined(SANITIZE_THREAD)
#define READS_RACILY __attribute__((no_sanitize("thread"), noinline))
#else
#define READS_RACILY
#endif

/* A function that reads the words of a stack, whatever they are. */
#if defined(SANITIZE_ADDRESS)
#define READS_ANYTHING __attribute__((no_sanitize("address"), noinline))
#else
#define READS_ANYTHING
#endif

/* A function that libc may leave as it stands, by unwinding: nothing around its variables may be marked as no memory. */
#if defined(SANITIZE_ADDRESS)
#define MAY_BE_LEFT __attribute__((no_sanitize("address"), noinline))
#else
#define MAY_BE_LEFT
#endif

/* The sanitizers have thread-locals of their own, and use them behind our back. */
#if defined(SANITIZE_THREAD) || defined(SANITIZE_ADDRESS)
#define SANITIZE_IDENTITIES 0
#else
#define SANITIZE_IDENTITIES 1
#endif

#if defined(SANITIZE_THREAD)

/* ThreadSanitizer delivers signals late, inside its own code, so nothing can be preempted there; it runs a thread of its own. */
#define SANITIZE_CAN_PREEMPT  0
#define SANITIZE_THREADS      1
#define SANITIZE_STACK_FACTOR 4

struct fiber {
    void *tsan;
};

void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);

/* A handler that it has put off runs within the next call of libc that the same fiber makes and that it watches, if there ever is
 * one. So a fiber makes one before it is left, and who sleeps makes some. */
#define SANITIZE_LATE_HANDLERS 1
size_t strlen(const char *text);
static inline void run_late_handlers(void)
{
    size_t (*volatile watched)(const char *) = strlen;
    watched("");
}

/* Between these, which do not nest, no signal comes to the calling thread: it would be put off until the fiber runs again that it
 * hit, or lost with it. ThreadSanitizer enters a fiber for a moment to make or end it. (os) */
void os_signals_hold(void);
void os_signals_release(void);

static inline void fiber_create(struct fiber *f, const void *low, size_t size)
{
    (void)low;
    (void)size;
    os_signals_hold();
    f->tsan = __tsan_create_fiber(0);
    os_signals_release();
}
static inline void fiber_create_current(struct fiber *f)
{
    f->tsan = __tsan_get_current_fiber();
}
static inline void fiber_destroy(struct fiber *f)
{
    os_signals_hold();
    __tsan_destroy_fiber(f->tsan);
    os_signals_release();
    f->tsan = NULL;
}
/* Flag 0: a switch orders what ran before it on this thread before what runs after it. That is true of the machine, and our own
 * thread's fields rest on it; what two threads do is ordered by atomics alone, and so it is checked. */
static inline void fiber_leave(struct fiber *from, struct fiber *to, bool for_ever)
{
    (void)from;
    (void)for_ever;
    os_signals_hold();
    run_late_handlers();
    __tsan_switch_to_fiber(to->tsan, 0);
}
static inline void fiber_arrive(struct fiber *to, struct fiber *from)
{
    (void)to;
    (void)from;
    os_signals_release();
}

/* It keeps a stack of calls, which a landing would leave as it is: so what may be left in the middle runs as a fiber of its own. */
static inline void fiber_try(struct fiber *f, struct fiber *outer)
{
    outer->tsan = __tsan_get_current_fiber();
    f->tsan = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(f->tsan, 0);
}
static inline void fiber_tried(struct fiber *f, struct fiber *outer)
{
    void *inner = f->tsan;
    f->tsan = outer->tsan;
    __tsan_switch_to_fiber(f->tsan, 0);
    __tsan_destroy_fiber(inner);
}
static inline void fiber_land(void)
{
}

#elif defined(SANITIZE_ADDRESS)

#define SANITIZE_CAN_PREEMPT  1
#define SANITIZE_THREADS      0
#define SANITIZE_STACK_FACTOR 4

struct fiber {
    void *fake;
    const void *low;
    size_t size;
};

void __sanitizer_start_switch_fiber(void **fake, const void *low, size_t size);
void __sanitizer_finish_switch_fiber(void *fake, const void **low, size_t *size);

static inline void fiber_create(struct fiber *f, const void *low, size_t size)
{
    *f = (struct fiber){NULL, low, size};
}
/* The bounds of a thread's own stack come to light when it is left for the first time. */
static inline void fiber_create_current(struct fiber *f)
{
    *f = (struct fiber){NULL, NULL, 0};
}
static inline void fiber_destroy(struct fiber *f)
{
    (void)f;
}
static inline void fiber_leave(struct fiber *from, struct fiber *to, bool for_ever)
{
    __sanitizer_start_switch_fiber(for_ever ? NULL : &from->fake, to->low, to->size);
}
static inline void fiber_arrive(struct fiber *to, struct fiber *from)
{
    const void *low;
    size_t size;
    __sanitizer_finish_switch_fiber(to->fake, &low, &size);
    from->low = low;
    from->size = size;
}
void __asan_handle_no_return(void);
static inline void fiber_land(void)
{
    __asan_handle_no_return();
}

#else

#define SANITIZE_CAN_PREEMPT  1
#define SANITIZE_THREADS      0
#define SANITIZE_STACK_FACTOR 1

struct fiber {
    char nothing[0];
};

static inline void fiber_create(struct fiber *f, const void *low, size_t size)
{
    (void)f;
    (void)low;
    (void)size;
}
static inline void fiber_create_current(struct fiber *f)
{
    (void)f;
}
static inline void fiber_destroy(struct fiber *f)
{
    (void)f;
}
static inline void fiber_leave(struct fiber *from, struct fiber *to, bool for_ever)
{
    (void)from;
    (void)to;
    (void)for_ever;
}
static inline void fiber_arrive(struct fiber *to, struct fiber *from)
{
    (void)to;
    (void)from;
}
static inline void fiber_land(void)
{
}

#endif

#if !defined(SANITIZE_THREAD)
static inline void fiber_try(struct fiber *f, struct fiber *outer)
{
    (void)f;
    (void)outer;
}
static inline void fiber_tried(struct fiber *f, struct fiber *outer)
{
    (void)f;
    (void)outer;
}
#endif

#ifndef SANITIZE_LATE_HANDLERS
#define SANITIZE_LATE_HANDLERS 0
static inline void run_late_handlers(void)
{
}
#endif

#endif
