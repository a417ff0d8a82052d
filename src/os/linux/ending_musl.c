/* The same as ending.c for a libc that unwinds nothing: in musl a thread that ends runs its handlers, and that is all. They are
 * kept in a list behind the thread pointer, where that of another identity must not find them, and for a goroutine in struct
 * os_ending.
 *
 * A part of the stack that is left has its handlers run first, and then the clean-ups of its frames. Where a cancelled thread ends
 * only libc knows, and nobody can stand before it in a static program: a goroutine must not cancel itself with musl.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include "os/linux/linux.h"

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

static struct os_ending *of_caller(void)
{
    const struct os_ending_hooks *h = os_ending_hooks_set();
    return h != NULL ? h->mine() : NULL;
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

REPLACES_LIBCS void _pthread_cleanup_push(handler *h, void (*run)(void *), void *argument)
{
    struct os_ending *e = of_caller();
    h->__f = run;
    h->__x = argument;
    if (e == NULL) {
        libc_push(h);
        return;
    }
    h->__next = e->handlers;
    e->handlers = h;
}

REPLACES_LIBCS void _pthread_cleanup_pop(handler *h, int runs)
{
    struct os_ending *e = of_caller();
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

void os_ending_adopt(struct os_ending *e)
{
    handler h = {0};
    libc_push(&h);
    e->handlers = h.__next;
    h.__next = NULL;
    libc_pop(&h);
}

/* ---- the end ---- */

_Noreturn void os_ending_exit(void)
{
    if (__pthread_exit != NULL)
        __pthread_exit(NULL);
    ((__typeof__(pthread_exit) *)next("pthread_exit"))(NULL);
    __builtin_unreachable();
}

REPLACES_LIBCS void pthread_exit(void *value)
{
    struct os_ending *e = of_caller();
    if (e != NULL)
        os_ending_hooks_set()->end();
    if (__pthread_exit != NULL)
        __pthread_exit(value);
    ((__typeof__(pthread_exit) *)next("pthread_exit"))(value);
    __builtin_unreachable();
}

void os_ending_disarm(struct os_ending *e)
{
    (void)e;
}

#endif
