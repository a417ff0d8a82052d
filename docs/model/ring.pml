/* The FIFO ring of a processor (src/sched/runq.c: ring_put, ring_get, ring_grab, queue_woken): the owner puts at the tail and takes at
 * the head, anybody else takes the older half; who finds no room goes to the global list.
 *
 * Bounds: 2 processors with rings of 4; one puts 7 goroutines, and each tries to steal from the other once, in any order; or, with
 * HOSTILE, rings of 2, as in a build with GO_HOSTILE, 3 and 2 goroutines, and one that tries to steal twice. Indices wrap from 15 to
 * 0 on the way. One step is one access to memory. Slots are published by the tail (release) and given back by the head
 * (compare-and-swap), which is all the order that the code asks for; the faults take it away.
 *
 * holds: every goroutine leaves the rings exactly once, and no batch overflows
 * holds -DHOSTILE: the same with rings of 2 that both processors fill
 * breaks -DGETS_BY_STORE [assertion violated]: the owner too must move the head by compare-and-swap
 * breaks -DTAIL_BEFORE_SLOT [assertion violated]: the slot must be written before the tail
 * breaks -DTRUSTS_LENGTH [assertion violated]: a length beyond half the ring is of a head that has moved, and must not be copied
 * breaks -DRUNS_FIRST_ONLY [assertion violated]: the rest of what was stolen must go on a ring
 *
 * SPDX-License-Identifier: MIT
 */
#define PROCESSORS 2
#ifdef HOSTILE
#define SIZE 2
#define PUTS 3
#define OTHER_PUTS 2
#define STEALS(p) ((p) + 1)
#else
#define SIZE 4
#define PUTS 7
#define OTHER_PUTS 0
#define STEALS(p) 1
#endif
#define BATCH (SIZE / 2 + 1)
#define ITEMS (PUTS + OTHER_PUTS)
#define WRAP 16 /* indices count modulo WRAP; a thief that sleeps through a whole turn of them is not looked at */
#define START 14

#define SLOT(p, i) slots[(p) * SIZE + (i) % SIZE]
#define PLUS(i, n) (((i) + (n)) % WRAP)
#define LENGTH(h, t) (((t) + WRAP - (h)) % WRAP)

byte slots[PROCESSORS * SIZE];
byte head[PROCESSORS] = START;
byte tail[PROCESSORS] = START;
byte left[ITEMS]; /* how often it has left the rings: to run, or to the global list */
byte ended;

inline leaves(g)
{
    d_step {
        left[g]++;
        assert(left[g] == 1)
    }
}

inline move_head(p, to)
{
    atomic {
        won = (head[p] == h);
        if
        :: won -> head[p] = to
        :: else
        fi
    }
}

/* Leaves the goroutines in batch[0 .. count - 1]. */
inline ring_grab(p)
{
    count = 0;
    h = head[p];
    do
    :: t = tail[p];
        count = LENGTH(h, t) - LENGTH(h, t) / 2;
        if
        :: count == 0 -> break
#ifndef TRUSTS_LENGTH
        :: count > BATCH -> h = head[p]
#endif
        :: else ->
#ifdef TRUSTS_LENGTH
            assert(count <= BATCH);
#endif
            k = 0;
            do
            :: k < count -> batch[k] = SLOT(p, h + k); k++
            :: else -> break
            od;
            move_head(p, PLUS(h, count));
            if
            :: won -> break
            :: else -> h = head[p]
            fi
        fi
    od
}

inline queue_woken(g)
{
    h = head[me];
    t = tail[me];
    if
    :: LENGTH(h, t) < SIZE -> /* ring_put */
#ifdef TAIL_BEFORE_SLOT
        tail[me] = PLUS(t, 1);
        SLOT(me, t) = g
#else
        SLOT(me, t) = g;
        tail[me] = PLUS(t, 1)
#endif
    :: else -> leaves(g)
    fi
}

active [PROCESSORS] proctype Processor()
{
    byte me = _pid;
    byte puts = (me == 0 -> PUTS : OTHER_PUTS), steals = STEALS(me);
    byte h, t, count, k, more, batch[BATCH], rest[2];
    bool won;

    do
    :: puts > 0 -> puts--; queue_woken(me * PUTS + puts)
    :: true -> /* ring_get */
        h = head[me];
        t = tail[me];
        if
        :: h != t ->
            batch[0] = SLOT(me, h);
#ifdef GETS_BY_STORE
            head[me] = PLUS(h, 1);
            won = true;
#else
            move_head(me, PLUS(h, 1));
#endif
            if
            :: won -> leaves(batch[0])
            :: else
            fi
        :: h == t && puts == 0 && steals == 0 -> break
        :: h == t && (puts > 0 || steals > 0)
        fi
    :: steals > 0 -> /* steal_from */
        steals--;
        ring_grab(1 - me);
        if
        :: count > 0 ->
            leaves(batch[0]);
#ifndef RUNS_FIRST_ONLY
            d_step {
                more = count - 1;
                rest[0] = batch[1];
                rest[1] = batch[2 % BATCH]
            };
            do
            :: more > 0 -> more--; queue_woken(rest[more])
            :: else -> break
            od
#endif
        :: else
        fi
    od;

    ended++;
    if
    :: ended == PROCESSORS ->
        for (k : 0 .. ITEMS - 1) {
            assert(left[k] == 1)
        }
    :: else
    fi
}
