/* A load does not overtake an ordered store before it: of two threads that each say something and then look at what the other one
 * says, at least one sees it. Everything that goes to sleep here relies on that. Also by an emulator, which may know less of its
 * CPU.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <time.h>
#include "base/atomic.h"
#include "os/tap.h"

enum { ROUNDS = 100000, SPINS = 1000, PATIENCE = 5 /* seconds, beside load */ };

static struct side {
    _Alignas(128) _Atomic int said; /* the round, as below */
    _Alignas(128) _Atomic int done;
    bool missed[ROUNDS];
} sides[2];
static int rounds = ROUNDS; /* made less by the first side, before it is done with a round */

/* How far apart the two begin differs from round to round. */
static void linger(int turns)
{
    for (volatile int i = 0; i < turns; i++)
        continue;
}

static void say_and_look(int me, int round)
{
    store_ordered(&sides[me].said, round); /* partner: the other side's next line */
    sides[me].missed[round - 1] = load_ordered(&sides[!me].said) != round;
}

static void meet(int me, int round)
{
    store_release(&sides[me].done, round); /* partner: the other side's next line */
    for (int i = 0; load_acquire(&sides[!me].done) < round; i++) {
        if (i > SPINS)
            sched_yield();
    }
}

static void *first_side(void *unused)
{
    time_t end = time(NULL) + PATIENCE;
    for (int round = 1; round <= rounds; round++) {
        linger(round % 16);
        say_and_look(0, round);
        if (time(NULL) > end)
            rounds = round;
        meet(0, round);
    }
    return unused;
}

static void *second_side(void *unused)
{
    for (int round = 1; round <= rounds; round++) {
        linger(round / 16 % 16);
        say_and_look(1, round);
        meet(1, round);
    }
    return unused;
}

int main(void)
{
    pthread_t second;
    int both = 0;

    pthread_create(&second, NULL, second_side, NULL);
    first_side(NULL);
    pthread_join(second, NULL);
    for (int i = 0; i < rounds; i++)
        both += sides[0].missed[i] && sides[1].missed[i];
    OK(both == 0, "a load does not overtake an ordered store before it");
    if (both)
        printf("# %d of %d\n", both, rounds);
    return tap_end();
}
