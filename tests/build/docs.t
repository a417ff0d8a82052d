#!/bin/sh
# What the documentation names is there: tests, files, calls and functions.
# SPDX-License-Identifier: MIT
. tests/tap.sh

documents="README.md ARCHITECTURE.md docs/testing.md docs/model/README.md"

# quoted PATTERN FILE...: what stands alone between backquotes and matches.
quoted() {
    pattern=$1
    shift
    grep -ohE "\`$pattern\`" "$@" | tr -d '`' | sort -u >"$work/quoted"
    [ -s "$work/quoted" ] || echo "nothing like $pattern is named"
    cat "$work/quoted"
}

names_tests() {
    quoted '(api|arch|fault|hazard|os|sched|servers|stress)/[a-z0-9_]+' docs/testing.md | while read -r name; do
        [ -e "tests/$name.c" ] || [ -e "tests/$name.t" ] || echo "no tests/$name"
    done
}

# With a folder, from the top or from src/; or without.
names_files() {
    # shellcheck disable=SC2086 # a list of words
    quoted '[a-z0-9_./-]+\.(c|h|S|pml)' $documents | while read -r name; do
        [ -e "$name" ] || [ -e "src/$name" ] || find src include docs examples tests -name "$name" | grep -q . || echo "no $name"
    done
}

# Ours, and those of the models; not libc's.
names_functions() {
    # shellcheck disable=SC2086
    quoted '[a-z]+(_[a-z0-9]+)+(\(.*\))?' $documents | sed 's/(.*//' | grep -v '^pthread_' | while read -r name; do
        grep -rqw -e "$name" src include docs/model/*.pml tests/*.h Makefile || echo "no $name"
    done
}

check "the tests that are named are there" names_tests
check "and the files" names_files
check "and the functions" names_functions

finish
