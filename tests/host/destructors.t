#!/bin/sh
# C++ destructors run in a panic, in a program with emscripten's exceptions: builds destructors.cc.
# SPDX-License-Identifier: MIT
. tests/tap.sh
: "${BUILD:=build/emcc}" "${RUN:=node}" "${CC:=emcc}"

runs_them() {
    # shellcheck disable=SC2086 # lists of words
    quiet ${CC%emcc}em++ -std=c++11 -O1 -Wall -Wextra -Werror -fexceptions -Iinclude -o "$work/program" tests/host/destructors.cc \
        "$BUILD/libgoroutine.a" $TEST_LIBS || return 1
    # shellcheck disable=SC2086
    quiet $RUN "$work/program" || return 1
    # shellcheck disable=SC2086
    $RUN "$work/program" swallow 2>"$work/last"
    status=$?
    [ $status = 2 ] || echo "after a catch (...) that kept a panic: status $status"
    grep -q 'panic: a catch (...) has kept a panic' "$work/last" || cat "$work/last"
}

check "destructors run" runs_them
finish
