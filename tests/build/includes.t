#!/bin/sh
# The floors of src/ hold, and tools/check-includes finds what breaks them.
# SPDX-License-Identifier: MIT
. tests/tap.sh

check "the tree keeps to its floors" tools/check-includes

# plant FILE TEXT...: a tree that has that file alone, whose lines are the texts.
plant() {
    rm -rf "$work/tree"
    file=$1
    shift
    mkdir -p "$work/tree/$(dirname "$file")"
    printf '%s\n' "$@" >"$work/tree/$file"
}

# found LINE...: check-includes fails and names just those lines of the planted file.
found() {
    tools/check-includes "$work/tree" >"$work/found" 2>&1
    [ $? -eq 1 ] || { echo "the exit status is not 1"; cat "$work/found"; return 1; }
    sed 's/^\([^:]*:[0-9]*\): .*/\1/' "$work/found" >"$work/seen"
    for line; do
        echo "$file:$line"
    done | same - "$work/seen"
}

silent() {
    tools/check-includes "$work/tree"
}

plant src/base/x.c '#include "arch/arch.h"' '#include "base/list.h"' '#include "sched/sched.h"'
check "the ground floor may not include a higher one" found 1 3
plant src/arch/amd64/x.c '#include "arch/arch.h"' '#include "base/base.h"' '#include "os/os.h"'
check "arch may not include os" found 3
plant src/os/linux/x.c '#include "os/os.h"' '#include "arch/arch.h"' '#  include  "sched/sched.h"'
check "os may include arch, and nothing above" found 3
plant src/sched/x.h '#include "sched/runtime.h"' '#include "chan/chan.h"' '#include "arch/arch.h"' '#include "os/os.h"'
check "the scheduler may not include a channel" found 2
plant src/chan/x.c '#include "sched/sched.h"' '#include "sync/mutex.h"' '#include "chan/chan.h"' '#include "net/poller.h"'
check "siblings may not include each other" found 2 4
plant src/sync/x.c '#include "time/timer.h"' '#include "context/context.h"'
check "floor 3 may not include floor 4" found 1 2
plant src/time/x.c '#include "chan/chan.h"' '#include "context/context.h"'
check "time may not include context" found 2
plant src/chan/x.c '#include "sched/runtime.h"' '#include "sched/sched.h"' '#include "sched/monitor.h"'
check "of the scheduler others see sched.h alone" found 1 3
plant src/chan/x.c '#include "chan.h"' '#include "../sched/sched.h"'
check "an include spells its path from src/" found 1 2
plant src/extra/x.c 'int x;'
check "a folder that stands on no floor is found" found 1
plant src/sched/x.c '#if defined(__x86_64__) || defined(__aarch64__)' '    __asm__ volatile("pause");' '#endif' 'int arm64;'
check "a CPU may not be named above its floor" found 1 2 4
plant src/net/x.c '#ifdef __linux__' '    epoll_ctl(fd, op, fd, 0);' 'ucontext_t *u; struct sigaction a;' 'os_wait(SYS_futex);' \
    '#include <sys/epoll.h>' '#include <pthread.h>' 'raise(SIGURG);'
check "an OS may not be named above its floor" found 1 2 3 4 5 6 7
plant src/base/x.c 'int futex;'
check "nor below it" found 1
plant src/chan/x.c '/* epoll, futex' ' * __x86_64__' ' */ int x; // sigaction' 'int y; /* mmap */ int mmap;'
check "comments may name what they like, code behind them may not" found 4
plant src/sched/x.c 'const char *s = "/*"; int futex;'
check "a quoted comment is none" found 1
plant src/sched/x.c '#include <stdint.h>' '#include "goroutine/task.h"' '#include "goroutine.h"' '    __asm__ volatile("" ::: "memory");' \
    '#include "base/base.h"' '#include "sched/runtime.h"' 'int futexes, alarm, x86ish;'
check "what is allowed is not complained of" silent
plant src/os/linux/x.c '#include <sys/epoll.h>' '    syscall(SYS_futex);' 'ucontext_t u;'
check "the OS floor may name its OS" silent
mkdir -p "$work/empty"
check "a tree without sources is an error" fails tools/check-includes "$work/empty"

finish
