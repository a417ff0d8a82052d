/* exit: 134; line: *ssertion*nothing == 1*; line: the handler was called */
/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>
#include "goroutine.h"
#include "crash/needs_preemption.h"

static atomic_int nothing;

static void on_abort(int number)
{
    (void)number;
    if (write(STDERR_FILENO, "the handler was called\n", 23) != 23)
        _exit(1);
}

static void hog(void *unused)
{
    (void)unused;
    for (;;)
        atomic_fetch_add(&nothing, 2);
}

/* Each has been taken off, and has an identity that is not the thread's. */
static void fail(void *unused)
{
    int64_t end = go_now() + 50 * GO_MILLISECOND;

    (void)unused;
    go_lock_identity();
    while (go_now() < end)
        ;
    assert(nothing == 1);
}

int main(void)
{
    needs_preemption();
    signal(SIGABRT, on_abort);
    go_slice(20 * GO_MICROSECOND);
    go(hog, NULL);
    go(hog, NULL);
    go(fail, NULL);
    go_sleep(60 * GO_SECOND);
    return 0;
}
