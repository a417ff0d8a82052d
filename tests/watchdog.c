/* The watchdog: a plain thread that shows and ends a program whose test takes too long, even if the scheduler is stuck.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "framework.h"

static sem_t moved;        /* posted when another test begins: the one call here that is safe wherever a goroutine is preempted */
static atomic_int watched; /* the number of the test that runs; 0: none */
static char watched_name[200];
static int limit;

static void abort_now(int sig)
{
    (void)sig;
    abort();
}

static void bark(void)
{
    test_say("not ok %d - %s # took over %d seconds", atomic_load(&watched), watched_name, limit);
    test_say("Bail out! a test hangs");
    signal(SIGALRM, abort_now);
    alarm(10); /* go_dump may hang on what the test hangs on */
    go_dump(STDERR_FILENO);
    abort();
}

static void *watch(void *arg)
{
    (void)arg;
    for (;;) {
        int number = atomic_load(&watched);
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += limit;
        while (sem_timedwait(&moved, &until) != 0) {
            if (errno == EINTR)
                continue;
            if (number && number == atomic_load(&watched))
                bark();
            break;
        }
    }
    return NULL;
}

void watchdog_watch(const char *name, int number)
{
    atomic_store(&watched, 0);
    snprintf(watched_name, sizeof watched_name, "%s", name);
    atomic_store(&watched, number);
    sem_post(&moved);
}

void watchdog_start(int seconds)
{
    pthread_t thread;
    sigset_t all, old;

    limit = seconds;
    sem_init(&moved, 0, 0);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals that a test sends are for the program, not for this thread */
    if (pthread_create(&thread, NULL, watch, NULL) != 0) {
        test_say("Bail out! no thread for the watchdog");
        exit(1);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_detach(thread);
}
