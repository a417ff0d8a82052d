/* Last words and the end: everything is written, and the end comes whatever the program has set up against it.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include "os/os.h"
#include "tap.h"

/* ---- writing ---- */

enum { LONG_TEXT = 1 << 20 };

static int ends[2];
static size_t received;
static bool intact = true;

static void *read_slowly(void *arg)
{
    static char block[70001];
    (void)arg;
    for (long got; (got = read(ends[0], block, sizeof block)) > 0; received += (size_t)got) {
        for (long i = 0; i < got; i++)
            intact = intact && block[i] == (char)((received + (size_t)i) % 251);
        usleep(2000);
    }
    return NULL;
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
}

static void test_write(void)
{
    static char text[LONG_TEXT];
    struct sigaction action = {.sa_handler = on_alarm}; /* without SA_RESTART */
    struct itimerval every = {{0, 500}, {0, 500}}, never = {0};
    sigset_t alarm_only;
    pthread_t reader;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i % 251);
    if (pipe(ends) != 0)
        abort();
    sigaction(SIGALRM, &action, NULL);
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm_only, NULL);
    pthread_create(&reader, NULL, read_slowly, NULL);
    pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    os_write(ends[1], text, sizeof text);
    setitimer(ITIMER_REAL, &never, NULL);
    close(ends[1]);
    pthread_join(reader, NULL);
    OK(received == sizeof text && intact, "all is written, through signals and a full pipe");
    errno = 77;
    os_write(-1, "x", 1);
    OK(errno == 77, "what can not be written is given up, and errno is left alone");
}

static void write_where_nobody_reads(void)
{
    signal(SIGPIPE, SIG_IGN);
    int full[2];
    static char text[LONG_TEXT];
    if (pipe2(full, O_NONBLOCK) != 0)
        _exit(2);
    alarm(20);
    os_write(full[1], text, sizeof text);
    close(full[0]);
    os_write(full[1], text, sizeof text);
}

/* ---- ending ---- */

static void on_exit_fails(void)
{
    _exit(9);
}

static void exit_at_once(void)
{
    atexit(on_exit_fails);
    os_exit(42);
}

static void *exit_from_thread(void *arg)
{
    (void)arg;
    os_exit(43);
}

static void exit_elsewhere(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, exit_from_thread, NULL);
    for (;;)
        pause();
}

static void no_core(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    forget_handler(SIGABRT);
}

static void abort_plainly(void)
{
    no_core();
    os_abort();
}

static void abort_against_all(void)
{
    sigset_t all;
    no_core();
    signal(SIGABRT, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    os_abort();
}

static void exit_in_handler(int signal_number)
{
    (void)signal_number;
    _exit(44);
}

static void abort_with_handler(void)
{
    no_core();
    signal(SIGABRT, exit_in_handler);
    os_abort();
}

static void abort_with_deaf_handler(void)
{
    no_core();
    signal(SIGABRT, on_alarm);
    os_abort();
}

int main(void)
{
    test_write();
    OK(exited(in_child(write_where_nobody_reads), 0), "a reader that does not read, or is gone, does not stop the process");
    OK(exited(in_child(exit_at_once), 42), "the process ends with the status, at once");
    OK(exited(in_child(exit_elsewhere), 43), "from any thread");
    OK(died_of(in_child(abort_plainly), SIGABRT), "abort ends the process by SIGABRT");
    OK(died_of(in_child(abort_against_all), SIGABRT), "even if it is ignored and blocked");
    OK(exited(in_child(abort_with_handler), 44), "the program's handler has its say");
    OK(died_of(in_child(abort_with_deaf_handler), SIGABRT), "but not the last word");
    return tap_end();
}
