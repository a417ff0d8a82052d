/* The futex lock with three states (src/sched/lock.h: lock_take, lock_drop; lock.c: lock_wait, lock_wake): mutual exclusion, and nobody
 * sleeps on a free lock.
 *
 * Bounds: 3 threads that lock and unlock any number of times and may stop after any of them; 2 spurious returns in all. lock_wait's
 * spinning, more tries of what lock_take tries first, is left out.
 *
 * holds: two are never inside at once, and no sleeper is forgotten
 * breaks -DTAKES_AS_ONE [invalid end state]: a thread that slept and takes the lock with 1 forgets the sleepers behind it
 * breaks -DSLEEPS_BLINDLY [invalid end state]: the system must compare the word again before it lets a thread sleep
 * breaks -DTRUSTS_WAKE [assertion violated]: a return from sleep is not the lock
 *
 * SPDX-License-Identifier: MIT
 */
#define THREADS 3
#define SPURIOUS 2

#define FREE 0
#define HELD 1
#define SLEPT_ON 2 /* held, and somebody may sleep */

byte word = FREE;
bool asleep[THREADS]; /* in the kernel */
byte spurious = SPURIOUS;
byte inside;

/* os_wait(&word, SLEPT_ON): the kernel compares and puts to sleep in one step. */
inline os_wait()
{
    atomic {
        if
#ifdef SLEEPS_BLINDLY
        :: asleep[me] = true
#else
        :: word == SLEPT_ON -> asleep[me] = true
        :: else
#endif
        fi
    };
    atomic {
        if
        :: !asleep[me]
        :: asleep[me] && spurious > 0 -> asleep[me] = false; spurious--
        fi
    }
}

/* os_wake(&word, 1): any one of the sleepers. */
inline os_wake()
{
    atomic {
        if
        :: asleep[0] -> asleep[0] = false
        :: asleep[1] -> asleep[1] = false
        :: asleep[2] -> asleep[2] = false
        :: else
        fi
    }
}

active [THREADS] proctype Thread()
{
    byte me = _pid;
    byte was;

again:
    if
    :: skip
    :: goto done /* stops for good */
    fi;

    /* lock */
    d_step { was = word; word = (word == FREE -> HELD : word) }; /* CAS FREE to HELD */
    do
    :: was == FREE -> break
    :: else ->
#ifdef TAKES_AS_ONE
        d_step { was = word; word = (word == FREE -> HELD : SLEPT_ON) };
#else
        d_step { was = word; word = SLEPT_ON }; /* exchange */
#endif
        if
        :: was == FREE
        :: else ->
            os_wait();
#ifdef TRUSTS_WAKE
            was = FREE
#endif
        fi
    od;

    inside++;
    assert(inside == 1);
    inside--;

    /* unlock */
    d_step { was = word; word = FREE }; /* exchange */
    if
    :: was == SLEPT_ON -> os_wake()
    :: else
    fi;
    goto again;

done:
    skip
}
