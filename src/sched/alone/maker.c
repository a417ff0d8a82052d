/* The maker where nothing can be made: there are no other threads.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/identity.h"
#include "sched/runtime.h"

#include <errno.h>

int maker_start(void)
{
    return 0;
}

void maker_kick(void)
{
}

void maker_begins(void)
{
}

void maker_has_begun(void)
{
}

bool maker_sleeps(void)
{
    return false;
}

/* Nobody is off his processor in the middle of the allocator. */
void maker_free(void *at)
{
    free_now(at);
}

int maker_make_identity(struct identity **id)
{
    *id = NULL;
    return -EAGAIN;
}

void maker_want_reserve(void)
{
}
