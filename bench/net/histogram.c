/* Below 64 a class is a number; above, the upper six bits after the first choose it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "histogram.h"

static int class_of(uint64_t ns)
{
    if (ns < HISTOGRAM_FINE)
        return (int)ns;
    int shift = 63 - __builtin_clzll(ns) - 6;
    return (shift + 1) * HISTOGRAM_FINE + (int)(ns >> shift) - HISTOGRAM_FINE;
}

static uint64_t end_of(int class)
{
    int shift = class / HISTOGRAM_FINE - 1;
    if (shift < 0)
        return (uint64_t) class;
    return ((uint64_t)(class % HISTOGRAM_FINE + HISTOGRAM_FINE + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, int64_t ns)
{
    int64_t time = ns > 0 ? ns : 0;
    h->count++;
    h->in_class[class_of((uint64_t)time)]++;
    if (time > h->most)
        h->most = time;
}

double histogram_quantile(const struct histogram *h, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)h->count), seen = 0;
    for (int i = 0; i < HISTOGRAM_CLASSES; i++) {
        seen += h->in_class[i];
        if (seen > wanted)
            return (double)end_of(i) < (double)h->most ? (double)end_of(i) : (double)h->most;
    }
    return (double)h->most;
}
