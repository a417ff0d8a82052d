/* Threads without a spare identity, and what makes identities (src/sched/identity.c: take_spare, identity_put, identity_keep,
 * identity_give_up, identity_refill, identity_bury, identity_keep_waiting, end; maker.c: run; preempt.c: way_out; give_way.c: preempt_leave; taken.c:
 * taken_return, taken_relieve; relief.c; idle.c: find_identified; sched.c: choose; bind.c): whoever was taken off with a lock that the
 * maker waits for runs again, each identity has one user, the pool's count is right, who waits for an identity gets one, and none is used
 * after its end.
 *
 * A goroutine takes a lock of libc's, or sleeps until it gets it; it is taken off with it, yields, locks its identity, waits for another,
 * is tied to its thread or has changed its signal mask meanwhile, and ends. Threads, the relief, the maker and the monitor as in the C;
 * that an idle thread finds work is idle.pml's. What is late in the C (taken_relieve) comes here when nothing else moves, and EARLY times
 * before; no more than MOST in a row may be needed until somebody gets on.
 *
 * Not modelled: a lock that is held while its owner parks in a call of the library (then it is in a ring, where who has no identity does
 * not look); the system without threads to give (identity_none_come); blocking regions, before which a goroutine leaves the relief.
 *
 * Bounds: T threads, of which the last is not there yet with NEW, P processors, G goroutines; the thread that comes to the limit gets
 * none. LOCKS, PREEMPTS, YIELDS, KEEPS, TIES, MASKS: how often that happens, in all. FIRST: thread 0 has only the identity that it began
 * with. LIFE: goroutine 0 has one for life. WAITS: goroutine 0 waits for the end of 1. HOGS: 0 was taken off
 * with an identity, and computes until the end of 1. One step is one access, or one holding of a lock.
 *
 * holds -DT=1 -DNEW=0 -DG=2 -DLOCKS=2 -DPREEMPTS=1 -DTIES=1: the owner of the lock runs, though the other is tied to the only thread
 * holds -DT=1 -DNEW=0 -DG=2 -DLOCKS=2 -DPREEMPTS=1 -DMASKS=1: or has changed its signal mask
 * holds -DG=2 -DLOCKS=2 -DPREEMPTS=1 -DNO_RELIEF: or is neither, and nobody but these two threads is there
 * holds -DT=1 -DNEW=0 -DG=2 -DLOCKS=2 -DPREEMPTS=2 -DNO_RELIEF: on one thread, where each may be taken off twice
 * holds -DT=1 -DNEW=0 -DG=2 -DLOCKS=1 -DPREEMPTS=1 -DWAITS=1 -DYIELDS=1: one that keeps its identity, and waits for one that has none
 * holds -DT=1 -DNEW=0 -DG=2 -DFIRST=1 -DKEEPS=1 -DMORE=1: who waits for an identity gets one
 * holds -DT=1 -DNEW=0 -DG=2 -DLIFE=1 -DLOCKS=1 -DLOOKS=1 -DSPARES=3: those that are ended, while the monitor looks at those in use
 * holds -DT=1 -DG=2 -DHOGS=1 -DEARLY=1: who has no identity runs though the relief serves a hog, and no thread is there yet
 * large -DT=1 -DNEW=0 -DG=2 -DLOCKS=2 -DPREEMPTS=1 -DTIES=1 -DMASKS=1 -DEARLY=1: both, and help that comes too early
 * large -DG=2 -DLOCKS=1 -DPREEMPTS=1 -DYIELDS=1 -DWAITS=1: two threads, and the relief
 * large -DG=2 -DLOCKS=2 -DPREEMPTS=1: the same, and both want the lock
 * breaks -DT=1 -DNEW=0 -DG=2 -DLOCKS=2 -DPREEMPTS=1 -DTIES=1 -DNO_RELIEF [invalid end state]: who is tied cannot leave its thread to others
 * breaks -DT=1 -DNEW=0 -DG=2 -DLOCKS=2 -DPREEMPTS=1 -DMASKS=1 -DNO_RELIEF [assertion violated]: nor can who has changed the mask
 * breaks -DT=1 -DNEW=0 -DG=2 -DLOCKS=2 -DPREEMPTS=1 -DNO_RELIEF -DRUNS_ANY [assertion violated]: who has none must run only those with one
 * breaks -DT=1 -DNEW=0 -DG=2 -DLOCKS=2 -DPREEMPTS=1 -DNO_RELIEF -DRELIEVED_RETURN [assertion violated]: who is woken must let others run
 * breaks -DT=1 -DNEW=0 -DG=2 -DLOCKS=2 -DPREEMPTS=1 -DNO_RELIEF -DRELIEVES_NOBODY [assertion violated]: one must be woken
 * breaks -DT=1 -DNEW=0 -DG=2 -DLOCKS=1 -DPREEMPTS=1 -DWAITS=1 -DTAKES_UNTOLD [invalid end state]: who takes one must tell the maker
 * breaks -DT=1 -DNEW=0 -DG=2 -DFIRST=1 -DKEEPS=1 -DPUTS_UNTOLD [invalid end state]: who puts one back must wake who waits
 * breaks -DT=1 -DNEW=0 -DG=2 -DFIRST=1 -DKEEPS=1 -DMORE=1 -DWAITS_UNLOCKED [invalid end state]: who waits must look under the lock
 * breaks -DT=1 -DNEW=0 -DG=2 -DLIFE=1 -DLOCKS=1 -DLOOKS=1 -DENDS_ITSELF [assertion violated]: only the monitor may end one
 * breaks -DT=1 -DNEW=0 -DG=2 -DLOCKS=2 -DPREEMPTS=1 -DKEEPS_BOTH [assertion violated]: what a goroutine keeps its thread has no more
 * breaks -DT=1 -DG=2 -DHOGS=1 -DEARLY=1 -DDROPS_WISH [assertion violated]: while the relief serves, the maker must make who was wanted
 * breaks -DT=1 -DG=2 -DHOGS=1 -DEARLY=1 -DWANTS_NOBODY [assertion violated]: and as it may have looked before, the relief must say so
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef T
#define T 2
#endif
#ifndef NEW
#define NEW 1
#endif
#ifndef P
#define P 1
#endif
#ifndef LOCKS
#define LOCKS 0
#endif
#ifndef PREEMPTS
#define PREEMPTS 0
#endif
#ifndef YIELDS
#define YIELDS 0
#endif
#ifndef KEEPS
#define KEEPS 0
#endif
#ifndef TIES
#define TIES 0
#endif
#ifndef MASKS
#define MASKS 0
#endif
#ifndef LOOKS
#define LOOKS 0
#endif
#ifndef SPARES
#define SPARES 0
#endif
#ifndef EARLY
#define EARLY 0
#endif
#ifndef FIRST
#define FIRST 0
#endif
#ifndef WAITS
#define WAITS 0
#endif
#ifndef LIFE
#define LIFE 0
#endif
#ifndef MORE
#define MORE 0
#endif
#ifndef HOGS
#define HOGS 0
#endif
#ifndef G
#define G 3
#endif

#define WANTED 1  /* spares_wanted */
#define IDS 7     /* records of identities */
#define OWN 8     /* that which a thread was made with */
#define NONE 9
#define SCHED 10  /* a thread's scheduler context */
#define MAKER 11
#define FREE 12
#define R T       /* the reserve */

mtype = { NOTHING, LAST, READY, UNLOCK, DEAD };
mtype = { ENOUGH, NOW, COMING, LATER };

/* Threads. */
byte its[T + 1] = NONE; /* m->identity */
byte used[T + 1] = OWN; /* m->in_use */
byte cur[T + 1] = SCHED;
byte bound[T + 1] = NONE;
byte who[T + 1];        /* m->after */
mtype after[T + 1] = NOTHING;
bool started[T + 1] = true;
bool has[T + 1];        /* a processor */
bool handed[T + 1];
bool asleep[T + 1];     /* in a call of the program's */
bool taken[T + 1];      /* TAKEN_AWAY */
bool relieves[T + 1];
bool sig[T + 1];        /* a signal is pending */
bool listed[T + 1];
byte idle;              /* set of idle threads */
bool rests;             /* the reserve sleeps */

/* Goroutines. */
byte gid[G] = NONE;
byte where[G] = NONE; /* thread */
byte tied[G] = NONE;  /* g->bound */
byte kept;            /* set of those with an identity */
byte dead;            /* set */
bool waits;           /* the first one, for the second */

/* Queues. */
byte ready = (1 << G) - 1;        /* rings, next slots, the lists of the fresh and the woken: a set, in any order */
chan preempted = [G] of { byte }; /* sched.preempted */
byte behind;                      /* set of those on it */
chan list = [T + 1] of { byte };  /* of threads whose processor was taken */

byte idle_p = P;

/* The pool. */
bool locked;
byte pool, spares, made, ended, gone; /* sets but for spares */
chan line = [G] of { byte };
byte user[IDS] = NONE;

byte libc = FREE; /* who has the lock of libc's */
bool kicked;
mtype wanted = ENOUGH;

byte locks = LOCKS, preempts = PREEMPTS, yields = YIELDS, keeps = KEEPS, ties = TIES, masks = MASKS, early = EARLY, looks = LOOKS;
byte helps; /* reliefs since somebody got on */

#define MOST (2 * G + 2)
#define WORK (ready != 0 || len(preempted) > 0)

inline take_lowest(set, which)
{
    which = 0;
    do
    :: set & (1 << which) -> break
    :: else -> which++
    od;
    set = set & ~(1 << which)
}

/* ---- the pool ---- */

inline maker_kick()
{
    kicked = true
}

inline take_spare(id)
{
    atomic { !locked ->
        assert((pool == 0) == (spares == 0));
        if
        :: pool != 0 -> take_lowest(pool, id); spares--
        :: else -> id = NONE
        fi
    };
#ifndef TAKES_UNTOLD
    if
    :: spares < WANTED -> maker_kick()
    :: else
    fi
#endif
}

inline identity_put(id)
{
    atomic { !locked ->
        assert(user[id] == NONE && !(pool & (1 << id)) && !(gone & (1 << id)));
        pool = pool | (1 << id);
        spares++;
        w = NONE;
#ifndef PUTS_UNTOLD
        if
        :: line?w
        :: empty(line)
        fi
#endif
    };
    if
    :: w != NONE -> ready = ready | (1 << w)
    :: else
    fi;
    w = NONE
}

/* For g, if it has one, and `known` says so; else for those who have none. */
inline use(known)
{
    atomic {
        next = NONE;
        if
        :: known -> next = gid[g]
        :: else
        fi;
        if
        :: next == NONE -> next = its[t]
        :: else
        fi;
        if
        :: next == NONE -> next = OWN
        :: else
        fi;
        if
        :: used[t] != next && used[t] != OWN -> user[used[t]] = NONE
        :: else
        fi;
        if
        :: used[t] != next && next != OWN ->
            assert(user[next] == NONE && !(gone & (1 << next)));
            user[next] = t
        :: else
        fi;
        used[t] = next;
        next = NONE
    }
}

/* ---- a goroutine ---- */

/* Off its thread, and on one again. */
inline leave(what)
{
    atomic { use(false); who[t] = g; after[t] = what; where[g] = NONE; cur[t] = SCHED; t = NONE };
    atomic { where[g] != NONE -> t = where[g] }
}

inline taken_return(interrupted)
{
    atomic {
        taken[t] = false;
        if
        :: !(relieves[t] && interrupted) && idle_p > 0 -> idle_p--; has[t] = true
        :: else
        fi;
        relieves[t] = false
    };
    if
    :: !has[t] -> leave(LAST)
    :: has[t]
    fi
}

/* The door of the library. */
inline enter()
{
    sig[t] = false;
    if
    :: taken[t] -> taken_return(false)
    :: else
    fi
}

/* identity_keep */
inline keep()
{
    if
    :: used[t] == OWN -> ok = false
    :: else ->
        ok = true;
        if
        :: gid[g] == NONE ->
            gid[g] = its[t];
            kept = kept | (1 << g);
#ifndef KEEPS_BOTH
            its[t] = NONE;
            take_spare(its[t])
#endif
        :: else
        fi
    fi
}

/* way_out and preempt_leave: in the handler of the signal. */
inline handler()
{
    atomic {
        ok = false;
        if
        :: tied[g] != NONE -> ok = true
        :: tied[g] == NONE && !masked -> keep()
        :: else
        fi;
        if
        :: !ok && idle != 0 -> bound[t] = g; tied[g] = t; stops = true; ok = true
        :: else
        fi
    };
    if
    :: atomic { ok && taken[t] -> ok = false }; taken_return(true)
    :: atomic { ok && !taken[t] -> ok = false }; leave(LAST)
    :: !ok
    fi;
    atomic {
        if
        :: stops -> bound[t] = NONE; tied[g] = NONE; stops = false
        :: else
        fi
    }
}

inline settle()
{
    if
    :: true
    :: gid[g] != NONE && tied[g] == NONE && !keeping && t != R ->
        atomic { id = its[t]; its[t] = gid[g]; gid[g] = NONE; kept = kept & ~(1 << g) };
        if
        :: id != NONE && id != OWN -> identity_put(id)
        :: else
        fi;
        id = NONE
    fi
}

inline keep_waiting()
{
    do
    :: keep();
        if
        :: !ok ->
            take_spare(id);
            if
            :: id != NONE ->
                atomic { gid[g] = id; kept = kept | (1 << g); ok = true; id = NONE };
                use(true)
            :: else
            fi
        :: else
        fi;
        if
        :: ok -> ok = false; break
        :: else
        fi;
#ifdef WAITS_UNLOCKED
        if
        :: pool != 0 -> skip
        :: else -> line!g; leave(NOTHING)
        fi
#else
        atomic { !locked -> locked = true };
        if
        :: pool != 0 -> locked = false
        :: else ->
            line!g;
            leave(UNLOCK)
        fi
#endif
    od;
    keeping = true
}

inline acquire()
{
    do
    :: atomic { libc == FREE -> libc = g; break }
    :: atomic { libc != FREE -> asleep[t] = true };
        if
        :: atomic { libc == FREE -> asleep[t] = false }
        :: atomic { sig[t] -> sig[t] = false; asleep[t] = false };
            if
            :: taken[t] -> handler()
            :: else
            fi
        fi
    od
}

inline tie()
{
    enter();
    atomic {
        if
        :: t != R -> id = gid[g]; gid[g] = OWN; bound[t] = g; tied[g] = t; aside = id; id = NONE
        :: else
        fi
    };
    if
    :: tied[g] != NONE -> use(true)
    :: else
    fi
}

inline untie()
{
    if
    :: gid[g] == OWN ->
        enter();
        atomic { bound[t] = NONE; tied[g] = NONE; gid[g] = aside; aside = NONE };
        use(true)
    :: else
    fi
}

/* A hog. On the relief it is taken off only where that makes a difference. */
inline spin()
{
    do
    :: dead & 2 -> break
    :: atomic { ready != 0 && !taken[t] && t != R }; handler()
    :: atomic { WORK && !taken[t] && t == R && (idle != 0 || wanted == ENOUGH) -> helps++; assert(helps <= MOST) }; handler()
    od
}

proctype Goroutine(byte g)
{
    byte t = NONE, id = NONE, w = NONE, next = NONE, aside = NONE;
    bool ok, masked, stops, keeping;

    atomic { where[g] != NONE -> t = where[g] };
#if LIFE
    keeping = (g == 0);
#endif
#if HOGS
    if
    :: g < HOGS -> spin()
    :: else
    fi;
#endif
    do
#if YIELDS
    :: atomic { yields > 0 -> yields-- };
        enter();
        settle();
        leave(READY)
#endif
#if KEEPS
    :: atomic { keeps > 0 -> keeps-- };
        enter();
        keep_waiting()
#endif
    :: atomic { locks > 0 -> locks-- };
        if
#if MASKS
        :: atomic { masks > 0 -> masks--; masked = true }
#endif
#if TIES
        :: atomic { ties > 0 -> ties-- }; tie()
#endif
        :: true
        fi;
        acquire();
        if
        :: atomic { preempts > 0 && !taken[t] -> preempts-- }; handler()
        :: atomic { sig[t] -> sig[t] = false };
            if
            :: taken[t] -> handler()
            :: else
            fi
        :: true
        fi;
        atomic { libc = FREE; helps = 0 };
        masked = false;
        untie()
    :: break
    od;
#if WAITS
    if
    :: g == 0 ->
        enter();
        if
        :: dead & 2
        :: atomic { !(dead & 2) -> waits = true };
            leave(NOTHING)
        fi
    :: else
    fi;
#endif
    enter();
    use(false);
    atomic {
        if
        :: g == 1 && waits -> waits = false; ready = ready | 1
        :: else
        fi;
        dead = dead | (1 << g);
        helps = 0;
        who[t] = g;
        after[t] = DEAD;
        where[g] = NONE;
        cur[t] = SCHED
    }
}

/* ---- a thread's scheduler context ---- */

inline bury()
{
    atomic { id = gid[n]; gid[n] = NONE; kept = kept & ~(1 << n) };
    if
    :: id == NONE
#if LIFE
    :: id != NONE && n == 0 ->
#ifdef ENDS_ITSELF
        atomic { gone = gone | (1 << id); made = made & ~(1 << id) }
#else
        ended = ended | (1 << id)
#endif
    :: id != NONE && n != 0 -> identity_put(id)
#else
    :: else -> identity_put(id)
#endif
    fi;
    id = NONE
}

inline finish()
{
    if
    :: after[t] == LAST -> n = who[t]; preempted!n; behind = behind | (1 << n)
    :: after[t] == READY -> ready = ready | (1 << who[t])
    :: after[t] == UNLOCK -> locked = false
    :: after[t] == DEAD -> n = who[t]; bury()
    :: after[t] == NOTHING
    fi;
    after[t] = NOTHING;
    n = NONE;
    sig[t] = false
}

/* One after the other: the others go behind. */
inline find_identified()
{
    atomic {
        n = len(preempted);
        do
        :: n > 0 && g == NONE ->
            preempted?g;
            if
            :: !(kept & (1 << g)) && tied[g] == NONE -> preempted!g; g = NONE
            :: else -> behind = behind & ~(1 << g)
            fi;
            n--
        :: else -> break
        od;
        n = NONE
    }
}

inline give_back()
{
    atomic { has[t] = false; idle_p++ }
}

proctype Thread(byte t)
{
    byte g = NONE, n = NONE, id = NONE, w = NONE, next = NONE;

end_not_yet:
    started[t];
runs:
end_runs:
    atomic { cur[t] == SCHED -> finish() };
choose:
    atomic {
    if
    :: bound[t] != NONE ->
        if
        :: has[t] -> give_back()
        :: else
        fi;
end_bound:
        atomic { handed[t] -> handed[t] = false; has[t] = true; g = bound[t] };
        goto chosen
    :: bound[t] == NONE && t == R ->
        if
        :: has[t] && idle == 0 -> find_identified()
        :: else
        fi;
#ifndef WANTS_NOBODY
        if
        :: g != NONE && wanted == ENOUGH -> wanted = NOW
        :: else
        fi;
#endif
        if
        :: g == NONE ->
            if
            :: has[t] -> give_back()
            :: else
            fi;
            rests = true;
end_rests:
            atomic { handed[t] -> handed[t] = false; has[t] = true };
            goto choose
        :: else -> goto found
        fi
    :: else
    fi;
    if
    :: !has[t] ->
        idle = idle | (1 << t);
end_idle:
        atomic { idle_p > 0 && WORK -> idle_p--; has[t] = true; idle = idle & ~(1 << t) }
    :: else
    fi
    };
    atomic {
    if
    :: its[t] == NONE || (its[t] == OWN && spares > 0) ->
        take_spare(n);
        if
        :: n != NONE -> its[t] = n; use(false)
        :: else
        fi;
        n = NONE;
#ifdef RUNS_ANY
        if
        :: its[t] == NONE -> its[t] = OWN
        :: else
        fi
#endif
    :: else
    fi
    };
    atomic {
    if
    :: its[t] == NONE ->
        find_identified();
        if
        :: g == NONE ->
end_spins:
            pool != 0 || (behind & kept); /* it goes round until then */
            goto choose
        :: else -> goto found
        fi
    :: else
    fi;
    if
    :: ready & 1 -> ready = ready & ~1; g = 0
    :: ready & 2 -> ready = ready & ~2; g = 1
#if G > 2
    :: ready & 4 -> ready = ready & ~4; g = 2
#endif
    :: len(preempted) > 0 -> preempted?g; behind = behind & ~(1 << g)
    :: !WORK -> give_back(); goto choose
    fi
    };
found:
    atomic {
    if
    :: tied[g] != NONE -> has[t] = false; handed[tied[g]] = true; g = NONE; goto choose
    :: else
    fi;
chosen:
    use(true);
    cur[t] = g;
    where[g] = t;
    g = NONE
    };
    goto runs
}

/* ---- the maker ---- */

inline make_identity()
{
    atomic { libc == FREE -> libc = MAKER };
    atomic {
        libc = FREE;
        id = 0;
        do
        :: made & (1 << id) -> id++
        :: else -> break
        od;
        assert(id < IDS);
        made = made | (1 << id);
        gone = gone & ~(1 << id)
    }
}

#ifdef DROPS_WISH
#define NEEDED (idle == 0 && idle_p > 0)
#else
#define NEEDED (idle == 0 && (idle_p > 0 || !rests))
#endif

proctype Maker()
{
    byte id = NONE, w = NONE, n;

end:
    do
    :: kicked ->
        kicked = false;
        if
        :: wanted == COMING ->
            if
            :: NEEDED && !started[T - 1] ->
                make_identity();
                atomic { libc == FREE -> libc = MAKER };
                atomic { libc = FREE; its[T - 1] = id; used[T - 1] = id; user[id] = T - 1; started[T - 1] = true; wanted = ENOUGH }
            :: NEEDED && started[T - 1] -> wanted = LATER
            :: else -> wanted = ENOUGH
            fi
        :: else
        fi;
        n = (spares < WANTED -> WANTED + MORE - spares : 0);
        do
        :: n > 0 ->
            make_identity();
            identity_put(id);
            n--
        :: else -> break
        od;
        id = NONE
    od
}

/* ---- the monitor ---- */

inline end_one(x)
{
    atomic { assert(user[x] == NONE); gone = gone | (1 << x); made = made & ~(1 << x) }
}

inline take_from(x)
{
    atomic {
        asleep[x] && has[x] && !taken[x] && WORK ->
        has[x] = false;
        taken[x] = true;
        idle_p++;
        if
        :: !listed[x] -> listed[x] = true; list!x
        :: else
        fi
    }
}

inline signal_one()
{
        n = len(list);
        do
        :: n > 0 ->
            list?x;
            if
            :: taken[x] ->
                list!x;
#ifndef RELIEVES_NOBODY
                relieves[x] = true;
                sig[x] = true;
#endif
#ifdef RELIEVED_RETURN
                relieves[x] = false;
#endif
                break
            :: else -> listed[x] = false
            fi;
            n--
        :: else -> break
        od;
        n = 0;
        x = 0
}

#define LATE (wanted != ENOUGH && idle_p > 0 && WORK)
#ifndef NO_RELIEF
#define SOMEBODY ((rests && len(preempted) > 0) || len(list) > 0)
#else
#define SOMEBODY (len(list) > 0)
#endif
proctype Monitor()
{
    byte x, n, w = NONE, t = NONE, id;
    bool called;

end:
    do
    :: take_from(0)
#if T > 1
    :: take_from(1)
#endif
#if T > 2
    :: take_from(2)
#endif
    :: take_from(R)
    :: atomic { wanted == ENOUGH && idle_p > 0 && idle == 0 && WORK -> wanted = COMING }; maker_kick()
    :: atomic { wanted == NOW -> wanted = COMING }; maker_kick()
    :: atomic {
            LATE && SOMEBODY && (early > 0 || timeout) ->
            if
            :: early > 0 -> early--
            :: else -> helps++
            fi;
            assert(helps <= MOST);
#ifndef NO_RELIEF
            if
            :: !called && rests && idle_p > 0 && len(preempted) > 0 -> called = true; rests = false; idle_p--; handed[R] = true
            :: else -> called = false; signal_one()
            fi
#else
            signal_one()
#endif
        }
#if LIFE
    :: atomic { ended != 0 -> take_lowest(ended, x) }; end_one(x); x = 0
#endif
    :: spares > 2 * WANTED -> take_spare(id); end_one(id); id = 0
#if LOOKS
    :: atomic { looks > 0 -> looks-- };
        if
        :: x = used[0]
        :: x = used[T - 1]
        fi;
        if
        :: x != OWN -> assert(!(gone & (1 << x)))
        :: else
        fi;
        x = 0
#endif
    od
}

init {
    byte i;

    atomic {
        for (i : 0 .. T - 1) {
            its[i] = i;
            used[i] = i;
            user[i] = i;
            made = made | (1 << i)
        }
#if SPARES
        for (i : 1 .. SPARES) {
            pool = pool | (1 << (T + i - 1));
            made = made | (1 << (T + i - 1));
            spares++
        }
#endif
#if HOGS
        ready = ready & ~1;
        preempted!0;
        behind = 1;
#endif
#if LIFE || HOGS
        gid[0] = IDS - 1;
        kept = 1;
        made = made | (1 << (IDS - 1));
#endif
#if FIRST
        its[0] = OWN;
        used[0] = OWN;
        user[0] = NONE;
        made = made & ~1;
#endif
#if NEW
        started[T - 1] = false;
        its[T - 1] = NONE;
        used[T - 1] = OWN;
        user[T - 1] = NONE;
        made = made & ~(1 << (T - 1));
#endif
        for (i : 0 .. G - 1) {
            run Goroutine(i)
        }
        for (i : 0 .. T - 1) {
            run Thread(i)
        }
#ifndef NO_RELIEF
        run Thread(R);
#endif
        run Maker();
        run Monitor();
        i = 0
    }
}
