/* Taking the processor from a thread that sleeps in a call of the system which nobody announced (src/sched/taken.c: taken_self,
 * say_that_it_is_back, taken_return, taken_unwatch, taken_take, try, decide; os_thread_runs, os_thread_in_call): nobody runs on a
 * processor that another one has, in the library or in a restartable sequence, and a processor is not kept by a thread that sleeps for
 * ever.
 *
 * A thread of ours runs a goroutine: it enters the library (where it looks at `self` first, as thread_self does), adds to the cell of its
 * processor in a sequence, sleeps in calls of the program's and in calls of the library's own, and ends. In the library it may give its
 * processor up and take another (a switch). The monitor tries to take the processor. Whoever gets it then, another thread, uses it in the
 * same two ways, and gives it back in the end, so that the first one can queue for it.
 *
 * The system: a thread is awake or sleeps; each time it gets a CPU it is counted; a look at it says truly whether it sleeps in a call.
 * One step is one access to memory. The lock m->taking keeps the thread-locals while the monitor writes to them, and nothing else. Which
 * of two threads has run when, and so sees what, the system orders by a lock of its own: see os_thread_in_call.
 *
 * Bounds: one thread of ours, which sleeps CALLS (3) times, in calls of either kind, and does STEPS (3) other things; TRIES of the
 * monitor, and one more when all has come to rest. The counts do not wrap.
 *
 * holds: nobody runs on a processor that another one has, and who sleeps for ever has none
 * holds -DTRIES=3: nor with one try more
 * holds -DONLY_COUNTS: the second look is for the sake of that order only: whoever has not run has not woken up
 * holds -DCOUNTS_EARLY: and that the count comes after it, too
 * breaks -DONLY_COUNTS -DCOUNTS_NOT [assertion violated]: who was seen asleep before the word was set may be on its way
 * breaks -DCOUNTS_NOT [assertion violated]: who is seen asleep twice may have been awake in between
 * breaks -DCOUNTS_LATE [assertion violated]: how often it has run must be read before the first look
 * breaks -DSAYS_LATE [assertion violated]: the word must be set before the second look
 * breaks -DFORGETS_HERE [assertion violated]: sequences must be told too
 * breaks -DTAKES_FROM_LIBRARY [assertion violated]: not in a call of the library's own
 * breaks -DIS_NEVER_BACK [assertion violated]: who came back first has kept it
 * breaks -DTELLS_ONCE [assertion violated]: the word must be set anew at each try: the thread may have written to the others since
 * breaks -DENDS_UNTOLD [assertion violated]: thread-locals go with their thread
 * breaks -DTRIES=0 -DKEEPS [assertion violated]: a processor whose thread sleeps for ever must be taken
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TRIES
#define TRIES 2
#endif
#define CALLS 3
#define STEPS 3

mtype = { NOT, TRIED, AWAY };
mtype = { OWN, OTHER, NOBODY };

/* The system's. */
bool sleeps;   /* the thread, in a call */
byte runs = 1; /* times that it was given a CPU */
bool gone;     /* it has ended, and its thread-locals with it */

/* The thread's. */
bool hold;        /* inside a call of the library's own */
bool self = true; /* thread_self finds it */
bool here = true; /* go_here names the processor */
bool mine = true; /* m->p */

bool locked; /* m->taking */
mtype taken = NOT;
bool watched = true; /* m->self is set */

mtype has = OWN;    /* whose the processor is, in truth */
byte users, adders; /* who uses its queues, who is in a sequence on its cell */

/* Uses what only the owner of the processor may use. */
inline use()
{
    atomic { users++; assert(users == 1) };
    users--
}

inline add()
{
    atomic { adders++; assert(adders == 1) };
    adders--
}

/* The door of the library: thread_self, and taken_return if that finds nobody. */
inline enter()
{
    if
    :: self
    :: !self ->
        if
        :: taken == AWAY -> away = true
        :: taken != AWAY -> /* taken_self */
            atomic {
                if
                :: taken == AWAY -> away = true
#ifdef IS_NEVER_BACK
                :: taken == TRIED
#else
                :: taken == TRIED -> taken = NOT
#endif
                :: taken == NOT
                fi
            };
            if
            :: away
            :: !away ->
                here = mine;
                self = true
            fi
        fi
    fi;
    if
    :: away ->
        atomic { mine = false; away = false }; /* say_that_it_is_back */
        taken = NOT;
        self = true;
        atomic { has == NOBODY -> has = OWN; mine = true }; /* processor_acquire, which queues if need be */
        here = true
    :: !away
    fi
}

inline sleep()
{
    sleeps = true;
    atomic { sleeps = false; runs++ }
}

proctype Thread()
{
    byte calls = CALLS, steps = STEPS;
    bool away;

    do
    :: atomic { steps > 0 -> steps-- }; /* the program calls the library */
        enter();
        use();
        if
        :: true
        :: true -> /* a switch: the processor goes, and comes */
            atomic { mine = false; here = false };
            atomic { mine = true; here = true };
            use()
        fi
    :: atomic { calls > 0 && steps > 0 -> calls--; steps-- }; /* the same, and there the library calls the system */
        enter();
        hold = true;
        sleep();
        use();
        hold = false
    :: atomic { steps > 0 -> steps-- }; /* a sequence */
        if
        :: here -> add()
        :: !here
        fi
    :: atomic { calls > 0 -> calls-- }; /* the program calls the system */
        if
        :: sleep()
        :: sleeps = true;
end_blocks:
            false /* for ever */
        fi
    :: break
    od;
    enter();
    use();
    atomic { mine = false; here = false; has = NOBODY };
#ifndef ENDS_UNTOLD
    atomic { !locked -> taken = NOT; watched = false }; /* taken_unwatch */
#endif
    gone = true
}

/* Who carries the processor on, until it parks. */
proctype Other()
{
end:
    do
    :: has == OTHER ->
        use();
        add();
        use();
        has = NOBODY
    od
}

inline say() /* try() */
{
    atomic { !locked -> locked = true };
    if
#ifdef TELLS_ONCE
    :: watched && taken != NOT -> locked = false
    :: watched && taken == NOT ->
#else
    :: watched ->
#endif
        taken = TRIED;
#ifndef FORGETS_HERE
        atomic { assert(!gone); here = false };
#endif
        atomic { assert(!gone); self = false };
        locked = false
    :: !watched -> locked = false; goto missed
    fi
}

inline give_up_if(condition)
{
    if
    :: condition -> goto missed
    :: !(condition)
    fi
}

inline attempt()
{
    n = 0;
#ifndef COUNTS_LATE
    n = runs;
#endif
    give_up_if(!sleeps); /* the first look */
#ifdef COUNTS_LATE
    n = runs;
#endif
#ifndef TAKES_FROM_LIBRARY
    give_up_if(hold);
#endif
    give_up_if(has != OWN || !mine);
#ifndef SAYS_LATE
    say();
#endif
#ifdef COUNTS_EARLY
    give_up_if(runs != n);
#endif
#ifndef ONLY_COUNTS
    give_up_if(!sleeps); /* the second */
#endif
#if !defined(COUNTS_NOT) && !defined(COUNTS_EARLY)
    give_up_if(runs != n);
#endif
#ifndef TAKES_FROM_LIBRARY
    give_up_if(hold);
#endif
    give_up_if(has != OWN || !mine);
#ifdef SAYS_LATE
    say();
#endif
    atomic { /* decide */
        if
        :: taken == TRIED -> taken = AWAY; has = OTHER
        :: else
        fi
    }
}

proctype Monitor()
{
    byte tries = TRIES, n;
    bool last;

    do
    :: tries > 0 || last ->
        if
        :: tries > 0 -> tries--
        :: tries == 0
        fi;
        attempt();
missed:
        if
        :: last -> break
        :: !last
        fi
#ifdef KEEPS
    :: tries == 0 && !last -> timeout; break
#else
    :: tries == 0 && !last -> timeout; last = true
#endif
    od;
    assert(!sleeps || hold || has != OWN)
}

init {
    atomic {
        run Thread();
        run Other();
        run Monitor()
    }
}
