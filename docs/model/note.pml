/* A note: one futex word on which one thread sleeps until another has set it (src/sched/thread.c: thread_sleep, thread_wake;
 * sched_ready and stop_thread of park.c; wait_as_thread and interrupt of wait.c for deadlines).
 *
 * A sleeper announces itself (an idle list, a waiter on a queue), sleeps, clears the note, and comes back; who takes it off the
 * list, or wins its claim, hands something over and sets the note; so there is one wake-up to each announcement, and the note is clear at each. With a
 * deadline the sleeper may take itself off; if it is too late for that, the note is on its way and must be waited for.
 *
 * Bounds: 1 sleeper, 2 wakers, 3 announcements, 2 spurious returns in all, a deadline that passes at any moment.
 *
 * holds: each hand-over is received once, and nobody sleeps for ever on a set note
 * breaks -DSLEEPS_BLINDLY [invalid end state]: the system must compare the word again before it lets a thread sleep
 * breaks -DTRUSTS_RETURN [assertion violated]: a return from sleep is not the note
 * breaks -DCLEARS_LATE [invalid end state]: the note must be cleared before the next announcement
 * breaks -DSETS_FIRST [assertion violated]: what is handed over must be written before the note is set
 * breaks -DLEAVES_EARLY [assertion violated]: a deadline that lost against a waker must wait for the note
 *
 * SPDX-License-Identifier: MIT
 */
#define ROUNDS 3
#define WAKERS 2
#define SPURIOUS 2

bool note;
bool listed; /* announced; whoever clears it owns the wake-up: under a lock, or by the claim */
bool asleep; /* in the kernel */
byte spurious = SPURIOUS;
byte handed, received;
bool done;

active proctype Sleeper()
{
    byte rounds = ROUNDS;
    bool late;

    do
    :: rounds > 0 ->
        rounds--;
        late = false;
#ifdef CLEARS_LATE
        listed = true;
        note = false;
#else
        listed = true;
#endif
        do
        :: note -> break
        :: !note ->
            atomic { /* os_wait(&note, 0, deadline) */
                if
#ifdef SLEEPS_BLINDLY
                :: asleep = true
#else
                :: !note -> asleep = true
                :: note
#endif
                fi
            };
            if
            :: !asleep
            :: atomic { asleep && spurious > 0 -> asleep = false; spurious-- }
            :: atomic { asleep && !late -> asleep = false; late = true }; /* the deadline */
                atomic {
                    if /* interrupt */
                    :: listed -> listed = false; goto next
                    :: !listed
                    fi
                };
#ifdef LEAVES_EARLY
                break
#endif
            fi;
#ifdef TRUSTS_RETURN
            break
#endif
        od;
#ifndef CLEARS_LATE
        note = false;
#endif
        assert(handed == received + 1);
        received++;
next:
        skip
    :: rounds == 0 -> break
    od;
    done = true
}

active [WAKERS] proctype Waker()
{
    do
    :: atomic { listed -> listed = false };
#ifdef SETS_FIRST
        note = true;
        handed++;
#else
        handed++;
        note = true;
#endif
        asleep = false /* os_wake */
    :: done -> break
    od
}
