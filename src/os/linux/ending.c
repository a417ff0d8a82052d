/* The ways in which a program asks libc to end the calling thread, or to have it ended: pthread_exit, pthread_cancel and what goes
 * with them.
 *
 * libc would end the thread that the identity in use was made for: leave the stack that it finds, and go on, when that is at its
 * end, on the stack of that thread, which sleeps there. So these calls are ours. For a goroutine, what libc keeps in a thread's
 * descriptor is kept in struct os_ending, and its end is that of a goroutine. For a plain thread they pass the call on.
 *
 * What only libc can know is whether a call of its is a place where a cancelled thread ends. So a goroutine that has cancelled
 * itself gets an identity of its own, which is then cancelled as libc has it. When libc begins to unwind, and before it has left
 * any frame, it asks for handlers of the oldest kind that lie below the frame which it is about to leave: there is one, the trap,
 * at the low end of the goroutine's stack. That one does not return.
 *
 * What ends a thread in any other way (thrd_exit) comes out where that thread began; there it is told to be a mistake. Where the
 * first thread began nobody can be put in the way: there it is the outermost handler of the oldest kind. All this is glibc's, but
 * for what cancel.c has; another libc's is in ending_musl.c.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <threads.h>

#include "os/linux/ending.h"

static const struct os_ending_hooks *_Atomic hooks;

const struct os_ending_hooks *os_ending_hooks_set(void)
{
    return atomic_load_explicit(&hooks, memory_order_acquire);
}

void os_ending_lost(void)
{
    const struct os_ending_hooks *h = os_ending_hooks_set();
    if (h != NULL)
        h->lost("a goroutine has asked libc to end its thread by another call than pthread_exit (thrd_exit?)");
}

struct os_ending *os_ending_of_caller(void)
{
    const struct os_ending_hooks *h = os_ending_hooks_set();
    return h != NULL ? h->mine() : NULL;
}

#if defined(__GLIBC__)

/* Handlers of the oldest kind; no header tells of them any more. */
extern void _pthread_cleanup_push(struct _pthread_cleanup_buffer *h, void (*run)(void *), void *argument);
extern void _pthread_cleanup_pop(struct _pthread_cleanup_buffer *h, int runs);

/* It reads no more of a buffer than was written: here no signal mask. */
extern _Noreturn void jump(struct __cancel_jmp_buf_tag *to, int result) __asm__("siglongjmp");

/* ---- libc's own ---- */

/* In a static program by these names, which no shared libc shows; in any other by asking the loader. */
#pragma weak dlsym
extern __typeof__(pthread_exit) __pthread_exit __attribute__((weak));
extern __typeof__(pthread_cancel) __pthread_cancel __attribute__((weak));
extern __typeof__(pthread_setcancelstate) __pthread_setcancelstate __attribute__((weak));
extern __typeof__(__pthread_unwind_next) ___pthread_unwind_next __attribute__((weak));

/* A weak name does not make a linker take what has it out of libc's archive. These make it: they call the first and the third; and
 * pthread_create the others. */
static const void *const callers[] __attribute__((used)) = {(const void *)thrd_exit, (const void *)posix_spawn};

enum { EXIT, CANCEL, STATE, NEXT, FUNCTIONS };

static void *libcs(int which)
{
    static const struct {
        const void *in_archive;
        const char *name;
    } functions[FUNCTIONS] = {
        [EXIT] = {(const void *)__pthread_exit, "pthread_exit"},
        [CANCEL] = {(const void *)__pthread_cancel, "pthread_cancel"},
        [STATE] = {(const void *)__pthread_setcancelstate, "pthread_setcancelstate"},
        [NEXT] = {(const void *)___pthread_unwind_next, "__pthread_unwind_next"},
    };
    static void *_Atomic found[FUNCTIONS];
    void *f = atomic_load_explicit(&found[which], memory_order_relaxed);
    if (f != NULL)
        return f;
    f = (void *)functions[which].in_archive;
    if (f == NULL && dlsym != NULL)
        f = dlsym(RTLD_NEXT, functions[which].name);
    if (f == NULL)
        os_abort();
    atomic_store_explicit(&found[which], f, memory_order_relaxed);
    return f;
}

/* Before anybody is in a hurry. */
__attribute__((constructor)) static void find_all(void)
{
    for (int which = 0; which < FUNCTIONS; which++)
        libcs(which);
}

static _Noreturn void libc_exit(void *value)
{
    ((__typeof__(pthread_exit) *)libcs(EXIT))(value);
    __builtin_unreachable();
}

int os_libc_cancel(pthread_t thread)
{
    return ((__typeof__(pthread_cancel) *)libcs(CANCEL))(thread);
}

int os_libc_state(int state, int *before)
{
    return ((__typeof__(pthread_setcancelstate) *)libcs(STATE))(state, before);
}

bool os_libc_asks(void)
{
    return false;
}

/* What a handler of pthread_cleanup_push is kept in; the words behind the jump buffer are libc's, but for the last. */
typedef __pthread_unwind_buf_t handler;
enum { OUTER, OLDEST, TYPE, OURS, FRAME = OLDEST };

/* The thread's innermost handler, and the type of its cancellation, are set by two calls of libc's that belong to a kind of handler
 * which is hardly ever used: the first makes a handler the innermost one and the type deferred, the second takes both back to what
 * stands in the handler, and acts where that makes a difference. */
MAY_BE_LEFT static int libc_type(int type)
{
    handler h;
    int before;
    __pthread_register_cancel_defer(&h);
    __builtin_memcpy(&before, &h.__pad[TYPE], sizeof before);
    __builtin_memcpy(&h.__pad[TYPE], &type, sizeof type);
    __pthread_unregister_cancel_restore(&h);
    return before;
}

int os_libc_type(int type, int *before)
{
    if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
        return EINVAL;
    int was = libc_type(type);
    if (before != NULL)
        *before = was;
    return 0;
}

void os_libc_test(void)
{
    libc_type(libc_type(PTHREAD_CANCEL_ASYNCHRONOUS));
}

MAY_BE_LEFT static void *libc_innermost(void)
{
    handler h;
    __pthread_register_cancel_defer(&h);
    void *innermost = h.__pad[OUTER];
    __pthread_unregister_cancel_restore(&h);
    return innermost;
}

MAY_BE_LEFT static void libc_set_innermost(void *innermost)
{
    handler h;
    __pthread_register_cancel_defer(&h);
    h.__pad[OUTER] = innermost;
    __pthread_unregister_cancel_restore(&h);
}

static void libc_push(handler *h)
{
    int type;
    __pthread_register_cancel_defer(h);
    __builtin_memcpy(&type, &h->__pad[TYPE], sizeof type);
    if (type != PTHREAD_CANCEL_DEFERRED)
        libc_type(type);
}

/* ---- handlers ---- */

SHOWN __cleanup_fct_attribute void __pthread_register_cancel(handler *h)
{
    struct os_ending *e = os_ending_of_caller();
    h->__pad[OURS] = e != NULL ? h : NULL;
    if (e == NULL) {
        libc_push(h);
        return;
    }
    h->__pad[OUTER] = e->handlers;
    h->__pad[FRAME] =
        __builtin_dwarf_cfa(); /* the stack pointer where it was put up, as in the jump buffer, where it is scrambled */
    e->handlers = h;
}

SHOWN __cleanup_fct_attribute void __pthread_unregister_cancel(handler *h)
{
    struct os_ending *e = h->__pad[OURS] == h ? os_ending_of_caller() : NULL;
    if (e != NULL)
        e->handlers = h->__pad[OUTER];
    else
        libc_set_innermost(h->__pad[OUTER]);
}

/* A handler has returned. */
SHOWN __cleanup_fct_attribute void __pthread_unwind_next(handler *h)
{
    if (h->__pad[OURS] == h && os_ending_of_caller() != NULL)
        os_ending_hooks_set()->go_on();
    ((__typeof__(__pthread_unwind_next) *)libcs(NEXT))(h);
    __builtin_unreachable();
}

/* Each runs when its frame is the innermost. */
void os_ending_leave(struct os_ending *e, uintptr_t until)
{
    (void)e;
    (void)until;
}

uintptr_t os_ending_frame(const struct os_ending *e)
{
    return e->handlers == NULL ? 0 : (uintptr_t)((const handler *)e->handlers)->__pad[FRAME];
}

_Noreturn void os_ending_run(struct os_ending *e)
{
    handler *h = e->handlers;
    e->handlers = h->__pad[OUTER];
    jump(h->__cancel_jmp_buf, 1);
}

/* The outermost of the oldest kind, of the identity in use. */
static _Thread_local struct _pthread_cleanup_buffer *outermost __attribute__((tls_model("initial-exec")));

/* Not in the child of a fork, which has no goroutines. */
static void check_end(void *unused)
{
    (void)unused;
    if (os_ending_of_caller() != NULL)
        os_ending_lost();
}

static void watch_end(void)
{
    static struct _pthread_cleanup_buffer first;
    _pthread_cleanup_push(&first, check_end, NULL);
    outermost = &first;
}

/* The outermost one is libc's own, around main(). */
void os_ending_adopt(struct os_ending *e)
{
    handler *innermost = libc_innermost(), *h = innermost, *last = NULL;
    watch_end();
    for (; h != NULL && h->__pad[OUTER] != NULL; h = h->__pad[OUTER]) {
        h->__pad[OURS] = h;
        h->__pad[FRAME] = h + 1; /* it is above */
        last = h;
    }
    if (last == NULL)
        return;
    last->__pad[OUTER] = NULL;
    e->handlers = innermost;
    libc_set_innermost(h);
}

/* ---- the end ---- */

void os_libc_trap(void *place, void (*caught)(void *))
{
    _pthread_cleanup_push(place, caught, NULL);
}

void os_libc_forget_trap(void *place)
{
    struct _pthread_cleanup_buffer left = {.__prev = outermost};
    (void)place;
    _pthread_cleanup_pop(&left, 0); /* what is left is what stands in it */
}

SHOWN void pthread_exit(void *value)
{
    struct os_ending *e = os_ending_of_caller();
    if (e != NULL)
        os_ending_finish(e);
    libc_exit(value);
}

/* Any of the library's own threads. */
_Noreturn void os_ending_exit(void)
{
    libc_exit(NULL);
}

#endif

void os_ending_start(const struct os_ending_hooks *wanted)
{
    atomic_store_explicit(&hooks, wanted, memory_order_release); /* partner: os_ending_hooks_set */
}
