/* Child processes: starting a program, talking to it through pipes, waiting for its end.
 *
 * A child begins with no signal masked and each at its default, whatever this program has done to them. Of this program's
 * descriptors it has 0, 1 and 2, as its attributes say, and those that are not close-on-exec, which all are that the library opens.
 *
 * fork() by hand copies the calling thread alone: the child has no scheduler. All it may do is to call what POSIX allows in
 * a signal handler, and then execve() or _exit(); a call of this library there says so on standard error and ends the child with 2,
 * if the scheduler had been started before the fork. To start a program, use go_child_spawn.
 *
 * Not in the library for wasm.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_CHILD_H
#define GOROUTINE_CHILD_H

#include "abi.h"

GO_BEGIN_DECLS

typedef struct go_child go_child;

/* What a stream of the child can be besides a descriptor of this program. */
enum {
    GO_CHILD_INHERIT = 0, /* this program's of the same number, open or closed */
    GO_CHILD_NULL = -1,   /* empty, and takes everything: /dev/null */
    GO_CHILD_PIPE = -2    /* a pipe to this program: go_child_pipe */
};

enum {
    GO_CHILD_GROUP = 1,  /* it leads a process group of its own */
    GO_CHILD_SESSION = 2 /* it leads a session of its own, hence a group; it has no terminal */
};

/* All zero: as this program. Later versions may use the reserved words. */
struct go_child_attr {
    const char *file;         /* the program: with a slash a path, else looked for in PATH; NULL: argv[0] */
    char *const *environment; /* "NAME=value", ends with NULL; NULL: this program's */
    const char *directory;    /* where it starts; a relative path in file is taken from there; NULL: where this program is */
    int streams[3];           /* its standard input, output and error: one of the above, or a descriptor above 0 of this program */
    int flags;                /* GO_CHILD_GROUP, GO_CHILD_SESSION */
    uintptr_t reserved[6];
};

/* go_child_spawn starts a program with the arguments argv, which ends with NULL, as a child process; attr may be NULL. *child is
 * freed with go_child_free. Blocks the goroutine until the program has begun: what keeps it from that is the error. Errors: those
 * of execve(2), so -ENOENT no such program, -EACCES not to be executed; those of chdir(2); -EBADF streams; -EINVAL; -EAGAIN,
 * -EMFILE, -ENFILE, -ENOMEM. */
GO_API int go_child_spawn(const struct go_child_attr *attr, char *const *argv, go_child **child);

/* go_child_pipe gives this program's end of a stream (0 to 2) that is GO_CHILD_PIPE, once: for go_read and go_write, and to be
 * closed by go_close. A write to a child that does not read any more gives -EPIPE, never SIGPIPE. Errors: -EINVAL; -EBADF there is
 * no such pipe, or it was given already. Never blocks. */
GO_API int go_child_pipe(go_child *child, int stream);

/* How a child has ended. */
struct go_child_status {
    int code;        /* what it gave to exit; -1: a signal ended it */
    int signal;      /* the number of that signal; 0: none did */
    int core_dumped; /* 1: it left a core file */
};

/* go_child_wait blocks until the child has ended, and fills *status, which may be NULL. Any number of goroutines may wait, also
 * several times. Errors: -EINVAL child is NULL; -ECHILD how it ended is not known: the program ignores SIGCHLD, or has waited for
 * it by other means; those of go_wait_fd; go_child_wait_until also -EAGAIN, -ETIMEDOUT. */
GO_API int go_child_wait(go_child *child, struct go_child_status *status);
GO_API int go_child_wait_until(go_child *child, struct go_child_status *status, int64_t deadline);

/* go_child_kill sends a signal to the child, and never to another process that got its number later; 0 only asks whether one could.
 * go_child_kill_group sends it to all of the group that the child leads. Errors: -ESRCH it has ended; -EINVAL also where it leads
 * no group; -EPERM. Never block. */
GO_API int go_child_kill(go_child *child, int signal);
GO_API int go_child_kill_group(go_child *child, int signal);

/* go_child_pid gives its number, which may be another's as soon as somebody has waited for it. -EINVAL: child is NULL. */
GO_API int go_child_pid(const go_child *child);

/* go_child_free forgets the child, which may go on, and closes the pipes that were not given out; no zombie stays behind. NULL is
 * allowed. Errors: -EBUSY somebody waits for it; -ENOMEM, -EAGAIN as go_spawn: nothing was freed. Never blocks. */
GO_API int go_child_free(go_child *child);

GO_END_DECLS

#endif
