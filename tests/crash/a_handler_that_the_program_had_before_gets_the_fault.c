/* exit: 42; no line: panic* */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stddef.h>
#include <unistd.h>
#include "goroutine.h"

static int *volatile nowhere;

static void on_fault(int number)
{
    (void)number;
    _exit(42);
}

__attribute__((no_sanitize("undefined"))) static void fault(void *arg)
{
    (void)arg;
    *nowhere = 1;
}

int main(void)
{
    signal(SIGSEGV, on_fault);
    return go_try(fault, NULL, NULL);
}
