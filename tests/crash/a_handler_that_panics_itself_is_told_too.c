/* exit: 2; line: panic: first [goroutine 2]; line: panic: second [goroutine 2] */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "goroutine.h"

static enum go_panic_verdict fail_too(const struct go_panic_info *info)
{
    (void)info;
    go_panic("second");
}

static void fail(void *arg)
{
    (void)arg;
    go_panic("first");
}

int main(void)
{
    go_on_panic(fail_too);
    go_spawn(fail, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
