#!/bin/sh
# tools/mkpreempt writes what is committed, and notices every register that a table forgets. Prints TAP.
#
# usage: tests/arch/mkpreempt.t      Environment, as `make` exports it: HOSTCC
# SPDX-License-Identifier: MIT
set -u
HOSTCC=${HOSTCC:-cc}
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT || exit 1
number=0

ok() { # ok STATUS SENTENCE
    number=$((number + 1))
    [ "$1" = 0 ] && echo "ok $number - $2" || { echo "not ok $number - $2" && sed 's/^/# /' "$work/output"; }
}

# Compiles the generator with one table edited by sed, and runs it.
with_table() { # with_table FILE EDIT ARGUMENT...
    file=$1 edit=$2 && shift 2
    rm -rf "$work/tool" && cp -r tools/mkpreempt "$work/tool" && sed -i "$edit" "$work/tool/$file.c" || return 2
    ! cmp -s "$work/tool/$file.c" "tools/mkpreempt/$file.c" || [ "$edit" = "" ] || return 2
    $HOSTCC -std=gnu11 -o "$work/mkpreempt" "$work"/tool/*.c >"$work/output" 2>&1 || return 2
    "$work/mkpreempt" "$@" >"$work/output" 2>&1
}

fails_with() { # fails_with WORDS FILE EDIT ARGUMENT...
    words=$1 && shift
    with_table "$@"
    [ $? = 1 ] && grep -q "$words" "$work/output"
}

with_table amd64 "" --check
ok $? "the committed assembly is what it writes"
"$work/mkpreempt" amd64 >"$work/output" && cat src/arch/amd64/switch.S src/arch/amd64/preempt.S | cmp - "$work/output"
ok $? "a CPU's name prints that CPU's files"
fails_with 'no table for the CPU "vax"' amd64 "" vax
ok $? "a CPU without a table is refused by name"
fails_with "register r12 is on 0 lists" amd64 '/"r12"/d'
ok $? "a register that is on no list is found"
fails_with "register xmm15 is on 0 lists" amd64 's/xmm0-xmm15"/xmm0-xmm14"/'
ok $? "so is the end of a range"
fails_with "register rax is on 2 lists" amd64 's/{"rcx", 8/{"rax rcx", 8/'
ok $? "and one that is on two"
fails_with "register file names r99 0 times" amd64 's/{"rcx", 8/{"r99 rcx", 8/'
ok $? "and one that the CPU does not have"
fails_with "must say why" amd64 's/{"rbx", 8, KEPT/{"rbx", 8, FIXED/'
ok $? "a register that nobody saves needs a reason"
fails_with "preempt.S does not save" x86 's/frame_place_block(f);//' amd64
ok $? "a routine that leaves out what its table says is found"

mkdir -p "$work/repository/src" && cp -r src/arch "$work/repository/src/" && echo >>"$work/repository/src/arch/386/switch.S"
fails_with "src/arch/386/switch.S is not what" amd64 "" -C "$work/repository" --check
ok $? "a file that was changed by hand is found"
with_table amd64 "" -C "$work/repository" && "$work/mkpreempt" -C "$work/repository" --check
ok $? "and put right by writing it anew"
echo "1..$number"
