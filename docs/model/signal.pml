/* A signal beside a stop: it is sent to the channel or has its earlier effect, and is never lost (src/os/linux/net/notify.c:
 * on_signal, os_signal_give_back, os_signals_settle; src/process/signal.c: end, send).
 *
 * The system takes a signal off its queue and looks up the handler in one step; what runs then may come much later. The stopper
 * first installs the earlier handler, then takes the mark away, then waits until no handler is in between, then sends what was
 * counted. A handler that finds no mark sends the signal again to its own thread.
 *
 * Bounds: 2 signals, on 2 threads, 2 rounds of asking and stopping.
 *
 * holds: each signal is sent once or has its earlier effect once, and every stop ends
 * breaks -DDROPS_LATE [assertion violated]: a handler that finds no mark must send the signal again
 * breaks -DDOES_NOT_WAIT [assertion violated]: the stopper must wait for handlers that have seen the mark
 * breaks -DSAYS_LATE [assertion violated]: a handler must say that it is there before it looks for the mark
 * breaks -DMARKS_LAST [assertion violated]: the mark must be set before the handler is installed, or a signal goes round and round
 * breaks -DUNMARKS_FIRST [assertion violated]: the earlier handler must be back before the mark is taken away, likewise
 *
 * SPDX-License-Identifier: MIT
 */
#define SIGNALS 2
#define ROUNDS 2
#define TURNS 2 /* a signal may find the mark gone so often; one more would have no end */

bool ours;   /* the handler that the system has installed */
bool wanted; /* the mark */
byte under_way;
byte counted;
bool asked; /* the channel is among those to be sent to */
byte sent, effects;

#ifdef UNMARKS_FIRST
#define GIVE_BACK wanted = false; ours = false
#else
#define GIVE_BACK ours = false; wanted = false
#endif

active [SIGNALS] proctype Thread()
{
    bool to_us, counts;
    byte turns = TURNS;

again:
    to_us = ours; /* off the queue */
    if
    :: !to_us -> effects++
    :: to_us ->
#ifdef SAYS_LATE
        counts = wanted;
        under_way++;
#else
        under_way++;
        counts = wanted;
#endif
        if
        :: counts -> counted++
        :: !counts
        fi;
        under_way--;
        if
        :: counts
#ifdef DROPS_LATE
        :: !counts
#else
        :: !counts ->
            turns > 0; /* or it comes to nothing */
            turns--;
            goto again
#endif
        fi
    fi
}

active proctype Stopper()
{
    byte rounds = ROUNDS;

    do
    :: rounds > 0 ->
        rounds--;
        asked = true;
#ifdef MARKS_LAST
        ours = true;
        wanted = true;
#else
        wanted = true;
        ours = true;
#endif
        GIVE_BACK;
#ifndef DOES_NOT_WAIT
        under_way == 0;
#endif
        d_step { /* sends what was counted */
            sent = sent + counted;
            counted = 0
        };
        asked = false
    :: rounds == 0 -> break
    od
}

/* Nothing is on its way any more. */
active proctype Judge()
{
    timeout;
    assert(sent + effects == SIGNALS)
}
