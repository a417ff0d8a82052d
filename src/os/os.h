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

/* True on the thread that the process began with. */
bool os_thread_is_first(void);

/* Starts a detached thread that runs run(arg), with stack_size bytes of stack (0: the system's default), all signals unmasked that
 * the creator has unmasked. -EAGAIN: limits; -ENOMEM. */
int os_thread_start(void (*run)(void *), void *arg, size_t stack_size);

/* Ends the calling thread; on the stack that the system gave it. */
_Noreturn void os_thread_exit(void);

/* Lets another thread of the system run. [signal] */
void os_thread_yield(void);

/* Asks the system to wake the calling thread at once and on time: fine timers; for the monitor (urgent) also a short slice and,
 * where allowed, priority over the others, which threads that it starts do not inherit. Best effort. */
void os_thread_set_prompt(bool urgent);

/* Number of CPUs this process may use; at least 1. */
int os_cpu_count(void);

/* Number of threads in the process now, or -1 where it can not be told. Slow. */
int os_thread_count(void);

/* Where errno of the calling thread lies, found anew at every call. libc's own accessor is declared `const`: a compiler that sees
 * errno twice in a function looks it up once, and code that changes threads in between writes the errno of the thread it came from.
 * [signal] */
int *os_errno(void);

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

/* ---- interrupts and faults (signal.c) ---- */

/* What the OS floor calls up. All run on the interrupted thread, with the interrupt signal masked. */
struct os_hooks {
    /* An interrupt of ours arrived; on the interrupted stack. errno is kept around it. The hook may leave that stack and return on
     * another thread: then it calls os_frame_adopt there first. It may be called without cause: once in a great while the system
     * does not say who sent a signal, and then it is taken for ours. */
    void (*interrupt)(void *frame);
    /* A memory fault; on the thread's alternate stack. Returns true if it ended the matter (it normally does not return), and the
     * frame resumes; false: not ours, the earlier handler or the default takes it. The address is NULL where the system tells none:
     * among others when a stack had no room for the frame of a signal. */
    bool (*fault)(void *frame, void *address);
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

/* How many bytes below the interrupted stack pointer an interrupt may use, at most: the red zone, the kernel's frame (which grows
 * with the machine's vector registers), the handler, and 1 KiB for what the hook does on that stack. */
size_t os_frame_room(void);

/* ---- the program's image (image.c) ---- */

/* Learns where the main program's own executable text is. False where it can not be told from libc's (a static program). */
bool os_image_start(void);

/* True if pc lies in the main program's own text, as of os_image_start. [signal] */
bool os_image_owns(uintptr_t pc);

/* Writes a name for a code address ("main+0x12 (prog+0x1139)") into buffer. Not async-signal-safe. */
void os_image_name(uintptr_t pc, char *buffer, size_t size);

/* ---- readiness of descriptors (poller.c) ---- */

/* What has become ready, by the tag that the descriptor was added with. */
struct os_ready {
    void *tag;
    bool readable, writable; /* both where there is an error to be read off */
    bool ended;              /* the other side will send no more, or there is an error: it stays so */
};

/* Makes the poller. A failed call may be repeated; after one that succeeded there is nothing more to do. -EMFILE, -ENFILE, -ENOMEM.
 */
int os_poller_start(void);

/* Watches fd until it is closed, both ways, edge by edge: each time that it becomes ready is told once, to one thread. What is
 * ready already is told too. -EPERM: always ready (a regular file); -EEXIST: watched already; -EBADF; -ENOMEM, -ENOSPC. */
int os_poller_add(int fd, void *tag);

/* Takes up to `most` descriptors that have become ready, and gives their number. If there are none, blocks until there are, or
 * os_poller_wake, or the deadline (absolute os_now(); INT64_MAX: never; 0: does not block). May return 0 early for no reason. Only
 * one thread at a time may block. Leaves errno alone. */
int os_poller_wait(struct os_ready *ready, int most, int64_t deadline);

/* Makes the thread that blocks in os_poller_wait, or the next one that would, return at once. [signal] */
void os_poller_wake(void);

/* ---- descriptors (io.c) ---- */

/* Each is the system call of that name, but for: a negative errno value comes by value; -EINTR only where said; a call on a
 * descriptor that does not block gives -EAGAIN instead of blocking. */
ptrdiff_t os_io_read(int fd, void *buffer, size_t size);
ptrdiff_t os_io_write(int fd, const void *bytes, size_t size);
ptrdiff_t os_io_send(int fd, const void *bytes, size_t size); /* to a socket: no SIGPIPE */
struct iovec;
const char *os_io_part(const struct iovec *parts, int i, size_t *size); /* no call: what stands there */
ptrdiff_t os_io_readv(int fd, const struct iovec *parts, int n);
ptrdiff_t os_io_writev(int fd, const struct iovec *parts, int first, int n); /* parts[first] to parts[n - 1] */
ptrdiff_t os_io_sendv(int fd, const struct iovec *parts, int first, int n);
struct sockaddr;
ptrdiff_t os_io_recvfrom(int fd, void *buffer, size_t size, struct sockaddr *from, unsigned *from_size);
ptrdiff_t os_io_sendto(int fd, const void *bytes, size_t size, const struct sockaddr *to, unsigned to_size);
ptrdiff_t os_io_sendfile(int to, int from, int64_t *offset, size_t size);
int os_io_shutdown(int fd, bool reading, bool writing);
int os_io_close(int fd); /* closed also where there is an error */

/* What descriptor this is. -EBADF. */
struct os_io_kind {
    bool blocks; /* its calls block; else they give -EAGAIN */
    bool socket;
    bool stream; /* a short read has emptied it, if nothing came in since and the other side has not ended */
};
int os_io_kind(int fd, struct os_io_kind *kind);

/* Which of these it is ready for now; an error makes it ready for both. -EBADF. */
int os_io_ready(int fd, bool *readable, bool *writable);

/* ---- sockets (socket.c, resolve.c) ---- */

/* An address in the system's own form. */
struct os_address {
    unsigned size;
    _Alignas(8) unsigned char bytes[128];
};

enum os_transport { OS_STREAM, OS_DATAGRAM, OS_SEQUENCED };

/* A socket for such addresses that does not block and does not outlive an exec. Gives the descriptor. */
int os_socket(const struct os_address *address, enum os_transport transport);

/* Takes the address and, for streams and sequenced packets, listens. A local path that nobody listens on any more is taken over.
 * both_families: an IPv6 one takes IPv4 too. */
int os_socket_listen(int fd, const struct os_address *address, bool both_families);

/* Begins to connect: 0, or -EINPROGRESS (-EAGAIN for a local path whose queue is full); os_socket_error gives the outcome once it
 * is writable. */
int os_socket_connect(int fd, const struct os_address *address);
int os_socket_error(int fd);

/* True if it is connected to itself, which a connection to a free local port may be. */
bool os_socket_meets_itself(int fd);

/* The next connection, as a descriptor that does not block; its peer to *peer unless NULL. -EAGAIN; -EMFILE, -ENFILE. Skips those
 * that went away while they waited. */
int os_socket_accept(int fd, struct os_address *peer);

/* Finds the addresses of a host (NULL: all of this machine's) and a service, a name or a number of each; family 4, 6, or 0 for
 * both, those to try first in front. May block for a long time, and take 100 KiB of stack. Their number, at most `most`; -ENOENT:
 * no such name; -EAGAIN: cannot be known now; -EINVAL: no such service; -EIO: names cannot be asked for; -ENOMEM. */
int os_resolve(const char *host, const char *service, int family, enum os_transport transport, struct os_address *found, int most);

/* The same where both are numbers, at once; up to 2. -EAGAIN: one of them has to be looked up. */
int os_resolve_now(const char *host, const char *service, int family, struct os_address *found);

/* The address of a local path; one that begins with '@' has no file. -ENAMETOOLONG, -EINVAL. */
int os_local_address(const char *path, struct os_address *address);

/* ---- output and end (report.c) ---- */

/* Writes all bytes to fd, as far as it takes them. [signal] */
void os_write(int fd, const char *bytes, size_t size);

/* Ends the process at once with the status, or with SIGABRT. [signal] */
_Noreturn void os_exit(int status);
_Noreturn void os_abort(void);

#endif
