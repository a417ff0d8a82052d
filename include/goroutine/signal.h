/* Signals: those that the system sends to the process (SIGINT, SIGTERM, SIGHUP, ...), as elements of channels.
 *
 * A signal that has been asked for loses the effect that it had: the default one is not taken, a handler that the program had
 * installed before is not called, until nobody asks for it any more: then the effect is there again. Until then the program must
 * not change it by itself.
 *
 * Not to be had are SIGKILL and SIGSTOP, which nobody catches; SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGTRAP, which mean a fault at
 * an instruction; those that libc keeps to itself (below SIGRTMIN); and the one that this library preempts with (SIGURG, or the
 * environment's GOROUTINE_SIGNAL). SIGQUIT, as long as it is asked for, does not write a dump (debug.h).
 *
 * `signals` are n numbers of <signal.h>. NULL with an n of 0 means all that can be had: job control and abort() too.
 *
 * While a signal is asked for, a program in which everybody waits is no deadlock: one may come. These calls do not block.
 *
 * Not in the library for wasm.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOROUTINE_SIGNAL_H
#define GOROUTINE_SIGNAL_H

#include "abi.h"
#include "chan.h"

GO_BEGIN_DECLS

/* go_signal_notify sends the number of each of these signals that arrives from now on, an int, to the channel. It does not wait for
 * room: what the channel cannot take is lost for it, so give it a capacity, of 1 at least, or as many as must not be lost.
 * Several calls for a channel add up; several channels may ask for one signal, and each gets it. A standard signal that arrives
 * again before it was sent may count once, as everywhere; real-time signals count one by one. Signals that arrive at the same time
 * are sent in the order of their numbers. Sending to a closed channel does nothing; a channel cannot be freed while signals are
 * sent to it. Errors, with which nothing has changed: -EINVAL channel is NULL, its elements are no ints, n is negative, or 0 with
 * signals or more without, or a number among them cannot be had; -ENOMEM, -ENOSPC; -EMFILE, -ENFILE; -EAGAIN as go_spawn. */
GO_API int go_signal_notify(go_chan *channel, const int *signals, int n);

/* go_signal_stop ends that for the channel. What arrived before has been sent when it returns, and nothing is sent after; a signal
 * that arrives meanwhile is either sent or has its earlier effect. A channel that gets no signals is left as it is.
 * Errors: -EINVAL channel is NULL. */
GO_API int go_signal_stop(go_chan *channel);

/* go_signal_ignore has the system discard these signals, and ends all that was asked for them; a later go_signal_notify brings
 * them back, and when it ends they are discarded again. Errors: -EINVAL as above. */
GO_API int go_signal_ignore(const int *signals, int n);

/* go_signal_reset ends all that was asked for these signals by any of these calls, and gives them the effect that they had
 * before. Errors: -EINVAL as above. */
GO_API int go_signal_reset(const int *signals, int n);

/* go_signal_ignored gives 1 if the signal is discarded by the system now, on whosesoever wish (nohup, a shell that started the
 * program in the background), else 0. Errors: -EINVAL as above. */
GO_API int go_signal_ignored(int signal);

GO_END_DECLS

#endif
