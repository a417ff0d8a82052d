/* The same as ending.c for a libc that unwinds nothing: in musl a thread that ends runs its handlers, and that is all. They are
 * kept in a list behind the thread pointer, where that of another identity must not find them, and for a goroutine in struct
 * os_ending.
 *
 * A part of the stack that is left has its handlers run first, and then the clean-ups of its frames. How a thread is cancelled is
 * in cancel_musl.c.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include "os/linux/ending.h"

#if !defined(__GLIBC__)

typedef struct __ptcb handler;

/* libc's own: in a static program by these names, in any other by asking the loader. */
#pragma weak dlsym
extern __typeof__(pthread_exit) __pthread_exit __attribute__((weak));
extern void __do_cleanup_push(handler *h) __attribute__((weak));
extern void __do_cleanup_pop(handler *h) __attribute__((weak));

static void *next(const char *name)
{
    void *f = dlsym != NULL ? dlsym(RTLD_NEXT, name) : NULL;
    if (f == NULL)
        os_abort();
    return f;
}

/* ---- handlers ---- */

static void libc_push(handler *h)
{
    if (__do_cleanup_push != NULL)
        __do_cleanup_push(h);
    else
        ((__typeof__(_pthread_cleanup_push) *)next("_pthread_cleanup_push"))(h, h->__f, h->__x);
}

static void libc_pop(handler *h)
{
    if (__do_cleanup_pop != NULL)
        __do_cleanup_pop(h);
    else
        ((__typeof__(_pthread_cleanup_pop) *)next("_pthread_cleanup_pop"))(h, 0);
}

SHOWN void _pthread_cleanup_push(handler *h, void (*run)(void *), void *argument)
{
    struct os_ending *e = os_ending_of_caller();
    h->__f = run;
    h->__x = argument;
    if (e == NULL) {
        libc_push(h);
        return;
    }
    h->__next = e->handlers;
    e->handlers = h;
}

SHOWN void _pthread_cleanup_pop(handler *h, int runs)
{
    struct os_ending *e = os_ending_of_caller();
    if (e != NULL)
        e->handlers = h->__next;
    else
        libc_pop(h);
    if (runs)
        h->__f(h->__x);
}

/* A handler lies in the frame that has put it up. */
void os_ending_leave(struct os_ending *e, uintptr_t until)
{
    while (e->handlers != NULL && (uintptr_t)e->handlers < until) {
        handler *h = e->handlers;
        e->handlers = h->__next;
        h->__f(h->__x);
    }
}

/* So none is left for later. */
uintptr_t os_ending_frame(const struct os_ending *e)
{
    (void)e;
    return 0;
}

_Noreturn void os_ending_run(struct os_ending *e)
{
    (void)e;
    os_abort();
}

static void check_end(void *unused)
{
    (void)unused;
    if (!os_own()->ends)
        os_ending_lost();
}

/* What would end the first thread by libc's own ways would leave goroutine 1 running, on no thread, for ever. */
void os_ending_adopt(struct os_ending *e)
{
    static handler first = {.__f = check_end};
    libc_push(&first);
    e->handlers = first.__next;
    first.__next = NULL;
}

/* ---- the end ---- */

_Noreturn void os_ending_exit(void)
{
    if (__pthread_exit != NULL)
        __pthread_exit(NULL);
    ((__typeof__(pthread_exit) *)next("pthread_exit"))(NULL);
    __builtin_unreachable();
}

SHOWN void pthread_exit(void *value)
{
    struct os_ending *e = os_ending_of_caller();
    if (e != NULL)
        os_ending_finish(e);
    if (__pthread_exit != NULL)
        __pthread_exit(value);
    ((__typeof__(pthread_exit) *)next("pthread_exit"))(value);
    __builtin_unreachable();
}

/* libc runs it first: what a goroutine has put up is not in libc's list. */
void os_libc_trap(void *place, void (*caught)(void *))
{
    handler *h = place;
    *h = (handler){.__f = caught};
    libc_push(h);
}

void os_libc_forget_trap(void *place)
{
    libc_pop(place);
}

#endif
