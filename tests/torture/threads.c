/* What changes the flow of control: threads that a goroutine starts and waits for, and jumps out of calls.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include "torture.h"

static void *work(void *argument)
{
    long *numbers = malloc(100 * sizeof *numbers), sum = 0;

    if (!numbers)
        return NULL;
    for (long i = 0; i < 100; i++)
        numbers[i] = i;
    compute(2000);
    for (long i = 0; i < 100; i++)
        sum += numbers[i];
    *(long *)argument += sum;
    free(numbers);
    return argument;
}

WORKLOAD(threads)
{
    pthread_t thread;
    long number = worker_random(w, 1000), before = number;
    void *result = NULL;

    if (!HOLDS(w, pthread_create(&thread, NULL, work, &number) == 0))
        return;
    worker_computes(w);
    HOLDS(w, !pthread_equal(thread, pthread_self()));
    HOLDS(w, pthread_join(thread, &result) == 0 && result == &number && number == before + 4950);
}

static __attribute__((noinline, noreturn)) void descend(struct worker *w, jmp_buf back, int depth)
{
    volatile char room[200];

    room[depth] = (char)depth;
    compute(300);
    if (depth == 0)
        longjmp(back, 1 + worker_number(w));
    descend(w, back, depth - room[depth] / depth);
}

WORKLOAD(jumps)
{
    volatile int turns = 0;
    jmp_buf back;
    int landed = setjmp(back);

    if (landed)
        HOLDS(w, landed == 1 + worker_number(w));
    if (turns++ < 5)
        descend(w, back, 8);
    HOLDS(w, turns == 6);
}
