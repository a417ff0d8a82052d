/* The pairing heap: linking two trees, and joining the children of a node that leaves.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/heap.h"

/* Makes the later of two roots the first child of the earlier one, which is returned. */
static struct heap_node *link_roots(struct heap_node *a, struct heap_node *b)
{
    if (b->key < a->key) {
        struct heap_node *t = a;
        a = b;
        b = t;
    }
    b->next = a->child;
    if (b->next)
        b->next->back = b;
    b->back = a;
    a->child = b;
    a->next = NULL;
    a->back = NULL;
    return a;
}

/* The two passes of the paper: link neighbours from left to right, then the pairs from right to left. */
static struct heap_node *join_children(struct heap_node *first)
{
    struct heap_node *pairs = NULL, *whole = NULL;
    while (first) {
        struct heap_node *a = first, *b = a->next;
        first = b ? b->next : NULL;
        if (b) {
            a = link_roots(a, b);
        } else {
            a->back = NULL;
        }
        a->next = pairs;
        pairs = a;
    }
    while (pairs) {
        struct heap_node *rest = pairs->next;
        pairs->next = NULL;
        whole = whole ? link_roots(whole, pairs) : pairs;
        pairs = rest;
    }
    return whole;
}

void heap_insert(struct heap *heap, struct heap_node *node, int64_t key)
{
    node->key = key;
    node->child = NULL;
    node->next = NULL;
    node->back = NULL;
    heap->root = heap->root ? link_roots(heap->root, node) : node;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    struct heap_node *orphans = join_children(node->child);
    if (orphans)
        orphans->back = NULL;
    if (heap->root == node) {
        heap->root = orphans;
    } else {
        if (node->back->child == node) {
            node->back->child = node->next;
        } else {
            node->back->next = node->next;
        }
        if (node->next)
            node->next->back = node->back;
        if (orphans)
            heap->root = link_roots(heap->root, orphans);
    }
    node->child = node->next = node->back = NULL;
}
