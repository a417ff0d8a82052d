#!/bin/sh
# However the compiler spreads the library's code, it comes to lie in go_text; and the checks of library.t find what they are for.
# SPDX-License-Identifier: MIT
. tests/tap.sh
. tests/build/checks.sh

CC=${CC:-cc}
SANITIZE=
unset MAKEFLAGS MAKELEVEL CFLAGS LDFLAGS

# A library of one source in each part: what compilers move out of .text, and what they call behind one's back.
tree=$work/tree
mkdir -p "$tree/src/base" "$tree/src/net" "$tree/tests"
cp -r Makefile include goroutine.pc.in "$tree"
cp src/libgoroutine.map "$tree/src"
for part in src/arch/*/library.mk; do
    mkdir -p "$tree/${part%/*}"
    cp "$part" "$tree/$part"
done
cp src/base/base.h src/base/string.c "$tree/src/base"
cp tests/tests.mk "$tree/tests"
cat >"$tree/src/base/torture.c" <<'END'
#include <stdlib.h>
#include <string.h>
#define API __attribute__((visibility("default")))
struct big { long words[500]; };
extern char first[] __asm__("__start_go_text") __attribute__((visibility("hidden")));
extern char last[] __asm__("__stop_go_text") __attribute__((visibility("hidden")));
static struct big kept;
static _Thread_local int mine;
__attribute__((cold, noinline)) void go_cold(int n);
__attribute__((hot, noinline)) long go_hot(const long *at, int n);
void go_cold(int n) { mine += n; if (n == 7) abort(); }
long go_hot(const long *at, int n) { long sum = 0; for (int i = 0; i < n; i++) sum += at[i]; return sum; }
__attribute__((constructor)) static void at_start(void) { kept.words[0] = (long)malloc(1); }
__attribute__((destructor)) static void at_end(void) { free((void *)kept.words[0]); }
int core_secret(int n);
int core_secret(int n) { return n + mine; }
__attribute__((noreturn, noinline)) static void stop(void) { go_cold(7); exit(1); }
static int less(const void *a, const void *b) { return *(const long *)a < *(const long *)b ? -1 : 1; }
API long long go_divide(long long a, long long b) { return b ? a / b % 1000 : (long long)(last - first); }
API int go_bits(unsigned long long n) { return __builtin_popcountll(n); }
API double go_real(unsigned long long n) { return (double)n; }
API struct big go_copy(const struct big *from)
{
    struct big made = *from;
    memset(&kept, 0, sizeof kept);
    qsort(made.words, 500, sizeof made.words[0], less);
    return made;
}
API long go_split(int n)
{
    if (__builtin_expect(n < 0, 0)) {
        go_cold(n);
        if (n < -1000)
            stop();
        kept.words[2] = go_hot(kept.words, 100);
    }
    switch (n) {
    case 1: return kept.words[4];
    case 2: return mine;
    case 3: return go_hot(kept.words, 9);
    case 4: return kept.words[5] * 3;
    case 5: go_cold(5); return 1;
    case 6: return kept.words[mine];
    default: return go_hot(kept.words, n);
    }
}
END
cat >"$tree/src/net/torture.c" <<'END'
__attribute__((cold, noinline)) void go_cold(int n);
long go_hot(const long *at, int n);
int core_secret(int n);
__attribute__((visibility("default"))) long go_net(const long *at, int n)
{
    if (n < 0)
        go_cold(core_secret(n));
    return go_hot(at, n) / (n + 1LL);
}
END
cat >"$work/main.c" <<'END'
long go_split(int n);
__attribute__((noinline, cold)) static long mine(int n) { return go_split(n); }
int main(int argc, char **argv) { return argv && argc > 1 ? (int)mine(argc) : 0; }
END

# build CFLAGS [LDFLAGS]: the library in $tree/out, and a program of it.
build() {
    make -C "$tree" BUILD=out CC="$CC" CFLAGS="$1" LDFLAGS="${2-}" SANITIZE= HOSTILE= SHARED= TRACE= all out/parts.a &&
        $CC -O2 -o "$work/program" "$work/main.c" -Wl,--whole-archive "$tree/out/libgoroutine.a" -Wl,--no-whole-archive -pthread &&
        ${RUN:-} "$work/program"
}

archive=$tree/out/libgoroutine.a
shared=$tree/out/libgoroutine.so

all_hold() {
    quiet build "$1"
    code_elsewhere "$archive"
    stack_notes "$tree/out/parts.a"
    stub_calls "$archive"
    functions_outside "$archive" "$work/program"
    bounds "$work/program"
    helpers_linked_in "$archive" "$work/program"
    functions_outside "$archive" "$shared"
    text_relocations "$shared"
    stubs "$shared"
    late_binding "$shared"
    always_executable || executable_stack "$shared"
    soname "$shared" libgoroutine.so.0
}

for flags in -O0 -O1 -O2 -O3 -Os "-O2 -g -ffunction-sections" "-O2 -flto" "-O2 -fno-pic -fplt -fstack-protector-strong" "-O3 -g -fno-inline"; do
    check "built with $flags, all of it lies in go_text" all_hold "$flags"
done

# finds "a sentence" check...: that check finds something.
finds() {
    sentence=$1
    shift
    check "$sentence" eval '[ -n "$('"$*"')" ] || echo nothing found'
}

case ${CPU:-amd64} in
arm64) call='bl puts' ;;
ppc64) call='bl puts; nop' ;;
riscv64) call='call puts@plt' ;;
s390x) call='brasl %r14, puts@PLT' ;;
arm) call='bl puts' ;;
mips | mips64) call='lui $25, %call_hi(puts)' ;;
*) call='call puts@PLT' ;;
esac
sed "s/CALL/$call/" >"$tree/src/base/elsewhere.c" <<'END'
#include <stdio.h>
__attribute__((section("elsewhere"))) int go_elsewhere(int n);
__attribute__((section("elsewhere"))) int go_elsewhere(int n) { return n + 1; }
int helper(int n);
__attribute__((visibility("default"))) int go_other(int n) { __asm__ volatile("CALL"); return helper(n); }
END
cat >"$tree/src/base/noted.S" <<'END'
    .text
    nop
END
echo 'int helper(int n) { return n; }' >>"$work/main.c"
check "a library with faults builds" quiet build -O2 -Wl,-z,undefs
finds "code in another section is found" 'code_elsewhere $archive'
finds "and by its address in the program" 'functions_outside $archive $work/program'
finds "and in the shared library" 'functions_outside $archive $shared'
if notes_stacks; then
    finds "an object without .note.GNU-stack is found" 'stack_notes $tree/out/parts.a'
else
    skip "an object without .note.GNU-stack is found" "the compiler writes none"
fi
finds "a call through a stub is found" 'stub_calls $archive'
finds "a helper outside go_text is found" 'helpers_linked_in $archive $work/program'

cat >"$work/bad.c" <<'END'
int puts(const char *);
extern char outside[];
__asm__(".text\n.balign 8\n.dc.a outside\n");
int go_bad(void) { return puts(outside); }
END
check "a shared library with faults builds" quiet $CC -O2 -fPIC -fplt -shared -o "$work/bad.so" "$work/bad.c" \
    -Wl,-z,notext,-z,lazy,-z,execstack,--warn-unresolved-symbols
finds "a program without the bounds is found" 'bounds $work/bad.so'
finds "a relocation in the text is found" 'text_relocations $work/bad.so'
finds "a stub in a shared library is found" 'stubs $work/bad.so'
finds "binding at the first call is found" 'late_binding $work/bad.so'
finds "an executable stack is found" 'executable_stack $work/bad.so'
finds "a missing soname is found" 'soname $work/bad.so libgoroutine.so.0'

finish
