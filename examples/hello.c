/* Starts one goroutine and waits for it: the smallest whole program, with the errors looked at.
 *
 * SPDX-License-Identifier: MIT
 */
#include <goroutine.h>
#include <stdio.h>

static void greet(void *arg)
{
    go_waitgroup *done = arg;

    puts("hello from a goroutine");
    go_waitgroup_done(done);
}

int main(void)
{
    /* All bytes zero: ready for use. It lives on main's stack, which outlives the goroutine because main waits for it. */
    go_waitgroup done = {{0}};
    int err;

    go_waitgroup_add(&done, 1);
    err = go(greet, &done);
    if (err < 0) {
        fprintf(stderr, "hello: %s\n", go_strerror(err));
        return 1;
    }
    go_waitgroup_wait(&done);
    puts("hello from main, which is a goroutine too");
    return 0;
}
