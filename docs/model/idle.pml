/* Going idle and waking (src/sched/idle.c, with runq.c, monitor.c, blocking.c). */
#ifndef SUBMITTERS
#define SUBMITTERS 2 /* plain threads, each puts one goroutine on the global list */
#endif
#ifndef PUSHES
#define PUSHES 1 /* goroutines that are made ready or spawned by running ones */
#endif
#ifndef YIELDS
#define YIELDS 0
#endif
#ifndef REGIONS
#define REGIONS 0 /* blocking regions entered */
#endif
#ifndef SPARE
#define SPARE 0 /* threads that the monitor may still start */
#endif
#define P 2
#define M (P + SPARE)
#define NONE 7
#define OTHER (M) /* who has no thread structure: submitters, the monitor */

/* Queues: how many goroutines are on them. */
byte ring[P];   /* next slot, ring and deque of a processor */
byte unseen[M]; /* pushed by its thread, still in its store buffer */
byte queued;    /* the global lists */

/* Under sched.lock. */
bool locked;
byte idle_ms = (1 << P) - 1; /* sets */
byte idle_ps = (1 << P) - 1; /* also read without the lock, as idle_count */
byte spare = SPARE;

byte searching;
bool wanted;
bool note[M];
byte handed[M];
bool handed_searching[M];
byte runs[M] = NONE;   /* m->p, for the store buffers */
#if REGIONS
byte lent = NONE;      /* the processor in state P_LENT, if any */
#endif

#ifdef MONITOR
bool kicked, asleep, deep;
#endif

byte pushes = PUSHES, yields = YIELDS, regions = REGIONS;

/* A locked instruction of thread m waits until its store buffer is empty. */
#define FENCED(m) (unseen[(m) % M] == 0 || (m) == OTHER)

inline take(set, which)
{
    which = 0;
    do
    :: set & (1 << which) -> break
    :: else -> which++
    od;
    set = set & ~(1 << which)
}

inline monitor_kick()
{
#ifdef MONITOR
    atomic { FENCED(me) -> kicked = true }
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

/* ---- waking ---- */

inline thread_wake()
{
    atomic { note[to] = true; to = NONE }
}

/* The caller has counted it in searching. */
inline wake_searcher()
{
    atomic { !locked && FENCED(me) ->
        if
        :: idle_ps != 0 && idle_ms != 0 ->
            take(idle_ms, to);
            take(idle_ps, handed[to]);
            handed_searching[to] = true
        :: else ->
            to = NONE;
            wanted = (idle_ps != 0);
#ifndef UNDOES_LATE
            searching--
#endif
        fi
    };
    if
    :: to != NONE -> thread_wake()
    :: else ->
#ifdef UNDOES_LATE
        searching--;
#endif
        if
        :: wanted -> monitor_kick()
        :: else -> 
#ifdef TELLS_ALWAYS
           monitor_tell()
#endif
        fi
    fi
}

inline wake_any()
{
    if
    :: idle_ps == 0 -> monitor_tell()
    :: else ->
        if
        :: atomic { searching == 0 && FENCED(me) -> searching = 1 };
            wake_searcher()
        :: searching != 0 ->
#ifdef TELLS_ALWAYS
            monitor_tell()
#endif
        fi
    fi
}

/* found: something is queued, as far as one look at a time can tell. */
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
    atomic { !locked && FENCED(me) -> queued++ }
}

/* ---- a thread ---- */

/* Before a goroutine runs: the monitor must know of what is left in the queues. */
inline tell_before_run()
{
#ifdef RUN_TELL
#ifdef MONITOR
    if
    :: asleep ->
        if
        :: ring[p] + unseen[me] > 0 || queued > 0 -> monitor_kick()
        :: else
        fi
    :: !asleep
    fi
#endif
#endif
    skip
}

proctype Thread(byte me)
{
    byte p = NONE, n, to = NONE;
    bool searches, found;

sleeps:
end:
    atomic { note[me] ->
        note[me] = false;
        p = handed[me];
        runs[me] = p;
        handed[me] = 0;
        searches = handed_searching[me];
        handed_searching[me] = false
    };

find_work:
    if
    :: p == NONE -> goto go_idle
    :: else
    fi;
    if /* the own queues */
    :: atomic { ring[p] > 0 && FENCED(me) -> ring[p]--; goto chosen }
    :: atomic { ring[p] == 0 && FENCED(me) }
    fi;
    if /* queue_take_global: one to run, and a share for the own ring */
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
    if /* so many search already: whatever the limit, it must hold */
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
    atomic { !locked && FENCED(me) -> 
        if
        :: p != NONE && queued > 0 -> goto find_work
        :: else
        fi;
        if
        :: p != NONE -> idle_ps = idle_ps | (1 << p)
        :: else
        fi;
        runs[me] = NONE;
        p = NONE;
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
        atomic { !locked -> /* come_back */
            if
            :: (idle_ms & (1 << me)) && idle_ps != 0 ->
                take(idle_ps, p);
                runs[me] = p;
                idle_ms = idle_ms & ~(1 << me)
            :: else -> goto sleeps
            fi
        };
        atomic { searching++; searches = true };
        goto find_work
    :: else
    fi;
#endif
    goto sleeps;

chosen:
    if /* stop_searching */
    :: searches ->
        atomic { FENCED(me) -> searching--; searches = false };
#ifndef NO_CHAIN
#ifndef STOP_ALWAYS
        if
        :: idle_ps != 0 ->
#endif
            any_work();
            if
            :: found -> found = false; wake_any()
            :: else
            fi
#ifndef STOP_ALWAYS
        :: else
        fi
#endif
#endif
    :: else
    fi;
    tell_before_run();

    do
    :: goto find_work /* it ends, or parks */
    :: atomic { true ->
end_computes:
        false } /* for ever */
    :: atomic { pushes > 0 && unseen[me] == 0 -> pushes--; unseen[me] = 1 };
        if /* wake_for */
        :: idle_ps != 0 && ring[p] + unseen[me] >= 2 -> wake_any()
        :: else -> monitor_tell()
        fi
#if YIELDS
    :: atomic { yields > 0 && ring[p] > 0 && FENCED(me) -> yields--; ring[p]-- };
        unseen[me] = 1; /* AFTER_YIELD, on the stack of the next */
#ifdef YIELD_TELL
        monitor_tell()
#endif
#endif
    od
}

/* The store buffers. */
active [M] proctype Buffer()
{
end:
    do
    :: atomic { unseen[_pid] > 0 -> ring[runs[_pid]] = ring[runs[_pid]] + unseen[_pid]; unseen[_pid] = 0 }
    od
}

proctype Submitter()
{
    byte me = OTHER, to = NONE;

    add_shared();
    wake_any()
}

#ifdef MONITOR
proctype Monitor()
{
    byte me = OTHER, to = NONE;
    bool found;

look:
    kicked = false;
    any_work(); /* somebody_waits */
    if
    :: found -> found = false; wake_any(); goto tick
    :: !found -> goto tick
    :: !found
    fi;

    asleep = true;
#ifndef NO_FENCE
    unseen[0] == 0 && unseen[1] == 0; /* os_fence_all */
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
    goto look;

tick:
    if
    :: timeout -> assert(searching == 0)
    :: kicked
    fi;
    goto look
}
#endif

init {
    byte i;
    atomic {
        for (i : 0 .. M - 1) {
            run Thread(i)
        }
        for (i : 1 .. SUBMITTERS) {
            run Submitter()
        }
        i = 0;
#ifdef MONITOR
        run Monitor();
#endif
    }
    timeout;
    assert(searching == 0);
#ifdef MONITOR
    assert(!deep || (queued == 0 && ring[0] == 0 && ring[1] == 0))
#else
    assert(queued == 0 || idle_ps == 0)
#endif
}
