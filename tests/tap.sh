# For the scripts among the tests: `. tests/tap.sh` from the top of the tree. Gives $work, a folder that is removed at the end.
#
# SPDX-License-Identifier: MIT
set -u
number=0
failed=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM QUIT

# check "a sentence" command...: ok if the command gives 0 and prints nothing; what it prints is shown.
check() {
    number=$((number + 1))
    sentence=$1
    shift
    if "$@" >"$work/said" 2>&1 && [ ! -s "$work/said" ]; then
        echo "ok $number - $sentence"
    else
        failed=$((failed + 1))
        echo "not ok $number - $sentence"
        head -n 40 "$work/said" | sed 's/^/# /'
    fi
}

# skip "a sentence" reason...: what this machine can not check.
skip() {
    number=$((number + 1))
    sentence=$1
    shift
    echo "ok $number - $sentence # SKIP $*"
}

# quiet command...: its status alone; what it says, only if it fails.
quiet() {
    "$@" >"$work/quiet" 2>&1 || { cat "$work/quiet"; return 1; }
}

# same EXPECTED SEEN: the two files hold the same lines; prints what differs.
same() {
    diff "$1" "$2"
}

# fails command...: it must end with a status of its own other than 0.
fails() {
    if "$@" >"$work/quiet" 2>&1; then
        echo "succeeded, and should not have: $*"
    fi
}

# Ends the script.
finish() {
    echo "1..$number"
    [ "$number" -gt 0 ] && [ "$failed" -eq 0 ]
    exit
}
