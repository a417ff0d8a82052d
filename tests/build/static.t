#!/bin/sh
# In a static program libc's text is not told from the program's: there goroutines are taken off in both, and keep their identity.
# SPDX-License-Identifier: MIT
. tests/tap.sh
: "${CC:=cc}" "${RUN:=}" "${BUILD:=build}"

cat >"$work/static.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "goroutine.h"

static void print(void *arg)
{
    char text[64], *memory[16] = {0};

    for (long i = 0; i < 200000; i++) {
        char **one = &memory[i % 16];
        if (*one && (*one)[0] != *(char *)arg)
            abort();
        free(*one);
        *one = malloc(10 + (size_t)i % 500);
        memset(*one, *(char *)arg, 10);
        snprintf(text, sizeof text, "%ld %f", i, (double)i);
        if (strtol(text, NULL, 10) != i)
            abort();
    }
}

int main(void)
{
    struct go_stats s;

    go_maxprocs(2);
    go_slice(20000);
    for (char name = 'a'; name < 'i'; name++) {
        char *own = malloc(1);
        *own = name;
        go_spawn(print, own);
    }
    while (go_count() > 1)
        go_sleep(1000000);
    go_stats_read(&s, sizeof s);
    if (s.preemptions < 50 || s.preemptions * 10 < s.preempt_requests * 8)
        printf("taken off %d times, asked %d times\n", (int)s.preemptions, (int)s.preempt_requests);
    return 0;
}
END

links() {
    $CC -std=gnu11 -O1 -static -Iinclude -o "$work/static" "$work/static.c" "$BUILD/libgoroutine.a" -pthread
}

goes_right() {
    $RUN "$work/static"
}

promise="goroutines of a static program are taken off inside libc, and nothing breaks"
if [ -n "${SANITIZE:-}" ]; then
    skip "$promise" "a sanitizer is no static library"
elif ! links 2>/dev/null; then
    skip "$promise" "the compiler can not link one"
elif [ "$CPU" != amd64 ]; then
    skip "$promise" "identities are not handed over here"
else
    check "$promise" goes_right
fi
finish
