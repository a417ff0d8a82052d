/* main() that has ended is told when all are still. Others look for a deadlock at the same time: while it is woken up it is not
 * lost sight of. A program without the framework, whose watchdog is a thread that might wake somebody.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdatomic.h>
#include "os/tap.h"

#include "goroutine.h"
#include "sched/monitor.h"
#include "sched/runtime.h"

static atomic_int told;

/* Here main() is in nobody's queue. Both kinds of threads that look are made to, and there is time for it. */
void __real_sched_ready(struct goroutine *g);
void __wrap_sched_ready(struct goroutine *g)
{
    if (g == &main_goroutine && atomic_fetch_add(&told, 1) == 0) {
        monitor_kick();
        wake_any();
        usleep(300000);
    }
    __real_sched_ready(g);
}

static void nothing(void *unused)
{
    (void)unused;
}

static void see_that_it_was(void)
{
    if (!atomic_load(&told))
        _exit(4);
}

static void end_main(void)
{
    atexit(see_that_it_was);
    go_spawn(nothing, NULL);
    while (go_count() > 1)
        go_yield();
    pthread_exit(NULL);
}

int main(void)
{
    static const char sentence[] = "main() that has ended is not taken for a deadlock while it is told";
    int wrong = 0;

    for (int i = 0; i < 5 && !WITH_TSAN; i++)
        wrong += !exited(in_child(end_main), 0);
    if (WITH_TSAN)
        tap_skip(sentence, "in a child ThreadSanitizer has a thread more than is known of, for which main() would wait");
    else
        OK(wrong == 0, sentence);
    return tap_end();
}
