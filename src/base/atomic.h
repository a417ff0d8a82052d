/* The atomic operations we use, named by their ordering. Each use in the code names its partner in a comment.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BASE_ATOMIC_H
#define BASE_ATOMIC_H

#include <stdatomic.h>

#define load_relaxed(p) atomic_load_explicit((p), memory_order_relaxed)
#define load_acquire(p) atomic_load_explicit((p), memory_order_acquire)
#define load_ordered(p) atomic_load_explicit((p), memory_order_seq_cst)

#define store_relaxed(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define store_release(p, v) atomic_store_explicit((p), (v), memory_order_release)

/* Swap and fetch-and-add are always fully ordered: on the CPUs at hand the cheaper forms cost the same. So is a store, and it is a
 * swap: on x86 compilers make it one anyway, and qemu 7.2 lets a load overtake arm64's own instruction for it, which goroutines
 * that were to be woken then wait for (tests/arch/ordered_test). */
#define store_ordered(p, v) ((void)swap_ordered((p), (v)))
#define swap_ordered(p, v)  atomic_exchange_explicit((p), (v), memory_order_seq_cst)
#define add_ordered(p, v)   atomic_fetch_add_explicit((p), (v), memory_order_seq_cst)
#define add_relaxed(p, v)   atomic_fetch_add_explicit((p), (v), memory_order_relaxed)

/* True if *p was *expected and is v now; else *expected holds what *p was. */
#define cas_ordered(p, expected, v)                                                                                                \
    atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_seq_cst, memory_order_acquire)

/* A counter with one writer: readers elsewhere see some recent value, and the writer pays no locked instruction. */
#define bump(p) store_relaxed((p), load_relaxed(p) + 1)

/* Keeps the compiler from moving memory accesses across; the CPU's part is done by os_fence_all on the other side. */
#define compiler_barrier() atomic_signal_fence(memory_order_seq_cst)

#endif
