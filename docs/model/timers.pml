/* Who keeps the time (src/sched/timers.c: timer_arm, timers_earliest, timers_run, timers_watch; idle.c: find_here, sleep_idle, come_back;
 * monitor.c: look_everywhere, plan_for_timers, sleep_until; sched.c: leave, schedule_for_ever; blocking.c: processor_acquire;
 * processor.c: processor_retire, retire_idle): every timer that is armed fires.
 *
 * At each moment the first timer is watched by the keeper (an idle thread that sleeps until it is due), by the monitor, or by a thread
 * that looks for work and will see to it before it sleeps or runs a goroutine. Checked where nothing moves any more: what is due has
 * fired, and for what is not yet due somebody wakes up in time. And a due timer does not outlast two looks of the monitor with
 * nothing else moving.
 *
 * Bounds: PROCESSORS and THREADS, all idle at the start, and a timer that is due at 1; or, with RUNNING, no timer, and one thread runs a
 * goroutine while another waits. Each goroutine ends, computes until the monitor has it preempted, or arms a timer, due at 1 or 2, and
 * goes on or parks (ARMS, at most 2 in all). A timer that fires may be armed anew for 2 (TICKS). ARRIVALS goroutines come from outside.
 * REGIONS goroutines in blocking regions may return, and compute then. RETIRES: processor 1 may be taken out of service. The clock
 * goes from 0 to 1; the monitor may be later than it has said (its pace), as every process here may. One step is one access to memory,
 * all in one order, or what is done under one holding of a lock; who goes idle and who wakes whom is for idle.pml, and loses nothing here.
 *
 * holds -DRUNNING=1 -DARMS=2: timers are armed while all processors are busy
 * holds -DRUNNING=1 -DARMS=1 -DARRIVALS=1: and while a thread is woken
 * holds -DREGIONS=1 -DTICKS=1: the only processor is taken by who returns from a blocking region
 * holds -DPROCESSORS=2 -DTHREADS=1 -DREGIONS=2 -DTICKS=1: and both of two
 * holds -DPROCESSORS=2 -DRUNNING=1 -DARMS=1 -DRETIRES=1: a processor is taken out of service
 * holds -DRUNNING=1 -DARMS=2 -DKEEPER_LOOKS_ONCE: the keeper need not look twice: who arms an earlier timer sees to it
 * holds -DPROCESSORS=2 -DTHREADS=1 -DREGIONS=2 -DTICKS=1 -DRETURNS_UNWATCHED: who returns need not look: who watched the timers still does
 * large -DRUNNING=1 -DARMS=2 -DARRIVALS=1: two timers, and a thread is woken
 * large -DPROCESSORS=2 -DTHREADS=1 -DREGIONS=2 -DTICKS=1 -DKEEPER_LOOKS_ONCE: the keeper looks once, two processors
 * large -DTHREADS=3 -DRUNNING=1 -DARMS=2 -DKEEPER_LOOKS_ONCE: the keeper looks once, three threads
 * large -DPROCESSORS=2 -DREGIONS=1 -DTICKS=1 -DARMS=1: all at once
 * large -DPROCESSORS=2 -DREGIONS=1 -DTICKS=1 -DARMS=1 -DKEEPER_LOOKS_ONCE: all at once, and the keeper looks once
 * large -DPROCESSORS=2 -DREGIONS=1 -DTICKS=1 -DARMS=1 -DRETURNS_UNWATCHED: all at once, and who returns does not look
 * large -DPROCESSORS=2 -DRUNNING=1 -DARMS=2 -DRETIRES=1: two timers, and a processor out of service
 * breaks -DREGIONS=1 -DSLEEPS_UNWATCHED [assertion violated]: who sleeps because no processor is idle must see that the monitor takes over
 * breaks -DPROCESSORS=2 -DTHREADS=1 -DREGIONS=2 -DTICKS=1 -DSLEEPS_UNWATCHED [assertion violated]: also if it has just gone idle itself
 * breaks -DPROCESSORS=2 -DRUNNING=1 -DARMS=1 -DRETIRES=1 -DSLEEPS_UNWATCHED [assertion violated]: also where its processor was retired
 * breaks -DRUNNING=1 -DARMS=1 -DRUNS_UNWATCHED [assertion violated]: who runs a goroutine must see that somebody keeps the time
 * breaks -DRUNNING=1 -DARMS=1 -DARMS_UNWATCHED [assertion violated]: and who arms a timer and goes on
 * breaks -DRUNNING=1 -DARMS=1 -DPARKS_UNWATCHED [assertion violated]: and who parks, and switches straight to another goroutine
 * breaks -DREGIONS=1 -DTICKS=1 -DNO_SECOND_PLAN [assertion violated]: the monitor must look again after it has said until when it sleeps
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PROCESSORS
#define PROCESSORS 1
#endif
#ifndef THREADS
#define THREADS 2
#endif
#ifndef RUNNING
#define RUNNING 0
#endif
#ifndef ARRIVALS
#define ARRIVALS 0
#endif
#ifndef ARMS
#define ARMS 0
#endif
#ifndef TICKS
#define TICKS 0
#endif
#ifndef REGIONS
#define REGIONS 0
#endif
#ifndef RETIRES
#define RETIRES 0
#endif

#define NEVER 3
#define NONE 7

byte now;
byte when[2] = NEVER; /* the timers */
byte heap[2];         /* and the processors they are on */
byte work;            /* runnable goroutines */
byte arrivals = ARRIVALS, arms = ARMS, ticks = TICKS;

/* Sets, under sched.lock, of which a step here is one holding. */
byte idle_ps = (1 << PROCESSORS) - 1, idle_ms = (1 << THREADS) - 1;
bool note[THREADS];
byte handed[THREADS];
bool attention[PROCESSORS];
bool surplus; /* processor 1 is */

byte keeper; /* 0: there is none */
byte until = NEVER;
bool kicked;
bool stuck; /* the monitor has looked, nothing else moves, and a timer is due */

#define EARLIEST (when[0] < when[1] -> when[0] : when[1])
#define WHEN(t, p) (heap[t] == (p) -> when[t] : NEVER)
#define DUE(p) (WHEN(0, p) < WHEN(1, p) -> WHEN(0, p) : WHEN(1, p)) /* p->due */

inline timers_earliest(first)
{
    first = DUE(0);
#if PROCESSORS == 2
    first = (DUE(1) < first -> DUE(1) : first)
#endif
}

inline take_processor(which)
{
    which = (idle_ps & 1 -> 0 : 1);
    idle_ps = idle_ps & ~(1 << which)
}

inline timers_watch()
{
    timers_earliest(e);
    if
    :: atomic { e >= until -> e = 0 }
    :: e < until ->
        if
        :: atomic { keeper != 0 && keeper <= e -> e = 0 }
        :: atomic { !(keeper != 0 && keeper <= e) -> e = 0 };
            kicked = true
        fi
    fi
}

/* Any idle thread. */
inline wake_any()
{
    if
    :: idle_ps != 0 && idle_ms != 0 ->
        if
        :: idle_ms & 1 -> w = 0
        :: idle_ms & 2 -> w = 1
#if THREADS == 3
        :: idle_ms & 4 -> w = 2
#endif
        fi;
        idle_ms = idle_ms & ~(1 << w);
        take_processor(handed[w]);
        note[w] = true;
        w = 0
    :: else
    fi
}

inline fire(t)
{
    if
    :: when[t] <= now ->
        stuck = false;
        if
        :: when[t] = NEVER
#if TICKS
        :: ticks > 0 -> ticks--; when[t] = 2
#endif
        fi
    :: else
    fi
}

proctype Thread(byte me)
{
    byte p = NONE, e, d;

    if
    :: RUNNING && me == 0 -> p = 0; goto runs
    :: !RUNNING || me != 0
    fi;

sleep_idle:
    if
    :: idle_ps != 0 -> timers_earliest(d)
    :: idle_ps == 0 ->
#ifndef SLEEPS_UNWATCHED
        timers_watch();
#endif
        d = NEVER
    fi;
    if
    :: atomic { d != NEVER && keeper == 0 -> keeper = d };
#ifndef KEEPER_LOOKS_ONCE
        timers_earliest(e);
        if
        :: atomic { e < d -> keeper = 0; e = 0; d = 0; goto woken }
        :: atomic { e >= d -> e = 0 }
        fi;
#endif
end_keeps:
        atomic { note[me] || now >= d -> keeper = 0; d = 0 }
    :: d != NEVER && keeper != 0 ->
        if
        :: d < keeper -> timers_watch()
        :: d >= keeper
        fi;
        d = 0;
end_other_keeps:
        note[me]
    :: d == NEVER ->
        d = 0;
end_nothing_due:
        note[me]
    fi;
woken:
    atomic {
        if
        :: note[me] -> note[me] = false; p = handed[me]; handed[me] = 0
        :: !note[me] && (idle_ms & (1 << me)) && idle_ps != 0 -> /* come_back */
            take_processor(p);
            idle_ms = idle_ms & ~(1 << me)
        :: else -> goto sleep_idle
        fi
    };

find_work:
#if RETIRES
    atomic {
        if
        :: surplus && p == 1 -> p = NONE; idle_ms = idle_ms | (1 << me); goto sleep_idle /* processor_retire, go_idle */
        :: else
        fi
    };
#endif
    atomic { attention[p] = false; fire(0) }; /* find_here */
    atomic { fire(1) };
    if
    :: atomic { work > 0 -> work-- }
    :: atomic { work == 0 -> idle_ps = idle_ps | (1 << p); idle_ms = idle_ms | (1 << me); p = NONE; goto sleep_idle }
    fi;
#ifndef RUNS_UNWATCHED
    timers_watch(); /* schedule_for_ever */
#endif

runs:
    if
    :: goto find_work /* ends */
    :: true -> /* computes, until it is preempted */
end_computes:
        atomic { attention[p] -> goto find_work }
#if ARMS
    :: atomic { arms > 0 ->
            arms--;
            stuck = false;
            heap[arms] = p;
            if
            :: when[arms] = 1
            :: when[arms] = 2
            fi
        };
        if
        :: true -> /* timer_arm, and goes on */
#ifndef ARMS_UNWATCHED
            timers_watch();
#endif
            goto runs
        :: goto find_work /* parks */
        :: atomic { work > 0 -> work-- }; /* parks, and switches to another of its processor: leave */
#ifndef PARKS_UNWATCHED
            if
            :: DUE(p) < until -> timers_watch()
            :: else
            fi;
#endif
            goto runs
        fi
#endif
    fi
}

#if REGIONS
/* The thread of a goroutine in a blocking region, which may return, and computes then. */
proctype Region()
{
    byte p = NONE, e;

end_blocks:
    atomic { idle_ps != 0 -> take_processor(p) }; /* take_back */
#ifndef RETURNS_UNWATCHED
    if /* processor_acquire */
    :: DUE(p) < until -> timers_watch()
    :: else
    fi;
#endif
end_computes:
    atomic { attention[p] -> attention[p] = false; fire(0) };
    atomic { fire(1) };
    timers_watch();
    goto end_computes
}
#endif

/* Goroutines made ready from outside. */
proctype Outside()
{
    byte w;

end:
    do
    :: atomic { arrivals > 0 -> arrivals--; work++; wake_any() }
    :: arrivals > 0 -> arrivals = 0
#if RETIRES
    :: atomic { !surplus || (idle_ps & 2) -> surplus = true; idle_ps = idle_ps & ~2; attention[1] = true } /* shrink */
#endif
    od
}

active proctype Clock()
{
    now = 1
}

inline plan_for_timers()
{
    timers_earliest(e);
    atomic {
        next = (e == NEVER || (keeper != 0 && keeper <= e) || e >= next -> next : e);
        e = 0
    }
}

active proctype Monitor()
{
    byte e, next = NEVER, w;

    do
    :: kicked = false;
        timers_earliest(e); /* look_everywhere */
        atomic {
            if
            :: e <= now && idle_ps != 0 -> wake_any()
            :: e <= now && idle_ps == 0 -> /* look_at_running */
                attention[0] = true;
#if PROCESSORS == 2
                attention[1] = true
#endif
            :: e > now
            fi;
            e = 0
        };
        plan_for_timers();
        until = next;
#ifndef NO_SECOND_PLAN
        plan_for_timers();
#endif
        if
        :: until != next /* an earlier one has come */
        :: until == next ->
            if
            :: kicked
            :: next > now ->
end_sleeps:
                next <= now || kicked
            :: next <= now -> timeout -> /* a grant later */
                if
                :: EARLIEST <= now -> assert(!stuck); stuck = true
                :: else
                fi
            fi
        fi;
        next = NEVER
    od
}

init {
    byte i, first;

    atomic {
#if RUNNING
        idle_ps = idle_ps & ~1;
        idle_ms = idle_ms & ~1;
        work = 1;
#else
        when[1] = 1;
#endif
        for (i : 0 .. THREADS - 1) {
            run Thread(i)
        }
#if REGIONS
        for (i : 1 .. REGIONS) {
            run Region()
        }
#endif
        i = 0;
        run Outside()
    }
    timeout;
    first = EARLIEST;
    assert(first == NEVER || until <= first || (keeper != 0 && keeper <= first));
    assert(first > now || until <= now)
}
