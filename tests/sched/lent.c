/* A processor that a blocking region has lent out stays so for no longer than a slice or two, also where nobody wants it: as long
 * as it is lent, the monitor looks every slice.
 *
 * SPDX-License-Identifier: MIT
 */
#include "test.h"

#include "sched/runtime.h"

enum { REGIONS = 30 };

static void nothing(void *unused)
{
    (void)unused;
}

static bool is_lent(struct processor *p)
{
    return P_STATE(load_ordered(&p->state)) == P_LENT;
}

/* Another processor may take what waits, before the monitor gives this one away for its sake. */
TEST(a_lent_processor_that_nobody_wants_is_idle_soon)
{
    bool lent = false;

    go_maxprocs(2);
    for (int i = 0; i < SCALED(REGIONS) && !lent; i++) {
        CHECK(go(nothing, NULL) == 0);
        struct processor *p = thread_self()->p; /* go() may have moved us */
        go_blocking_begin();
        lent = true;
        for (int64_t end = go_deadline(5 * GO_SECOND); lent && go_now() < end; lent = is_lent(p))
            os_thread_yield();
        go_blocking_end();
    }
    CHECK(!lent);
}
