/* Times, counted in classes that are each 1/64 wide of what they hold: exact enough for a percentile, and nothing to allocate.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_FINE    64
#define HISTOGRAM_CLASSES (58 * HISTOGRAM_FINE)

struct histogram {
    uint64_t count, in_class[HISTOGRAM_CLASSES];
    int64_t most;
};

void histogram_add(struct histogram *h, int64_t ns);

/* The upper end, in ns, of the class that `share` of all (0 to 1) do not exceed. */
double histogram_quantile(const struct histogram *h, double share);

#endif
