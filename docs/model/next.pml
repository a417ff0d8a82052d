/* The next slot of a processor (src/sched/park.c: put_next; runq.c: queue_take_next): the owner fills it, and moves out who was there;
 * the owner and thieves take from it.
 *
 * Bounds: an owner that puts 3 goroutines, two of them once more after they have run, and takes at any moment; 2 thieves that try
 * twice each. The owner's plain store goes through a store buffer, as on x86.
 *
 * holds: nobody is lost, and nobody is on two queues
 * breaks -DREPLACES_BY_STORE [assertion violated]: who is moved out must be swapped out, a thief may have had him
 * breaks -DTAKES_BY_STORE [assertion violated]: the slot must be emptied by compare-and-swap
 *
 * SPDX-License-Identifier: MIT
 */
#define GOROUTINES 3
#define THIEVES 2
#define TRIES 2
#define NOBODY GOROUTINES

byte slot = NOBODY;
byte delayed = NOBODY;    /* the owner's store, not yet seen by others */
bool queued[GOROUTINES];  /* made ready, not taken yet */
byte readied[GOROUTINES]; /* how often */
byte out[GOROUTINES];     /* moved to the ring by the owner, to be run from there */
byte ended;

inline run_it(x)
{
    d_step {
        assert(queued[x]);
        queued[x] = false
    }
}

/* Leaves in g who was taken, or NOBODY. */
inline queue_take_next(drained)
{
    g = slot;
    do
    :: g == NOBODY -> break
    :: else ->
#ifdef TAKES_BY_STORE
        slot = NOBODY;
        break
#else
        atomic { drained ->
            if
            :: slot == g -> slot = NOBODY; break
            :: else -> g = slot
            fi
        }
#endif
    od
}

inline put_next()
{
    old = (delayed != NOBODY -> delayed : slot);
    if
    :: old == NOBODY -> atomic { delayed == NOBODY -> delayed = g }
    :: old != NOBODY ->
#ifdef REPLACES_BY_STORE
        atomic { delayed == NOBODY -> delayed = g };
#else
        atomic { delayed == NOBODY -> old = slot; slot = g };
#endif
        if
        :: old != NOBODY -> out[old]++; assert(out[old] == 1)
        :: else
        fi
    fi;
    d_step { old = 0; g = 0 }
}

active proctype Owner()
{
    byte g, old;

    do
    :: atomic { !queued[0] && out[0] == 0 && readied[0] < 1 -> g = 0; queued[0] = true; readied[0]++ };
        put_next()
    :: atomic { !queued[1] && out[1] == 0 && readied[1] < 2 -> g = 1; queued[1] = true; readied[1]++ };
        put_next()
    :: atomic { !queued[2] && out[2] == 0 && readied[2] < 2 -> g = 2; queued[2] = true; readied[2]++ };
        put_next()
    :: delayed == NOBODY -> /* what the load would see by forwarding */
        queue_take_next(delayed == NOBODY);
        if
        :: g != NOBODY -> run_it(g)
        :: else
        fi;
        g = 0
    :: out[0] > 0 -> out[0]--; run_it(0)
    :: out[1] > 0 -> out[1]--; run_it(1)
    :: out[2] > 0 -> out[2]--; run_it(2)
    :: delayed == NOBODY && slot == NOBODY && out[0] + out[1] + out[2] == 0 && ended == THIEVES -> break
    od;
    assert(!queued[0] && !queued[1] && !queued[2])
}

active proctype Buffer()
{
end:
    do
    :: atomic { delayed != NOBODY -> slot = delayed; delayed = NOBODY }
    od
}

active [THIEVES] proctype Thief()
{
    byte g, tries = TRIES;

    do
    :: tries > 0 ->
        tries--;
        queue_take_next(true);
        if
        :: g != NOBODY -> run_it(g)
        :: else
        fi;
        g = 0
    :: else -> break
    od;
    ended++
}
