/* exit: 2; line: panic: alone [plain thread] */
/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stddef.h>
#include "goroutine.h"

static enum go_panic_verdict end_it(const struct go_panic_info *info)
{
    (void)info;
    return GO_PANIC_END;
}

static void recover(void *arg)
{
    (void)arg;
    go_recover(NULL);
}

static void *fail(void *arg)
{
    (void)arg;
    GO_DEFER(recover, NULL);
    go_panic("alone");
}

int main(void)
{
    pthread_t thread;

    go_on_panic(end_it);
    if (pthread_create(&thread, NULL, fail, NULL) == 0)
        pthread_join(thread, NULL);
    return 0;
}
