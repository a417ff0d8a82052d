/* Who keeps the time (src/sched/timers.c: timers_earliest, timers_watch; idle.c: sleep_idle, come_back, run_timers; monitor.c: sleep_until,
 * plan_for_timers; leave and schedule_for_ever of sched.c): every timer that is armed fires.
 *
 * At each moment the first timer is watched by the keeper (an idle thread that sleeps until it is due), by the monitor, or by a thread
 * that looks for work and will see to it before it sleeps or runs a goroutine.
 *
 * Bounds: PROCESSORS, each with room for one timer, and THREADS; all idle at the start, the first with a timer that is due at 1;
 * ARRIVALS goroutines from outside that take an idle processor and a thread at any moment; each goroutine ends, computes until the
 * monitor has it preempted, or arms a second timer, due at 1 or 2, and goes on or parks. The clock goes from 0 to 2. Checked where
 * nothing moves any more; and a due timer does not outlast two looks of the monitor with nothing else moving.
 *
 * holds: every timer fires; one processor, two threads
 * holds -DPROCESSORS=2: every timer fires; two processors
 * breaks -DKEEPER_JUST_STOPS [assertion violated]: a keeper that gets no processor must see that the monitor takes over
 * breaks -DRUNS_UNWATCHED [assertion violated]: who runs a goroutine must see that somebody keeps the time
 * breaks -DARMS_UNWATCHED [assertion violated]: and who arms a timer and goes on
 * breaks -DPARKS_UNWATCHED [assertion violated]: and who parks, and switches straight to another goroutine
 * breaks -DNO_SECOND_PLAN [assertion violated]: the monitor must look at the timers once more after it has said until when it sleeps
 * breaks -DKEEPER_LOOKS_ONCE [assertion violated]: so must the keeper
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PROCESSORS
#define PROCESSORS 1
#endif
#ifndef THREADS
#define THREADS 2
#endif
#ifndef ARRIVALS
#define ARRIVALS 1
#endif

#define NEVER 9
#define NONE 7

byte now;
byte due[2] = NEVER;
byte armed = 1, fired; /* counts */
byte work;             /* runnable goroutines */

byte idle_ps = (1 << PROCESSORS) - 1, idle_ms = (1 << THREADS) - 1; /* sets, under sched.lock, of which a step here is one holding */
bool note[THREADS];
byte handed[THREADS];
bool attention[PROCESSORS];

byte keeper; /* 0: there is none */
byte until = NEVER;
bool kicked;
bool stuck; /* the monitor has looked, nothing else moves, and a timer is due */

inline take(set, which)
{
    which = 0;
    do
    :: set & (1 << which) -> break
    :: else -> which++
    od;
    set = set & ~(1 << which)
}

inline earliest(e)
{
    e = due[0];
#if PROCESSORS == 2
    e = (due[1] < e -> due[1] : e)
#endif
}

inline timers_watch()
{
    earliest(e);
    if
    :: e < until ->
        if
        :: atomic { keeper != 0 && keeper <= e -> e = 0 }
        :: atomic { !(keeper != 0 && keeper <= e) -> e = 0 };
            kicked = true
        fi
    :: atomic { !(e < until) -> e = 0 }
    fi
}

inline wake_any()
{
    atomic {
        if
        :: idle_ps != 0 && idle_ms != 0 ->
            if /* any idle thread */
            :: idle_ms & 1 -> w = 0
            :: idle_ms & 2 -> w = 1
            fi;
            idle_ms = idle_ms & ~(1 << w);
            take(idle_ps, handed[w]);
            note[w] = true;
            w = 0
        :: else
        fi
    }
}

inline come_back()
{
    atomic {
        if
        :: (idle_ms & (1 << me)) && idle_ps != 0 ->
            take(idle_ps, p);
            idle_ms = idle_ms & ~(1 << me)
        :: else
        fi
    }
}

proctype Thread(byte me)
{
    byte p = NONE, e, d;

sleep_idle:
    d = NEVER;
    if
    :: idle_ps != 0 -> earliest(d)
    :: else
    fi;
    if
    :: atomic { d != NEVER && keeper == 0 -> keeper = d };
#ifndef KEEPER_LOOKS_ONCE
        earliest(e);
        if
        :: e >= d -> note[me] || now >= d
        :: else
        fi;
#else
        note[me] || now >= d;
#endif
        atomic { keeper = 0; e = 0; d = 0 }
    :: d != NEVER && keeper != 0 ->
        if
        :: d < keeper -> timers_watch()
        :: else
        fi;
        d = 0;
end_other_keeps:
        note[me]
    :: d == NEVER ->
        d = 0;
end_nothing_due:
        note[me]
    fi;
    if
    :: atomic { note[me] -> note[me] = false; p = handed[me]; handed[me] = 0; goto find_work }
    :: atomic { !note[me] }
    fi;
    come_back();
    if
    :: p != NONE -> goto find_work
    :: else ->
#ifndef KEEPER_JUST_STOPS
        timers_watch();
#endif
        goto sleep_idle
    fi;

find_work:
    attention[p] = false;
    earliest(e); /* run_timers */
    if
    :: e <= now ->
        d_step {
            if
            :: due[0] <= now -> due[0] = NEVER; fired++; stuck = false
            :: else
            fi
        };
#if PROCESSORS == 2
        d_step {
            if
            :: due[1] <= now -> due[1] = NEVER; fired++; stuck = false
            :: else
            fi
        }
#endif
    :: else
    fi;
    if
    :: atomic { work > 0 -> work--; e = 0; goto runs }
    :: atomic { work == 0 -> e = 0; idle_ps = idle_ps | (1 << p); idle_ms = idle_ms | (1 << me); p = NONE }
    fi;
    if /* any_work */
    :: work > 0 ->
        come_back();
        if
        :: p != NONE -> goto find_work
        :: else
        fi
    :: else
    fi;
    goto sleep_idle;

runs:
#ifndef RUNS_UNWATCHED
    timers_watch(); /* schedule_for_ever */
#endif
computes:
    if
    :: goto find_work /* ends */
    :: true -> /* computes, until it is preempted */
end_computes:
        atomic { attention[p] -> attention[p] = false; goto find_work }
    :: atomic { armed < 2 && due[p] == NEVER ->
            armed++;
            stuck = false;
            if
            :: due[p] = 1
            :: due[p] = 2
            fi
        };
        if
        :: true -> /* timer_arm, and goes on */
#ifndef ARMS_UNWATCHED
            timers_watch();
#endif
            goto computes
        :: true -> /* parks: leave */
            if
            :: atomic { work > 0 -> work-- };
#ifndef PARKS_UNWATCHED
                if
                :: due[p] < until -> timers_watch()
                :: else
                fi;
#endif
                goto computes
            :: atomic { work == 0 -> goto find_work }
            fi
        fi
    fi
}

/* Goroutines made ready from outside. */
proctype Outside()
{
    byte arrivals = ARRIVALS, w;

    do
    :: arrivals > 0 -> arrivals--; work++; wake_any()
    :: break
    od
}

active proctype Clock()
{
    now = 1;
    now = 2
}

inline plan_for_timers()
{
    earliest(e);
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
        earliest(e); /* look_everywhere */
        if
        :: atomic { e <= now && idle_ps != 0 -> e = 0 }; wake_any()
        :: atomic { e <= now && idle_ps == 0 -> e = 0 };
            attention[0] = true;
#if PROCESSORS == 2
            attention[1] = true
#endif
        :: atomic { e > now -> e = 0 }
        fi;
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
                :: due[0] <= now || due[1] <= now -> assert(!stuck); stuck = true
                :: else
                fi
            fi
        fi;
        next = NEVER
    od
}

init {
    atomic {
        due[0] = 1;
        run Thread(0);
        run Thread(1);
        run Outside()
    }
    timeout;
    assert(fired == armed || until <= now)
}
