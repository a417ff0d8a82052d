#!/bin/sh
# C++ in goroutines that are preempted: builds unwinding.cc, and shows what it says.
# SPDX-License-Identifier: MIT
. tests/tap.sh
CXX=${CXX_OF_CC:-c++}
BUILD=${BUILD:-build}
: "${SANITIZE:=}" "${RUN:=}"
case $SANITIZE in
address) sanitize="-fsanitize=address,undefined" ;;
*) sanitize=${SANITIZE:+-fsanitize=$SANITIZE} ;;
esac

builds() {
    # shellcheck disable=SC2086 # lists of words
    quiet $CXX -std=c++11 -O1 -g -Wall -Wextra -Werror -Iinclude -Itests ${CFLAGS:-} $sanitize -o "$work/program" tests/hazard/unwinding.cc \
        "$BUILD/libgoroutine.a" -pthread
}

if ! command -v "${CXX%% *}" >/dev/null; then
    echo "1..0 # SKIP no $CXX"
elif said=$(builds); then
    # shellcheck disable=SC2086
    $RUN "$work/program"
else
    echo "1..1"
    echo "not ok 1 - it can be built"
    echo "$said" | head -n 40 | sed 's/^/# /'
    exit 1
fi
