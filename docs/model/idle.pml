/* Going idle, waking, and the monitor's sleep (src/sched/idle.c: wake_searcher, wake_any, wake_for, hand_over, any_work, come_back,
 * stop_searching, go_idle, find_work; runq.c: add_shared, queue_take_shared; sched.c: finish, schedule_for_ever; processor.c:
 * processors_have_work; monitor.c: monitor_kick, look_at_lent, wanted_threads_come, sleep_until; blocking.c; monitor_tell): no goroutine is
 * left in a queue that nobody will look at.
 *
 * Two promises, checked where nothing moves any more (every thread sleeps, or runs a goroutine that computes for ever):
 *   without the monitor: what came through the global lists does not wait while a processor is idle;
 *   with MONITOR: nothing waits while the monitor is in the sleep that only a kick ends. (While it is not, it looks once a slice.)
 * And `searching` is the number of threads that search.
 *
 * Bounds: 2 processors, 2 threads, all idle at the start, or, with RUNNING, thread 0 runs a goroutine and has LEFT more. SUBMITS + SECOND
 * goroutines put on the global list by two plain threads, PUSHES made ready by running goroutines, YIELDS, SLEEPERS (timers due at one
 * moment), REGIONS (blocking regions). SPARE: the last thread is not there yet, and the monitor starts it. SLICES: times that a slice
 * passes before all others have come to rest. Each goroutine ends, or computes for ever, or does one of these things, as it likes. The
 * queues of a processor are one number (ring.pml, deque.pml and next.pml look inside); what a thread moves is in none of them for a
 * moment. One step is one access to memory, or one holding of sched.lock. A thread's pushes on its own queues go through a store buffer,
 * as on x86; what locks or swaps waits until it is empty. Starting a thread does not fail.
 *
 * holds -DSUBMITS=2 -DSECOND=1: no wake-up is lost, whatever the monitor does
 * rests -DSUBMITS=2 -DSECOND=1: and nobody goes round and round
 * holds -DMONITOR -DSUBMITS=1 -DSECOND=1: with the monitor, and goroutines from outside
 * holds -DMONITOR -DRUNNING=1 -DPUSHES=2 -DYIELDS=1: goroutines made ready inside, and yields
 * holds -DMONITOR -DRUNNING=1 -DSLEEPERS=2: timers that are due at once, found by who runs or by who keeps the time
 * holds -DMONITOR -DSLEEPERS=2: the same where all are idle
 * holds -DMONITOR -DRUNNING=1 -DLEFT=7 -DSLICES=1: work that is moved from one processor to the other, while the monitor looks
 * holds -DMONITOR -DRUNNING=1 -DREGIONS=1 -DLEFT=1 -DPUSHES=1: a blocking region, with work left on the processor
 * holds -DMONITOR -DRUNNING=1 -DREGIONS=1 -DLEFT=1 -DSPARE=1: the same with no thread to carry it on until one is started
 * holds -DMONITOR -DRUNNING=1 -DREGIONS=1 -DLEFT=1 -DSLICES=1 -DLENDS_UNTOLD: of what is on a lent processor the monitor was told before
 * large -DMONITOR -DSLEEPERS=2 -DPUSHES=1: timers that are due at once, and goroutines made ready inside
 * large -DMONITOR -DRUNNING=1 -DSUBMITS=1 -DPUSHES=2: goroutines from outside and inside
 * large -DMONITOR -DRUNNING=1 -DREGIONS=1 -DLEFT=1 -DPUSHES=1 -DSLICES=1: a blocking region, and an early look
 * large -DMONITOR -DRUNNING=1 -DREGIONS=1 -DLEFT=1 -DPUSHES=1 -DSLICES=1 -DLENDS_UNTOLD: the same, and who lends does not tell
 * large -DMONITOR -DRUNNING=1 -DREGIONS=2 -DLEFT=1 -DSPARE=1: two blocking regions
 * large -DMONITOR -DSUBMITS=2 -DSECOND=1 -DUNDOES_LATE: with the monitor, a search that is taken back late does no harm
 * large -DMONITOR -DSUBMITS=2 -DSECOND=1: one more from outside
 * breaks -DSUBMITS=2 -DSECOND=1 -DUNDOES_LATE [assertion violated]: who finds no idle processor must take its search back under the lock
 * breaks -DSUBMITS=2 -DSECOND=1 -DNO_RECHECK [assertion violated]: who goes idle must look once more
 * breaks -DSUBMITS=2 -DSECOND=1 -DNO_CHAIN [assertion violated]: who stops searching must pass the search on
 * breaks -DMONITOR -DRUNNING=1 -DPUSHES=1 -DNO_FENCE [assertion violated]: the monitor must fence all threads before its last look
 * breaks -DMONITOR -DRUNNING=1 -DPUSHES=1 -DNO_LAST_LOOK [assertion violated]: and must look
 * breaks -DMONITOR -DRUNNING=1 -DPUSHES=2 -DRELIES_ON_SEARCHER [assertion violated]: who finds a searcher must still tell the monitor
 * breaks -DMONITOR -DRUNNING=1 -DSLEEPERS=2 -DRUNS_UNTOLD [assertion violated]: who runs a goroutine must tell of what timers have queued
 * breaks -DMONITOR -DRUNNING=1 -DLEFT=7 -DSLICES=1 -DRUNS_UNTOLD [assertion violated]: and of what it has moved from elsewhere
 * breaks -DMONITOR -DRUNNING=1 -DPUSHES=1 -DYIELDS=1 -DYIELDS_UNTOLD [assertion violated]: who was yielded to must tell of who has yielded
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
#ifndef RUNNING
#define RUNNING 0
#endif
#ifndef SPARE
#define SPARE 0
#endif
#ifndef SLICES
#define SLICES 0
#endif

#define P 2
#define M 2
#define NONE 7
#define STARVED 8 /* a processor, but no thread for it */
#define OUTSIDE M /* who is no thread of ours: submitters, the monitor */

/* Queues: how many goroutines are on them. */
byte ring[P];   /* next slot, ring and deque of a processor */
byte unseen[M]; /* pushed by its thread, but still in its store buffer */
byte queued;    /* the global lists */
byte sleepers = SLEEPERS;

/* Under sched.lock. */
bool locked;
byte idle_ms = (1 << (M - SPARE)) - 1; /* sets */
byte idle_ps = (1 << P) - 1;           /* also read without the lock, as idle_count */

byte searching;
byte runs[M] = NONE; /* m->p */
bool note[M];
byte handed[M];
bool handed_searching[M];

byte lent = NONE; /* the processor in state P_LENT, if any */
bool wanted;      /* wanted_threads */
bool started;     /* the spare thread */
bool kicked, asleep, deep;

byte pushes = PUSHES, yields = YIELDS, regions = REGIONS, slices = SLICES;

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
    if
    :: kicked
    :: atomic { FENCED -> kicked = true }
    fi
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

inline wake_chosen()
{
    if
    :: to < NONE -> atomic { note[to] = true; to = NONE }
    :: to == STARVED -> atomic { wanted = true; to = NONE }; monitor_kick()
    :: to == NONE
    fi
}

inline wake_searcher() /* the caller has counted it */
{
    atomic { !locked && FENCED ->
        if
        :: idle_ps != 0 && idle_ms != 0 ->
            take(idle_ms, to);
            take(idle_ps, handed[to]);
            handed_searching[to] = true
        :: else ->
            to = (idle_ps != 0 -> STARVED : NONE);
#ifndef UNDOES_LATE
            searching--
#endif
        fi
    };
#ifdef UNDOES_LATE
    if
    :: to >= NONE -> searching--
    :: else
    fi;
#endif
    wake_chosen()
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
inline processors_have_work()
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

/* The same without the next slots, in which any of the goroutines that were made ready may be. */
inline any_work()
{
    found = (queued > 0);
    if
    :: !found -> found = (ring[0] > 0)
#if PUSHES
    :: !found
#endif
    :: else
    fi;
    if
    :: !found -> found = (ring[1] > 0)
#if PUSHES
    :: !found
#endif
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
            to = (ring[q] > 0 || queued > 0 -> STARVED : NONE);
            idle_ps = idle_ps | (1 << q)
        fi
    };
    if
    :: to != NONE -> wake_chosen()
    :: else -> wake_any()
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
                n = 1 + (queued - 1) / P;
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
#if PUSHES
    :: true /* what is in the next slot is left there, unless it lingers */
#else
    :: ring[1 - p] == 0
#endif
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
    :: atomic { pushes > 0 -> pushes--; unseen[me]++ };
#ifndef RELIES_ON_SEARCHER
        monitor_tell(); /* wake_for */
#endif
        if
        :: idle_ps != 0 -> wake_any() /* two or more, or eager */
        :: idle_ps == 0 || ring[p] + unseen[me] < 2 ->
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
    if /* wanted_threads_come */
    :: wanted ->
        wanted = false;
        atomic { !locked ->
            if
            :: idle_ms == 0 && idle_ps != 0 && !started ->
                started = true;
                take(idle_ps, handed[M - 1]);
                note[M - 1] = true
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
    processors_have_work();
#if REGIONS
    if /* look_at_lent, not at the first look after it was lent; that the monitor stays awake for it is for speed */
    :: atomic { lent != NONE -> n = lent; lent = NONE }; hand_over(n); n = 0
    :: lent == NONE || !found
    fi;
#endif
    if
    :: found ->
        found = false;
        wake_any();
        if /* a slice, which may pass before the others are done */
        :: atomic { slices > 0 -> slices-- }
        :: kicked
        :: timeout -> assert(searching == 0)
        fi;
        goto look
    :: !found
    fi;

    asleep = true;
#ifndef NO_FENCE
    unseen[0] == 0;
    unseen[1] == 0; /* os_fence_all */
#endif
#ifndef NO_LAST_LOOK
    processors_have_work();
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
        :: RUNNING -> idle_ps = idle_ps & ~1; idle_ms = idle_ms & ~1; runs[0] = 0; ring[0] = LEFT
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
