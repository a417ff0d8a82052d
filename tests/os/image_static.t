#!/bin/sh
# A static program can not tell its text from libc's: tests/os/image.c says so when it is linked as one, in both ways that there are.
# SPDX-License-Identifier: MIT
: "${CC:=cc}" "${BUILD:=build}"
out=$BUILD/tests/os/image_static
mkdir -p "${out%/*}"
flags='-std=gnu11 -O1 -Iinclude -Isrc -Itests'
status=0
echo 1..2
n=0
for kind in -static -static-pie; do
    n=$((n + 1))
    if ! echo 'int main(void) { return 0; }' | $CC $kind -x c -o "$out" - 2>/dev/null; then
        echo "ok $n - a program linked with $kind # SKIP the compiler can not link one"
    elif ! $CC $flags $kind -o "$out" tests/os/image.c src/os/linux/*.c -pthread 2>"$out.log"; then
        sed 's/^/# /' "$out.log"
        echo "not ok $n - a program linked with $kind is built"
        status=1
    elif $RUN "$out" >"$out.log"; then
        echo "ok $n - a program linked with $kind knows that it does not know its own text"
    else
        sed 's/^/# /' "$out.log"
        echo "not ok $n - a program linked with $kind knows that it does not know its own text"
        status=1
    fi
done
exit $status
