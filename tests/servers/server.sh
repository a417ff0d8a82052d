# For the scripts that try the servers: `. tests/servers/server.sh` after tests/tap.sh. Servers that still run at the end are killed.
#
# SPDX-License-Identifier: MIT
BUILD=${BUILD:-build}
pids=""
trap 'kill -9 $pids 2>/dev/null; rm -rf "$work"' EXIT

# await FILE PATTERN: until a line of the file matches, half a minute at most.
await() {
    tries=600
    until grep -q -E -a -e "$2" "$1" 2>/dev/null; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "no '$2' in $(basename "$1"):"; cat "$1"; return 1; }
        sleep 0.05
    done
}

# start NAME ARGUMENTS...: starts that example on any port, with what it says in $work/NAME.out and .err, and sets
# $pid, $host, $port and $address.
start() {
    name=$1
    shift
    rm -f "$work/$name.out" # that of the one before
    # shellcheck disable=SC2086 # a list of words
    ${RUN:-} "$BUILD/examples/$name" "$@" >"$work/$name.out" 2>"$work/$name.err" &
    pid=$!
    pids="$pids $pid"
    await "$work/$name.out" '^listening on ' || { cat "$work/$name.err"; return 1; }
    address=$(sed -n 's/^listening on //p' "$work/$name.out")
    host=${address%:*}
    port=${address##*:}
}

# ends PID STATUS: that process of ours ends by itself, with that status, within a minute.
ends() {
    tries=1200
    while kill -0 "$1" 2>/dev/null; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "$1 still runs"; return 1; }
        sleep 0.05
    done
    wait "$1"
    seen=$?
    [ "$seen" -eq "$2" ] || echo "status $seen, not $2"
}

# stop: the program started last is told to stop, and ends with that status.
stop() {
    kill -TERM "$pid"
    ends "$pid" "${1:-0}"
}

# talk HOST PORT: sends its standard input and prints what comes back, up to the server's end. nc would wait for the input's end too.
talk() {
    # shellcheck disable=SC2016
    timeout 60 bash -c 'exec 3<>"/dev/tcp/$0/$1" 4<&0 || exit; cat <&4 >&3 2>/dev/null & cat <&3; status=$?; kill $! 2>/dev/null; wait $!; exit $status' \
        "$1" "$2"
}

# needs COMMAND...: those that are missing; they are in tools/setup.
needs() {
    for command; do
        command -v "$command" >/dev/null || echo "no $command"
    done
}
