/* Panics: what a goroutine cannot go on from. Its deferred functions run, somebody recovers, or the program ends.
 *
 * A panic is raised by go_panic, by the misuse of this library (a mutex unlocked twice), and by a fault: a goroutine that touches
 * memory that is not there, divides by zero or runs an illegal instruction finds itself in a call that panics, whether in its
 * own code or in a function of libc. What a panic does, in this order:
 *  1. It leaves the blocking regions and undoes the go_preempt_off that began within the innermost go_try.
 *  2. It runs the functions deferred within that go_try (where there is none: all of the goroutine's), the last one first, on top
 * of the stack as it is. Each may call go_recover, may wait as any code may, may panic itself, and may call go_exit.
 *  3. Inside a go_try: clean-ups of the functions that are left run (C++ destructors, __attribute__((cleanup))), where the
 *     program was built with unwinding (see below), and go_try returns.
 *  4. Outside: if a deferred function has recovered, the goroutine ends as by go_exit. Else the handler of go_on_panic decides;
 *     without one the program says what happened and in which goroutine, shows its stack and those of all others as go_dump does
 *     (of a fault, the stack of the code that faulted), and exits with 2. So it does if main() returns meanwhile, or somebody calls
 *     exit(): that waits for the report, and up to a second for what is deferred.
 * go_exit, too, runs what is deferred and then the clean-ups: all of the goroutine's, through every go_try, and lands in none.
 *
 * Faults are not panics where no goroutine's code has failed: in the library's own text, or in what it calls (an element to be
 * sent that is not there), they are fatal: one line and the stack, then SIGABRT. So is an overflow of the stack; if it is that of
 * main(), only where the program had no handler of its own. A go_panic in what the library calls (an allocator) cannot be
 * recovered. On plain threads, on a signal stack, and where the program had a handler of its own for the signal before the first
 * call, they do what they do without the library. In a handler of a signal that runs on the goroutine's own stack a fault is a
 * panic that must not be recovered: the handler's signals would stay blocked. Recover from any other fault only if what failed
 * held nothing: a lock of libc's that was taken in a failed malloc() stays taken, as do mutexes that no deferred function
 * unlocks; and a go_lock_thread stays in force.
 *
 * Clean-ups run where a frame says how it is unwound and that it has any: C++ by default, C with -fexceptions; with gcc's
 * -fnon-call-exceptions also for a fault in the very function that has them, or in one of which the compiler sees that it throws
 * nothing. (A C++ function that faults itself, has destructors and was built without, ends the program by std::terminate. So does a
 * destructor that panics.) A catch (...) sees a panic, or go_exit, pass and must throw it on. At a frame without unwind information
 * they end: the rest is left without. The library needs no unwinder; it uses the one that such a program has in it. On wasm they
 * run in a program that is compiled and linked with -fexceptions, but for those of main() where that ends by go_exit outside of
 * go_try.
 *
 * No exception and no longjmp may leave a function that go_try called, or pass a go_defer that is not taken off.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_PANIC_H
#define GOROUTINE_PANIC_H

#include "abi.h"

GO_BEGIN_DECLS

/* What is known of a panic. */
struct go_panic_info {
    uint64_t goroutine; /* its number; 0: a plain thread */
    int signal;         /* SIGSEGV, SIGBUS, SIGFPE or SIGILL; 0: no fault */
    int code;           /* the system's reason (si_code) */
    uintptr_t address;  /* that the fault is about; 0 where the system tells none */
    uintptr_t pc;       /* of the instruction; where what was called is no code: inside the call's; 0: no fault */
    uintptr_t reserved[4];
    char message[192]; /* cut to fit */
};

/* A deferred function. It lives with the caller, mostly as a local variable, and must stay until it is run or taken off. */
struct go_deferred {
    uintptr_t opaque[4];
};

/* go_panic raises a panic with a message, formatted as by printf. On a plain thread likewise. Does not return. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
GO_API GO_NORETURN void
go_panic(const char *format, ...);

/* go_try calls fn(arg) and returns 0 when it has returned. If it panics, go_try returns 1 once the panic has run its course, and
 * *info (NULL: not wanted) tells of it; 0 if a deferred function has recovered, and *info is as it was. Costs a few nanoseconds.
 * Nests; works on plain threads, for all but faults. A go_exit in fn ends the goroutine, not just the try. Errors: -EINVAL fn is
 * NULL. */
GO_API int go_try(void (*fn)(void *), void *arg, struct go_panic_info *info);

/* go_defer has fn(arg) called if the calling goroutine panics or calls go_exit before go_run_deferred or go_undefer: call one
 * of them before the variable goes. Functions are deferred and taken off like brackets. Never fails, never allocates.
 * fn may be called on another kernel thread than this one. On a plain thread panics alone run it. A NULL fn is a panic. */
GO_API void go_defer(struct go_deferred *deferred, void (*fn)(void *), void *arg);

/* go_run_deferred takes off what was deferred last and calls it; go_undefer takes it off without. Neither does anything after a
 * panic has run it. For another than the last one they panic. */
GO_API void go_run_deferred(struct go_deferred *deferred);
GO_API void go_undefer(struct go_deferred *deferred);

/* GO_DEFER(fn, arg) calls fn(arg) when the block that it stands in is left, in whatever way; not if fn or arg is what panics. */
#if defined(__GNUC__)
#define GO_DEFER(fn, arg)                                                                                                          \
    struct go_deferred GO_DEFER_NAME(__LINE__) __attribute__((cleanup(go_run_deferred))) = {{0}};                                  \
    go_defer(&GO_DEFER_NAME(__LINE__), (fn), (arg))
#define GO_DEFER_NAME(line)   GO_DEFER_JOINED(line)
#define GO_DEFER_JOINED(line) go_deferred_in_line_##line
#endif

/* go_recover, called by a deferred function or what that calls, ends the panic that runs it: what is deferred besides still runs,
 * then the innermost go_try returns 0, or without one the goroutine ends as by go_exit. It gives 1 and tells of the panic in *info
 * (NULL: not wanted). 0: there is no panic, or it is recovered already, or this is a plain thread outside of any go_try, where
 * nothing could go on. A panic in a deferred function takes the place of the one that runs it; recovering it ends both. */
GO_API int go_recover(struct go_panic_info *info);

/* What a handler wants after a panic that nobody has recovered. */
enum go_panic_verdict {
    GO_PANIC_EXIT, /* the report, and the program exits with 2 */
    GO_PANIC_END   /* the goroutine ends as by go_exit, clean-ups run, and no word is said: the handler has said it */
};

typedef enum go_panic_verdict go_panic_handler(const struct go_panic_info *info);

/* go_on_panic sets the handler of the whole process for panics that nobody recovers, and gives the one before; NULL: none.
 * It runs in the goroutine, on top of the stack that panicked, after the deferred functions; it may wait, may be called by
 * several goroutines at once, and must return: if it panics itself, the program reports both and exits with 2. For a plain thread
 * the verdict is always GO_PANIC_EXIT. Misuse that leaves the library in pieces (waiting inside a blocking region) never comes
 * here. */
GO_API go_panic_handler *go_on_panic(go_panic_handler *handler);

GO_END_DECLS

#endif
