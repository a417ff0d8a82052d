/* What the kernel says of memory.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_KILOBYTES_H
#define BENCH_KILOBYTES_H

/* bytes_of_process gives what a line of /proc/self/status says, such as "VmRSS:  1234 kB", in bytes. */
double bytes_of_process(const char *name);

/* bytes_of_machine does so for a line of /proc/meminfo, which counts for all processes together. */
double bytes_of_machine(const char *name);

#endif
