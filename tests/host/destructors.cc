// What destructors.t builds: C++ destructors run when a panic lands beyond their frames, and when their goroutine ends. Prints TAP.
//
// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include "goroutine.h"

static char marks[32];
static int failures, number;

static void mark(char which) { marks[strlen(marks)] = which; }

struct Marker {
    char which;
    explicit Marker(char c) : which(c) {}
    ~Marker() { mark(which); }
};

struct Yielder {
    ~Yielder() { go_yield(); }
};

__attribute__((noinline)) static void panics() { go_panic("from C++ %d", 7); }
__attribute__((noinline)) static void exits() { go_exit(); }

static void with_destructors(void *fail)
{
    Marker a('a');
    {
        Marker b('b');
        reinterpret_cast<void (*)()>(fail)();
    }
    mark('!');
}

static void caught_and_thrown_on(void *fail)
{
    Marker a('a');
    try {
        Marker b('b');
        reinterpret_cast<void (*)()>(fail)();
    } catch (const std::exception &) {
        mark('!');
    } catch (...) {
        mark('x');
        throw;
    }
}

static void throws_inside(void *)
{
    Marker a('a');
    try {
        Marker b('b');
        throw std::runtime_error("ours");
    } catch (const std::exception &e) {
        mark(strcmp(e.what(), "ours") == 0 ? 'e' : '?');
    }
    panics();
}

static void tries_inside(void *)
{
    Marker a('a');
    if (go_try(with_destructors, reinterpret_cast<void *>(panics), nullptr) == 1)
        mark('t');
    panics();
}

static void waits_meanwhile(void *)
{
    Marker a('a');
    try {
        Yielder y;
        panics();
    } catch (...) {
        mark('x');
        throw;
    }
}

static void tell(bool ok, const char *what, const char *expected)
{
    printf("%sok %d - %s\n", ok ? "" : "not ", ++number, what);
    if (ok)
        return;
    printf("# marks \"%s\", expected \"%s\"\n", marks, expected);
    failures++;
}

static void check(const char *what, const char *expected, void (*fn)(void *), void (*fail)())
{
    memset(marks, 0, sizeof marks);
    int tried = go_try(fn, reinterpret_cast<void *>(fail), nullptr);
    tell(tried == 1 && strcmp(marks, expected) == 0 && !std::uncaught_exception(), what, expected);
}

static go_panic_verdict end_it(const go_panic_info *) { return GO_PANIC_END; }

static void exits_in_a_try(void *)
{
    Marker c('c');
    go_try(with_destructors, reinterpret_cast<void *>(exits), nullptr);
    mark('!');
}

static void check_end(const char *what, const char *expected, void (*fn)(void *), void (*fail)())
{
    memset(marks, 0, sizeof marks);
    go_spawn(fn, reinterpret_cast<void *>(fail));
    while (go_count() > 1)
        go_yield();
    tell(strcmp(marks, expected) == 0, what, expected);
}

static void catches(void *)
{
    try {
        panics();
    } catch (...) {
    }
}

int main(int argc, char **)
{
    if (argc > 1)
        return go_try(catches, nullptr, nullptr);
    puts("1..8");
    check("destructors run in a panic", "ba", with_destructors, panics);
    check("who catches everything sees a panic pass, and throws it on", "bxa", caught_and_thrown_on, panics);
    check("exceptions work beside panics", "bea", throws_inside, panics);
    check("destructors run in each go_try", "bata", tries_inside, panics);
    check("a destructor may wait meanwhile", "xa", waits_meanwhile, nullptr);
    go_on_panic(end_it);
    check_end("destructors run where the handler has the goroutine end", "ba", with_destructors, panics);
    check_end("destructors run in go_exit", "ba", with_destructors, exits);
    check_end("destructors run in go_exit through a go_try", "bac", exits_in_a_try, nullptr);
    return failures != 0;
}
