/* Who blocks in the poller (src/sched/poll.c; idle.c: takes_place, sleep_once, sleep_idle, come_back, find_here, wake_for_place, wake_any;
 * thread.c: thread_wake; monitor.c: attend_poller, sleep_until, poll_until, monitor_kick): what becomes ready is caught.
 *
 * Once there is a poller: a thread blocks in it, or one looks for work and will look there too before it sleeps or runs a goroutine, or
 * the monitor looks again before long. Checked where nothing moves any more, the monitor sleeps until it is kicked, threads sleep or run a
 * goroutine that computes for ever: nothing is left in the poller, and no goroutine waits while a processor is idle, or while another
 * one computes that could be asked to go.
 *
 * Bounds: PROCESSORS and THREADS, all idle at the start; EVENTS descriptors become ready, each for one goroutine. ARRIVALS goroutines come
 * from outside. A goroutine ends, or computes until it is asked to go, and ends then. The monitor finds goroutines coming and going, or
 * not, as it likes. Searching is left out (idle.pml), and so are timers (timers.pml). One step is one access to memory, all in one order,
 * or what is done under one holding of a lock.
 *
 * holds -DEVENTS=2: one processor
 * holds -DPROCESSORS=2 -DEVENTS=2: two
 * holds -DEVENTS=1 -DARRIVALS=2: work comes from elsewhere, so that who blocks in the poller is woken there
 * holds -DPROCESSORS=2 -DEVENTS=1 -DARRIVALS=2: the same with two processors
 * holds -DPROCESSORS=2 -DEVENTS=1 -DARRIVALS=1 -DKEEPS_MONITOR: who goes idle need not take the place from the monitor: that is for speed
 * breaks -DEVENTS=2 -DLEAVES_UNTOLD [assertion violated]: who leaves the place must tell a monitor that sleeps
 * breaks -DEVENTS=1 -DARRIVALS=1 -DSLEEPS_UNATTENDED [assertion violated]: the monitor must see that the place is taken after it has said that it sleeps
 * breaks -DEVENTS=1 -DARRIVALS=1 -DPASSERS_TAKE_BELL [assertion violated]: who looks in passing must leave a wake-up to who blocks
 * breaks -DEVENTS=1 -DARRIVALS=1 -DNOTE_UNSEEN [assertion violated]: who is about to block must look whether somebody has just handed it a processor
 * breaks -DEVENTS=1 -DARRIVALS=2 -DKICK_UNSEEN [assertion violated]: and the monitor whether it was just kicked
 * breaks -DEVENTS=2 -DNOBODY_GOES [assertion violated]: while all processors are busy somebody must be asked to go
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PROCESSORS
#define PROCESSORS 1
#endif
#define THREADS (PROCESSORS + 1)
#ifndef EVENTS
#define EVENTS 0
#endif
#ifndef ARRIVALS
#define ARRIVALS 0
#endif

#define NOBODY  0
#define IDLE    1
#define MONITOR 2
#define NONE    7

byte pending; /* in the poller */
bool bell;    /* and a wake-up */
byte work;    /* runnable goroutines */

/* Under sched.lock, of which a step here is one holding. */
byte idle_ps = PROCESSORS;
byte idle_ms = (1 << THREADS) - 1; /* a set */
bool note[THREADS], handed[THREADS];

byte place = NOBODY;
bool polls[THREADS], monitor_polls;
bool asleep, kicked;
bool computes[THREADS], attention[THREADS];
bool deep; /* the monitor waits for a kick, or in the poller without a limit */

inline monitor_kick()
{
    kicked = true;
    if
    :: monitor_polls -> bell = true
    :: !monitor_polls
    fi
}

inline monitor_tell()
{
    if
    :: asleep -> monitor_kick()
    :: !asleep
    fi
}

/* Under the lock, but for the last step: takes an idle thread off the list. */
inline pop_thread(which)
{
    if
    :: idle_ms & 1 -> which = 0
    :: !(idle_ms & 1) && idle_ms & 2 -> which = 1
    :: !(idle_ms & 3) && idle_ms & 4 -> which = 2
    :: idle_ms == 0 -> which = NONE
    fi;
    if
    :: which != NONE -> idle_ms = idle_ms & ~(1 << which)
    :: which == NONE
    fi
}

inline thread_wake(which)
{
    note[which] = true;
    if
    :: polls[which] -> bell = true
    :: !polls[which]
    fi;
    which = NONE
}

inline wake_any()
{
    monitor_tell();
    atomic {
        if
        :: idle_ps > 0 ->
            pop_thread(w);
            if
            :: w != NONE -> idle_ps--; handed[w] = true
            :: w == NONE
            fi
        :: idle_ps == 0
        fi
    };
    if
    :: w != NONE -> thread_wake(w)
    :: w == NONE
    fi
}

proctype Thread(byte me)
{
    byte caught, w = NONE;
    bool mine, noted, back;

sleep:
    if /* takes_place */
    :: idle_ps == 0 -> mine = false
    :: idle_ps > 0 ->
        if
        :: atomic { place == NOBODY -> place = IDLE; mine = true }
        :: place == IDLE -> mine = false
        :: place == MONITOR ->
            mine = false;
#ifndef KEEPS_MONITOR
            monitor_kick()
#endif
        fi
    fi;
    if
    :: mine ->
        polls[me] = true;
        if
#ifndef NOTE_UNSEEN
        :: note[me]
        :: !note[me] ->
#else
        :: true ->
#endif
end_poll:   atomic { pending > 0 || bell -> caught = pending; pending = 0; bell = false }
        fi;
        polls[me] = false;
        place = NOBODY;
#ifndef LEAVES_UNTOLD
        monitor_tell()
#endif
    :: !mine ->
end_sleep:
        note[me]
    fi;

    noted = note[me];
    if
    :: noted -> atomic { note[me] = false; back = handed[me]; handed[me] = false }
    :: !noted -> /* come_back */
        atomic {
            back = idle_ps > 0 && (idle_ms >> me) & 1;
            if
            :: back -> idle_ps--; idle_ms = idle_ms & ~(1 << me)
            :: !back
            fi
        }
    fi;
    if /* poll_dispatch */
    :: caught > 0 && back -> atomic { work = work + caught; caught = 0 }
    :: caught > 0 && !back -> atomic { work = work + caught; caught = 0 }; wake_any(); monitor_kick()
    :: caught == 0
    fi;
    if
    :: !back && !noted -> goto sleep
    :: !back && noted -> atomic { idle_ms = idle_ms | 1 << me; noted = false }; goto recheck
    :: back -> noted = false
    fi;

look:
    if
    :: atomic { work > 0 -> work-- }; goto runs
    :: work == 0 ->
        if /* poll_in_passing */
        :: place == NOBODY ->
            atomic {
                caught = pending;
                pending = 0;
#ifdef PASSERS_TAKE_BELL
                bell = false
#endif
            };
            if
            :: caught > 0 -> atomic { work = work + caught; caught = 0 }; goto look
            :: caught == 0
            fi
        :: place != NOBODY
        fi
    fi;
    atomic { idle_ps++; idle_ms = idle_ms | 1 << me };
recheck:
    if
    :: work > 0 ->
        atomic {
            back = idle_ps > 0 && (idle_ms >> me) & 1;
            if
            :: back -> idle_ps--; idle_ms = idle_ms & ~(1 << me)
            :: !back
            fi
        };
        if
        :: back -> goto look
        :: !back
        fi
    :: work == 0
    fi;
    goto sleep;

runs:
    if
    :: work > 0 -> wake_any()
    :: work == 0
    fi;
    if
    :: goto look
    :: computes[me] = true;
end_compute:
        atomic { attention[me] -> attention[me] = false; computes[me] = false };
        goto look
    fi
}

proctype Monitor()
{
    byte caught, w = NONE, i;
    bool mine, idle, sleeps;

look:
    kicked = false;
    mine = false;
    idle = idle_ps > 0;
    if /* attend_poller */
    :: place == NOBODY && idle ->
        atomic { pop_thread(w) };
        if
        :: w != NONE -> thread_wake(w)
        :: w == NONE
        fi
    :: place == NOBODY && !idle ->
        if
        :: true /* goroutines come and go */
        :: atomic { place == NOBODY -> place = MONITOR; mine = true }
        :: place != NOBODY
        fi
    :: place != NOBODY
    fi;
    sleeps = work == 0;
    if
    :: !sleeps ->
        wake_any();
#ifndef NOBODY_GOES
        for (i : 0 .. THREADS - 1) {
            if
            :: computes[i] && idle_ps == 0 -> attention[i] = true
            :: else
            fi
        }
#endif
    :: sleeps -> sleeps = mine || place != NOBODY
    fi;
    if
    :: sleeps ->
        asleep = true;
        if
        :: work > 0 -> goto awake
#ifndef SLEEPS_UNATTENDED
        :: work == 0 && !mine && place == NOBODY -> goto awake
        :: work == 0 && (mine || place != NOBODY)
#else
        :: work == 0
#endif
        fi
    :: !sleeps
    fi;
    if
    :: mine ->
        monitor_polls = true;
        if
#ifndef KICK_UNSEEN
        :: kicked
        :: !kicked ->
#else
        :: true ->
#endif
            if
            :: sleeps ->
                deep = true;
end_poll:       atomic { pending > 0 || bell -> caught = pending; pending = 0; bell = false; deep = false }
            :: !sleeps -> atomic { caught = pending; pending = 0; bell = false }
            fi
        fi;
        monitor_polls = false;
        place = NOBODY;
        asleep = false;
        if
        :: caught > 0 -> atomic { work = work + caught; caught = 0 }; wake_any()
        :: caught == 0
        fi
    :: !mine && sleeps ->
        deep = true;
end_sleep:
        kicked;
        deep = false;
        asleep = false
    :: !mine && !sleeps
    fi;
    goto look;

awake:
    asleep = false;
    if
    :: mine -> place = NOBODY
    :: !mine
    fi;
    goto look
}

proctype Kernel()
{
    byte n = EVENTS;
    do
    :: atomic { n > 0 -> n--; pending++ }
    :: n == 0 -> break
    od
}

proctype Outside()
{
    byte n = ARRIVALS, w = NONE;
    do
    :: n > 0 -> atomic { n--; work++ }; wake_any()
    :: n == 0 -> break
    od
}

init {
    byte i;

    atomic {
        for (i : 0 .. THREADS - 1) {
            run Thread(i)
        }
        i = 0;
        run Kernel();
        run Outside();
        run Monitor()
    }
    timeout;
    assert(deep);
    assert(pending == 0);
    assert(work == 0)
}
