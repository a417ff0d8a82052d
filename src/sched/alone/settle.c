/* Thread identities: there is one, and it is everybody's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/identity.h"

#include "goroutine/task.h"

void identity_settle(struct thread *m, struct goroutine *g)
{
    (void)m;
    (void)g;
}

void identity_clean(void)
{
}

int go_lock_identity(void)
{
    return go_lock_thread();
}

int go_unlock_identity(void)
{
    return go_unlock_thread();
}
