/* A lone waiter on one object, a waker, and what may end the wait before its turn: a deadline and a canceller (src/sched/wait.c; the
 * waiters of src/chan/chan.c and src/sync): the goroutine is made ready exactly once and not before it is off its stack, nobody
 * touches its frame after it has left, no interrupter touches the object, which may be freed as soon as it has served or has nobody
 * inside, a waker passes by the dead and its wake-up is not lost, and a canceller that fires at any moment is not missed.
 *
 * Bounds: waiter W, which can be interrupted, and V, which cannot; a waker that gives one for each, which is taken by who waits or
 * else left there, as by a semaphore or a buffer. Everybody comes through: a lost wake-up is an invalid end state. A frame is alive
 * until the call returns, the object until it is freed; each access asserts that. W's claim, stage and list links are in its frame.
 *
 * holds: a deadline and a canceller, either of which may come at any moment or never
 * holds -DPLAIN: the same where W is a plain thread, which keeps its own time
 * holds -DFREES: the waker, alone with W, frees the object once nobody is inside
 * holds -DFREES -DPLAIN: the same with a plain thread
 * holds -DALONE: nothing but a canceller, so W waits for it
 * holds -DALONE -DPLAIN: the same with a plain thread
 * breaks -DINTERRUPTS_UNCLAIMED [assertion violated]: who interrupts must win the claim
 * breaks -DPOPS_UNCLAIMED [assertion violated]: who takes a waiter off the queue must win the claim too
 * breaks -DSERVES_THE_DEAD [assertion violated]: what a dead waiter does not take goes to the next
 * breaks -DREADIES_LEAVING [assertion violated]: a goroutine that is still leaving is not made ready by who interrupts it
 * breaks -DALONE -DFORGETS_LEFT [invalid end state]: but by the context that comes after it
 * breaks -DSWAPS_LATE [assertion violated]: that one is through with the frame before it drops the lock
 * breaks -DLEAVES_UNLOCKED [assertion violated]: and who was interrupted takes the lock before it leaves, so that it is
 * breaks -DSTAYS_QUEUED [assertion violated]: who was interrupted takes its waiter off
 * breaks -DDISARMS_AT_ONCE [assertion violated]: disarming waits for a timer that is firing
 * breaks -DSTAYS_REGISTERED [assertion violated]: who leaves takes itself off the canceller's list
 * breaks -DUNREGISTERS_UNLOCKED [assertion violated]: under the canceller's lock
 * breaks -DLOOKS_BEHIND [assertion violated]: the canceller's list of those it has won is not read after they are ready
 * breaks -DALONE -DREGISTERS_BLINDLY [invalid end state]: who registers looks whether the canceller has fired
 * breaks -DALONE -DLOOKS_UNLOCKED [invalid end state]: under the canceller's lock
 * breaks -DFREES -DEXPIRES_ON_OBJECT [assertion violated]: a deadline does not look at the object
 * breaks -DFREES -DFREES_UNCOUNTED [assertion violated]: who gave up is inside until it has left, also if it is on no queue any more
 *
 * SPDX-License-Identifier: MIT
 */
#define W 0
#define V 1
#define NOBODY 2

#ifdef PLAIN
#define IS_PLAIN(g) ((g) == W)
#else
#define IS_PLAIN(g) false
#endif
#if defined(ALONE)
#define WAITERS 1
#define GIVES 0
#elif defined(FREES)
#define WAITERS 1
#define GIVES 1
#else
#define WAITERS 2
#define GIVES 2
#endif

mtype = { LEAVING, PARKED, LEFT };

/* The object, under its lock. */
bool object = true; /* not freed */
bool lock;
chan queue = [2] of { byte };
byte inside;
byte there; /* what nobody waited for */

bool canceller_lock, fired, registered;
bool timer_lock, armed;

/* In the frames. */
bool alive[2];
bool queued[2];
bool served[2];
byte claim; /* of W: 0, or who has won it */
mtype stage = LEAVING;
bool interrupted;

bool off_stack[2];
bool after[2]; /* the next context has a lock to drop for it */
bool ready[2];
bool arrived[2];
byte taken, ended;

inline lock_take()
{
    atomic { !lock -> assert(object); lock = true }
}

inline lock_drop()
{
    d_step { assert(object && lock); lock = false }
}

inline sched_ready(g)
{
    d_step {
        assert(alive[g] && !ready[g]);
        assert(off_stack[g] || IS_PLAIN(g));
        ready[g] = true
    }
}

/* interrupt: leaves in won whether the caller must make W ready. */
inline interrupt()
{
    won = false;
    atomic {
        assert(alive[W]);
        if
#ifdef INTERRUPTS_UNCLAIMED
        :: true -> claim = 1; won = true
#else
        :: claim == 0 -> claim = 1; won = true
        :: claim != 0
#endif
        fi
    };
    if
    :: won ->
        d_step { assert(alive[W]); interrupted = true };
        d_step {
            assert(alive[W]);
#ifndef READIES_LEAVING
            won = stage == PARKED;
#endif
            stage = LEFT
        }
    :: else
    fi
}

/* release_locks, on another stack, or by a thread itself. */
inline release_locks(g)
{
#ifdef SWAPS_LATE
    assert(alive[g]);
    lock_drop();
    d_step { assert(alive[g]); left = g == W && stage == LEFT; stage = (g == W -> PARKED : stage) };
#else
    d_step { assert(alive[g]); left = g == W && stage == LEFT; stage = (g == W -> PARKED : stage) };
    assert(alive[g]); /* i->release */
    lock_drop();
#endif
    if
#ifdef FORGETS_LEFT
    :: true
#else
    :: left -> sched_ready(g)
    :: else
#endif
    fi
}

proctype After(byte me)
{
    bool left;

end:
    atomic { after[me] -> after[me] = false };
    release_locks(me)
}

inline park()
{
    off_stack[me] = true;
    after[me] = true;
    atomic { ready[me] -> off_stack[me] = false }
}

/* wait_as_thread; it may be that the deadline never passes. */
inline wait_as_thread()
{
    release_locks(W);
    if
    :: ready[W]
#ifndef ALONE
    :: true ->
        interrupt();
        if
        :: won
        :: else -> ready[W] /* somebody was faster: the note is on its way */
        fi
#endif
    fi
}

inline canceller_remove()
{
#ifdef STAYS_REGISTERED
    skip
#else
#ifdef UNREGISTERS_UNLOCKED
    registered = false
#else
    atomic { !canceller_lock -> canceller_lock = true };
    if
    :: !fired -> registered = false
    :: else
    fi;
    canceller_lock = false
#endif
#endif
}

/* A frame of W that dies with its goroutine; the object is not touched by who was served. */
proctype Waits(byte me)
{
    bool left, won, over;

    alive[me] = true;
    lock_take();
    if
    :: there > 0 ->
        there--;
        served[me] = true;
        arrived[me] = true;
        lock_drop();
        goto done
    :: else
    fi;
    d_step {
        queue ! me;
        queued[me] = true;
        inside++;
        arrived[me] = true
    };
    if
    :: me == V -> park(); goto done
    :: else
    fi;

    /* wait_interruptibly: canceller_add */
#ifdef LOOKS_UNLOCKED
    over = fired;
    atomic { !canceller_lock -> canceller_lock = true };
    if
    :: !over -> registered = true
    :: else
    fi;
    canceller_lock = false;
#else
    atomic { !canceller_lock -> canceller_lock = true };
    if
#ifdef REGISTERS_BLINDLY
    :: true -> registered = true
#else
    :: fired -> over = true
    :: !fired -> registered = true
#endif
    fi;
    canceller_lock = false;
#endif
    if
    :: over -> /* give_up_at_once */
        assert(claim == 0);
        claim = 1;
        interrupted = true;
        lock_drop()
    :: !over && IS_PLAIN(me) ->
        wait_as_thread()
    :: !over && !IS_PLAIN(me) ->
#ifndef ALONE
        armed = true;
#endif
        park();
#ifdef DISARMS_AT_ONCE
        armed = false
#else
        atomic { !timer_lock -> armed = false }
#endif
    fi;
    if
    :: !over -> canceller_remove()
    :: else
    fi;
    if
    :: interrupted ->
#ifdef LEAVES_UNLOCKED
        if
        :: queued[me] -> d_step { queue ?? eval(me); queued[me] = false }
        :: else
        fi;
        goto done;
#endif
        lock_take();
        if
#ifdef STAYS_QUEUED
        :: true
#else
        :: queued[me] -> queue ?? eval(me); queued[me] = false
        :: !queued[me]
#endif
        fi;
        inside--;
        lock_drop()
    :: else
    fi;
done:
    atomic {
        assert(served[me] != (me == W && interrupted));
        taken = taken + served[me];
        alive[me] = false;
        ended++
    }
}

/* As go_send, go_sem_release: to the first that can be won, or it stays there. */
proctype Wakes()
{
    byte w, given;

    do
    :: given < GIVES ->
#ifdef FREES
        arrived[W]; /* a program that frees knows that nobody comes any more */
#endif
        lock_take();
        do
        :: empty(queue) -> w = NOBODY; break
        :: nempty(queue) ->
            queue ? w;
            d_step { assert(alive[w]); queued[w] = false };
            atomic {
                assert(alive[w]);
                if
                :: w == V -> break
#ifdef POPS_UNCLAIMED
                :: w == W -> claim = 2; break
#else
                :: w == W && claim == 0 -> claim = 2; break
                :: w == W && claim != 0 ->
#ifdef SERVES_THE_DEAD
                    goto passed
#endif
#endif
                fi
            }
        od;
        if
        :: w != NOBODY -> d_step { assert(alive[w]); served[w] = true; inside-- }
        :: else -> there++
        fi;
        lock_drop();
        if
        :: w != NOBODY -> sched_ready(w)
        :: else
        fi;
        goto next;
#ifdef SERVES_THE_DEAD
passed:
        lock_drop();
#endif
next:
        given++
    :: given == GIVES -> break
    od;
#ifdef FREES
    /* go_chan_free */
    lock_take();
    if
#ifdef FREES_UNCOUNTED
    :: empty(queue) ->
#else
    :: inside == 0 ->
#endif
        atomic { lock = false; object = false }
    :: else -> lock_drop() /* -EBUSY */
    fi;
#endif
    ended++
}

/* timers_run and expire. */
proctype Timer()
{
    bool won;

end:
    do
    :: atomic { armed && !timer_lock -> timer_lock = true; armed = false };
        assert(alive[W]);
#ifdef EXPIRES_ON_OBJECT
        lock_take();
        lock_drop();
#endif
        interrupt();
        if
        :: won -> sched_ready(W)
        :: else
        fi;
        atomic { timer_lock = false; won = false }
    od
}

/* canceller_fire */
proctype Cancels()
{
    bool won;

    atomic { !canceller_lock -> canceller_lock = true };
    fired = true;
    if
    :: registered -> interrupt()
    :: else
    fi;
    canceller_lock = false;
    if
    :: won ->
        assert(alive[W]); /* its links */
        sched_ready(W);
#ifdef LOOKS_BEHIND
        assert(alive[W])
#endif
    :: else
    fi
}

init {
    atomic {
        run Waits(W);
        run After(W);
        run Wakes();
        run Timer();
        run Cancels();
        if
        :: WAITERS == 2 ->
            run Waits(V);
            run After(V)
        :: else
        fi
    }
    ended == WAITERS + 1;
    assert(taken + there == GIVES)
}
