/* The monitor where there is no thread for it: its looks are made in passing, by whoever queues a goroutine.
 *
 * It is always told, as if it slept (monitor_asleep). What it looks for is what only time tells: that a slice is over, so that a
 * pair which keeps waking each other lets the rest have its turn; that a timer is due, to which whoever switches sees, and for
 * which whoever does not gives way after a grant; that the oldest of the fresh and of those who wait behind everybody have waited
 * for too long. Who computes and never calls the library is not looked at, and not taken off.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/monitor.h"

#include "sched/ending.h"
#include "sched/preempt.h"
#include "sched/runtime.h"
#include "sched/sched.h"

#define URGENT_PAUSE GRANT /* timers in a row must not eat up the time of those who have not begun */

_Atomic uint32_t monitor_asleep = 1;
_Atomic int64_t monitor_until = TIME_NEVER;

/* Something that stays as it is while nobody has his turn, and since when. */
struct still {
    uint32_t mark;
    int64_t since;
};

/* How long it has been so; not at all where nobody waits. */
static int64_t stays(struct still *s, uint32_t mark, bool waits, int64_t now)
{
    if (s->mark != mark || !waits) {
        s->mark = mark;
        s->since = now;
    }
    return now - s->since;
}

static void look(struct processor *p)
{
    static struct still slice, step, fresh, last;
    static int64_t urged;
    int64_t now = os_now(), length = load_relaxed(&sched.slice);

    store_relaxed(&sched.clock, now);
    bump(&sched.monitor_ticks);
    bool over = stays(&slice, load_relaxed(&p->tick), true, now) >= length;
    bool turn = stays(&fresh, load_relaxed(&p->fresh.top), !deque_empty(&p->fresh), now) >= 2 * length;
    turn |= stays(&last, load_relaxed(&sched.preempted_taken), load_relaxed(&sched.preempted_waiting) != 0, now) >= 2 * length;
    bool stayed = stays(&step, (uint32_t)load_relaxed(&p->switches), true, now) >= GRANT;
    bool urgent = load_relaxed(&p->due) <= now && now - urged >= URGENT_PAUSE;
    if (over || (urgent && stayed))
        preempt_request(p, true);
    else if (urgent)
        processor_ask(p);
    if (over)
        slice.since = now;
    if (urgent)
        urged = now;
    if (!turn)
        return;
    fresh.since = last.since = now;
    store_relaxed(&p->attention, ATTENTION_TURN);
}

/* Nobody comes who is wished for. */
void monitor_kick(void)
{
    store_relaxed(&sched.wanted_threads, THREAD_ENOUGH);
    if (load_relaxed(&sched.processors) > 0)
        look(processor_at(0));
}

void monitor_let_finish(void)
{
}

void monitor_request_dump(void)
{
    dump_all(2, NULL);
}

int monitor_start(void)
{
    return 0;
}
