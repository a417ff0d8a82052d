/* Memory: through the allocator the program chose, and never preempted half way.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/sched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void *(*allocate)(size_t) = malloc;
static void (*release)(void *) = free;
static _Atomic uint32_t used;

void *sched_alloc(size_t size)
{
    store_relaxed(&used, 1);
    preempt_hold();
    void *at = allocate(size);
    preempt_release();
    return at;
}

void sched_free(void *at)
{
    preempt_hold();
    release(at);
    preempt_release();
}

void sched_copy(void *to, const void *from, size_t size)
{
    preempt_hold();
    memcpy(to, from, size);
    preempt_release();
}

void sched_zero(void *at, size_t size)
{
    preempt_hold();
    memset(at, 0, size);
    preempt_release();
}

int go_set_allocator(void *(*alloc)(size_t), void (*free_it)(void *))
{
    if (!alloc || !free_it)
        return -EINVAL;
    if (load_relaxed(&used))
        return -EBUSY;
    allocate = alloc;
    release = free_it;
    return 0;
}
