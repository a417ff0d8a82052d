/* Memory: through the allocator the program chose.
 *
 * It takes locks that a goroutine may hold which is off its processor, so whoever allocates may be taken off, and lose its
 * processor while it waits: the callers hold no lock of ours, and look up anew afterwards which thread they are on. The context of
 * a thread must not wait, nor who has switched preemption off for the library: the maker frees for them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/identity.h"
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
    return allocate(size);
}

void free_now(void *at)
{
    release(at);
}

void sched_free(void *at)
{
    struct thread *m = thread_mine();
    if (m && (m->hold || m->current->kind == KIND_SCHEDULER) && at)
        maker_free(at);
    else
        release(at);
}

void sched_copy(void *to, const void *from, size_t size)
{
    memcpy(to, from, size);
}

void sched_zero(void *at, size_t size)
{
    memset(at, 0, size);
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
