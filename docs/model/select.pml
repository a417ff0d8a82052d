/* Select, its waiters and its claim word (src/chan/select.c, src/chan/chan.c, src/sched/wait.c, and the unlock after the switch of
 * src/sched/park.c): exactly one case is done, its goroutine is made ready exactly once and not before it is off its stack, no element
 * is lost or doubled, and nobody touches a waiter after its stack frame is gone.
 *
 * Bounds: two selects that face each other on two channels, A {send c0, recv c1} and B {recv c0, send c1}, with what each configuration
 * adds. Nobody is ever left waiting: then a lost wake-up is an invalid end state. A frame is alive until its go_select returns; each
 * access to a waiter, a claim or a selection asserts that. A deadline touches no channel; cancellers, which do the same, and channels
 * that are freed are in interrupt.pml. Steps under a channel's lock are split only where another lock's holder or
 * the goroutine could see the difference. Queues are as in the code, first in first out.
 *
 * holds: with a sender and a receiver on c0 besides, all four come through
 * holds -DDEADLINES: both selects have a deadline that may pass at any moment
 * holds -DPLAIN -DDEADLINES: the same where B is a plain thread, which keeps its own time
 * holds -DCLOSER -DDEADLINES: another goroutine closes both channels
 * holds -DBUFFERED: c0 holds one element, with a sender and a receiver besides
 * breaks -DTRUSTS_QUEUE [assertion violated]: a channel whose only waiters have been won elsewhere is not ready
 * breaks -DSKIPS_CLAIM [assertion violated]: who dequeues a waiter must win the claim
 * breaks -DUNLOCKS_EARLY [assertion violated]: the locks must be dropped after the switch
 * breaks -DLEAVES_WAITERS [assertion violated]: the other waiters must be taken off before the frame dies
 * breaks -DLOOKS_WITHOUT_LOCK [assertion violated]: and under the locks, all of them
 * breaks -DENQUEUES_LATE [invalid end state]: the waiters must be enqueued under the same locks as the last look
 * breaks -DLOCKS_AS_WRITTEN [invalid end state]: the locks must be taken in one order by all
 * breaks -DDEADLINES -DREADIES_LEAVING [assertion violated]: a deadline does not make ready who has not left its stack yet
 * breaks -DDEADLINES -DFORGETS_LEFT [invalid end state]: the context that comes after it does
 * breaks -DDEADLINES -DSWAPS_LATE [assertion violated]: before it drops the locks it is through with the frame
 * breaks -DDEADLINES -DEXPIRES_UNCLAIMED [assertion violated]: the deadline too must win the claim
 * breaks -DDEADLINES -DDISARMS_AT_ONCE [assertion violated]: disarming must wait for a timer that is firing
 *
 * SPDX-License-Identifier: MIT
 */
#define A 0 /* the goroutines */
#define B 1
#define S 2 /* go_send(c0) */
#define R 3 /* go_recv(c0) */
#define CLOSES 4
#define MANY 5

#if defined(DEADLINES) || defined(CLOSER)
#define SENDER_AND_RECEIVER 0
#else
#define SENDER_AND_RECEIVER 1
#endif
#ifdef PLAIN
#define IS_PLAIN(g) ((g) == B)
#else
#define IS_PLAIN(g) false
#endif
#ifdef BUFFERED
#define CAPACITY(c) (1 - (c))
#else
#define CAPACITY(c) 0
#endif

/* A waiter is a number: 2 * goroutine + channel. A lone one has no claim. */
#define NOBODY 15
#define OWNER(w) ((w) / 2)
#define LONE(w) (OWNER(w) >= S)
#define SENDS(g, c) ((g) == S || ((g) == A && (c) == 0) || ((g) == B && (c) == 1))

#define OK 0
#define PIPE 1
#define AGAIN 2

bool lock[2];
bool closed[2];
byte count; /* of c0 */
chan senders[2] = [4] of { byte };
chan receivers[2] = [4] of { byte };

/* In the frame of a goroutine. */
bool alive[MANY];
byte claim[MANY]; /* 0, or 1 + case; the deadline's is 3 */
byte result[8];   /* of a waiter */

bool off_stack[MANY];
bool after[MANY]; /* the next context has locks to drop for it */
bool ready[MANY];
bool armed[MANY];
bool parked[MANY]; /* the stage: PARKED */
bool given_up[MANY]; /* LEFT_TO_RELEASE */
bool timer_lock[MANY];

byte sent, received; /* elements that the sending and the receiving sides say they have passed on */
byte ended;

inline lock_take(c)
{
    atomic { !lock[c] -> lock[c] = true }
}

inline lock_drop(c)
{
    lock[c] = false
}

inline sched_ready(g)
{
    d_step {
        assert(alive[g] && !ready[g]);
        assert(off_stack[g] || IS_PLAIN(g));
        ready[g] = true
    }
}

/* Under a lock. Leaves in w the first waiter that is won, or NOBODY. Off the queue first, then the claim: two steps, because the
 * goroutine may look in between. */
inline wait_queue_pop(q)
{
    w = NOBODY;
    do
    :: atomic { empty(q) -> w = NOBODY; break }
    :: atomic { nempty(q) -> q ? w };
        atomic {
            assert(alive[OWNER(w)]);
            if
            :: LONE(w) -> break
#ifdef SKIPS_CLAIM
            :: !LONE(w) -> claim[OWNER(w)] = 1 + w % 2; break
#else
            :: !LONE(w) && claim[OWNER(w)] == 0 -> claim[OWNER(w)] = 1 + w % 2; break
            :: !LONE(w) && claim[OWNER(w)] != 0
#endif
            fi
        }
    od
}

/* A copy from or to the frame of w, and its result. */
inline serve(how)
{
    d_step {
        assert(alive[OWNER(w)]);
        result[w] = how
    }
}

/* did: OK, PIPE or AGAIN; w: whom to make ready. */
inline chan_send_step(c)
{
    w = NOBODY;
    if
    :: closed[c] -> did = PIPE
    :: else ->
        wait_queue_pop(receivers[c]);
        if
        :: w != NOBODY -> serve(OK); did = OK
        :: w == NOBODY && c == 0 && count < CAPACITY(c) -> count++; did = OK
        :: w == NOBODY && !(c == 0 && count < CAPACITY(c)) -> did = AGAIN
        fi
    fi
}

inline chan_recv_step(c)
{
    wait_queue_pop(senders[c]);
    if
    :: w != NOBODY -> serve(OK); did = OK /* with a full buffer: one out, one in */
    :: w == NOBODY && c == 0 && count > 0 -> count--; did = OK
    :: w == NOBODY && !(c == 0 && count > 0) -> did = (closed[c] -> PIPE : AGAIN)
    fi
}

inline case_step(c)
{
    if
    :: SENDS(me, c) -> chan_send_step(c)
    :: else -> chan_recv_step(c)
    fi
}

/* chan_can_send, chan_can_recv */
#define CAN_SEND(c) (closed[c] || len(receivers[c]) > 0 || ((c) == 0 && count < CAPACITY(c)))
#define CAN_RECV(c) (closed[c] || len(senders[c]) > 0 || ((c) == 0 && count > 0))
#define READY(c) ((SENDS(me, c) && CAN_SEND(c)) || (!SENDS(me, c) && CAN_RECV(c)))

inline ready_woken()
{
    if
    :: w != NOBODY -> sched_ready(OWNER(w)); w = NOBODY
    :: else
    fi
}

inline account(c)
{
    d_step {
        if
        :: did == OK && SENDS(me, c) -> sent++
        :: did == OK && !SENDS(me, c) -> received++
        :: else
        fi
    }
}

/* The context that is switched to drops the locks; until then the goroutine is not to be touched. */
inline park()
{
#ifdef UNLOCKS_EARLY
    after[me] = true;
    off_stack[me] = true;
#else
    off_stack[me] = true;
    after[me] = true;
#endif
    atomic { ready[me] -> off_stack[me] = false }
}

inline leave()
{
    d_step {
        alive[me] = false;
        ended++
    }
}

proctype Select(byte me)
{
    byte w = NOBODY, did, c;

    alive[me] = true;

    /* A glance without locks may find any case ready, rightly or wrongly: try_one. */
    if
    :: skip
    :: c = 0;
        do
        :: c == 0 -> c = 1
        :: break
        od;
        lock_take(c);
        case_step(c);
        lock_drop(c);
        ready_woken();
        if
        :: did != AGAIN -> account(c); goto done
        :: else
        fi
    fi;

    /* select_locked */
#ifdef LOCKS_AS_WRITTEN
    lock_take(me);
    lock_take(1 - me);
#else
    lock_take(0);
    lock_take(1);
#endif
    do
    :: READY(0) || READY(1) ->
        atomic {
            if
            :: READY(0) -> c = 0
            :: READY(1) -> c = 1
            fi
        };
        case_step(c);
        if
#ifdef TRUSTS_QUEUE
        :: true ->
            assert(did != AGAIN);
#else
        :: did == AGAIN /* the waiters seen were won already, and are off the queue now */
        :: did != AGAIN ->
#endif
            lock_drop(1);
            lock_drop(0);
            ready_woken();
            account(c);
            goto done
        fi
    :: else -> break
    od;

    /* wait_for_one */
#ifdef ENQUEUES_LATE
    lock_drop(1);
    lock_drop(0);
    lock_take(0);
    lock_take(1);
#endif
    atomic {
        c = 0;
        do
        :: c < 2 && SENDS(me, c) -> senders[c] ! 2 * me + c; c++
        :: c < 2 && !SENDS(me, c) -> receivers[c] ! 2 * me + c; c++
        :: c == 2 -> break
        od;
        c = 0
    };
    if
    :: IS_PLAIN(me) -> /* wait_as_thread */
        lock_drop(1);
        lock_drop(0);
        if
        :: ready[me]
#ifdef DEADLINES
        :: atomic {
                if
                :: claim[me] == 0 -> claim[me] = 3
                :: else
                fi
            };
            if
            :: claim[me] == 3
            :: claim[me] != 3 -> ready[me] /* the note is on its way */
            fi
#endif
        fi
    :: !IS_PLAIN(me) ->
#ifdef DEADLINES
        armed[me] = true;
#endif
        park();
#ifdef DEADLINES
        /* timer_disarm */
#ifdef DISARMS_AT_ONCE
        armed[me] = false
#else
        atomic { !timer_lock[me] -> armed[me] = false }
#endif
#endif
    fi;
#ifdef DEADLINES
    if
    :: claim[me] == 3 -> lock_take(0); lock_drop(0)
    :: else
    fi;
#endif

    /* dequeue_others */
#ifndef LEAVES_WAITERS
    c = 0;
    do
    :: c < 2 ->
#ifdef LOOKS_WITHOUT_LOCK
        if
        :: !(senders[c] ?? [eval(2 * me + c)]) && !(receivers[c] ?? [eval(2 * me + c)]) -> c++; goto next
        :: else
        fi;
#endif
        lock_take(c);
        atomic {
            if
            :: senders[c] ?? [eval(2 * me + c)] -> senders[c] ?? eval(2 * me + c)
            :: receivers[c] ?? [eval(2 * me + c)] -> receivers[c] ?? eval(2 * me + c)
            :: else
            fi
        };
        lock_drop(c);
        c++;
#ifdef LOOKS_WITHOUT_LOCK
next:
        skip
#endif
    :: c == 2 -> break
    od;
#endif
    atomic {
        c = 0;
        if
        :: claim[me] == 3 -> did = AGAIN
        :: claim[me] == 2 -> c = 1; did = result[2 * me + 1]
        :: else -> did = result[2 * me]
        fi
    };
    assert(claim[me] != 0);
    account(c);
done:
    leave()
}

/* release_locks with unlock_all, and drop, on another stack. */
proctype After(byte me)
{
    bool ready_it;

end:
    atomic { after[me] -> after[me] = false };
    if
    :: me < S ->
#if defined(DEADLINES) && !defined(SWAPS_LATE)
        d_step { assert(alive[me]); ready_it = given_up[me]; parked[me] = true };
#endif
        assert(alive[me]);
        lock_drop(1);
        assert(alive[me])
    :: else
    fi;
    lock_drop(0);
#ifdef DEADLINES
#ifdef SWAPS_LATE
    if
    :: me < S -> d_step { assert(alive[me]); ready_it = given_up[me]; parked[me] = true }
    :: else
    fi;
#endif
    if
#ifdef FORGETS_LEFT
    :: true
#else
    :: ready_it -> sched_ready(me)
    :: else
#endif
    fi
#endif
}

#ifdef DEADLINES
/* timers_run, expire and interrupt; the deadline passes at any moment while it is armed. */
proctype Timer(byte me)
{
    bool won;

end:
    do
    :: atomic { armed[me] && !timer_lock[me] -> timer_lock[me] = true; armed[me] = false };
        atomic {
            assert(alive[me]);
            if
#ifdef EXPIRES_UNCLAIMED
            :: true -> claim[me] = 3; won = true
#else
            :: claim[me] == 0 -> claim[me] = 3; won = true
            :: claim[me] != 0
#endif
            fi
        };
        if
        :: won ->
            d_step {
                assert(alive[me]);
                given_up[me] = true;
#ifndef READIES_LEAVING
                won = parked[me]
#endif
            }
        :: else
        fi;
        if
        :: won -> sched_ready(me)
        :: else
        fi;
        atomic { timer_lock[me] = false; won = false }
    od
}
#endif

/* go_send or go_recv on c0. */
proctype Lone(byte me)
{
    byte w = NOBODY, did;

    alive[me] = true;
    lock_take(0);
    case_step(0);
    if
    :: did != AGAIN ->
        lock_drop(0);
        ready_woken()
    :: else ->
        if
        :: SENDS(me, 0) -> senders[0] ! 2 * me
        :: else -> receivers[0] ! 2 * me
        fi;
        park();
        did = result[2 * me]
    fi;
    account(0);
    leave()
}

#ifdef CLOSER
/* go_chan_close of both. */
proctype Close(byte me)
{
    byte w = NOBODY, c, won;

    do
    :: c < 2 ->
        lock_take(c);
        closed[c] = true;
        do
        :: wait_queue_pop(receivers[c]);
            if
            :: w != NOBODY -> serve(PIPE); won = won | (1 << OWNER(w))
            :: else -> break
            fi
        od;
        do
        :: wait_queue_pop(senders[c]);
            if
            :: w != NOBODY -> serve(PIPE); won = won | (1 << OWNER(w))
            :: else -> break
            fi
        od;
        lock_drop(c);
        if
        :: won & 1 -> sched_ready(A)
        :: else
        fi;
        if
        :: won & 2 -> sched_ready(B)
        :: else
        fi;
        won = 0;
        c++
    :: c == 2 -> break
    od
}
#endif

init {
    atomic {
        run Select(A);
        run Select(B);
        run After(A);
        run After(B);
        if
        :: SENDER_AND_RECEIVER ->
            run Lone(S);
            run Lone(R);
            run After(S);
            run After(R)
        :: else
        fi;
#ifdef DEADLINES
        run Timer(A);
        run Timer(B);
#endif
#ifdef CLOSER
        run Close(CLOSES);
#endif
    }
    ended == 2 + 2 * SENDER_AND_RECEIVER;
    assert(sent == received + count)
}
