/* At the limit of threads no processor is taken from a call that nobody announced: nobody would be there to carry it on. The others
 * wait until a call is over, and all goes on.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <unistd.h>
#include "test.h"
#include "sanitizers.h"

#include "sched/runtime.h"

enum { READERS = 20 };

struct readers {
    int pipe[2];
    atomic_int called, back;
};

static void read_one(void *arg, int index)
{
    struct readers *r = arg;
    char byte;

    (void)index;
    atomic_fetch_add(&r->called, 1);
    CHECK_EQ(1, read(r->pipe[0], &byte, 1));
    go_yield();
    atomic_fetch_add(&r->back, 1);
}

/* A byte now and then, whatever the goroutines do. */
static void *write_slowly(void *arg)
{
    struct readers *r = arg;

    for (int i = 0; i < READERS; i++) {
        usleep(50000);
        CHECK_EQ(1, write(r->pipe[1], "x", 1));
    }
    return NULL;
}

TEST(at_the_limit_of_threads_a_call_keeps_its_processor_and_all_goes_on_when_it_is_over)
{
    struct readers *r = test_alloc(sizeof *r);
    uint32_t more = THREADS_MAX;
    pthread_t writer;
    struct crew *crew;

    if (WITH_TSAN)
        SKIP("the library takes no processors away under ThreadSanitizer");
    go_maxprocs(1);
    CHECK_EQ(0, pipe(r->pipe));
    EVENTUALLY(load_ordered(&sched.wanted_threads) == THREAD_ENOUGH); /* a wish from before the limit would be fatal at it */
    add_ordered(&sched.threads, more);
    CHECK_EQ(0, pthread_create(&writer, NULL, write_slowly, r));
    crew = crew_start(READERS, read_one, r);
    EVENTUALLY(atomic_load(&r->back) == READERS);
    crew_wait(crew);
    pthread_join(writer, NULL);
    add_ordered(&sched.threads, -more);
    CHECK_EQ(READERS, atomic_load(&r->called));
    close(r->pipe[0]);
    close(r->pipe[1]);
}
