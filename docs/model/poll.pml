/* Who blocks in the poller (src/sched/poll.c; idle.c: takes_place, sleep_once, sleep_idle, come_back, go_idle, find_here, end_slice,
 * wake_searcher, wake_any; thread.c: thread_sleep, thread_wake; monitor.c: attend_poller, sleep_until, poll_until, stay_awake,
 * monitor_kick; monitor_tell; deadlock.c): what becomes ready is caught, who is woken wakes up, and no look for a deadlock is misled.
 *
 * Once there is a poller: a thread blocks in it, or one looks for work and will look there too before it sleeps or runs a goroutine, or
 * the monitor looks again before long. Checked where nothing moves any more, threads sleep or run a goroutine that computes for ever:
 *   if the monitor is in the sleep that only a kick or the poller ends: nothing is left in the poller, and no goroutine waits;
 *   if it looks once a slice: nothing has been left for more than three slices in which no goroutine was begun;
 *   in both cases: no thread sleeps on a note that is set, and the monitor not if it was kicked;
 *   with CHECKS: a look for a deadlock finds one only if all goroutines wait for ever, and then one does find it.
 *
 * Bounds: PROCESSORS and THREADS, all idle at the start; EVENTS descriptors become ready, each for one goroutine. ARRIVALS goroutines
 * come from outside. A goroutine ends (or with CHECKS waits for ever), or computes until it is asked to go, and ends then. REGIONS=1:
 * thread 0 is in a blocking region, and returns as soon as a processor is idle, of which it tells nobody. YIELDS=1: thread 0 has a
 * processor, and goroutines that yield to each other for ever; its ring is too full for a look in passing, unless it is asked to look;
 * it runs what is made ready. EARLY: times that a thread in the poller returns for no reason (a timer, a signal), or leaves the place at
 * once because an earlier timer has come. SLICES: times that a slice passes before all others have come to rest, or that the monitor
 * does not sleep deep though somebody blocks in the poller.
 *
 * Left out: the count of those who search, and the start of threads (idle.pml; here who is woken is on the idle list); which idle thread
 * is first on that list: any is; timers (timers.pml), but for EARLY; the start of the poller; the two quiet looks before the monitor
 * sleeps: it does at once; that a catch may be too small for all. Whether somebody has looked for less than a grant ago, switches or
 * searches the monitor finds as it likes, until a slice has passed in vain; then only a look that was counted since its last one keeps
 * it from doing something. That it acts at once where it was asked for the place is for speed, and so it may always act. How long its
 * sleeps are that are not deep is not seen here, a slice or less. The queues are one number, and who looks at them sees all of it.
 *
 * One step is one access to memory, all in one order, or what is done under one holding of sched.lock. Some are put together where
 * nothing that others do between them makes a difference. Without FINE these are one step too: a wake-up (taking a thread off the list,
 * setting its word, looking where it sleeps, waking it there), taking a wake-up with what is ready, and leaving the poller with the
 * place. Who is interrupted there is late, and wakes one too many where the target has gone on; the runs with FINE have that.
 *
 * holds -DTHREADS=1 -DEVENTS=2 -DARRIVALS=1 -DFINE: one thread, which blocks in the poller and is woken there
 * holds -DEVENTS=1 -DFINE: two threads and one processor: one blocks in the poller while the other computes
 * holds -DEVENTS=2: the same with two events
 * holds -DPROCESSORS=2 -DEVENTS=2: two processors
 * holds -DREGIONS=1 -DEVENTS=1 -DEARLY=1: the processor is taken by who returns from a blocking region
 * holds -DTHREADS=1 -DEVENTS=1 -DARRIVALS=1 -DEARLY=1 -DSLICES=2 -DFINE: returns for no reason, and early looks of the monitor
 * holds -DTHREADS=1 -DEVENTS=2 -DCHECKS -DFINE: no look for a deadlock misses who is just made ready
 * holds -DPROCESSORS=2 -DEVENTS=1 -DCHECKS: the same with two threads
 * holds -DEVENTS=1 -DKEEPS_MONITOR: who goes idle need not take the place from the monitor: that is for speed
 * holds -DTHREADS=1 -DYIELDS=1 -DEVENTS=2 -DARRIVALS=1 -DFINE: goroutines that come and go for ever, and leave no room for a look
 * holds -DPROCESSORS=2 -DYIELDS=1 -DEVENTS=2: the same beside another processor
 * large -DEVENTS=2 -DFINE: two events, each access a step
 * large -DPROCESSORS=2 -DEVENTS=2 -DFINE: and with two processors
 * large -DEVENTS=1 -DARRIVALS=1: two threads, one processor, work also from elsewhere
 * large -DPROCESSORS=2 -DEVENTS=1 -DARRIVALS=1: and with two processors
 * large -DEVENTS=1 -DCHECKS: looks for a deadlock with two threads and one processor
 * breaks -DTHREADS=1 -DEVENTS=2 -DLEAVES_UNTOLD [assertion violated]: who leaves the place must tell a monitor that sleeps
 * breaks -DTHREADS=1 -DEVENTS=2 -DTELLS_EARLY [assertion violated]: after it has left, not before
 * breaks -DREGIONS=1 -DEVENTS=1 -DEARLY=1 -DGIVES_UP_UNTOLD [assertion violated]: also who was to keep the time, and finds an earlier timer
 * breaks -DTHREADS=1 -DEVENTS=2 -DSLEEPS_UNATTENDED [assertion violated]: who has said that it sleeps, the monitor, must look at the place
 * breaks -DTHREADS=1 -DARRIVALS=1 -DNOTE_UNSEEN [assertion violated]: who has said that it polls must look whether it has a note
 * breaks -DTHREADS=1 -DARRIVALS=1 -DTHREAD_UNRUNG [assertion violated]: who wakes a thread that polls must do it there
 * breaks -DTHREADS=1 -DEVENTS=1 -DARRIVALS=1 -DKICK_UNSEEN [assertion violated]: the monitor, too, must look whether it was just kicked
 * breaks -DTHREADS=1 -DEVENTS=1 -DARRIVALS=1 -DMONITOR_UNRUNG [assertion violated]: and be kicked where it is
 * breaks -DTHREADS=1 -DEVENTS=1 -DARRIVALS=2 -DPASSERS_TAKE_BELL [assertion violated]: who looks in passing must not take a wake-up
 * breaks -DPROCESSORS=2 -DEVENTS=2 -DNOBODY_TAKES_OVER [assertion violated]: where one has gone off to work another must take the place
 * breaks -DTHREADS=1 -DEVENTS=2 -DNOBODY_GOES [assertion violated]: while all processors are busy somebody must be asked to go
 * breaks -DTHREADS=1 -DYIELDS=1 -DEVENTS=1 -DFULL_COUNTED [assertion violated]: a look that is left out for want of room must not count
 * breaks -DTHREADS=1 -DYIELDS=1 -DEVENTS=1 -DFULL_UNHEEDED [assertion violated]: and who is asked must look, in the end also where there is no room
 * breaks -DTHREADS=1 -DEVENTS=1 -DCHECKS -DWAITERS_IGNORED [assertion violated]: a look for a deadlock must heed who waits for a descriptor
 * breaks -DTHREADS=1 -DEVENTS=1 -DCHECKS -DDISPATCHES_UNCOUNTED [assertion violated]: and who is off that line, and in no queue yet
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PROCESSORS
#define PROCESSORS 1
#endif
#ifndef THREADS
#define THREADS 2
#endif
#ifndef EVENTS
#define EVENTS 0
#endif
#ifndef ARRIVALS
#define ARRIVALS 0
#endif
#ifndef REGIONS
#define REGIONS 0
#endif
#ifndef YIELDS
#define YIELDS 0
#endif
#ifndef EARLY
#define EARLY 0
#endif
#ifndef SLICES
#define SLICES 0
#endif

#ifdef FINE
#define TOGETHER
#else
#define TOGETHER atomic
#endif

#define NOBODY  0
#define IDLE    1
#define MONITOR 2
#define NONE    3

byte pending; /* in the poller: descriptors that have become ready */
bool bell;    /* and a wake-up */
byte work;    /* runnable goroutines */
byte events = EVENTS, arrivals = ARRIVALS, early = EARLY, slices = SLICES;

/* Under sched.lock, of which a step here is one holding. */
byte idle_ps = PROCESSORS - YIELDS;
byte idle_ms = (1 << THREADS) - 1 - (REGIONS + YIELDS); /* a set */

byte place = NOBODY;
bool note[THREADS], polls[THREADS], sleeps[THREADS]; /* the last: in os_wait */
bool kicked, monitor_polls, monitor_sleeps, asleep;
bool computes[THREADS]; /* until it is asked to go */
bool looked;            /* a processor has looked into the poller since the monitor's last look */
bool attention;         /* who yields for ever is asked to look */
byte vain;              /* slices in a row in which nothing moved, and something waited */

#ifdef CHECKS
byte alive = EVENTS, waiting = EVENTS, stuck; /* goroutines: all, in line at descriptors, waiting for something else for ever */
byte dispatching;
bool locked, reported;
#define UNLOCKED (!locked)
#define ENDS     alive--
#else
#define UNLOCKED true
#define ENDS     skip
#endif

#if THREADS == 1
#define NOTED note[0]
#elif THREADS == 2
#define NOTED (note[0] || note[1])
#else
#define NOTED (note[0] || note[1] || note[2])
#endif

/* ---- waking ---- */

inline wake_up()
{
    if
#ifndef MONITOR_UNRUNG
    :: atomic { monitor_polls -> bell = true }
    :: atomic { !monitor_polls -> monitor_sleeps = false }
#else
    :: monitor_sleeps = false
#endif
    fi
}

inline monitor_kick()
{
    if
    :: kicked
    :: TOGETHER { atomic { !kicked -> kicked = true }; wake_up() }
    fi
}

inline monitor_tell()
{
    if
    :: !asleep || kicked
    :: TOGETHER { atomic { asleep && !kicked -> kicked = true }; wake_up() }
    fi
}

inline thread_wake()
{
    note[w] = true;
    if
#ifndef THREAD_UNRUNG
    :: atomic { polls[w] -> bell = true; w = NONE }
    :: atomic { !polls[w] -> sleeps[w] = false; w = NONE }
#else
    :: atomic { true -> sleeps[w] = false; w = NONE }
#endif
    fi
}

inline pop_thread()
{
    if
    :: idle_ms & 1 -> w = 0
#if THREADS >= 2
    :: idle_ms & 2 -> w = 1
#endif
#if THREADS >= 3
    :: idle_ms & 4 -> w = 2
#endif
    fi;
    idle_ms = idle_ms & ~(1 << w)
}

/* idle_count is read without the lock, which makes no difference: it is read again under it. */
inline wake_searcher()
{
    if
    :: TOGETHER {
            atomic { idle_ps > 0 && idle_ms != 0 && UNLOCKED -> pop_thread(); idle_ps-- };
            thread_wake()
        }
    :: idle_ps == 0 || idle_ms == 0 && UNLOCKED
    fi
}

inline wake_any()
{
    monitor_tell();
    wake_searcher()
}

#if defined(CHECKS) && !defined(DISPATCHES_UNCOUNTED)
#define COUNT(n) dispatching = dispatching + (n)
#else
#define COUNT(n) skip
#endif

/* poll_dispatch: who waited is off the line before it is in a queue. */
inline take_off_line()
{
    COUNT(1);
#ifdef CHECKS
    waiting = waiting - caught
#endif
}

/* With a processor, on its queue. */
inline dispatch_here()
{
    if
    :: caught > 0 ->
        take_off_line();
        atomic { UNLOCKED -> work = work + caught; caught = 0 };
        COUNT(-1)
    :: caught == 0
    fi
}

/* Without, one after the other. */
inline dispatch_outside()
{
    if
    :: caught > 0 ->
        take_off_line();
        do
        :: atomic { caught > 0 && UNLOCKED -> work++; caught-- }; wake_any()
        :: caught == 0 -> break
        od;
        COUNT(-1)
    :: caught == 0
    fi
}

#ifdef CHECKS
/* That the process has no threads but ours takes long to find out, and is true here. */
inline all_still()
{
    atomic { UNLOCKED -> still = (idle_ps == PROCESSORS && work == 0); locked = still };
    if
    :: still ->
#ifndef WAITERS_IGNORED
        still = (waiting == 0); /* poll_anybody_waits */
#endif
        atomic { still = (still && dispatching == 0 && idle_ps == PROCESSORS && work == 0); locked = false }
    :: !still
    fi
}

inline deadlock_check()
{
    all_still();
    if
    :: still ->
        all_still();
        if
        :: atomic { still -> assert(alive == stuck); reported = true; still = false }
        :: !still
        fi
    :: !still
    fi
}
#endif

/* ---- a thread of ours ---- */

/* m->idle, and there is an idle processor */
#define COMES_BACK (UNLOCKED && idle_ps > 0 && (idle_ms >> me) & 1)
#define STAYS      (UNLOCKED && !(idle_ps > 0 && (idle_ms >> me) & 1))

inline come_back()
{
    idle_ps--;
    idle_ms = idle_ms & ~(1 << me)
}

/* sleep_idle, after what was caught is passed on. */
inline tell_that_left()
{
    if
    :: left -> left = false; monitor_tell()
    :: !left
    fi
}

/* A look in passing counts, whatever it finds. */
inline look_in_passing()
{
    atomic {
        looked = true;
        caught = pending;
        pending = 0;
#ifdef PASSERS_TAKE_BELL
        bell = false
#endif
    };
    dispatch_here()
}

proctype Thread(byte me)
{
    byte caught, w = NONE;
    bool left; /* the place, untold */
#ifdef CHECKS
    bool still;
#endif

#if REGIONS
    if
    :: me == 0 -> /* take_back: tells nobody */
end_blocks:
        atomic { idle_ps > 0 && UNLOCKED -> idle_ps-- };
        goto runs
    :: me != 0
    fi;
#endif
#if YIELDS
    if
    :: me == 0 ->
end_yields:
        do
        :: atomic { attention -> attention = false };
#ifndef FULL_UNHEEDED
            if
            :: place != IDLE -> look_in_passing(); monitor_tell()
            :: place == IDLE
            fi
#else
            skip
#endif
        :: atomic { work > 0 && UNLOCKED -> work--; vain = 0; ENDS }
        od
    :: me != 0
    fi;
#endif

sleep_once:
    if /* takes_place */
    :: idle_ps == 0 -> goto thread_sleep
    :: idle_ps > 0
    fi;
    if
    :: atomic { place == NOBODY -> place = IDLE; left = true };
        if
        :: goto poll_sleep
#if EARLY
        :: atomic { early > 0 -> early-- }; /* to keep the time, but an earlier timer has come */
#ifdef GIVES_UP_UNTOLD
            left = false;
#endif
            place = NOBODY;
            goto woken
#endif
        fi
    :: place != NOBODY
    fi;
    if
    :: place == MONITOR ->
#ifndef KEEPS_MONITOR
        monitor_kick()
#endif
    :: place != MONITOR
    fi;

thread_sleep:
#ifdef CHECKS
    deadlock_check();
#endif
thread_sleeps:
    if
    :: note[me] -> goto woken
    :: atomic { !note[me] -> sleeps[me] = true } /* os_wait looks at the word again, in one step with going to sleep */
    fi;
end_sleep:
    !sleeps[me] -> goto thread_sleeps;

poll_sleep:
#ifdef CHECKS
    deadlock_check();
#endif
    polls[me] = true;
    if
#ifndef NOTE_UNSEEN
    :: note[me]
    :: !note[me] ->
#else
    :: true ->
#endif
end_poll:
        if
        :: atomic { pending > 0 && !bell -> caught = pending; pending = 0 }
        :: TOGETHER { atomic { bell -> caught = pending; pending = 0 }; bell = false }
#if EARLY
        :: atomic { early > 0 -> early-- }
#endif
        fi
    fi;
#ifdef TELLS_EARLY
    tell_that_left();
#endif
    TOGETHER { polls[me] = false; place = NOBODY };
#ifdef LEAVES_UNTOLD
    left = false;
#endif

woken: /* sleep_idle */
    if
    :: atomic { note[me] -> note[me] = false }
    :: atomic { !note[me] && COMES_BACK -> come_back() }
    :: !note[me] && STAYS ->
        if
        :: caught > 0 -> dispatch_outside(); tell_that_left(); monitor_kick()
        :: caught == 0 -> tell_that_left()
        fi;
        goto sleep_once
    fi;
    dispatch_here();
    if
    :: atomic { left -> looked = true }
    :: !left
    fi;
    tell_that_left();

look: /* find_here */
    if
    :: atomic { work > 0 && UNLOCKED -> work--; vain = 0 }; goto runs
    :: place != IDLE && (work == 0 || pending > 0) -> /* poll_in_passing: nothing else to do, or asked, or the 64th pick */
        look_in_passing();
        if
        :: work > 0 -> goto look
        :: work == 0
        fi
    :: work == 0 && place == IDLE
    fi;
    atomic { UNLOCKED -> idle_ps++; idle_ms = idle_ms | 1 << me }; /* go_idle */
    if
    :: atomic { work > 0 && COMES_BACK -> come_back() }; goto look
    :: work == 0 || STAYS -> goto sleep_once
    fi;

runs:
    if /* stop_searching, or schedule_for_ever */
    :: work > 0 ->
        if
        :: wake_any()
        :: monitor_tell() /* it was not searching */
        fi
    :: work == 0
    fi;
    if
    :: ENDS
#ifdef CHECKS
    :: stuck++
#endif
    :: computes[me] = true;
end_computes:
        atomic { !computes[me] -> ENDS }
    fi;
    goto look
}

/* Nothing moves any more. */
inline check_rest()
{
    assert(pending == 0 && work == 0);
    assert(!kicked && !NOTED);
#ifdef CHECKS
    assert(reported || stuck == 0 || stuck < alive)
#endif
}

inline check_slice()
{
    assert(!kicked && !NOTED);
    if
    :: pending > 0 || work > 0 -> assert(vain < 3); vain++
    :: else -> vain = 0
    fi;
#if YIELDS && defined(FULL_COUNTED)
    looked = true
#endif
}

proctype Monitor()
{
    byte caught, w = NONE;
    bool mine, waits, idle, recent;
#ifdef CHECKS
    bool still;
#endif

look:
    kicked = false;
    atomic {
        waits = (work > 0);
        idle = (idle_ps > 0);
        recent = looked;
        looked = false;
#ifndef NOBODY_GOES
        if /* look_at_running */
        :: !idle && waits ->
            computes[0] = false;
#if THREADS >= 2
            computes[1] = false;
#endif
#if THREADS >= 3
            computes[2] = false;
#endif
        :: else
        fi
#endif
    };
    if /* attend_poller */
    :: place != NOBODY
    :: place == NOBODY && (recent || vain == 0) /* somebody has looked for less than a grant ago, or searches, or switches */
#ifndef NOBODY_TAKES_OVER
    :: place == NOBODY && idle -> wake_searcher()
#else
    :: place == NOBODY && idle
#endif
#if YIELDS
    :: place == NOBODY && !idle -> attention = true
#endif
    :: atomic { place == NOBODY && !idle -> place = MONITOR; mine = true }
    fi;
    recent = false;
    idle = false;
    if
    :: waits -> waits = false; wake_searcher(); goto shallow
    :: !waits && mine
    :: !waits && !mine ->
        if
        :: place == NOBODY -> goto shallow
        :: place != NOBODY
#if SLICES
        :: atomic { place != NOBODY && slices > 0 -> slices-- }; goto shallow
#endif
        fi
    fi;

#ifdef CHECKS
    deadlock_check();
#endif
    asleep = true;
    if
    :: work > 0 -> goto awake
    :: work == 0
    fi;
#ifndef SLEEPS_UNATTENDED
    if
    :: !mine && place == NOBODY -> goto awake
    :: mine || place != NOBODY
    fi;
#endif
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
end_polls:
            if
            :: atomic { pending > 0 && !bell -> caught = pending; pending = 0 }
            :: TOGETHER { atomic { bell -> caught = pending; pending = 0 }; bell = false }
            :: atomic { timeout -> check_rest(); goto end }
            fi
        fi;
        goto polled
    :: !mine && kicked -> goto awake
    :: atomic { !mine && !kicked -> monitor_sleeps = true };
end_sleeps:
        if
        :: !monitor_sleeps -> goto awake
        :: atomic { timeout -> check_rest(); goto end }
        fi
    fi;

shallow: /* until a slice has passed */
    if
    :: mine ->
        monitor_polls = true;
        if
        :: kicked
        :: !kicked ->
            if
            :: atomic { pending > 0 && !bell -> caught = pending; pending = 0; vain = 0 }
            :: TOGETHER { atomic { bell -> caught = pending; pending = 0 }; bell = false }
            :: atomic { slices > 0 -> slices-- }
            :: atomic { timeout -> check_slice() }
            fi
        fi;
        goto polled
    :: !mine && kicked
    :: atomic { !mine && !kicked -> monitor_sleeps = true };
        if
        :: !monitor_sleeps
        :: atomic { slices > 0 -> slices--; monitor_sleeps = false }
        :: atomic { timeout -> monitor_sleeps = false; check_slice() }
        fi
    fi;
    goto look;

polled:
    TOGETHER {
        monitor_polls = false;
        asleep = false;
        atomic { place = NOBODY; mine = false }
    };
    dispatch_outside();
    goto look;

awake: /* stay_awake */
    asleep = false;
    if
    :: atomic { mine -> place = NOBODY; mine = false }
    :: !mine
    fi;
    goto look;
end:
}

/* Descriptors become ready. */
proctype Kernel()
{
end:
    do
    :: atomic { events > 0 -> events--; pending++ }
    od
}

/* A plain thread makes goroutines ready. */
proctype Outside()
{
    byte w = NONE;

end:
    do
    :: atomic { arrivals > 0 && UNLOCKED -> arrivals--; work++ }; wake_any()
    od
}

init {
    byte i;

    atomic {
        for (i : 0 .. THREADS - 1) {
            run Thread(i)
        }
        i = 0;
        run Monitor();
        run Kernel();
#if ARRIVALS
        run Outside()
#endif
    }
}
