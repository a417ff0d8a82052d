// What unwinding.t builds: C++ in goroutines that are preempted: exceptions, what is done once for a static, backtraces. Prints TAP.
//
// SPDX-License-Identifier: MIT
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <execinfo.h>
#include <stdexcept>
#include <string>
#include "hazard/identity.h"

enum { GOROUTINES = 8, ROUNDS = 300, DEPTH = 10, WORK = 2000 };

static std::atomic<int> wrong;

static void linger(int turns)
{
    for (int i = 0; i < turns; i++)
        __asm__ volatile("" : "+r"(i));
}

// ---- a crew ----

struct crew {
    void (*fn)(int index);
    go_waitgroup left;
    std::atomic<int> next;
};

static void work(void *arg)
{
    crew *c = static_cast<crew *>(arg);
    c->fn(c->next++);
    go_waitgroup_done(&c->left);
}

static void run(void (*fn)(int index))
{
    crew c = {};
    c.fn = fn;
    go_waitgroup_add(&c.left, GOROUTINES);
    for (int i = 0; i < GOROUTINES; i++)
        if (go_spawn(work, &c) != 0)
            abort();
    go_waitgroup_wait(&c.left);
}

static uint64_t preemptions()
{
    go_stats s = {};
    go_stats_read(&s, sizeof s);
    return s.preemptions;
}

// Again and again, until it was preempted often; who yields all the time hardly is, and has a second.
static void check(int number, void (*fn)(int index), const char *promise)
{
    uint64_t before = preemptions();
    int64_t end = go_now() + GO_SECOND;
    wrong = 0;
    do
        run(fn);
    while (preemptions() < before + 1000 && go_now() < end);
    printf("%sok %d - %s\n", wrong ? "not " : "", number, promise);
    fflush(stdout);
}

// ---- exceptions: what flies and what was caught is in thread-locals of the C++ library ----

struct counted {
    int *alive;
    explicit counted(int *n) : alive(n) { ++*alive; }
    ~counted()
    {
        linger(WORK / 20);
        --*alive;
    }
};

__attribute__((noinline)) static int descend(int depth, int *alive, int value)
{
    counted here(alive);
    linger(WORK / DEPTH);
    if (depth == 0)
        throw std::runtime_error(std::to_string(value));
    return descend(depth - 1, alive, value) + 1;
}

static void throw_and_catch(int index)
{
    identity_begin();
    for (int i = 0; i < ROUNDS; i++) {
        int alive = 0, value = index * 1000 + i;
        try {
            descend(DEPTH, &alive, value);
            wrong++;
        } catch (const std::runtime_error &e) {
            linger(WORK);
            wrong += alive != 0 || atoi(e.what()) != value;
        }
    }
    identity_end();
}

// Again and again something is thrown, caught, and thrown on: what was caught is the goroutine's own, whatever happens in between.
static void throw_on(int index, int rounds, void (*in_catch)(int round))
{
    identity_begin();
    for (int i = 0; i < rounds; i++) {
        int value = index * 1000 + i;
        try {
            try {
                throw value;
            } catch (int) {
                in_catch(i);
                throw;
            }
        } catch (int got) {
            wrong += got != value || std::uncaught_exception();
        }
    }
    identity_end();
}

static void catch_another(int)
{
    linger(WORK);
    try {
        throw std::string("another");
    } catch (const std::string &) {
        linger(WORK);
    }
}

static void throw_again(int index)
{
    throw_on(index, ROUNDS, catch_another);
}

// The C++ library has a list of what was caught, in a thread-local, and counts what flies. Who waits meanwhile goes on with them on
// whatever thread, preempted before or not.
static void yield_often(int round)
{
    if (round % 2)
        linger(WORK);
    go_yield();
    try {
        throw std::string("another");
    } catch (const std::string &) {
        go_yield();
    }
    go_yield();
}

static void wait_in_catch(int index)
{
    throw_on(index, ROUNDS / 3, yield_often);
}

struct waiter {
    ~waiter()
    {
        wrong += !std::uncaught_exception();
        go_yield();
        wrong += !std::uncaught_exception();
        try {
            throw 1;
        } catch (int) {
            go_yield();
        }
    }
};

static void wait_in_destructor(int index)
{
    identity_begin();
    for (int i = 0; i < ROUNDS / 3; i++) {
        int value = index * 1000 + i;
        try {
            waiter w;
            throw value;
        } catch (int got) {
            wrong += got != value || std::uncaught_exception();
        }
        go_yield();
        wrong += std::uncaught_exception() || std::current_exception();
    }
    identity_end();
}

// From one identity to another without a switch, and back with another catch block.
static void change_identity(int)
{
    wrong += go_lock_thread() != 0;
    go_yield();
    try {
        throw;
    } catch (int) {
        wrong += go_lock_identity() != 0;
        wrong += go_unlock_thread() != 0;
        go_yield();
    }
    wrong += go_unlock_identity() != 0;
}

static void change_in_catch(int index)
{
    throw_on(index, ROUNDS / 3, change_identity);
}

// ---- statics ----

template <int n> struct slow {
    static std::atomic<int> made;
    int value;
    slow()
    {
        linger(20 * WORK);
        made++;
        value = n;
    }
};
template <int n> std::atomic<int> slow<n>::made;

template <int n> static void use_static()
{
    static slow<n> s;
    wrong += s.value != n || slow<n>::made != 1;
    use_static<n - 1>();
}
template <> void use_static<0>() {}

static void use_statics(int)
{
    use_static<100>();
}

// ---- backtraces ----

__attribute__((noinline)) static int frames(int depth)
{
    void *addresses[64];
    int n = depth ? frames(depth - 1) : backtrace(addresses, 64);
    linger(WORK / DEPTH);
    return n;
}

static void take_backtraces(int)
{
    static std::atomic<int> expected;
    for (int i = 0; i < ROUNDS; i++) {
        int n = frames(DEPTH), none = 0;
        linger(WORK);
        wrong += n < DEPTH || (!expected.compare_exchange_strong(none, n) && none != n);
    }
}

int main()
{
    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    printf("1..7\n");
    check(1, throw_and_catch, "exceptions are caught, with all destructors run, while others are preempted");
    check(2, throw_again, "what was caught is thrown again");
    check(3, wait_in_catch, "who waits in a catch block keeps what it has caught");
    check(4, wait_in_destructor, "an exception flies on though a destructor waits, and is nobody else's");
    check(5, change_in_catch, "who gets another identity in a catch block keeps what it has caught");
    check(6, use_statics, "a static is made once, and nobody sees it before");
    check(7, take_backtraces, "a backtrace is whole, whoever is preempted meanwhile");
    return 0;
}
