/* THE OS CONTRACT. An OS is one folder that implements this header; nothing outside src/os names an OS, and nothing in here
 * knows what a goroutine is.
 *
 * Preconditions that hold for every function: pointers are not NULL; sizes are multiples of os_page_size(); a return of int is 0
 * or a negative errno value; a call retries EINTR itself. Functions marked [signal] are async-signal-safe and leave errno alone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OS_OS_H
#define OS_OS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- time (clock.c) ---- */

/* Nanoseconds on a monotonic clock; above 0. [signal] */
int64_t os_now(void);

/* ---- threads (thread.c) ---- */

typedef struct os_thread {
    uintptr_t id; /* what os_interrupt aims at; 0: none */
} os_thread;

/* The calling thread. [signal] */
os_thread os_thread_self(void);

/* What libc calls it (pthread_self). Asked of libc anew at every call. [signal] */
uintptr_t os_thread_name(void);

/* True on the thread that the process began with. */
bool os_thread_is_first(void);

/* Whether there are threads beside the first. Where there are not, nothing interrupts, and nobody waits who could be woken by
 * another: os_thread_start gives -EAGAIN, os_identity_start false, and what is about other threads, about frames and about
 * interrupts is not called; who would call it has a file of the same name in src/sched/alone. */
bool os_has_threads(void);

/* Starts a detached thread that runs run(arg), with stack_size bytes of stack (0: the system's default), all signals unmasked that
 * the creator has unmasked. -EAGAIN: limits; -ENOMEM. */
int os_thread_start(void (*run)(void *), void *arg, size_t stack_size);

/* Ends the calling thread; on the stack that the system gave it. */
_Noreturn void os_thread_exit(void);

/* Lets another thread of the system run. [signal] */
void os_thread_yield(void);

/* Has in_child() run in the child of every fork, before fork returns there. From constructors only. */
void os_fork_watch(void (*in_child)(void));

/* Asks the system to wake the calling thread at once and on time: fine timers; for the monitor (urgent) also a short slice and,
 * where allowed, priority over the others, which threads that it starts do not inherit. Best effort. */
void os_thread_set_prompt(bool urgent);

/* The CPU that the calling thread is on; a moment later it may be another. */
int os_thread_cpu(void);

/* Number of CPUs this process may use; at least 1. */
int os_cpu_count(void);

/* Number of threads in the process now, or -1 where it can not be told. Slow. */
int os_thread_count(void);

/* The calling thread is about to end: who counts on its being gone can know by os_threads_leave. Said twice is said once. */
void os_thread_leave(void);

/* True while os_thread_count() may count somebody who has called os_thread_leave (or, at worst, a later thread with the same
 * number). */
bool os_threads_leave(void);

/* True while os_thread_count() may count a thread that runs none of the program's code: it was there first, and has not run yet. */
bool os_threads_begin(void);

/* Where errno of the calling thread lies, found anew at every call. libc's own accessor is declared `const`: a compiler that sees
 * errno twice in a function looks it up once, and code that changes threads in between writes the errno of the thread it came from.
 * [signal] */
int *os_errno(void);

/* ---- thread identities (identity.c) ---- */

/* What a thread is to libc and to everybody else in the process: its thread pointer, and with it its thread-locals, libc's
 * descriptor of it, its number in locks. A kernel thread starts with its own, and may go on with another one, as long as no two use
 * the same. */
struct os_identity {
    uintptr_t pointer;
    uintptr_t low, high; /* addresses inside are of what belongs to it */
    struct os_own **own; /* where it says which kernel thread uses it */
};

/* Whether the system and the machine let threads change identities: false where another library has claimed what is the kernel
 * thread's and not the identity's (restartable sequences of the kernel's). Once, on the first thread, before any other call here.
 */
bool os_identity_start(void);

/* Whether a mutex of the program's may have an owner that the kernel knows by its thread, and not by its identity (one that passes
 * on priority): since somebody asked for such ones. os_when_owners_are_threads: fn is called when that happens, on whatever thread;
 * set once, before there are other threads. [signal] */
bool os_owners_are_threads(void);
void os_when_owners_are_threads(void (*fn)(void));

/* What the calling thread has used from its start; what the kernel had tied to it, it has no more. */
void os_identity_learn(struct os_identity *id);

/* The calling thread goes on with it. Nothing thread-local holds after that: see os_errno. [signal] */
void os_identity_use(const struct os_identity *id);

/* The calling thread, which uses its own, lends it out: sets *lent, wakes who waits there, and sleeps until *back is not 0. It runs
 * none of the program's code meanwhile, and handles no signal but what libc sends to its own threads. */
void os_identity_lend(const struct os_identity *id, _Atomic uint32_t *lent, _Atomic uint32_t *back);

/* What a goroutine may have left behind in the identity that the calling thread uses, and that libc would have thrown away with a
 * thread: a locale. */
void os_identity_clean(void);

/* True if the identity in use holds something that its user set and may count on: such a locale. [signal] */
bool os_identity_is_marked(void);

/* ---- the end of a thread, as a program asks libc for it (ending.c) ---- */

/* What libc would keep of a thread, for somebody who is none. All zero at the start of whom it is for. */
struct os_ending {
    void *handlers;         /* put up by pthread_cleanup_push; the innermost, in the frame that has put it up */
    bool off, asynchronous; /* its cancellation */
    bool cancelled;
    void *trap; /* not NULL: the identity in use is cancelled too, so that it ends within calls of libc */
};

struct os_ending_hooks {
    /* The caller's; NULL: a plain thread, whose end is libc's affair. [signal] */
    struct os_ending *(*mine)(void);
    /* Ends the caller. The handlers are to be run, by os_ending_run, as their frames are left. Does not return. */
    void (*end)(void);
    /* Such a handler has returned. Does not return. */
    void (*go_on)(void);
    /* From now on the caller has an identity to itself, which ends with it. Gives the low end of its stack: all of its frames are
     * above. NULL: that cannot be. May wait. */
    void *(*keep_identity)(void);
    /* Whether that is the name of an identity that somebody may use who is none of libc's threads. */
    bool (*is_lent)(uintptr_t thread);
    /* The end of such a thread has been asked for in another way, and has come; on that thread's stack. Does not return. */
    void (*lost)(const char *words);
};
void os_ending_start(const struct os_ending_hooks *hooks);

/* The caller's stack is going to be left below the address. Where libc runs handlers without leaving frames, they run now; each may
 * end the goroutine itself. */
void os_ending_leave(struct os_ending *e, uintptr_t until);

/* The stack pointer of the frame that has put up the innermost handler. That is to run before the clean-ups of this frame, and
 * after those of all below. 0: there is none. */
uintptr_t os_ending_frame(const struct os_ending *e);

/* Goes on in the innermost handler, which it takes off. The frames below it are gone. */
_Noreturn void os_ending_run(struct os_ending *e);

/* The calling thread is no plain one from now on: what libc keeps of it moves to e. */
void os_ending_adopt(struct os_ending *e);

/* What ends with an identity that is cancelled has ended. By who uses it. */
void os_ending_disarm(struct os_ending *e);

/* ---- what another thread of the process does (watch.c) ---- */

/* The CPU time that it has used, in nanoseconds. Two readings in a row that differ: it runs. -1: it is gone, or the system does not
 * tell. Cheap. [signal] */
int64_t os_thread_time(os_thread thread);

/* A number that is another one whenever it has run in between, however shortly. Below 0: it is gone, or the system does not tell.
 * [signal] */
int64_t os_thread_runs(os_thread thread);

/* Where a thread sleeps in a call of the system. */
struct os_sleep {
    uintptr_t sp;
    uintptr_t pc;   /* behind the instruction that makes the call */
    bool on_a_word; /* it waits for a word of memory to change, as libc's locks do: a signal does not end the call */
};

/* True if it sleeps in a call of the system, and *sleep says where. False if it runs, or waits for a CPU or for memory; if it is
 * gone, or the system does not tell. Also in those calls that this floor makes where the caller has no idea of it: of the clock, of
 * the signal mask, of the alternate stack, to yield. What it did before it fell asleep is visible to the caller, and what the
 * caller did before this call is visible to it when it wakes up. [signal] */
bool os_thread_in_call(os_thread thread, struct os_sleep *sleep);

/* The signals that it masks, a bit each from 1 on. All, if it is gone, or the system does not tell. [signal] */
uint64_t os_thread_masked(os_thread thread);

/* ---- waiting on a word (futex.c) ---- */

/* Blocks while *word == expected, until os_wake or the deadline (absolute os_now(); INT64_MAX: never). May return early for no
 * reason. 0, or -ETIMEDOUT, never before the deadline. Leaves errno alone. */
int os_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline);

/* Wakes up to n threads in os_wait on the word. The word's memory may be gone already. [signal] */
void os_wake(_Atomic uint32_t *word, int n);

/* A full memory fence on every thread of the process at once, so that the frequent side of a store-load pair needs none.
 * False where the system has no such thing: the caller must not sleep for ever on the strength of it. [signal] */
bool os_fence_all(void);

/* ---- memory (memory.c) ---- */

size_t os_page_size(void);

/* Maps zeroed, private, lazily backed memory aligned to align (a power of two, at least a page), never backed by huge pages.
 * NULL: none left. */
void *os_map(size_t size, size_t align);
void os_unmap(void *at, size_t size);

/* Makes [at, at+size) of an os_map fault on every access. Costs no mapping where the system can (Linux 6.13: MADV_GUARD_INSTALL),
 * else splits the mapping; -ENOMEM where the number of mappings is near its limit (then it may take a quarter of a second until it
 * is noticed that there is room again). Gone with os_unmap. */
int os_guard(void *at, size_t size);

/* Gives the pages back; they read as zero afterwards. No guard may be among them. */
void os_discard(void *at, size_t size);

/* Copies memory that may not be there, or belong to somebody who is changing it: how many bytes from the start could be read. No
 * sanitizer takes offence. [signal] */
size_t os_peek(uintptr_t at, void *to, size_t size);

/* ---- interrupts and faults (signal.c) ---- */

/* A fault, as the kernel found it. */
struct os_fault {
    int number, code;   /* the system's */
    const char *name;   /* of the signal */
    const char *what;   /* in words; fixed text */
    uintptr_t address;  /* 0 where the system tells none: among others when a stack had no room for the frame of a signal */
    bool of_memory;     /* the address was not to be had; else an instruction did not work out */
    bool has_a_handler; /* the program's own, which is asked next */
};

/* What the OS floor calls up. All run on the interrupted thread, with the interrupt signal masked. */
struct os_hooks {
    /* An interrupt of ours arrived; on the interrupted stack. errno is kept around it. The hook may leave that stack and return on
     * another thread: then it calls os_frame_adopt there first. It may be called without cause: once in a great while the system
     * does not say who sent a signal, and then it is taken for ours. */
    void (*interrupt)(void *frame);
    /* A fault; on the thread's alternate stack. Returns true if it ended the matter, and the frame resumes, perhaps edited; false:
     * not ours, the earlier handler or the default takes it. */
    bool (*fault)(void *frame, const struct os_fault *fault);
    /* The user asked for a dump (SIGQUIT). [signal] rules apply. */
    void (*quit)(void);
};

/* Installs the handlers. signal_number 0: the default (SIGURG). Earlier handlers are chained: they get what is not
 * ours. -EINVAL: a number that can not be used. A failed call may be repeated; once it has succeeded, it is the last. */
int os_signals_start(const struct os_hooks *hooks, int signal_number);

/* Interrupts that thread. At most one is pending: the caller sees to that. -ESRCH: the thread is gone; -EAGAIN: a real-time signal
 * was chosen and the user's queue is full. After an error no interrupt comes. [signal] */
int os_interrupt(os_thread thread);

/* Gives the calling thread an alternate stack for faults (os_thread_prepare: -ENOMEM), and takes it away (os_thread_forget). One
 * that it has already stays if it is large enough, and comes back otherwise. */
int os_thread_prepare(void);
void os_thread_forget(void);

/* Unmasks the interrupt on the calling thread. [signal] */
void os_interrupt_unmask(void);

/* The frame of an interrupt is about to resume on the calling thread, which need not be the one that it interrupted: makes what
 * belongs to a thread (the alternate stack) the calling thread's. [signal] */
void os_frame_adopt(void *frame);

/* True if the frame was interrupted between the end of a handler and what the kernel's frame brings back. [signal] */
bool os_frame_returns(const void *frame);

/* The signals that the calling thread masks, a bit each: bit 0 is signal 1. [signal] */
uint64_t os_masked(void);

/* The signals that were masked where the interrupt struck, as some are while a handler runs: bit 0 is signal 1. [signal] */
uint64_t os_frame_masked(const void *frame);

/* Above all frames on the stack of the thread that the process began with. [signal] */
uintptr_t os_first_stack_end(void);

/* How many bytes below the interrupted stack pointer an interrupt may use, at most: the red zone, the kernel's frame (which grows
 * with the machine's vector registers), the handler, and 1 KiB for what the hook does on that stack. */
size_t os_frame_room(void);

/* ---- the program's image (image.c) ---- */

/* Learns where the main program's own executable text is. False where it can not be told from libc's (a static program). */
bool os_image_start(void);

/* True if pc lies in the main program's own text, as of os_image_start. [signal] */
bool os_image_owns(uintptr_t pc);

/* True if pc lies in text of the program or of a shared object; or, of a dynamic program, if that is not to be had. [signal] */
bool os_image_code(uintptr_t pc);

/* True if a word of a stack may be a return address into code that is neither the program's own nor ours. [signal] */
bool os_image_foreign(uintptr_t word);

/* Writes where a code address is into buffer: in which file, and the offset there that addr2line takes ("prog+0x1139"). False: it
 * is nobody's text, and the number is all that is written. Waits for nobody where the system can do that, and is [signal] there. */
bool os_image_place(uintptr_t pc, char *buffer, size_t size);

/* Where the object whose code is at pc has its ARCH_UNWIND_SEGMENT; 0 bytes: it has none. False: it is nobody's code. Waits for
 * nobody where the system can do that, and is [signal] there. On CPUs only that go by it. */
bool os_image_table(uintptr_t pc, uintptr_t *table, size_t *bytes);

/* ---- output and end (report.c) ---- */

/* Writes all bytes to fd, as far as it takes them. [signal] */
void os_write(int fd, const char *bytes, size_t size);

/* What a negative errno value means, in the system's words; fixed text, never NULL. */
const char *os_error_text(int error);

/* Has fn called when the program ends by exit() or by the return of main(), after its own atexit() functions (emscripten: before
 * them); not in the child of a fork. For one fn. */
void os_before_exit(void (*fn)(void));

/* Ends the process at once with the status, or with SIGABRT. [signal] */
_Noreturn void os_exit(int status);
_Noreturn void os_abort(void);

#endif
