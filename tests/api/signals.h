/* What the tests of signals share: sending one, asking for it on a channel, and a handler of the program's own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_API_SIGNALS_H
#define TEST_API_SIGNALS_H

#include <signal.h>
#include <unistd.h>
#include "emulator.h"
#include "test.h"

static inline void send(int number)
{
    CHECK_EQ(0, kill(getpid(), number));
}

static inline go_chan *ask(int number, size_t room)
{
    go_chan *c = test_chan(sizeof(int), room);

    CHECK_EQ(0, go_signal_notify(c, &number, 1));
    return c;
}

/* A signal may still be on its way to another thread when the test gives it back: where not all that were sent have been received,
 * it must be one that does no harm. */
enum { HARMLESS = SIGWINCH, ALSO_HARMLESS = SIGCONT };

/* What comes next; 0: nothing for very long. */
static inline int next(go_chan *c)
{
    int number = 0;

    CHECK_EQ(0, go_recv_until(c, &number, go_deadline(30 * GO_SECOND)));
    return number;
}

/* After go_signal_stop and go_signal_ignore all that was to come is there. */
static inline int left(go_chan *c)
{
    int n = 0;

    while (go_recv_until(c, NULL, GO_NOW) == 0)
        n++;
    return n;
}

/* ---- an earlier handler ---- */

static atomic_int handled;

static inline void handle(int number)
{
    (void)number;
    atomic_fetch_add(&handled, 1);
}

/* With all masked, the library's interrupt too: a goroutine that is taken off inside a handler leaves its thread with the signal
 * masked that is being handled. */
static inline void install(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    mask_all(&action.sa_mask);
    atomic_store(&handled, 0);
    CHECK_EQ(0, sigaction(number, &action, NULL));
}

static inline void (*installed(int number))(int)
{
    struct sigaction action;

    CHECK_EQ(0, sigaction(number, NULL, &action));
    return action.sa_handler;
}

#endif
