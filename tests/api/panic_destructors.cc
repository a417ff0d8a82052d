// What panic_destructors.t builds: C++ destructors run when a panic lands beyond their frames. Prints TAP.
//
// SPDX-License-Identifier: MIT
#include <cxxabi.h>
#include <pthread.h>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include "goroutine.h"

static char marks[32];
static int failures, number;

struct Marker {
    char which;
    explicit Marker(char c) : which(c) {}
    ~Marker() { marks[strlen(marks)] = which; }
};

static int *volatile nowhere;
static void (*volatile no_function)();

__attribute__((noinline)) static void panics() { go_panic("from C++ %d", 7); }
__attribute__((noinline)) static void faults() { *nowhere = 1; }

static void with_destructors(void *fail)
{
    Marker a('a');
    {
        Marker b('b');
        reinterpret_cast<void (*)()>(fail)();
    }
    marks[strlen(marks)] = '!';
}

static void faults_itself(void *)
{
    Marker c('c');
    *nowhere = 1;
    marks[strlen(marks)] = '!';
}

static void calls_nothing(void *)
{
    Marker a('a');
    {
        Marker b('b');
        no_function(); // the last that is covered by b: the place that it would return to is not
    }
    marks[strlen(marks)] = '!';
}

static void caught_and_thrown_on(void *fail)
{
    Marker a('a');
    try {
        Marker b('b');
        reinterpret_cast<void (*)()>(fail)();
    } catch (...) {
        marks[strlen(marks)] = 'x';
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
        marks[strlen(marks)] = strcmp(e.what(), "ours") == 0 ? 'e' : '?';
    }
    panics();
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
    go_panic_info info;
    memset(marks, 0, sizeof marks);
    int tried = go_try(fn, reinterpret_cast<void *>(fail), &info);
    tell(tried == 1 && strcmp(marks, expected) == 0, what, expected);
}

static go_panic_verdict end_it(const go_panic_info *) { return GO_PANIC_END; }

static void leaves(void *)
{
    Marker a('a');
    go_exit();
}

static void exits() { pthread_exit(nullptr); }

static void cancels_itself()
{
    pthread_cancel(pthread_self());
    pthread_testcancel();
}

static void mark_handled(void *) { marks[strlen(marks)] = 'h'; }

// <pthread.h> makes an object of the handler.
static void with_handler(void *fail)
{
    Marker a('a');
    try {
        pthread_cleanup_push(mark_handled, nullptr);
        Marker b('b');
        reinterpret_cast<void (*)()>(fail)();
        pthread_cleanup_pop(0);
    } catch (abi::__forced_unwind &) {
        marks[strlen(marks)] = 'x';
        throw;
    }
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
    puts("1..11");
    check("destructors run in a panic", "ba", with_destructors, panics);
    check("destructors run after a fault in a function that was called", "ba", with_destructors, faults);
    check("destructors of the function that calls no function run", "ba", calls_nothing, faults);
#ifdef __clang__
    printf("ok %d - destructors of the function that faults run # SKIP clang does not have -fnon-call-exceptions\n", ++number);
    (void)faults_itself;
#else
    check("destructors of the function that faults run", "c", faults_itself, faults);
#endif
    check("who catches everything sees a panic pass, and throws it on", "bxa", caught_and_thrown_on, panics);
    check("exceptions work beside panics", "bea", throws_inside, panics);
    go_on_panic(end_it);
    check_end("destructors run where the handler has the goroutine end", "ba", with_destructors, panics);
    check_end("destructors run in go_exit", "a", leaves, nullptr);
    check_end("destructors run in pthread_exit", "ba", with_destructors, exits);
    check_end("who catches the end of a thread sees pthread_exit pass", "bhxa", with_handler, exits);
    check_end("and pthread_cancel", "bhxa", with_handler, cancels_itself);
    return failures != 0;
}
