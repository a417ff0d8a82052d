#!/bin/sh
# In a static program libc's text is not told from the program's: there goroutines are taken off in both, and keep their identity. And
# no library stands before libc there, so that mutexes which pass on priority are found out in another way.
# SPDX-License-Identifier: MIT
. tests/tap.sh
: "${CC:=cc}" "${RUN:=}" "${BUILD:=build}"

cat >"$work/static.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "goroutine.h"

static void print(void *arg)
{
    char text[64], *memory[16] = {0};

    for (long i = 0; i < 200000; i++) {
        char **one = &memory[i % 16];
        if (*one && (*one)[0] != *(char *)arg)
            abort();
        free(*one);
        *one = malloc(10 + (size_t)i % 500);
        memset(*one, *(char *)arg, 10);
        snprintf(text, sizeof text, "%ld %f", i, (double)i);
        if (strtol(text, NULL, 10) != i)
            abort();
    }
}

int main(void)
{
    struct go_stats s;

    go_maxprocs(2);
    go_slice(20000);
    for (int round = 0; round < 20; round++) { /* until it was asked for often enough: the first identities have to be made first */
        for (char name = 'a'; name < 'i'; name++) {
            char *own = malloc(1);
            *own = name;
            go_spawn(print, own);
        }
        while (go_count() > 1)
            go_sleep(1000000);
        go_stats_read(&s, sizeof s);
        if (s.preempt_requests >= 500)
            break;
    }
    if (s.preemptions < 50 || s.preemptions * 10 < s.preempt_requests * 8)
        printf("taken off %d times, asked %d times\n", (int)s.preemptions, (int)s.preempt_requests);
    return 0;
}
END

cat >"$work/priority.c" <<'END'
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include "goroutine.h"

static pthread_mutex_t mutex;
static volatile long inside, wrong, volatile_work;

static void own(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        int locked = pthread_mutex_lock(&mutex) == 0, alone = inside++ == 0;
        for (int j = 0; j < 1000; j++)
            volatile_work = j;
        inside--;
        if (pthread_mutex_unlock(&mutex) != 0 || !locked || !alone)
            wrong++;
    }
    (void)arg;
}

int main(void)
{
    static const int protocols[] = {PTHREAD_PRIO_PROTECT, PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT};
    pthread_mutexattr_t attr;
    int now, type;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    for (int i = pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_PROTECT) == ENOTSUP; i < 3; i++) /* musl has no ceilings */
        if (pthread_mutexattr_setprotocol(&attr, protocols[i]) != 0 || pthread_mutexattr_getprotocol(&attr, &now) != 0 || now != protocols[i])
            printf("protocol %d is not set\n", protocols[i]);
    if (pthread_mutexattr_setprotocol(&attr, 4711) == 0 || pthread_mutexattr_gettype(&attr, &type) != 0 || type != PTHREAD_MUTEX_ERRORCHECK)
        printf("what is no protocol is set, or the type has changed\n");
    pthread_mutex_init(&mutex, &attr);
    go_maxprocs(2);
    go_slice(20000);
    for (int i = 0; i < 8; i++)
        go_spawn(own, NULL);
    while (go_count() > 1)
        go_sleep(1000000);
    if (wrong)
        printf("%ld times the owner was not the owner\n", wrong);
    return 0;
}
END

# Each thread or goroutine leaves marks in its handlers; what none should come to is an exclamation mark.
cat >"$work/ending.c" <<'END'
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "goroutine.h"

static char marks[64];

static void mark(void *which) { strcat(marks, which); }

static void end(const char *how)
{
    pthread_cleanup_push(mark, "o");
    pthread_cleanup_push(mark, "x");
    pthread_cleanup_pop(0);
    pthread_cleanup_push(mark, "i");
    if (*how == 'a')
        pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    if (*how == 'e')
        pthread_exit(marks);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cancel(pthread_self());
    pthread_testcancel();
    mark("-");
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    if (*how == 'p')
        poll(NULL, 0, 0);
    pthread_testcancel();
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    mark("!");
}

static void run(void *how) { end(how); }
static void *run_thread(void *how) { end(how); return NULL; }

static void compare(const char *who, const char *how, const char *expected)
{
    if (strcmp(marks, expected) != 0)
        printf("%s, %s: \"%s\", expected \"%s\"\n", who, how, marks, expected);
    marks[0] = 0;
}

static void go_all_ways(void)
{
    static const char *const ways[] = {"exit", "async", "poll", "test"};

    for (int i = 0; i < 4; i++) {
        const char *expected = i == 0 ? "io" : "-io";
        void *value = NULL;
        pthread_t thread;
        pthread_create(&thread, NULL, run_thread, (void *)ways[i]);
        pthread_join(thread, &value);
        if (i != 1 && value != (i == 0 ? marks : PTHREAD_CANCELED)) /* glibc 2.36 forgets to set it where a thread is enabled */
            printf("a thread, %s: its value is %p\n", ways[i], value);
        compare("a thread", ways[i], expected);
        go_spawn(run, (void *)ways[i]);
        while (go_count() > 1)
            go_yield();
        compare("a goroutine", ways[i], expected);
    }
}

int main(void)
{
    for (int i = 0; i < 20; i++)
        go_all_ways();
    pthread_exit(NULL);
}
END

cat >"$work/raising.c" <<'END'
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include "goroutine.h"

static _Thread_local volatile int heard;
static atomic_long missed;

static void hear(int number) { heard = number; }

__attribute__((noinline)) static int hears(void)
{
    heard = 0;
    if (raise(SIGUSR1) != 0 || !heard)
        return 0;
    heard = 0;
    return pthread_kill(pthread_self(), SIGUSR1) == 0 && heard;
}

static void raise_often(void *unused)
{
    for (int i = 0; i < 10000; i++)
        missed += !hears();
    (void)unused;
}

int main(void)
{
    signal(SIGUSR1, hear);
    go_maxprocs(2);
    go_slice(20000);
    for (int i = 0; i < 8; i++)
        go_spawn(raise_often, NULL);
    while (go_count() > 1)
        go_sleep(1000000);
    if (missed)
        printf("%ld times the handler had not run\n", missed);
    return 0;
}
END

links() {
    $CC -std=gnu11 -O1 "$1" -Iinclude -o "$work/$2" "$work/$2.c" "$BUILD/libgoroutine.a" -pthread
}

goes_right() {
    $RUN "$work/$1"
}

links_and_goes_right() {
    links -g "$1" && goes_right "$1"
}

promise="goroutines of a static program are taken off inside libc, and nothing breaks"
if [ -n "${SANITIZE:-}" ]; then
    skip "$promise" "a sanitizer is no static library"
elif ! links -static static 2>/dev/null; then
    skip "$promise" "the compiler can not link one"
else
    check "$promise" goes_right static
fi

promise="a signal to oneself is handled before raise and pthread_kill return"
if [ -n "${SANITIZE:-}" ]; then
    skip "$promise" "the linking is another one"
else
    check "$promise" links_and_goes_right raising
    promise="$promise in a static program too"
    if links -static raising 2>/dev/null; then
        check "$promise" goes_right raising
    else
        skip "$promise" "the compiler can not link one"
    fi
fi

cat >"$work/turned.c" <<'END'
#include "emulator.h"

int main(void)
{
    return emulated_turned() ? 0 : 1;
}
END

promise="the kernel knows the owner of a mutex that passes on priority"
if [ -n "${SANITIZE:-}" ]; then
    skip "$promise" "the linking is another one"
elif links -Itests turned && goes_right turned; then
    skip "$promise" "the emulator has no such mutexes"
else
    check "$promise" links_and_goes_right priority
    promise="$promise in a static program too"
    if links -static priority 2>/dev/null; then
        check "$promise" goes_right priority
    else
        skip "$promise" "the compiler can not link one"
    fi
fi

promise="the end of a thread in a static program is what it is, and what a goroutine makes of it"
if [ -n "${SANITIZE:-}" ]; then
    skip "$promise" "a sanitizer is no static library"
elif links -static ending 2>/dev/null; then
    check "$promise" goes_right ending
else
    skip "$promise" "the compiler can not link one"
fi
finish
