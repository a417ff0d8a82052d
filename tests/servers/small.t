#!/bin/sh
# The small servers: an echo, a proxy, a chat.
# SPDX-License-Identifier: MIT
. tests/tap.sh
. tests/servers/server.sh

check "the clients are there" needs nc curl

head -c 600000 /dev/urandom >"$work/data"

# ---- echo ----

echoes() {
    timeout 60 nc -N "$host" "$port" <"$work/data" >"$work/back"
    cmp "$work/data" "$work/back"
}

# None of them ends before all have got their answer.
echoes_many() {
    mkfifo "$work/gate"
    exec 5<>"$work/gate"
    clients=""
    for i in $(seq 50); do
        (exec 5>&- 6<"$work/gate"; echo "$i"; exec cat <&6) | timeout 60 nc -N "$host" "$port" >"$work/out$i" 5>&- &
        clients="$clients $!"
    done
    for i in $(seq 50); do
        await "$work/out$i" "^$i\$"
    done
    exec 5>&-
    # shellcheck disable=SC2086
    wait $clients
}

check "an echo says where it listens" start echo
check "what is sent comes back" echoes
check "from fifty at once, too" echoes_many
echo_pid=$pid
echo_address=$address

# ---- proxy ----

counts() {
    timeout 60 nc -N "$host" "$port" <"$work/data" >"$work/back"
    cmp "$work/data" "$work/back"
    await "$work/proxy.out" '^600000 bytes there, 600000 bytes back$'
}

# Its end is passed on: without that neither nc nor the echo would ever end.
passes_ends_on() {
    same_end=$(printf 'short' | timeout 60 nc -N "$host" "$port")
    [ "$same_end" = short ] || echo "it was '$same_end'"
    await "$work/proxy.out" '^5 bytes there, 5 bytes back$'
}

# The server ends first, after its answer.
passes_ends_back() {
    web=$address
    start proxy 127.0.0.1:0 "$web"
    seen=$(curl -s -S -H 'Connection: close' "http://$address/plaintext")
    [ "$seen" = "Hello, World!" ] || echo "it was '$seen'"
    await "$work/proxy.out" '^[0-9]+ bytes there, [0-9]+ bytes back$'
}

# Nobody listens where the echo was.
nobody_there() {
    kill "$echo_pid"
    wait "$echo_pid" 2>/dev/null
    timeout 60 nc -N "$host" "$port" <"$work/data" >"$work/back" 2>/dev/null
    [ ! -s "$work/back" ] || echo "something came back"
    await "$work/proxy.err" "^$echo_address: "
}

check "a proxy says where it listens" start proxy 127.0.0.1:0 "$echo_address"
check "it forwards in both directions and counts" counts
check "it passes on the end of one direction" passes_ends_on
check "it ends the connection of a client whose server is not there" nobody_there
check "a web server says where it listens" start httpd -l 127.0.0.1:0
check "a proxy before it passes on the end of the other direction" passes_ends_back

# ---- chat ----

# enter NAME DESCRIPTOR: a client whose words are written to the descriptor, and what it reads to $work/NAME.
enter() {
    mkfifo "$work/$1.in"
    eval "exec $2<>\"\$work/$1.in\""
    nc "$host" "$port" <"$work/$1.in" >"$work/$1" &
    pids="$pids $!"
    eval "printf '%s\r\n' '$1' >&$2"
    await "$work/$1" "^\\* $1 is here\$"
}

all_read() {
    enter ann 5
    enter bob 6
    enter cy 7
    printf 'good morning\nall\n' >&5
    printf 'and to you\n' >&6
    for name in ann bob cy; do
        await "$work/$name" '^ann: good morning$'
        await "$work/$name" '^ann: all$'
        await "$work/$name" '^bob: and to you$'
    done
    grep -E '^ann' "$work/cy" >"$work/seen"
    printf 'ann: good morning\nann: all\n' | same - "$work/seen"
}

# A line that is too long comes in several.
long_lines() {
    long=$(printf '%0500d' 0)
    echo "$long" >&5
    echo "after" >&5
    await "$work/cy" '^ann: after$'
    same_length=$(sed -n 's/^ann: \(0*\)$/\1/p' "$work/cy" | tr -d '\n' | wc -c)
    [ "$same_length" -eq 500 ] || echo "$same_length zeros, not 500"
}

# The one who leaves ends its input, and nc with it.
leaves() {
    printf 'dan\nbye\n' | timeout 60 nc -N "$host" "$port" >"$work/dan"
    for name in ann bob cy; do
        await "$work/$name" '^\* dan is here$'
        await "$work/$name" '^dan: bye$'
        await "$work/$name" '^\* dan has gone$'
    done
}

# Who does not read fills its pipe, its socket and the chat's channel for it; then it is out, and the others read everything.
slow_ones_go() {
    mkfifo "$work/unread"
    exec 8<>"$work/unread"
    printf 'eve\n' | nc "$host" "$port" >"$work/unread" &
    slow=$!
    pids="$pids $slow"
    await "$work/ann" '^\* eve is here$'
    awk 'BEGIN { for (i = 1; i <= 60000; i++) printf "%06d %0150d\n", i, 0 }' >&5
    await "$work/ann" '^\* eve was too slow$'
    await "$work/ann" '^ann: 060000 0+$'
    grep -c '^ann: [0-9]* 0*$' "$work/ann" >"$work/seen"
    echo 60000 | same - "$work/seen"
    kill "$slow"
    exec 8>&-
}

check "a chat says where it listens" start chat
check "what one says, all read, and in its order" all_read
check "a long line comes in pieces" long_lines
check "who leaves is missed" leaves
check "who reads too slowly has to go, and keeps nobody waiting" slow_ones_go

finish
