/* What is done once, by whoever comes first: he may be taken off in the middle of it, and the others sleep in libc until he has
 * done it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <threads.h>
#include "hazard.h"

enum { ONCES = 200, WORK = 200000 };

static pthread_once_t once[ONCES];
static once_flag flags[ONCES];
static atomic_int begun[ONCES], done[ONCES];
static atomic_int current; /* the functions have no argument */

static void do_it(void)
{
    int i = atomic_load(&current);

    atomic_fetch_add(&begun[i], 1);
    linger(WORK);
    atomic_fetch_add(&done[i], 1);
}

struct way {
    void (*call)(int i);
    int i;
    atomic_int too_early;
};

static void call_it(void *arg, int index)
{
    struct way *w = arg;

    (void)index;
    linger(WORK / 20 * index);
    w->call(w->i);
    if (atomic_load(&done[w->i]) != 1)
        atomic_fetch_add(&w->too_early, 1);
}

static void check_once(void (*call)(int i))
{
    enum { CALLERS = 6 };
    struct way w = {.call = call};
    int wrong = 0;

    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    for (w.i = 0; w.i < SCALED(ONCES) && w.i < ONCES; w.i++) {
        atomic_store(&begun[w.i], 0);
        atomic_store(&done[w.i], 0);
        atomic_store(&current, w.i);
        crew_run(CALLERS, call_it, &w);
        wrong += atomic_load(&begun[w.i]) != 1;
    }
    CHECK_EQ(0, wrong);
    CHECK_EQ(0, atomic_load(&w.too_early));
}

static void by_pthread_once(int i)
{
    pthread_once(&once[i], do_it);
}

TEST(pthread_once_returns_when_it_has_been_done_and_it_is_done_once)
{
    for (int i = 0; i < ONCES; i++)
        once[i] = (pthread_once_t)PTHREAD_ONCE_INIT;
    check_once(by_pthread_once);
}

static void by_call_once(int i)
{
    call_once(&flags[i], do_it);
}

TEST(call_once_returns_when_it_has_been_done_and_it_is_done_once)
{
    for (int i = 0; i < ONCES; i++)
        flags[i] = (once_flag)ONCE_FLAG_INIT;
    check_once(by_call_once);
}
