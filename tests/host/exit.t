#!/bin/sh
# What the host calls while the goroutines sleep may end the program: at once, as nobody there can wait for a panic that is under way.
# SPDX-License-Identifier: MIT
. tests/tap.sh
: "${BUILD:=build/emcc}" "${RUN:=node}"

cat >"$work/exit.c" <<'END'
#include <emscripten.h>
#include <stdio.h>
#include <stdlib.h>
#include "goroutine.h"

static void sleep_for_ever(void *unused)
{
    (void)unused;
    go_sleep(1000 * GO_SECOND);
}

static void fail(void *unused)
{
    GO_DEFER(sleep_for_ever, unused);
    go_panic("never told");
}

static int64_t called;

static void say(void)
{
    puts(go_now() - called < GO_SECOND / 2 ? "at once" : "late");
}

static void leave(void *unused)
{
    (void)unused;
    called = go_now();
    exit(3);
}

int main(void)
{
    atexit(say);
    go_spawn(fail, NULL);
    emscripten_async_call(leave, NULL, 10);
    go_sleep(1000 * GO_SECOND);
    return 0;
}
END

ends_at_once() {
    # shellcheck disable=SC2086 # lists of words
    quiet $COMPILE -o "$work/exit" "$work/exit.c" "$BUILD/libgoroutine.a" $TEST_LIBS || return 1
    # shellcheck disable=SC2086
    $RUN "$work/exit" >"$work/seen"
    status=$?
    [ $status = 3 ] || echo "status $status"
    printf 'at once\n' | same - "$work/seen"
}

check "what the host calls may end the program, while another one panics" ends_at_once
finish
