#!/bin/sh
# The web server, as curl, wrk and nc see it.
# SPDX-License-Identifier: MIT
. tests/tap.sh
. tests/servers/server.sh

check "the clients are there" needs curl wrk nc sha256sum

# ---- what it serves ----

mkdir -p "$work/root/folder"
for i in 1 2 3 4 5 6 7 8 9 10; do
    head -c 300000 /dev/urandom
    echo "$i"
done >"$work/root/large"
echo "a file" >"$work/root/folder/a file.txt"
: >"$work/root/empty"
echo "secret" >"$work/secret"
ln -s ../secret "$work/root/link"
mkfifo "$work/root/fifo"
data=$work/root/large # what /digest digests

same_text() {
    [ "$1" = "$2" ] || printf "'%s', not '%s'\n" "$2" "$1"
}

# asks URL [CURL'S OPTIONS]: what curl prints.
asks() {
    url=$1
    shift
    curl -s -S --path-as-is --max-time 60 "$@" "http://$address$url"
}

# status EXPECTED URL OPTIONS...
status() {
    expected=$1
    shift
    same_text "$expected" "$(asks "$@" -o /dev/null -w '%{http_code}')"
}

# An input that stays open, for descriptor 5 to write to; nothing of the one before is in it.
fresh_input() {
    rm -f "$work/quiet_input"
    mkfifo "$work/quiet_input"
    exec 5<>"$work/quiet_input"
}

# says EXPECTED TEXT: the first line of the answer to these bytes, as printf writes them; the sender's side stays open, and the
# server has to end it.
says() {
    fresh_input
    # shellcheck disable=SC2059
    printf "$2" >&5
    talk "$host" "$port" <"$work/quiet_input" >"$work/answer"
    same_text "$1" "$(head -n 1 "$work/answer" | tr -d '\r')"
}

plaintext() {
    same_text "Hello, World!" "$(asks /plaintext -D "$work/head")"
    tr -d '\r' <"$work/head" | sed 's/^Date: .*/Date: D/' >"$work/seen"
    printf 'HTTP/1.1 200 OK\nServer: httpd\nDate: D\nContent-Type: text/plain\nContent-Length: 13\n\n' | same - "$work/seen"
}

# The date of an answer, in seconds.
date_of_answer() {
    date -d "$(asks /plaintext -o /dev/null -w '%header{date}')" +%s
}

# The server looks at the clock once a second: after a machine has stood still it is late for that long.
date_is_now() {
    for _ in 1 2 3 4 5; do
        before=$(date +%s)
        seen=$(date_of_answer)
        after=$(date +%s)
        [ "$seen" -ge $((before - 2)) ] && [ "$seen" -le $((after + 1)) ] && return
        sleep 1
    done
    echo "$seen, and it was $before to $after"
}

date_goes_on() {
    seen=$(date_of_answer)
    tries=300
    while [ "$(date_of_answer)" -le "$seen" ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "still $seen"; return 1; }
        sleep 0.1
    done
}

keeps_alive() {
    curl -s -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects} %{http_code}\n' "http://$address/plaintext" "http://$address/none" \
        "http://$address/" >"$work/seen"
    printf '1 200\n0 404\n0 200\n' | same - "$work/seen"
}

head_of_file() {
    asks /file/large -I | tr -d '\r' >"$work/seen"
    grep -q "^Content-Length: $(wc -c <"$work/root/large")\$" "$work/seen" || cat "$work/seen"
}

files() {
    asks /file/large | cmp - "$work/root/large"
    asks '/file/folder/a%20file.txt' | cmp - "$work/root/folder/a file.txt"
    same_text "" "$(asks /file/empty)"
}

no_way_out() {
    for name in ../secret %2e%2e/secret ..%2fsecret folder/../../secret /etc/passwd %2fetc/passwd link fifo folder . .. ''; do
        status 404 "/file/$name"
    done
}

uploads() {
    expected=$(sha256sum <"$work/upload" | cut -d ' ' -f 1)
    same_text "$expected" "$(asks /digest --data-binary @"$work/upload")"
    same_text "$expected" "$(asks /digest --data-binary @"$work/upload" -H 'Transfer-Encoding: chunked')"
}

continues() {
    asks /digest --data-binary @"$work/upload" -H 'Expect: 100-continue' -v -o /dev/null 2>"$work/seen"
    grep -q '^< HTTP/1.1 100 Continue' "$work/seen" || cat "$work/seen"
}

too_much() {
    status 413 /digest --data-binary @"$work/root/large" -H 'Expect:'
    status 413 /digest --data-binary @"$work/root/large" -H 'Expect:' -H 'Transfer-Encoding: chunked'
}

pipelines() {
    i=0
    while [ "$i" -lt 200 ]; do
        i=$((i + 1))
        printf 'GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n'
    done >"$work/requests"
    timeout 60 nc -N "$host" "$port" <"$work/requests" >"$work/answer"
    tr -d '\r' <"$work/answer" | sed -n 's/.*HTTP\/1.1 //p' | uniq -c | sort | uniq -c | tr -s ' ' >"$work/seen"
    printf ' 200 1 200 OK\n 200 1 404 Not Found\n' | same - "$work/seen"
}

# The last of a browser's requests has a lot of cookies.
refusals() {
    says "HTTP/1.1 400 Bad Request" 'GET\r\n\r\n'
    says "HTTP/1.1 400 Bad Request" 'GET / HTTP/1.1\r\n\r\n'
    says "HTTP/1.1 400 Bad Request" '\026\003\001\002\000\001\000\001\374\003\003'
    says "HTTP/1.1 413 Content Too Large" 'POST /digest HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n'
    says "HTTP/1.1 414 URI Too Long" "GET /$(printf '%09000d' 0) HTTP/1.1\r\nHost: x\r\n\r\n"
    says "HTTP/1.1 417 Expectation Failed" 'GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n'
    says "HTTP/1.1 431 Request Header Fields Too Large" "GET / HTTP/1.1\r\nHost: x\r\nCookie: $(printf '%017000d' 0)\r\n\r\n"
    says "HTTP/1.1 501 Not Implemented" 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'
    says "HTTP/1.1 505 HTTP Version Not Supported" 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
    status 405 /plaintext -X DELETE
    status 501 /plaintext -X BREW
}

garbage() {
    for file in "$BUILD/libgoroutine.so" "$BUILD/examples/httpd" /bin/sh; do
        timeout 60 nc -N "$host" "$port" <"$file" >"$work/answer" 2>/dev/null
    done
    plaintext
}

head -c 900000 "$work/root/large" >"$work/upload"
check "it says where it listens" start httpd -l 127.0.0.1:0 -r "$work/root" -d "$data"
check "a plain text comes with its head" plaintext
check "the date is that of now" date_is_now
check "and goes on" date_goes_on
check "curl keeps its connection" keeps_alive
check "files are sent whole" files
check "HEAD tells the size of a file" head_of_file
check "nothing but the files below the root is to be had" no_way_out
check "what is uploaded arrives, in one piece or in chunks" uploads
check "a client that waits to be told is told to go on" continues
check "a body that is too large is refused, and the client sees it" too_much
check "four hundred pipelined requests are answered in order" pipelines
check "what is wrong is refused by the right name" refusals
check "garbage does no harm" garbage

# ---- computing ----

rounds=200
if [ -n "${SANITIZE:-}${RUN:-}" ]; then
    rounds=20
fi

digest_of_file() {
    i=0
    while [ "$i" -lt "$rounds" ]; do
        i=$((i + 1))
        cat "$data"
    done | sha256sum | cut -d ' ' -f 1 >"$work/expected"
    asks "/digest?rounds=$rounds" >"$work/seen"
    same "$work/expected" "$work/seen"
    status 400 '/digest?rounds=0'
    status 400 '/digest?rounds=1x'
    status 400 '/digest?rounds=100001'
}

# (Where the linker puts the table of addresses is no call, nor how unwind information is to be read.)
calls_nothing() {
    nm -u "$BUILD/examples/http/sha256.to" | grep -v -E '__(asan|ubsan|tsan)_|(_gp_disp|_GLOBAL_OFFSET_TABLE_|\.TOC\.|__aeabi_unwind_cpp_pr[01])$'
    true
}

check "a file is digested many times over as sha256sum does it" digest_of_file
check "the computing calls nothing" calls_nothing
# wrk's words, without errors among them.
load() {
    wrk -t1 "-c$1" -d2s --timeout 30s "$2" "$3" "http://$address/plaintext" >"$work/wrk" 2>&1 || cat "$work/wrk"
    grep -q -E '^Requests/sec: +[1-9]' "$work/wrk" || cat "$work/wrk"
    grep -E 'Socket errors|Non-2xx' "$work/wrk"
    true
}

check "wrk finds no fault on all processors" load 64 --latency --latency
if [ "${SANITIZE:-}" = thread ]; then
    check "ThreadSanitizer has nothing to complain of" cat "$work/httpd.err"
    skip "it stops when it is told, and the like" "ThreadSanitizer keeps signals back from a thread that sleeps"
    finish
fi
check "it stops when it is told, and nothing is left" stop
check "and says so" await "$work/httpd.out" '^[1-9][0-9]* requests on [1-9][0-9]* connections, 0 goroutines left$'

# ---- under load, on one processor ----

# While one is computed for, another asks a hundred times; both on the same processor. Who asked later is done earlier.
serves_meanwhile() {
    asks "/digest?rounds=$((rounds * 2))" >"$work/late" &
    computing=$!
    until [ -n "$(asks /plaintext)" ] && kill -0 "$computing"; do
        sleep 0.1
    done
    same_text "$(printf '%0100d' 0 | sed 's/0/Hello, World!/g')" "$(asks '/plaintext?[1-100]')"
    [ ! -s "$work/late" ] || echo "the computing was over before"
    wait "$computing"
    grep -q -E '^[0-9a-f]{64}$' "$work/late" || echo "no digest came"
}

cat >"$work/pipeline.lua" <<'LUA'
init = function(args)
    local all = {}
    for i = 1, 16 do all[i] = wrk.format() end
    pipeline = table.concat(all)
end
request = function() return pipeline end
LUA

export GOMAXPROCS=1
check "it starts on one processor" start httpd -l 127.0.0.1:0 -r "$work/root" -d "$data"
check "wrk finds no fault with 64 connections" load 64 --latency --latency
check "nor with 500" load 500 --latency --latency
check "nor with requests in a pipeline" load 64 -s "$work/pipeline.lua"
check "others are served while it computes" serves_meanwhile
check "it stops" stop
unset GOMAXPROCS

# ---- slow clients ----

silence() {
    fresh_input
    talk "$host" "$port" <"$work/quiet_input" >"$work/answer" || echo "status $?"
    cat "$work/answer"
}

# A byte now and then is not enough.
drips() {
    {
        printf 'GET / HTTP/1.1\r\nHost: x\r\nA:'
        while sleep 0.1 && printf 'x'; do
            :
        done
    } 2>/dev/null | talk "$host" "$port" >"$work/answer"
    same_text "HTTP/1.1 408 Request Timeout" "$(head -n 1 "$work/answer" | tr -d '\r')"
}

# More than all buffers on the way take, and nobody reads it. What it says at the end must not take all of the half minute that a
# stop waits.
reads_nothing() {
    truncate -s 100M "$work/root/huge"
    mkfifo "$work/unread"
    exec 6<>"$work/unread"
    printf 'GET /file/huge HTTP/1.1\r\nHost: x\r\n\r\n' | nc "$host" "$port" >"$work/unread" &
    reader=$!
    pids="$pids $reader"
    dd if="$work/unread" bs=1000 count=1 2>/dev/null | grep -q '^HTTP/1.1 200 OK' || echo "no answer began"
    stop 0
    kill "$reader"
    wait "$reader" 2>/dev/null
    exec 6>&-
}

check "it starts with short times" start httpd -l 127.0.0.1:0 -r "$work/root" -i 700 -t 700
check "who says nothing is cut off without a word" silence
check "who does not finish a request is told" says "HTTP/1.1 408 Request Timeout" 'GET / HT'
check "nor does it help to send a byte now and then" drips
check "who does not finish a body is told" says "HTTP/1.1 408 Request Timeout" 'POST /digest HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1234'
check "who does not read its answer is given up" reads_nothing

# ---- limits ----

one_at_a_time() {
    mkfifo "$work/first"
    exec 7<>"$work/first"
    printf 'GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n' >&7
    nc "$host" "$port" <"$work/first" >"$work/first.out" &
    first=$!
    pids="$pids $first"
    await "$work/first.out" 'Hello'
    asks /plaintext >"$work/second.out" &
    second=$!
    sleep 0.5
    [ -s "$work/second.out" ] && echo "the second was served beside the first"
    kill "$first"
    wait "$second"
    same_text "Hello, World!" "$(cat "$work/second.out")"
    wait "$first" 2>/dev/null
    exec 7>&-
}

small_bodies() {
    status 200 /digest -d 1234567890
    status 413 /digest -d 12345678901
}

wrong_options() {
    for wrong in "-c 0" "-c x" "-i 1s" "-z" "word" "-b -1"; do
        # shellcheck disable=SC2086
        timeout 20 ${RUN:-} "$BUILD/examples/httpd" $wrong >"$work/out" 2>"$work/err"
        [ $? -eq 2 ] && grep -q '^usage' "$work/err" || echo "httpd $wrong: no usage"
    done
    for wrong in "-l 127.0.0.1:99999" "-r /no/where -l 127.0.0.1:0" "-d /no/where -l 127.0.0.1:0"; do
        # shellcheck disable=SC2086
        timeout 20 ${RUN:-} "$BUILD/examples/httpd" $wrong >"$work/out" 2>"$work/err"
        [ $? -eq 1 ] && [ -s "$work/err" ] || echo "httpd $wrong: no complaint"
    done
}

check "it starts with small limits" start httpd -l 127.0.0.1:0 -c 1 -b 10
check "there are no more connections than allowed" one_at_a_time
check "nor larger bodies" small_bodies
check "it stops then" stop
check "options that make no sense are refused" wrong_options

# ---- stopping in the middle ----

# Two that are computed for, one that has sent half a body, one that has asked and waits for its next request.
in_the_middle() {
    mkfifo "$work/half" "$work/idle"
    exec 8<>"$work/half" 9<>"$work/idle"
    asks "/digest?rounds=$rounds" -v >"$work/computed1" 2>"$work/sent1" &
    one=$!
    asks "/digest?rounds=$rounds" -v >"$work/computed2" 2>"$work/sent2" &
    two=$!
    printf 'POST /digest HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n' >&8
    talk "$host" "$port" <"$work/half" >"$work/half.out" &
    half=$!
    printf 'GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n' >&9
    talk "$host" "$port" <"$work/idle" >"$work/idle.out" &
    idle=$!
    pids="$pids $one $two $half $idle"
    await "$work/sent1" '^> GET'
    await "$work/sent2" '^> GET'
    await "$work/half.out" '100 Continue'
    await "$work/idle.out" 'Hello'
    printf '12345' >&8
    kill -TERM "$pid"
    ends "$idle" 0
    curl -s -o /dev/null "http://$address/" && echo "a new connection was taken"
    kill -0 "$pid" || echo "it did not wait"
    printf '67890' >&8
    ends "$half" 0
    wait "$one" "$two"
    ends "$pid" 0
    grep -q -a "^$(printf 1234567890 | sha256sum | cut -d ' ' -f 1)\$" "$work/half.out" || cat "$work/half.out"
    same "$work/computed1" "$work/computed2"
    grep -q -E '^[0-9a-f]{64}$' "$work/computed1" || echo "no digest came"
    await "$work/httpd.out" '^[45] requests on [45] connections, 0 goroutines left$'
}

gives_up() {
    fresh_input
    printf 'GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\nGET /' >&5
    talk "$host" "$port" <"$work/quiet_input" >"$work/answer" &
    client=$!
    await "$work/answer" 'Hello'
    stop 1
    wait "$client"
    await "$work/httpd.out" ' 0 goroutines left$'
}

stops_under_load() {
    # After the end nobody answers any more: that is no time-out yet, also where other programs make the three seconds longer.
    wrk -t1 -c64 -d3s --timeout 20s "http://$address/plaintext" >"$work/wrk" 2>&1 &
    load=$!
    sleep 1
    stop 0
    wait "$load"
    grep -E 'Non-2xx|timeout [1-9]' "$work/wrk"
    await "$work/httpd.out" '^[0-9]+ requests on [0-9]+ connections, 0 goroutines left$'
}

# With patience for a machine on which a digest takes ten times as long.
check "it starts once more" start httpd -l 127.0.0.1:0 -d "$data" -g 60000 -t 60000
check "told to stop, it answers all that has begun to come in, and only that" in_the_middle
check "it starts with little patience" start httpd -l 127.0.0.1:0 -g 300
check "who does not finish when it stops is cut off, and it says so by its status" gives_up
check "it starts for a load" start httpd -l 127.0.0.1:0
check "it stops while all its connections are busy" stops_under_load

finish
