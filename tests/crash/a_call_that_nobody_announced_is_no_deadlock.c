/* exit: 0; no line: fatal* */
/* NOT EMULATED: nobody is seen to sleep in a call
 *
 * A goroutine sleeps in the kernel, without its processor, while all others wait for it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "goroutine.h"
#include "sanitizers.h"

static go_chan *done;
static volatile int called;

static void sleep_in_the_kernel(void *arg)
{
    struct timespec rest = {.tv_sec = 1};
    int one = 1;

    (void)arg;
    called = 1;
    while (nanosleep(&rest, &rest) != 0)
        ;
    go_send(done, &one);
}

int main(void)
{
    struct go_stats s = {0};
    int one;

    if (WITH_TSAN) {
        fputs("the library takes no processors away under ThreadSanitizer\n", stderr);
        return 77;
    }
    go_maxprocs(1);
    done = go_chan_new(sizeof one, 0);
    go(sleep_in_the_kernel, NULL);
    while (!called || s.processors_retaken == 0) { /* comes back from the first yield only if the processor is taken away */
        go_yield();
        go_stats_read(&s, sizeof s);
    }
    go_recv(done, &one);
    return 0;
}
