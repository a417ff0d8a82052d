/* Calm: how late the monitor may be.
 *
 * Looking is not free. For a server whose goroutines all leave within microseconds two thousand looks a second find nothing, and
 * under a hypervisor, where a thread that a timer wakes costs 13 to 18 us, took it 5 % of its time. So the longer no goroutine has
 * been seen to stay where it ran, the later a look may be; the first that stays puts an end to that.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/monitor.h"

#define SHARE    64      /* the time in which none has stayed, to how late a look may be */
#define SLICES   4       /* so many at most, */
#define LATEST   4000000 /* and this at most */
#define EARLIEST 500000  /* less is not worth it */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t calm_lateness(const struct calm *c, int64_t now, int64_t slice)
{
    int64_t late = least((now - c->since) / SHARE, least(SLICES * slice, LATEST));
    return late > EARLIEST ? late : 0;
}

void calm_end(struct calm *c, int64_t now)
{
    c->since = now;
}

void calm_pass_over(struct calm *c, int64_t time)
{
    c->since += time;
}
