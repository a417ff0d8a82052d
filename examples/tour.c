/* Shows one of each: goroutines, channels, a select with a deadline, and goroutines that never call the library.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <goroutine.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

static atomic_bool stop;

/* Computes without a call, a lock or a yield. It is taken off its processor all the same when another waits. */
static void hog(void *unused)
{
    volatile unsigned long n = 0;

    (void)unused;
    while (!atomic_load_explicit(&stop, memory_order_relaxed))
        n = n * 3 + 1;
}

static void count(void *arg)
{
    go_chan *out = arg;

    for (int n = 1; n <= 100; n++)
        go_send(out, &n);
    go_chan_close(out);
}

int main(void)
{
    go_chan *left = go_chan_new(sizeof(int), 0);   /* unbuffered: a send waits for its receiver */
    go_chan *right = go_chan_new(sizeof(int), 16); /* a send waits only while 16 elements are in it */
    int n, got, sum = 0;
    struct go_case cases[] = {
        {.chan = left, .elem = &n, .op = GO_RECV},
        {.chan = right, .elem = &n, .op = GO_RECV},
    };

    if (!left || !right)
        return 1;
    for (int i = 0; i < 2 * go_maxprocs(0); i++) { /* two hogs for every processor */
        if (go(hog, NULL) < 0)
            return 1;
    }
    if (go(count, left) < 0 || go(count, right) < 0)
        return 1;

    while ((got = go_select_until(cases, 2, go_deadline(200 * GO_MILLISECOND))) >= 0) {
        if (cases[got].result == -EPIPE)
            cases[got].chan = NULL; /* closed: take it out of the select */
        else
            sum += n;
    }
    printf("sum %d%s\n", sum, got == -ETIMEDOUT ? ", and nothing more in 200 ms" : "");
    atomic_store(&stop, true);
    return 0;
}
