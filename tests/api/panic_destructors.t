#!/bin/sh
# C++ destructors run in a panic, however the program is linked: builds panic_destructors.cc, and a C program's kin of it.
# SPDX-License-Identifier: MIT
. tests/tap.sh
CXX=${CXX_OF_CC:-c++}
BUILD=${BUILD:-build}
: "${SANITIZE:=}" "${RUN:=}"
case $SANITIZE in
address) sanitize="-fsanitize=address,undefined -fno-sanitize=null" ;; # the fault is what this is about
*) sanitize=${SANITIZE:+-fsanitize=$SANITIZE} ;;
esac

# builds_and_runs LIBRARY OPTION...
builds_and_runs() {
    library=$1
    shift
    # shellcheck disable=SC2086 # lists of words
    quiet $CXX -std=c++11 -O1 -g -Wall -Wextra -Werror -fnon-call-exceptions -Iinclude $sanitize "$@" \
        -o "$work/program" tests/api/panic_destructors.cc "$library" -Wl,-rpath,"$(realpath "$BUILD")" -pthread || return 1
    # shellcheck disable=SC2086
    quiet $RUN "$work/program" || return 1
    $RUN "$work/program" swallow 2>"$work/last"
    status=$?
    [ $status = 2 ] || echo "after a catch (...) that kept a panic: status $status"
    grep -q 'panic: a catch (...) has kept a panic' "$work/last" || cat "$work/last"
}

# Where the unwinder comes from: libgcc_s, libgcc_eh, or a libgcc_eh beside a static libc.
variants() {
    check "with the static library" builds_and_runs "$BUILD/libgoroutine.a"
    if [ "$SANITIZE" = thread ]; then
        skip "with the shared library" "ThreadSanitizer's pthread_exit comes before it"
    else
        check "with the shared library" builds_and_runs "$BUILD/libgoroutine.so"
    fi
    check "with an unwinder of the program's own" builds_and_runs "$BUILD/libgoroutine.a" -static-libgcc -static-libstdc++
    if [ -z "$SANITIZE" ]; then
        check "in a static program" builds_and_runs "$BUILD/libgoroutine.a" -static
    else
        skip "in a static program" "sanitizers are shared libraries"
    fi
}

if command -v "${CXX%% *}" >/dev/null; then
    variants
else
    skip "destructors run in a panic" "no $CXX"
fi
finish
