/* Signal handlers that were there before ours, and still get what is theirs.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "os/linux/linux.h"

static struct sigaction earlier[_NSIG]; /* written only by os_chain_install */

int os_chain_install(int signal_number, const struct sigaction *ours)
{
    struct sigaction now;
    if (sigaction(signal_number, NULL, &now) != 0)
        return -errno;
    if (now.sa_sigaction == ours->sa_sigaction)
        return 0; /* a start that failed further on is tried again */
    /* First, because our handler may run before the call returns, and must find something then. */
    earlier[signal_number] = now;
    if (sigaction(signal_number, ours, &earlier[signal_number]) != 0)
        return -errno;
    return 0;
}

static bool is_function(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) != 0 || (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN);
}

bool os_chain_has_handler(int signal_number)
{
    return is_function(&earlier[signal_number]);
}

/* Lets the signal do what it does by default, which is to end the process. It is sent once more, as it was, and waits behind the
 * mask of this handler: so a core file shows the place that it came from, and its cause. */
static void die_by(int signal_number, siginfo_t *info)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigaction(signal_number, &plain, NULL);
    os_call(SYS_rt_tgsigqueueinfo, os_process_id(), os_thread_self().id, signal_number, info);
}

static void call(const struct sigaction *action, int signal_number, siginfo_t *info, void *frame)
{
    if ((action->sa_flags & SA_SIGINFO) != 0)
        action->sa_sigaction(signal_number, info, frame);
    else
        action->sa_handler(signal_number);
}

/* Runs the handler under the signal mask that it asked for. */
static void call_masked(const struct sigaction *action, int signal_number, siginfo_t *info, void *frame)
{
    sigset_t kept, itself;
    pthread_sigmask(SIG_BLOCK, &action->sa_mask, &kept);
    if ((action->sa_flags & SA_NODEFER) != 0) {
        sigemptyset(&itself);
        sigaddset(&itself, signal_number);
        pthread_sigmask(SIG_UNBLOCK, &itself, NULL);
    }
    call(action, signal_number, info, frame);
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
}

static bool is_fault(int signal_number)
{
    for (size_t i = 0; i < OS_FAULTS; i++)
        if (os_faults[i] == signal_number)
            return true;
    return false;
}

/* A fault that the kernel found is not ignored by SIG_IGN either. */
static bool ends_the_process(const struct sigaction *action, int signal_number, const siginfo_t *info)
{
    bool harmless = signal_number == SIGURG || signal_number == SIGWINCH;
    return action->sa_handler == SIG_DFL ? !harmless : is_fault(signal_number) && info->si_code > 0;
}

void os_chain_call(int signal_number, siginfo_t *info, void *frame)
{
    struct sigaction action = earlier[signal_number];
    if (!is_function(&action)) {
        if (ends_the_process(&action, signal_number, info))
            die_by(signal_number, info);
        return;
    }
    if ((action.sa_flags & SA_RESETHAND) != 0)
        earlier[signal_number] = (struct sigaction){.sa_handler = SIG_DFL};
    call_masked(&action, signal_number, info, frame);
}
