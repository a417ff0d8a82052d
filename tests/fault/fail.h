/* Faults on demand: calls that a program wraps (__wrap_f) ask here whether they shall fail.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_FAULT_FAIL_H
#define TESTS_FAULT_FAIL_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>

#define FOR_EVER INT_MAX

/* The next `good` calls succeed, then `bad` calls fail, and then all succeed. Zero: none fails. */
struct fault {
    atomic_int good, bad;
    atomic_int failed; /* how many have */
};

static inline void fault_plan(struct fault *f, int good, int bad)
{
    atomic_store(&f->failed, 0);
    atomic_store(&f->good, good);
    atomic_store(&f->bad, bad);
}

static inline int fault_end(struct fault *f)
{
    atomic_store(&f->bad, 0);
    return atomic_load(&f->failed);
}

static inline bool fault_now(struct fault *f)
{
    if (atomic_load(&f->bad) == 0)
        return false;
    if (atomic_load(&f->good) > 0 && atomic_fetch_sub(&f->good, 1) > 0)
        return false;
    if (atomic_load(&f->bad) != FOR_EVER && atomic_fetch_sub(&f->bad, 1) <= 0)
        return false;
    atomic_fetch_add(&f->failed, 1);
    return true;
}

#endif
