#!/bin/sh
# A browser loads a page from the web server, runs its script, which asks for two more, and shows what came.
# SPDX-License-Identifier: MIT
. tests/tap.sh
. tests/servers/server.sh

check "the browser is there" needs chromium

# The page as the browser has it in the end; its own complaints about the machine are shown only if it does not get that far.
loads() {
    HOME=$work timeout -k 5 300 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking \
        --no-first-run --user-data-dir="$work/profile" --virtual-time-budget=20000 --dump-dom "http://$address/" \
        >"$work/dom" 2>"$work/complaints"
    status=$?
    digest=$(printf 'sent by the script' | sha256sum | cut -d ' ' -f 1)
    if [ "$status" -ne 0 ] || ! grep -q '<p id="plaintext">Hello, World!</p>' "$work/dom" ||
        ! grep -q "<p id=\"digest\">$digest" "$work/dom"; then
        echo "status $status"
        cat "$work/dom" "$work/complaints"
    fi
}

check "the server starts" start httpd -l 127.0.0.1:0
check "the browser shows what its script was answered" loads
if [ "${SANITIZE:-}" = thread ]; then
    skip "the server stops" "ThreadSanitizer keeps signals back from a thread that sleeps"
    finish
fi
check "the server stops" stop
check "and was asked three times at least" await "$work/httpd.out" '^([3-9]|[1-9][0-9]+) requests .* 0 goroutines left$'

finish
