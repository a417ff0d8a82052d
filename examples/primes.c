/* Finds primes by a chain of goroutines: each holds one prime and passes on only the numbers that it does not divide.
 *
 * SPDX-License-Identifier: MIT
 */
#include <goroutine.h>
#include <stdio.h>
#include <stdlib.h>

struct filter {
    int prime;
    go_chan *in;
    go_chan *out;
};

/* An unbuffered channel: a send waits for its receiver, so the chain runs only as fast as main takes primes out of it. */
static go_chan *new_numbers(void)
{
    go_chan *c = go_chan_new(sizeof(int), 0);

    if (!c)
        abort();
    return c;
}

static void generate(void *arg)
{
    go_chan *out = arg;

    for (int n = 2; go_send(out, &n) == 0; n++)
        ;
}

static void filter(void *arg)
{
    struct filter *f = arg;
    int n;

    while (go_recv(f->in, &n) == 0) {
        if (n % f->prime != 0)
            go_send(f->out, &n);
    }
}

int main(void)
{
    enum { COUNT = 25 };
    static struct filter chain[COUNT];
    go_chan *numbers = new_numbers();

    if (go(generate, numbers) < 0)
        return 1;
    for (int i = 0; i < COUNT; i++) {
        struct filter *f = &chain[i];

        f->in = numbers;
        f->out = new_numbers();
        go_recv(f->in, &f->prime); /* what came through all filters so far is prime */
        printf("%d\n", f->prime);
        if (go(filter, f) < 0)
            return 1;
        numbers = f->out;
    }
    return 0; /* ends the program, with the chain still waiting to send */
}
