/* libc leaves its locks out while a process has one thread, and may be in the middle of that when the second one begins. So before
 * any goroutine has run a step there are two, however few processors there are, and libc knows it. No framework: it starts a
 * thread.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include "goroutine.h"
#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define ALONE __libc_single_threaded
#endif
#endif
#ifndef ALONE
#define ALONE 0
#endif

static int count_threads(void)
{
    DIR *threads = opendir("/proc/self/task");
    struct dirent *one;
    int n = 0;

    while (threads && (one = readdir(threads)) != NULL)
        n += one->d_name[0] != '.';
    if (threads)
        closedir(threads);
    return n;
}

struct found {
    int threads, alone;
};

static void look(void *done)
{
    struct found f = {.alone = ALONE};

    f.threads = count_threads();
    go_send(done, &f);
}

static void say(int number, int good, const char *promise)
{
    printf("%sok %d - %s\n", good ? "" : "not ", number, promise);
}

int main(void)
{
    int good, knows;
    struct found f = {0, 1};
    go_chan *done;

    setenv("GOMAXPROCS", "1", 1);
    done = go_chan_new(sizeof f, 0);
    printf("1..2\n");
    if (!done || go(look, done) != 0 || go_recv(done, &f) != 0)
        return 1;
    good = f.threads >= 2;
    knows = !f.alone;
    say(1, good, "there are two threads before the first goroutine runs, on one processor too");
    say(2, knows, "libc knows that it is not alone then");
    return !good || !knows;
}
