/* THE OS CONTRACT, third part: the signals of the process, and child processes.
 *
 * An OS implements it beside the second part (net.h), which it needs. The preconditions and marks are those of os.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OS_PROCESS_H
#define OS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* ---- signals (notify.c) ---- */

enum { OS_SIGNALS = 128 }; /* their numbers are 1 to 127 */

/* Makes the descriptor that becomes readable when a signal that was taken has arrived: reading 8 bytes from it does not block, and
 * makes it unreadable. The last one made counts; while signals are taken it must stay open. -EMFILE, -ENFILE, -ENOMEM. */
int os_signals_bell(void);

/* Makes it readable. [signal] */
void os_signals_ring(void);

/* True if a program may take it: not what cannot be caught, what means a fault of the program, the interrupt of os.h, and what libc
 * keeps to itself. After os_signals_start of os.h. */
bool os_signal_usable(int number);

/* From now on each arrival is counted, and rings; the effect that it had before is kept for os_signal_give_back. -EINVAL. */
int os_signal_take(int number);

/* From now on it has no effect at all; likewise. */
int os_signal_ignore(int number);

/* From now on it has the effect again that it had before the first of the two, unless somebody else has changed it since. */
void os_signal_give_back(int number);

/* Waits, not for long, until those that arrived before the last change of how they are taken either are counted, or have had the
 * effect that came after. */
void os_signals_settle(void);

/* How often it has arrived since the last call. [signal] */
uint32_t os_signal_arrived(int number);

/* True if it has no effect now, whoever said so. */
bool os_signal_is_ignored(int number);

/* ---- child processes (child.c) ---- */

enum { OS_STREAM_NULL = -1 }; /* reads as empty, takes everything */

struct os_child_start {
    const char *file;         /* with a slash a path, else looked for as a shell does */
    char *const *arguments;   /* ends with NULL */
    char *const *environment; /* likewise; NULL: that of this process */
    const char *directory;    /* NULL: that of this process; a relative path is taken from there */
    int streams[3];           /* what is to be its descriptors 0, 1, 2 */
    bool own_group, own_session;
};

/* Starts a program: with no signal masked, each at its default; of our descriptors it has those three, and those that outlive an
 * exec. Blocks until the program has begun, or is known not to. Gives its number; the errors of execve(2), open(2), chdir(2),
 * -EBADF, -EAGAIN, -ENOMEM. */
int os_child_start(const struct os_child_start *what);

/* A descriptor that becomes readable when the child has ended. -ENOSYS and others: there is none. */
int os_child_watch(int id);

/* How a child ended: the signal, or 0 and the status that it gave to exit. */
struct os_child_end {
    int status, signal;
    bool core;
};

/* Takes leave of a child that has ended: afterwards its number may be another's. -EAGAIN: it runs; -ECHILD: there is no such child
 * (any more). */
int os_child_reap(int id, struct os_child_end *end);

/* Blocks until it has ended, which leaves it to be reaped. */
void os_child_await(int id);

/* Sends a signal to a child that was not reaped, whose os_child_watch this is (or -1). -ESRCH, -EINVAL, -EPERM. */
int os_child_signal(int id, int watch, int number);

/* The same to the group that it leads. */
int os_child_signal_group(int id, int number);

/* A pipe: one end, `ours`, does not block; neither outlives an exec, nor is it one of the descriptors 0, 1, 2. -EMFILE, -ENFILE. */
int os_pipe(int *ours, int *theirs, bool ours_writes);

#endif
