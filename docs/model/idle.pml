/* Going idle, waking, and the monitor's sleep (src/sched/idle.c; add_shared and queue_take_shared of runq.c; schedule_for_ever and finish of
 * sched.c; monitor.c; blocking.c): no goroutine is left in a queue that nobody will look at.
 *
 * Two promises, checked where nothing moves any more (every thread sleeps, or runs a goroutine that computes for ever):
 *   without the monitor: what came through the global lists does not wait while a processor is idle;
 *   with MONITOR: nothing waits while the monitor is in the sleep that only a kick ends. (While it is not, it looks once a slice.)
 * And `searching` is the number of threads that search.
 *
 * Bounds: 2 processors, 2 threads, SUBMITS + SECOND goroutines put on the global list by two plain threads, PUSHES made ready by running
 * goroutines, YIELDS, SLEEPERS (timers due at one moment), REGIONS (blocking regions; then one more thread can be started). Each
 * goroutine ends, or computes for ever, or does one of these things, as it likes. Queues are numbers here (ring.pml and deque.pml
 * look inside). A thread's pushes on its own queues go through a store buffer, as on x86; what locks or swaps waits until it is empty.
 *
 * holds -DSUBMITS=2 -DSECOND=1: no wake-up is lost, whatever the monitor does
 * holds -DMONITOR -DSUBMITS=1 -DSECOND=1: with the monitor, and goroutines from outside
 * holds -DMONITOR -DSUBMITS=1 -DPUSHES=2 -DYIELDS=1: goroutines made ready inside, and yields
 * holds -DMONITOR -DSLEEPERS=2 -DPUSHES=1: timers that are due at once
 * holds -DMONITOR -DSUBMITS=1 -DREGIONS=1: blocking regions
 * holds -DMONITOR -DSLEEPERS=2 -DREGIONS=1: the same after timers, with work on the processor that is lent
 * breaks -DSUBMITS=2 -DSECOND=1 -DUNDOES_LATE [assertion violated]: who finds no idle processor must take back its search under the lock
 * breaks -DSUBMITS=2 -DSECOND=1 -DNO_RECHECK [assertion violated]: who goes idle must look once more
 * breaks -DSUBMITS=2 -DSECOND=1 -DNO_CHAIN [assertion violated]: who stops searching must pass the search on
 * breaks -DMONITOR -DSUBMITS=1 -DPUSHES=1 -DNO_FENCE [assertion violated]: the monitor must fence all threads before its last look
 * breaks -DMONITOR -DSUBMITS=1 -DPUSHES=1 -DNO_LAST_LOOK [assertion violated]: and must look
 * breaks -DMONITOR -DSUBMITS=1 -DPUSHES=2 -DRELIES_ON_SEARCHER [assertion violated]: who finds somebody searching must tell the monitor all the same
 * breaks -DMONITOR -DSLEEPERS=2 -DRUNS_UNTOLD [assertion violated]: who is about to run a goroutine must tell of what its timers have queued
 * breaks -DMONITOR -DSUBMITS=1 -DPUSHES=2 -DYIELDS=1 -DYIELDS_UNTOLD [assertion violated]: and the next one, of who has yielded to it
 * breaks -DMONITOR -DSLEEPERS=2 -DREGIONS=1 -DLENDS_UNTOLD [assertion violated]: and who lends a processor with work
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUBMITS
#define SUBMITS 0
#endif
#ifndef SECOND
#define SECOND 0
#endif
#ifndef PUSHES
#define PUSHES 0
#endif
#ifndef LEFT
#define LEFT 0
#endif
#ifndef YIELDS
#define YIELDS 0
#endif
#ifndef SLEEPERS
#define SLEEPERS 0
#endif
#ifndef REGIONS
#define REGIONS 0
#endif

#define P 2
#define RUNNING (SUBMITS == 0 && SLEEPERS == 0) /* thread 0 runs a goroutine at the start */
#ifndef SPARE
#define SPARE 0
#endif
#if SPARE
#define M 3
#else
#define M 2
#endif
#define NONE 7
#define OUTSIDE M /* who is no thread of ours: submitters, the monitor */

/* Queues: how many goroutines are on them. */
byte ring[P];   /* next slot, ring and deque of a processor */
byte unseen[M]; /* pushed by its thread, but still in its store buffer */
byte queued;    /* the global lists */
byte sleepers = SLEEPERS;

/* Under sched.lock. */
bool locked;
byte idle_ms = (1 << P) - 1; /* sets */
byte idle_ps = (1 << P) - 1; /* also read without the lock, as idle_count */

byte searching;
byte runs[M] = NONE; /* m->p */
bool note[M];
byte handed[M];
bool handed_searching[M];

byte lent = NONE; /* the processor in state P_LENT, if any */
bool wanted;      /* wanted_threads */
bool started;     /* the spare thread */
bool kicked, asleep, deep;

byte pushes = PUSHES, yields = YIELDS, regions = REGIONS;

/* A locked instruction waits until the store buffer of its thread is empty. */
#define FENCED (me == OUTSIDE || unseen[me % M] == 0)

inline take(set, which)
{
    which = 0;
    do
    :: set & (1 << which) -> break
    :: else -> which++
    od;
    set = set & ~(1 << which)
}

/* ---- telling the monitor ---- */

inline monitor_kick()
{
#ifdef MONITOR
    atomic { FENCED -> kicked = true }
#else
    skip
#endif
}

inline monitor_tell()
{
#ifdef MONITOR
    if
    :: asleep -> monitor_kick()
    :: !asleep
    fi
#else
    skip
#endif
}

/* schedule_for_ever: what was moved here was nowhere for a moment, and the monitor may have gone to sleep just then. */
inline tell_of_rest()
{
#ifdef MONITOR
    if
    :: ring[p] + unseen[me] > 0 -> monitor_tell()
    :: ring[p] + unseen[me] == 0 ->
        if
        :: queued > 0 -> monitor_tell()
        :: queued == 0
        fi
    fi
#else
    skip
#endif
}

/* ---- waking ---- */

inline wake_searcher() /* the caller has counted it */
{
    atomic { !locked && FENCED ->
        if
        :: idle_ps != 0 && idle_ms != 0 ->
            take(idle_ms, to);
            take(idle_ps, handed[to]);
            handed_searching[to] = true
        :: else ->
            wanted = wanted || (idle_ps != 0);
#ifndef UNDOES_LATE
            searching--
#endif
        fi
    };
    if
    :: to != NONE -> atomic { note[to] = true; to = NONE }
    :: else ->
#ifdef UNDOES_LATE
        searching--;
#endif
        if
        :: wanted -> monitor_kick()
        :: else
        fi
    fi
}

inline wake_any()
{
#ifdef RELIES_ON_SEARCHER
    if
    :: idle_ps == 0 -> monitor_tell()
    :: else
    fi;
#else
    monitor_tell();
#endif
    if
    :: idle_ps == 0
    :: else ->
        if
        :: atomic { searching == 0 && FENCED -> searching = 1 };
            wake_searcher()
        :: searching != 0
        fi
    fi
}

/* A look at one queue after the other. */
inline any_work()
{
    found = (queued > 0);
    if
    :: !found -> found = (ring[0] > 0)
    :: else
    fi;
    if
    :: !found -> found = (ring[1] > 0)
    :: else
    fi
}

inline add_shared()
{
    atomic { !locked && FENCED -> queued++ }
}

inline hand_over(q)
{
    atomic { !locked && FENCED ->
        if
        :: (ring[q] > 0 || queued > 0) && idle_ms != 0 ->
            take(idle_ms, to);
            handed[to] = q
        :: else ->
            idle_ps = idle_ps | (1 << q);
            wanted = wanted || ring[q] > 0 || queued > 0
        fi
    };
    if
    :: to != NONE -> atomic { note[to] = true; to = NONE }
    :: to == NONE && wanted -> monitor_kick()
    :: to == NONE && !wanted -> wake_any()
    fi
}

/* ---- a thread of ours ---- */

inline come_back()
{
    atomic { !locked ->
        if
        :: (idle_ms & (1 << me)) && idle_ps != 0 ->
            take(idle_ps, p);
            runs[me] = p;
            idle_ms = idle_ms & ~(1 << me)
        :: else
        fi
    };
    if
    :: p != NONE -> atomic { searching++; searches = true } /* start_searching */
    :: else
    fi
}

proctype Thread(byte me)
{
    byte p = NONE, n, to = NONE;
    bool searches, found;

    if
    :: RUNNING && me == 0 -> p = 0; goto chosen
    :: !RUNNING || me != 0
    fi;

sleeps: /* sleep_idle, or not yet started */
end:
    if
    :: atomic { note[me] ->
            note[me] = false;
            p = handed[me];
            runs[me] = p;
            handed[me] = 0;
            searches = handed_searching[me];
            handed_searching[me] = false
        }
#if SLEEPERS
    :: sleepers > 0 && idle_ps != 0 && (idle_ms & (1 << me)) -> /* the one that keeps the time; timers.pml */
        come_back();
        if
        :: p == NONE -> goto sleeps
        :: else
        fi
#endif
    fi;

find_work:
#if REGIONS
    if
    :: p == NONE -> goto go_idle
    :: else
    fi;
#endif
#if SLEEPERS
    atomic { FENCED -> unseen[me] = sleepers; sleepers = 0 }; /* run_timers */
#endif
    if /* its own queues */
    :: atomic { ring[p] > 0 && FENCED -> ring[p]--; goto chosen }
    :: atomic { ring[p] == 0 && FENCED }
    fi;
    if /* queue_take_shared: one to run, and a share for its own ring */
    :: queued > 0 ->
        atomic { !locked ->
            if
            :: queued > 0 ->
                n = (queued / P + 1 > queued -> queued : queued / P + 1);
                queued = queued - n;
                ring[p] = ring[p] + n - 1;
                n = 0;
                goto chosen
            :: else
            fi
        }
    :: queued == 0
    fi;
    if /* too many search already, perhaps: the promises do not depend on it */
    :: !searches -> goto go_idle
    :: atomic { !searches -> searching++; searches = true }
    :: searches
    fi;
    if /* steal: half of it, one to run */
    :: atomic { ring[1 - p] > 0 ->
            n = ring[1 - p] - ring[1 - p] / 2;
            ring[1 - p] = ring[1 - p] - n;
            unseen[me] = n - 1;
            n = 0;
            goto chosen
        }
    :: ring[1 - p] == 0
    fi;

go_idle:
    atomic { !locked && FENCED ->
        if
        :: p != NONE && queued > 0 -> goto find_work
        :: p != NONE && queued == 0 -> idle_ps = idle_ps | (1 << p)
        :: p == NONE
        fi;
        p = NONE;
        runs[me] = NONE;
        idle_ms = idle_ms | (1 << me);
        locked = true
    };
    atomic {
        searching = searching - searches;
        searches = false;
        locked = false
    };
#ifndef NO_RECHECK
    any_work();
    if
    :: found ->
        found = false;
        come_back();
        if
        :: p != NONE -> goto find_work
        :: else
        fi
    :: else
    fi;
#endif
    goto sleeps;

chosen:
    if /* stop_searching */
    :: searches ->
        atomic { FENCED -> searching--; searches = false };
#ifndef NO_CHAIN
        if
        :: idle_ps != 0 ->
            any_work();
            if
            :: found -> found = false; wake_any()
            :: else
            fi
        :: idle_ps == 0
        fi
#endif
    :: else
    fi;
#ifndef RUNS_UNTOLD
    tell_of_rest(); /* schedule_for_ever */
#endif

    do
    :: goto find_work /* it ends, or parks */
    :: atomic { true ->
end_computes:
            false /* for ever */
        }
#if PUSHES
    :: atomic { pushes > 0 && FENCED -> pushes--; unseen[me] = 1 };
#ifndef RELIES_ON_SEARCHER
        monitor_tell(); /* wake_for */
#endif
        if
        :: idle_ps != 0 && ring[p] + unseen[me] >= 2 -> wake_any()
        :: else ->
#ifdef RELIES_ON_SEARCHER
            monitor_tell()
#endif
        fi
#endif
#if YIELDS
    :: atomic { yields > 0 && ring[p] > 0 && FENCED -> yields--; ring[p]-- };
        unseen[me] = 1; /* finish, on the stack of the next */
#ifndef YIELDS_UNTOLD
        monitor_tell()
#endif
#endif
#if REGIONS
    :: atomic { regions > 0 && FENCED -> regions--; runs[me] = NONE };
        if /* lend */
        :: ring[p] == 0 && queued == 0 -> n = p; p = NONE; hand_over(n); n = NONE
        :: else ->
            n = p;
            p = NONE;
            lent = n;
#ifndef LENDS_UNTOLD
            monitor_tell()
#endif
        fi;
        if
        :: true
        :: atomic { true ->
end_blocks:
                false /* for ever */
            }
        fi;
        if /* take_back */
        :: atomic { n != NONE && lent == n -> lent = NONE; p = n }
        :: atomic { (n == NONE || lent != n) && !locked ->
                if
                :: idle_ps != 0 -> take(idle_ps, p)
                :: else
                fi
            }
        fi;
        n = 0;
        if
        :: p != NONE ->
            runs[me] = p
        :: else -> /* queue_up */
            add_shared();
            wake_any();
            goto find_work
        fi
#endif
    od
}

/* Store buffers. */
proctype Buffer(byte m)
{
end:
    do
    :: atomic { unseen[m] > 0 -> ring[runs[m]]++; unseen[m]-- }
    od
}

/* A plain thread. */
proctype Submitter(byte times)
{
    byte me = OUTSIDE, to = NONE;

    do
    :: times > 0 ->
        times--;
        add_shared();
        wake_any()
    :: else -> break
    od
}

#ifdef MONITOR
proctype Monitor()
{
    byte me = OUTSIDE, n, to = NONE;
    bool found;

look:
    kicked = false;
#if SPARE
    if /* start_wanted_thread */
    :: wanted ->
        wanted = false;
        atomic { !locked ->
            if
            :: idle_ms == 0 && idle_ps != 0 && !started ->
                started = true;
                take(idle_ps, handed[P]);
                note[P] = true
            :: else -> n = NONE
            fi
        };
        if
        :: n == NONE -> n = 0; wake_any()
        :: else
        fi
    :: else
    fi;
#endif
    any_work(); /* somebody_waits */
    if
    :: found ->
        found = false;
#if REGIONS
        if /* look_at_lent */
        :: atomic { lent != NONE -> n = lent; lent = NONE }; hand_over(n); n = 0
        :: lent == NONE
        fi;
#endif
        wake_any();
        if /* a slice; on the way it may be late, as every process here may */
        :: timeout -> assert(searching == 0)
        :: kicked
        fi;
        goto look
    :: !found
    fi;

    asleep = true;
#ifndef NO_FENCE
    unseen[0] == 0;
    unseen[1] == 0; /* os_fence_all */
#if SPARE
    unseen[2] == 0;
#endif
#endif
#ifndef NO_LAST_LOOK
    any_work();
    if
    :: found -> found = false; asleep = false; goto look
    :: !found
    fi;
#endif
    deep = true;
end_deep:
    kicked;
    atomic { deep = false; asleep = false };
    goto look
}
#endif

init {
    byte i;

    atomic {
        if
        :: RUNNING -> idle_ps = 2; idle_ms = 2; runs[0] = 0; ring[0] = LEFT
        :: !RUNNING
        fi;
        for (i : 0 .. M - 1) {
            run Thread(i);
            run Buffer(i)
        }
        run Submitter(SUBMITS);
        run Submitter(SECOND);
        i = 0;
#ifdef MONITOR
        run Monitor();
#endif
    }
    timeout;
    assert(searching == 0);
#ifdef MONITOR
    assert(!deep || queued + ring[0] + ring[1] == 0)
#else
    assert(queued + ring[0] + ring[1] == 0 || idle_ps == 0)
#endif
}
