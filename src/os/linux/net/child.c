/* Child processes.
 *
 * libc's posix_spawn starts them: the child shares our memory until it execs, and libc sees to it that meanwhile no signal is
 * handled, neither there nor on the thread that waits here.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/linux/linux.h"
#include "os/net.h"
#include "os/process.h"

/* Later than some libcs; the same number on all CPUs that we know. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* ---- starting one ---- */

enum { STREAMS = 3 };

/* A descriptor below 3 may be replaced before it is its turn, and one that this process has not got may be somebody's for a moment
 * when the child begins: those are copied first. */
static int move_up(const struct os_child_start *what, int moved[STREAMS])
{
    int error = 0;
    for (int i = 0; i < STREAMS; i++)
        moved[i] = -1;
    os_brief_keep_off();
    for (int i = 0; i < STREAMS && error == 0; i++) {
        int from = what->streams[i];
        if (from < 0 || from >= STREAMS)
            continue;
        moved[i] = BY_VALUE(fcntl(from, F_DUPFD_CLOEXEC, STREAMS));
        if (moved[i] < 0 && (from != i || moved[i] != -EBADF))
            error = moved[i];
    }
    os_brief_let_go();
    return error;
}

static void close_moved(const int moved[STREAMS])
{
    for (int i = 0; i < STREAMS; i++)
        if (moved[i] >= 0)
            os_io_close(moved[i]);
}

/* A stream of this process is the child's too even where it would not outlive the exec. One that there is not stays closed. */
static int add_streams(posix_spawn_file_actions_t *actions, const struct os_child_start *what, const int moved[STREAMS])
{
    int error = 0;
    for (int i = 0; i < STREAMS && error == 0; i++) {
        int from = moved[i] >= 0 ? moved[i] : what->streams[i];
        if (from == OS_STREAM_NULL)
            error = posix_spawn_file_actions_addopen(actions, i, "/dev/null", O_RDWR, 0);
        else if (from != i)
            error = posix_spawn_file_actions_adddup2(actions, from, i);
    }
    return error;
}

static void set_attributes(posix_spawnattr_t *attributes, const struct os_child_start *what)
{
    sigset_t none, all;
    sigemptyset(&none);
    memset(&all, 0xff, sizeof all); /* sigfillset leaves out those that libc keeps to itself, and has the child ignore them */
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (what->own_session)
        flags |= POSIX_SPAWN_SETSID;
    else if (what->own_group)
        flags |= POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setflags(attributes, (short)flags);
}

/* The child's number, or a negative error. */
static int start(const struct os_child_start *what, const int moved[STREAMS])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t id = -1;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return -error;
    posix_spawnattr_init(&attributes);
    set_attributes(&attributes, what);
    error = add_streams(&actions, what, moved);
    if (error == 0 && what->directory != NULL)
        error = posix_spawn_file_actions_addchdir_np(&actions, what->directory);
    if (error == 0)
        error = posix_spawnp(&id, what->file, &actions, &attributes, what->arguments,
                             what->environment != NULL ? what->environment : environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error != 0 ? -error : id;
}

int os_child_start(const struct os_child_start *what)
{
    int kept = *os_errno(), moved[STREAMS];
    int result = move_up(what, moved);
    if (result == 0)
        result = start(what, moved);
    close_moved(moved);
    *os_errno() = kept;
    return result;
}

/* ---- its end ---- */

int os_child_watch(int id)
{
    return (int)os_call(SYS_pidfd_open, id, 0);
}

int os_child_reap(int id, struct os_child_end *end)
{
    siginfo_t info = {.si_pid = 0};
    int error = BY_VALUE(waitid(P_PID, (id_t)id, &info, WEXITED | WNOHANG));
    if (error < 0)
        return error;
    if (info.si_pid == 0)
        return -EAGAIN;
    bool by_itself = info.si_code == CLD_EXITED;
    *end = (struct os_child_end){
        .status = by_itself ? info.si_status : 0,
        .signal = by_itself ? 0 : info.si_status,
        .core = info.si_code == CLD_DUMPED,
    };
    return 0;
}

void os_child_await(int id)
{
    siginfo_t info;
    (void)BY_VALUE(waitid(P_PID, (id_t)id, &info, WEXITED | WNOWAIT));
}

/* ---- signals to it ---- */

int os_child_signal(int id, int watch, int number)
{
    long result = watch >= 0 ? os_call(SYS_pidfd_send_signal, watch, number, 0, 0) : -ENOSYS;
    return (int)(result == -ENOSYS ? os_call(SYS_kill, id, number) : result);
}

int os_child_signal_group(int id, int number)
{
    return (int)os_call(SYS_kill, -id, number);
}

/* ---- pipes ---- */

/* A program that has closed one of its streams does not get a pipe in its place, nor does a child that takes it over from there. */
static int keep_off_streams(int *fd)
{
    if (*fd >= STREAMS)
        return 0;
    int moved = BY_VALUE(fcntl(*fd, F_DUPFD_CLOEXEC, STREAMS));
    if (moved < 0)
        return moved;
    os_io_close(*fd);
    *fd = moved;
    return 0;
}

int os_pipe(int *ours, int *theirs, bool ours_writes)
{
    int ends[2];
    int error = BY_VALUE(pipe2(ends, O_CLOEXEC));
    if (error < 0)
        return error;
    for (int i = 0; i < 2 && error == 0; i++)
        error = keep_off_streams(&ends[i]);
    *ours = ends[ours_writes];
    *theirs = ends[!ours_writes];
    if (error == 0)
        error = BY_VALUE(fcntl(*ours, F_SETFL, (ours_writes ? O_WRONLY : O_RDONLY) | O_NONBLOCK));
    if (error < 0) {
        os_io_close(ends[0]);
        os_io_close(ends[1]);
    }
    return error;
}
