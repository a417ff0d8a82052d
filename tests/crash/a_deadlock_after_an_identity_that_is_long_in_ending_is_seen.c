/* exit: 2; line: fatal: all goroutines are asleep - deadlock!; line: destroyed */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include "goroutine.h"
#include "sanitizers.h"

static pthread_key_t key;

/* By the thread that has lent the identity, when the library does not count it any more. */
static void destroy(void *value)
{
    (void)value;
    usleep(300000);
    fprintf(stderr, "destroyed\n");
}

static void set(void *arg)
{
    pthread_setspecific(key, arg);
}

int main(void)
{
    struct go_attr attr = {.flags = GO_OWN_IDENTITY};

    if (WITH_ASAN || WITH_TSAN || sizeof(void *) < 8) {
        fprintf(stderr, "goroutines have no identities of their own here\n");
        return 77;
    }
    pthread_key_create(&key, destroy);
    go_spawn_attr(&attr, set, &key);
    go_select(&(struct go_case){0}, 0);
    return 0;
}
