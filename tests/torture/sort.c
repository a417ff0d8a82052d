/* qsort and its relatives, with callbacks in the program's own text.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <search.h>
#include <stdlib.h>
#include "torture.h"

enum { MOST = 400 };

static int by_value(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    compute(10);
    return x < y ? -1 : x > y;
}

static int by_value_for(const void *a, const void *b, void *calls)
{
    ++*(long *)calls;
    return by_value(a, b);
}

/* Sorted, and still the same numbers, as far as their sum tells. */
static void check(struct worker *w, const int *numbers, int count, long sum)
{
    for (int i = 0; i < count; i++) {
        sum -= numbers[i];
        if (i && !HOLDS(w, numbers[i - 1] <= numbers[i]))
            return;
    }
    HOLDS(w, sum == 0);
}

static long draw(struct worker *w, int *numbers, int count)
{
    long sum = 0;

    for (int i = 0; i < count; i++)
        sum += numbers[i] = worker_random(w, 1000000);
    return sum;
}

WORKLOAD(sorting)
{
    int numbers[MOST], count = 2 + worker_random(w, MOST - 2), wanted;
    long sum = draw(w, numbers, count);

    qsort(numbers, (size_t)count, sizeof *numbers, by_value);
    check(w, numbers, count, sum);
    for (int i = 0; i < 5; i++) {
        wanted = numbers[worker_random(w, count)];
        int *found = bsearch(&wanted, numbers, (size_t)count, sizeof *numbers, by_value);
        HOLDS(w, found != NULL && *found == wanted);
    }
}

WORKLOAD(sorting_with_data)
{
    int numbers[MOST], count = 2 + worker_random(w, MOST - 2);
    long sum = draw(w, numbers, count), calls = 0;

    qsort_r(numbers, (size_t)count, sizeof *numbers, by_value_for, &calls);
    check(w, numbers, count, sum);
    HOLDS(w, calls >= count - 1);
}

static void forget(void *node)
{
    (void)node;
}

WORKLOAD(trees)
{
    int numbers[60];
    void *root = NULL;

    for (int i = 0; i < 60; i++) {
        numbers[i] = (i * 37 + worker_random(w, 2) * 61) % 1000;
        int **node = tsearch(&numbers[i], &root, by_value);
        HOLDS(w, node != NULL && **node == numbers[i]);
    }
    for (int i = 0; i < 60; i++)
        HOLDS(w, tfind(&numbers[i], &root, by_value) != NULL);
    tdestroy(root, forget);
}
