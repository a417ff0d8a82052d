/* What bare signals cost, to compare a preemption with.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SIGNALS_H
#define BENCH_SIGNALS_H

#include <stdint.h>

/* signal_to_self gives the median nanoseconds of sending oneself a signal: tgkill, delivery, an empty handler, sigreturn. */
double signal_to_self(void);

/* signal_from_other gives the median time, in ticks, that a computing thread loses to a signal with an empty handler that
 * another thread sends it each millisecond. */
double signal_from_other(void);

/* signal_share gives the percent of their work that computing threads, one for each processor, lose to an empty handler, if another
 * thread sends each of them a signal once in every period, in nanoseconds: what slicing cannot cost less than. Plain threads. */
double signal_share(int threads, int64_t period);

#endif
