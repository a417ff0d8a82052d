/* Signals to oneself, and what a failed assertion says: as libc has it, whichever of the two does it.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include "base/sanitize.h"
#include "os/os.h"
#include "tap.h"

/* ---- who gets them ---- */

static _Thread_local volatile sig_atomic_t heard;

static void hear(int number)
{
    heard = number;
}

static atomic_int ready;

static void *wait_to_hear(void *arg)
{
    (void)arg;
    atomic_store(&ready, 1);
    while (!heard)
        usleep(1000);
    return NULL;
}

static void test_receivers(void)
{
    pthread_t thread;
    signal(SIGUSR1, hear);
    OK(raise(SIGUSR1) == 0 && heard == SIGUSR1, "raise comes back when the handler has run");
    heard = 0;
    OK(pthread_kill(pthread_self(), SIGUSR1) == 0 && heard == SIGUSR1, "so does pthread_kill of the caller");
    heard = 0;
    pthread_create(&thread, NULL, wait_to_hear, NULL);
    while (!atomic_load(&ready))
        usleep(1000);
    OK(pthread_kill(thread, 0) == 0 && pthread_kill(thread, SIGUSR1) == 0, "pthread_kill sends to another thread");
    pthread_join(thread, NULL);
    OK(!heard, "and to no other than that");
}

static void test_numbers(void)
{
    errno = 0;
    OK(raise(4711) == -1 && errno == EINVAL, "a number that no signal has is an error");
    errno = 77;
    OK(pthread_kill(pthread_self(), 4711) == EINVAL && errno == 77, "which pthread_kill returns");
    OK(raise(0) == 0 && pthread_kill(pthread_self(), 0) == 0, "0 is no signal, and none");
#if defined(__GLIBC__)
    OK(raise(__SIGRTMIN) == -1 && pthread_kill(pthread_self(), __SIGRTMIN) == EINVAL, "what libc has to itself is refused");
#endif
}

/* It has the parent's memory, and its own number. */
__attribute__((noinline)) static int end_of_a_vfork(void)
{
    int status = 0;
    pid_t child = vfork();
    if (child == 0) {
        raise(SIGTERM);
        _exit(0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* ---- what an assertion says ---- */

enum { MOST = 4096 };

typedef void fail_fn(void);
static char long_word[3000];

/* libc's function of that name; NULL: it cannot be had. */
#pragma weak dlsym
static void *libcs(const char *name)
{
    return dlsym != NULL ? dlsym(RTLD_NEXT, name) : NULL;
}

static void die_quietly(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    forget_handler(SIGABRT);
}

/* What it writes as it dies of SIGABRT. */
static void words_of(fail_fn *fail, char words[MOST])
{
    int ends[2], status;
    size_t size = 0;
    if (pipe(ends) != 0)
        abort();
    pid_t child = fork();
    if (child == 0) {
        die_quietly();
        dup2(ends[1], STDERR_FILENO);
        fail();
        _exit(0);
    }
    close(ends[1]);
    for (long got; (got = read(ends[0], words + size, MOST - 1 - size)) > 0;)
        size += (size_t)got;
    words[size] = '\0';
    close(ends[0]);
    if (waitpid(child, &status, 0) != child || !died_of(status, SIGABRT))
        strcpy(words, "it did not abort");
}

static bool say_the_same(fail_fn *one, fail_fn *other)
{
    static char a[MOST], b[MOST];
    words_of(one, a);
    words_of(other, b);
    if (strcmp(a, b) == 0 && strchr(a, '\n') != NULL)
        return true;
    printf("# ours:   %s# libc's: %s", a, b);
    return false;
}

static void fail_as_ours(void)
{
    __assert_fail("one == two", "file.c", 4711, "function");
}
static void fail_as_libcs(void)
{
    ((__typeof__(__assert_fail) *)libcs("__assert_fail"))("one == two", "file.c", 4711, "function");
}
static void fail_long_as_ours(void)
{
    __assert_fail(long_word, "file.c", 1, "function");
}
static void fail_long_as_libcs(void)
{
    ((__typeof__(__assert_fail) *)libcs("__assert_fail"))(long_word, "file.c", 1, "function");
}

#if defined(__GLIBC__)

extern char *__progname;

static void fail_nameless_as_ours(void)
{
    __progname = "";
    __assert("one", "file.c", 7);
}
static void fail_nameless_as_libcs(void)
{
    __progname = "";
    ((__typeof__(__assert) *)libcs("__assert"))("one", "file.c", 7);
}
static void fail_with_error_as_ours(void)
{
    __progname = "another";
    __assert_perror_fail(EINVAL, "file.c", 7, "function");
}
static void fail_with_error_as_libcs(void)
{
    __progname = "another";
    ((__typeof__(__assert_perror_fail) *)libcs("__assert_perror_fail"))(EINVAL, "file.c", 7, "function");
}

static void test_words_of_glibc(void)
{
    OK(say_the_same(fail_nameless_as_ours, fail_nameless_as_libcs), "without the names of the program and the function too");
    OK(say_the_same(fail_with_error_as_ours, fail_with_error_as_libcs), "and what an unexpected error is");
}

#else

static void test_words_of_glibc(void)
{
}

#endif

static void test_words(void)
{
    if (libcs("__assert_fail") == NULL) {
        tap_skip("a failed assertion says what libc's says", "libc's cannot be had");
        return;
    }
    memset(long_word, 'x', sizeof long_word - 1);
    OK(say_the_same(fail_as_ours, fail_as_libcs), "a failed assertion says what libc's says");
    OK(say_the_same(fail_long_as_ours, fail_long_as_libcs), "however long it is");
    test_words_of_glibc();
}

/* ---- abort ---- */

static void end_in_handler(int number)
{
    (void)number;
    _exit(44);
}

static void abort_masked(void)
{
    sigset_t all;
    die_quietly();
    signal(SIGABRT, end_in_handler);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    abort();
}

static void abort_deaf(void)
{
    die_quietly();
    signal(SIGABRT, hear);
    abort();
}

int main(void)
{
    test_receivers();
    test_numbers();
    OK(died_of(end_of_a_vfork(), SIGTERM), "the child of a vfork has the signal that it raises, and not the parent");
    test_words();
    OK(exited(in_child(abort_masked), 44), "abort calls the program's handler, even if the signal was masked");
    OK(died_of(in_child(abort_deaf), SIGABRT), "and ends the process if that returns");
    return tap_end();
}
