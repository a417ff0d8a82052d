#!/bin/sh
# A static program can not tell its text from libc's: tests/os/image.c says so when it is linked as one, in both ways that there are.
# SPDX-License-Identifier: MIT
. tests/tap.sh
: "${CC:=cc}" "${RUN:=}"

# links KIND SOURCE...: makes $work/program
links() {
    $CC -std=gnu11 -O1 -Iinclude -Isrc -Itests "$@" -o "$work/program" -pthread -Wl,--allow-multiple-definition # strlen, which is not renamed here
}

# passes: what a program that fails its own checks says is shown
passes() {
    quiet $RUN "$work/program"
}

echo 'int main(void) { return 0; }' >"$work/empty.c"
for kind in -static -static-pie; do
    promise="a program linked with $kind knows that it does not know its own text"
    if ! links "$kind" "$work/empty.c" 2>/dev/null; then
        skip "$promise" "the compiler can not link one"
    else
        check "$kind links" links "$kind" tests/os/image.c src/os/linux/*.c src/base/string.c src/base/format.c src/arch/$CPU/*.[cS]
        check "$promise" passes
    fi
done
finish
