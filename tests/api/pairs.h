/* Additions to one number by a pair of instructions, a load and a store that fails if anybody was there in between. Who includes
 * this says before what adds one, with some way between the two: static void add_one(unsigned long *number).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_API_PAIRS_H
#define TESTS_API_PAIRS_H

#include "hogs.h"

static unsigned long number __attribute__((aligned(64)));
static atomic_ulong additions;

static void add_by_pairs(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (unsigned long i = 0; i < (unsigned long)SCALED(100000); i++)
        add_one(&number);
    atomic_fetch_add(&additions, (unsigned long)SCALED(100000));
}

TEST(a_pair_of_exclusive_load_and_store_begins_anew)
{
    number = 0;
    atomic_store(&additions, 0);
    hogs_crowd(add_by_pairs, NULL);
    CHECK_EQ(atomic_load(&additions), number);
}

#endif
