/* A pairing heap: the earliest of many moments, without allocating. Insert is O(1), taking out any node O(log n) amortised.
 * (M. Fredman, R. Sedgewick, D. Sleator, R. Tarjan: The pairing heap: a new form of self-adjusting heap, 1986.)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include "base/base.h"

struct heap_node {
    int64_t key;
    struct heap_node *child; /* first of those that are not earlier than this one */
    struct heap_node *next;  /* next child of the same parent */
    struct heap_node *back;  /* the child before this one, or for the first child the parent; NULL: the root */
};

/* All zero is an empty heap. */
struct heap {
    struct heap_node *root;
};

void heap_insert(struct heap *heap, struct heap_node *node, int64_t key);
void heap_remove(struct heap *heap, struct heap_node *node);

static inline struct heap_node *heap_first(const struct heap *heap)
{
    return heap->root;
}

#endif
