/* The deque of fresh goroutines (src/sched/runq.c: deque_push, deque_pop, deque_steal, queue_fresh): the owner pushes and pops at the
 * bottom, anybody takes the oldest at the top, the owner too where the deque is full.
 *
 * Bounds: a deque of 2, an owner that pushes 4 goroutines and pops at any moment and looks around (deque_steal) once, two thieves with
 * 1 and 2 attempts; indices wrap from 15 to 0 on the way. One step is one access to memory. The owner's plain stores go through a
 * store buffer, as on x86: another thread sees them later, in order; swap and compare-and-swap wait until it is empty. That the
 * loads of a thief stay in order (load_ordered) is kept where an x86 keeps it by itself; a fault takes it away.
 *
 * holds: every goroutine leaves the deque exactly once
 * large -DITEMS=5: the same with 5 goroutines
 * breaks -DPOPS_BY_STORE [assertion violated]: without the full fence of the swap a thief takes what the owner pops
 * breaks -DPOPS_LAST_WITHOUT_CAS [assertion violated]: the last one must be won by compare-and-swap
 * breaks -DLOADS_BOTTOM_FIRST [assertion violated]: a thief must load top before bottom
 * breaks -DCOMPARES_UNSIGNED [assertion violated]: while the owner pops from an empty deque, bottom is less than top
 *
 * SPDX-License-Identifier: MIT
 */
#define SIZE 2
#ifndef ITEMS
#define ITEMS 4
#endif
#define THIEVES 2
#define WRAP 16 /* indices count modulo WRAP; a thief that sleeps through a whole turn of them is not looked at */
#define START 14

#define PLUS(i, n) (((i) + (n)) % WRAP)
#ifdef COMPARES_UNSIGNED
#define LENGTH(t, b) (((b) + WRAP - (t)) % WRAP)
#else
#define LENGTH(t, b) ((((b) + WRAP + WRAP / 2 - (t)) % WRAP) - WRAP / 2)
#endif

byte top = START, bottom = START;
byte slots[SIZE];
byte left[ITEMS]; /* how often it has left the deque: to run, or to the global list */
byte thieves = THIEVES;

/* The owner's store buffer: slot or BOTTOM, and the value. */
#define BOTTOM SIZE
chan buffer = [2] of { byte, byte };

active proctype Buffer()
{
    byte where, value;
end:
    do
    :: atomic {
        buffer ? where, value ->
        if
        :: where == BOTTOM -> bottom = value
        :: else -> slots[where] = value
        fi;
        where = 0;
        value = 0
    }
    od
}

inline leaves(g)
{
    d_step {
        left[g]++;
        assert(left[g] == 1)
    }
}

inline move_top()
{
    atomic {
        empty(buffer) || _pid != 1;
        won = (top == t);
        if
        :: won -> top = PLUS(t, 1)
        :: else -> t = top /* what a failed compare-and-swap gives */
        fi
    }
}

/* won: the goroutine is g. */
inline deque_steal()
{
#ifdef LOADS_BOTTOM_FIRST
    b = bottom;
    t = top;
#else
    t = top;
    b = bottom;
#endif
    do
    :: LENGTH(t, b) <= 0 -> won = false; break
    :: else ->
        g = slots[t % SIZE];
        move_top();
        if
        :: won -> break
        :: else -> b = bottom
        fi
    od
}

active proctype Owner()
{
    byte pushed, t, b, g;
    byte mine = START;  /* bottom, as only we move it */
    byte own[SIZE];     /* slots, as only we write them */
    bool won, looks = true;

    assert(_pid == 1);
    do
    :: pushed < ITEMS -> /* queue_fresh: deque_push */
        t = top;
        if
        :: LENGTH(t, mine) < SIZE ->
            atomic {
                nfull(buffer);
                own[mine % SIZE] = pushed;
                buffer ! mine % SIZE, pushed
            };
            atomic {
                nfull(buffer);
                mine = PLUS(mine, 1);
                buffer ! BOTTOM, mine
            }
        :: else -> /* spill: SIZE / 2 of the oldest, and this one */
            g = own[t % SIZE];
            move_top();
            if
            :: won -> leaves(g)
            :: else
            fi;
            leaves(pushed)
        fi;
        d_step { pushed++; t = 0; g = 0; won = false }
    :: looks -> /* find_here: deque_steal */
        looks = false;
        empty(buffer); /* what the loads would see by forwarding is in memory then; nothing else differs */
        deque_steal();
        if
        :: won -> leaves(g)
        :: else
        fi;
        d_step { t = 0; b = 0; g = 0; won = false }
    :: true -> /* deque_pop */
        t = top;
        if
        :: mine != t ->
            b = (mine + WRAP - 1) % WRAP;
#ifdef POPS_BY_STORE
            atomic {
                nfull(buffer);
                buffer ! BOTTOM, b
            };
#else
            atomic {
                empty(buffer);
                bottom = b
            };
#endif
            t = top;
            if
            :: LENGTH(t, b) > 0 ->
                mine = b;
                leaves(own[b % SIZE]);
                d_step { t = 0; b = 0 }
            :: else ->
                if
                :: t == b ->
                    g = own[b % SIZE];
#ifdef POPS_LAST_WITHOUT_CAS
                    top = PLUS(t, 1);
                    won = true;
#else
                    move_top();
#endif
                    if
                    :: won -> leaves(g)
                    :: else
                    fi
                :: else
                fi;
                atomic {
                    nfull(buffer);
                    buffer ! BOTTOM, mine;
                    t = 0;
                    b = 0;
                    g = 0;
                    won = false
                }
            fi
        :: else ->
            if
            :: pushed == ITEMS -> break
            :: pushed < ITEMS
            fi
        fi
    od;

    thieves == 0;
    for (b : 0 .. ITEMS - 1) {
        assert(left[b] == 1)
    }
}

active [THIEVES] proctype Thief()
{
    byte t, b, g, steals = _pid - 1;
    bool won;

    do
    :: steals > 0 ->
        steals--;
        deque_steal();
        if
        :: won -> leaves(g)
        :: else
        fi;
        d_step { t = 0; b = 0; g = 0; won = false }
    :: else -> break
    od;
    thieves--
}
