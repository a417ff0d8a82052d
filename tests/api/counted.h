/* Memory that is counted: what a test takes is given back. Also, there may be none.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_API_COUNTED_H
#define TEST_API_COUNTED_H

#include <stdlib.h>
#include "test.h"

static atomic_long live;
static atomic_bool short_of_memory;

static inline void *take(size_t size)
{
    void *at = atomic_load(&short_of_memory) ? NULL : malloc(size);

    atomic_fetch_add(&live, at != NULL);
    return at;
}

static inline void give_back(void *at)
{
    atomic_fetch_sub(&live, at != NULL);
    free(at);
}

/* No more than what was counted before, and the descriptors of threads that the library may start meanwhile. */
#define THREADS                  50
#define CHECK_GIVEN_BACK(before) CHECK_BETWEEN(0, (before) + THREADS, atomic_load(&live))

/* Before main(), since the library must not have allocated yet. */
__attribute__((constructor)) static void count_memory(void)
{
    if (go_set_allocator(take, give_back) != 0)
        abort();
}

#endif
