#!/bin/sh
# The built library: its text in one piece, nothing executable that should not be, and exactly the public calls to be seen.
# SPDX-License-Identifier: MIT
. tests/tap.sh
. tests/build/checks.sh

CC=${CC:-cc}
BUILD=${BUILD:-build}
archive=$BUILD/libgoroutine.a
shared=$BUILD/libgoroutine.so

# A program with the whole archive in it and some code of its own, cold code too.
cat >"$work/whole.c" <<'END'
extern char first[] __asm__("__start_go_text") __attribute__((visibility("hidden")));
extern char last[] __asm__("__stop_go_text") __attribute__((visibility("hidden")));
__attribute__((noinline, cold)) static int mine(long n) { return n < 0; }
int main(int argc, char **argv) { return argv && mine(last - first + argc); }
END
# The sanitizer stays out of the program's own code: what it adds has the same names as in the library.
link_whole() {
    $CC -O2 -c -o "$work/whole.o" "$work/whole.c" || return 1
    # shellcheck disable=SC2086 # lists of words
    ${COMPILE:-$CC} -o "$work/whole" "$work/whole.o" -Wl,--whole-archive "$archive" -Wl,--no-whole-archive ${TEST_LIBS:--pthread}
}

# What stands before a function of libc's of that name (src/os/linux/protocol.c, ending.c, cancel.c, raise.c, assertion.c, setid.c).
before_libcs="pthread_mutexattr_setprotocol pthread_cancel pthread_exit pthread_setcancelstate pthread_setcanceltype pthread_testcancel"
if [ -z "${SANITIZE:-}" ]; then
    before_libcs="$before_libcs initgroups raise pthread_kill abort __assert_fail setuid setgid seteuid setegid setreuid setregid setresuid setresgid setgroups"
fi
if echo '#include <features.h>' | $CC -E -dM - | grep -q __GLIBC__; then
    before_libcs="$before_libcs __pthread_register_cancel __pthread_unregister_cancel __pthread_unwind_next"
    [ -n "${SANITIZE:-}" ] || before_libcs="$before_libcs gsignal __assert __assert_perror_fail"
else
    before_libcs="$before_libcs gettid
        _pthread_cleanup_push _pthread_cleanup_pop __syscall_cp_c __testcancel"
fi

# Names with a point are not for C programs: those that the library's parts share, and the compiler's helpers.
# shellcheck disable=SC2086 # a list of words
names_what_it_declares() {
    [ "$(wc -l <"$work/declared")" -gt 50 ] || echo "too few declarations found in the headers"
    nm -g --defined-only "$archive" | awk 'NF == 3 && $3 !~ /^go(routine)?\./ { print $3 }' | sort -u >"$work/names"
    { cat "$work/declared"; printf '%s\n' $before_libcs; } | sort | same - "$work/names"
}

# What one part calls of another: no C program has such a name, and no shared object shows it.
shares_in_secret() {
    readelf -sW "$archive" | awk '$8 ~ /^goroutine\../ && $5 == "GLOBAL" { n++; if ($6 != "HIDDEN" && $7 != "UND") print $8 " is to be seen" }
        END { if (n < 10) print "only " n + 0 " names shared" }'
}

# go_yield alone must not bring in what reads and writes.
leaves_out_descriptors() {
    echo 'void go_yield(void); int main(void) { go_yield(); return 0; }' >"$work/yield.c"
    # shellcheck disable=SC2086 # lists of words
    ${COMPILE:-$CC} -o "$work/yield" "$work/yield.c" "$archive" ${TEST_LIBS:--pthread} || return 1
    nm "$work/yield" | grep -q ' go_yield$' || echo "go_yield is not in it"
    nm "$work/yield" | grep -e ' go_read$' -e ' os_poller_'
    return 0
}

# shellcheck disable=SC2086
exports_what_it_declares() {
    { sed 's/$/@@GOROUTINE_0/' "$work/declared"; echo GOROUTINE_0; printf '%s\n' $before_libcs; } | sort >"$work/promised"
    nm -D --defined-only "$shared" | awk '{ sub(/^GOROUTINE_0@@GOROUTINE_0$/, "GOROUTINE_0", $3); print $3 }' | sort -u >"$work/exported"
    same "$work/promised" "$work/exported"
}

declared >"$work/declared"

check "the archive has all its code in go_text" code_elsewhere "$archive"
check "it is not marked for shadow stacks, so that no program with it gets them" shadow_stacks "$archive"
check "it does not ask for an executable stack" stack_notes "$archive"
check "no call leaves its text through a stub" stub_calls "$archive"
check "its only names for a linker are those that the headers declare" names_what_it_declares
check "what its parts share has a hidden name that no program has" shares_in_secret
check "a program that uses no descriptor links nothing of the poller" leaves_out_descriptors
check "the parts have all their code in go_text too" code_elsewhere "$BUILD/parts.a"
check "no part asks for an executable stack" stack_notes "$BUILD/parts.a"

check "a program links with the whole archive" quiet link_whole
if [ -z "${STATIC:-}" ]; then
    check "in the program every function of the library lies in go_text" functions_outside "$archive" "$work/whole"
else
    skip "in the program every function of the library lies in go_text" "libc is in the program, and has functions of the same names"
fi
check "__start_go_text and __stop_go_text are its ends" bounds "$work/whole"
check "unwinders find its functions in order" tables_in_disorder "$work/whole"
if [ -z "${SANITIZE:-}${STATIC:-}" ]; then
    check "the library calls nothing that is linked in outside go_text" helpers_linked_in "$archive" "$work/whole"
else
    skip "the library calls nothing that is linked in outside go_text" "the sanitizer is, or libc"
fi
if always_executable; then
    skip "no stack is executable" "this compiler makes all of them so"
else
    check "the program's stack is not executable" executable_stack "$work/whole"
    check "nor is it for the shared library" executable_stack "$shared"
fi

check "in the shared library every function lies in go_text" functions_outside "$archive" "$shared"
check "unwinders find them in order there" tables_in_disorder "$shared"
check "it exports exactly what the headers declare" exports_what_it_declares
check "its soname is libgoroutine.so.0" soname "$shared" libgoroutine.so.0
check "it has no relocations in its text" text_relocations "$shared"
check "it calls nothing through a stub" stubs "$shared"
check "everything is bound before the program starts" late_binding "$shared"

finish
