#!/bin/sh
# Restartable sequences become known however a program is compiled and linked; those of a shared object as long as it is loaded.
# SPDX-License-Identifier: MIT
. tests/tap.sh

CC=${CC:-cc}
BUILD=${BUILD:-build}
COMPILE=${COMPILE:-$CC -O2 -Iinclude -Isrc}
TEST_LIBS=${TEST_LIBS:--pthread}

# One file with a sequence, and one without any.
cat >"$work/one.c" <<'END'
#include <goroutine/counter.h>
void add_one(go_counter *c);
void add_one(go_counter *c) { go_counter_add(c, 1); }
END
cat >"$work/none.c" <<'END'
#include <goroutine.h>
#include <goroutine/counter.h>
END
# The library tells where a goroutine that is taken off goes on: for each record of the section, at its begin, in it, and at its end.
cat >"$work/main.c" <<'END'
#include <dlfcn.h>
#include <goroutine/counter.h>
#include <stdio.h>
#include <ucontext.h>
#include "arch/arch.h"
#include "sched/runtime.h"

void add_one(go_counter *c);

static uintptr_t rewound(uintptr_t pc)
{
    static ucontext_t frame;
    arch_frame_set_pc(&frame, pc);
    restart_rewind(&main_goroutine, &frame);
    return arch_frame_pc(&frame);
}

static uintptr_t at(const int32_t *word) { return (uintptr_t)word + (uintptr_t)(intptr_t)*word; }

static void check(const struct go_restart *first, const struct go_restart *last, int known, const char *whose)
{
    for (const struct go_restart *r = first; r < last; r++) {
        uintptr_t begin = at(&r->begin), end = at(&r->end), restart = at(&r->restart);
        if (end <= begin || end - begin > 128)
            printf("%s: a record of no sequence\n", whose);
        for (uintptr_t pc = begin - 1; pc <= end; pc++) {
            uintptr_t wanted = known && pc >= begin && pc < end ? restart : pc;
            if (rewound(pc) != wanted)
                printf("%s: at %d of %d goes on at %d\n", whose, (int)(pc - begin), (int)(end - begin), (int)(rewound(pc) - begin));
        }
    }
}

struct part {
    const struct go_restart *first, *last;
    void (*add)(go_counter *c);
};

/* Its records are copied while they can be read. */
static void check_object(const char *path, go_counter *c)
{
    void *object = dlopen(path, RTLD_NOW);
    if (!object) {
        printf("%s\n", dlerror());
        return;
    }
    const struct part *part = dlsym(object, "part");
    if (part->last - part->first != 1)
        printf("the object has %d records\n", (int)(part->last - part->first));
    check(part->first, part->last, 1, "a loaded object");
    part->add(c);
    uintptr_t inside = at(&part->first->begin) + 1;
    if (rewound(inside) == inside)
        printf("not rewound in the object\n");
    dlclose(object);
    if (!dlopen(path, RTLD_NOW | RTLD_NOLOAD) && rewound(inside) != inside)
        printf("rewound in an object that has gone\n");
}

int main(int argc, char **argv)
{
    go_counter *c = go_counter_new();
    add_one(c);
    go_counter_add(c, 2);
    check(go_restart_first, go_restart_last, 1, "the program");
    if (go_restart_last - go_restart_first < 2)
        printf("%d records\n", (int)(go_restart_last - go_restart_first));
    for (int i = 1; i < argc; i++)
        for (int times = 0; times < 3; times++)
            check_object(argv[i], c);
    if (go_counter_sum(c) != 3 + 3 * (argc - 1))
        printf("the sum is %d\n", (int)go_counter_sum(c));
    go_counter_free(c);
    return 0;
}
END
cat >"$work/part.c" <<'END'
#include <goroutine/counter.h>
static void add(go_counter *c) { go_counter_add(c, 1); }
struct part { const struct go_restart *first, *last; void (*add)(go_counter *c); };
extern struct part part;
__attribute__((visibility("default"))) struct part part;
__attribute__((constructor)) static void fill(void) { part = (struct part){go_restart_first, go_restart_last, add}; }
END

# works FLAG...: the program, built with these, finds its sequences
works() {
    # shellcheck disable=SC2086 # lists of words
    quiet $COMPILE "$@" -o "$work/program" "$work/main.c" "$work/one.c" "$work/none.c" "$BUILD/parts.a" $TEST_LIBS -ldl -rdynamic &&
        ${RUN:-} "$work/program"
}

# can FLAG...: this compiler and its linker know them
can() {
    echo 'int main(void) { return 0; }' >"$work/empty.c"
    $CC "$@" -o "$work/empty" "$work/empty.c" >/dev/null 2>&1
}

for flags in -O0 -O3 -Os "-O2 -ffunction-sections -Wl,--gc-sections" "-O2 -fno-pie -no-pie" "-O2 -flto" \
    "-O2 -fuse-ld=lld -ffunction-sections -Wl,--gc-sections" "-O2 -fuse-ld=gold" "-O2 -fomit-frame-pointer"; do
    # shellcheck disable=SC2086
    if can $flags; then
        check "a program built with $flags knows its sequences" works $flags
    else
        skip "a program built with $flags knows its sequences" "the compiler can not build one"
    fi
done

# The same without any, and in C++, where functions in several files are one.
without() {
    # shellcheck disable=SC2086
    quiet $COMPILE "$@" -o "$work/nothing" "$work/nothing.c" "$BUILD/libgoroutine.a" $TEST_LIBS && quiet ${RUN:-} "$work/nothing"
}
{ cat "$work/none.c"; echo 'int main(void) { return go_restart_first != NULL; }'; } >"$work/nothing.c"
check "a program without sequences has no section for them" without -O2
check "nor without optimization" without -O0

cat >"$work/inline.h" <<'END'
#include <goroutine/counter.h>
inline void bump(go_counter *c) { go_counter_add(c, 1); }
template <class T> void bump_by(go_counter *c, T n) { go_counter_add(c, n); }
void other(go_counter *c);
END
printf '#include "inline.h"\nvoid other(go_counter *c) { bump(c); bump_by(c, 2L); }\n' >"$work/other.cc"
cat >"$work/main.cc" <<'END'
#include "inline.h"
int main()
{
    go_counter *c = go_counter_new();
    bump(c);
    bump_by(c, 2L);
    other(c);
    return go_counter_sum(c) != 6 || go_restart_last - go_restart_first < 2;
}
END
inlines() {
    # shellcheck disable=SC2086
    quiet ${CXX_OF_CC:-c++} "$1" -Iinclude -o "$work/inlines" "$work/main.cc" "$work/other.cc" "$BUILD/libgoroutine.a" $TEST_LIBS &&
        quiet ${RUN:-} "$work/inlines"
}
for flags in -O0 -O2; do
    if command -v "${CXX_OF_CC:-c++}" >/dev/null && [ -z "${SANITIZE:-}" ]; then
        check "sequences in inline functions and templates of C++, $flags" inlines "$flags"
    else
        skip "sequences in inline functions and templates of C++, $flags" "no compiler for it here"
    fi
done

loads() {
    works -O2 || return 1
    for name in a b; do
        # shellcheck disable=SC2086
        quiet $COMPILE -fPIC -shared -o "$work/$name.so" "$work/part.c" || return 1
    done
    ${RUN:-} "$work/program" "$work/a.so" "$work/b.so"
}
if [ -z "${STATIC:-}" ]; then
    check "sequences of an object are known from dlopen to dlclose" loads
else
    skip "sequences of an object are known from dlopen to dlclose" "a static program has no names for objects that it loads"
fi

# A file that includes goroutine.h alone gets no constructor but those that a sanitizer gives to every file.
cat >"$work/plain.c" <<'END'
#include <goroutine.h>
END
: >"$work/empty.c"
constructors() {
    $COMPILE -c -o "$work/$1.o" "$work/$1.c" || return 1
    readelf -SW "$work/$1.o" | grep -c 'init_array'
}
brings_none() {
    with=$(constructors plain)
    without=$(constructors empty)
    [ -n "$with" ] && [ "$with" = "$without" ] || echo "$with sections, without the header $without"
}
check "goroutine.h brings no constructor along" brings_none

finish
