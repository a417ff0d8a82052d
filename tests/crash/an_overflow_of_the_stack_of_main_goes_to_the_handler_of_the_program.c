/* exit: 42; no line: fatal*; no line: panic* */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stddef.h>
#include <unistd.h>
#include "goroutine.h"

static volatile int depth;

__attribute__((noinline)) static int recurse(int n)
{
    volatile char filler[1000];
    filler[n % 1000] = 1;
    depth = n;
    return n < 0 ? 0 : recurse(n + 1) + depth + filler[7];
}

static void on_fault(int number)
{
    (void)number;
    _exit(42);
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};

    sigaction(SIGSEGV, &action, NULL);
    go_yield();
    return recurse(0);
}
