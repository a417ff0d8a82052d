/* The numbers one may turn, all in one place, and the hostile ones of a build with GO_HOSTILE: there what is rare happens all
 * the time, to give mistakes a chance.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCHED_TUNE_H
#define SCHED_TUNE_H

#define PROCESSORS_MAX 1024
#define THREADS_MAX    10000

/* Bytes a goroutine may use if nobody says otherwise, and what must stay unmapped below: a frame larger than the gap could
 * jump over it. */
#define STACK_DEFAULT  (64u << 10)
#define STACK_SMALLEST (16u << 10)
#define STACK_LARGEST  (1u << 30)
#define STACK_GAP      (64u << 10)

#define SLICE_DEFAULT  1000000
#define SLICE_SHORTEST 20000
#define SLICE_LONGEST  10000000000

/* A goroutine that has run for this long gives way at once when a timer comes due. */
#define GRANT 50000

#ifndef GO_HOSTILE
#define RING_SIZE        256  /* goroutines in each ring of a processor */
#define CACHE_SIZE       512  /* dead goroutines, with their stacks, kept by a processor */
#define POOL_SIZE        4096 /* the same, kept by all together; more give their memory back by and by */
#define LOOK_AROUND_MASK 63   /* every 64th pick looks further than the own rings */
#else
#define RING_SIZE        2
#define CACHE_SIZE       0
#define POOL_SIZE        2
#define LOOK_AROUND_MASK 1
#endif

#endif
