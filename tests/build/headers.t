#!/bin/sh
# Every public header compiles alone, without a warning, in every language that the face promises.
# SPDX-License-Identifier: MIT
. tests/tap.sh

CC=${CC:-cc}
CXX=${CXX_OF_CC:-c++}
strict="-Wall -Wextra -Werror -pedantic -Wundef -Wshadow -Iinclude -fsyntax-only"

# compiles COMPILER OPTIONS SOURCE: with just that one line of source.
compiles() {
    printf '%s\nint unit_must_not_be_empty;\n' "$3" >"$work/one.${4:-c}"
    # shellcheck disable=SC2086 # lists of words
    $1 $2 $strict "$work/one.${4:-c}"
}

# The macros that a header adds, without ours.
foreign_macros() {
    printf '#include <stddef.h>\n#include <stdint.h>\n' | $CC -E -dM -x c - | sed 's/^#define \([A-Za-z0-9_]*\).*/\1/' | sort >"$work/before"
    printf '#define GOROUTINE_NO_SHORT_NAMES\n#include <goroutine.h>\n' | $CC -E -dM -Iinclude -x c - |
        sed 's/^#define \([A-Za-z0-9_]*\).*/\1/' | sort >"$work/after"
    comm -13 "$work/before" "$work/after" | grep -v -E '^(GO_[A-Z_0-9]*|GOROUTINE_[A-Z_]*)$'
    true
}

for header in include/*.h include/goroutine/*.h; do
    name=${header#include/}
    check "$name compiles alone as C11" compiles "$CC" -std=c11 "#include <$name>"
    check "$name compiles alone as C99" compiles "$CC" -std=c99 "#include <$name>"
    if command -v "${CXX%% *}" >/dev/null; then
        check "$name compiles alone as C++" compiles "$CXX" -std=c++11 "#include <$name>" cc
    else
        skip "$name compiles alone as C++" "no $CXX"
    fi
done
check "a header that is not sound is found" fails compiles "$CC" -std=c11 "#include <goroutine.h>
struct { int x; } f(void) { for (int i;;); }"
check "without the short names every macro begins with GO_ or GOROUTINE_" foreign_macros

finish
