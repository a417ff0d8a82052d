/* os_now: a clock that only goes forward.
 *
 * SPDX-License-Identifier: MIT
 */
#include <time.h>
#include "os/os.h"
#include "tap.h"

static bool never_goes_back(void)
{
    int64_t last = 1;
    for (int i = 0; i < 1000000; i++) {
        int64_t now = os_now();
        if (now < last)
            return false;
        last = now;
    }
    return true;
}

static bool counts_nanoseconds(void)
{
    struct timespec before, after, nap = {.tv_nsec = 20000000};
    int64_t start = os_now();
    clock_gettime(CLOCK_MONOTONIC, &before);
    nanosleep(&nap, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    int64_t stop = os_now();
    int64_t inside = (after.tv_sec - before.tv_sec) * INT64_C(1000000000) + after.tv_nsec - before.tv_nsec;
    return stop - start >= inside && inside >= nap.tv_nsec;
}

int main(void)
{
    OK(os_now() > 0, "the time is above 0");
    OK(never_goes_back(), "the time never goes back");
    OK(counts_nanoseconds(), "the time counts nanoseconds of the monotonic clock");
    return tap_end();
}
