/* The monitor: a thread of its own that sees what no busy processor can see of itself.
 *
 * It asks goroutines that outstay their slice to go while others wait, at once where a timer is due; takes processors from
 * blocking regions; wakes idle processors for work that lingers; has threads started (wanted.c; no goroutine has to, in the middle
 * of something); writes dumps. Where nobody looks into the poller it sees to it that somebody does, or blocks there itself
 * (poll.c). While somebody waits it looks once a slice. While nobody does it sleeps: until the first timer that no idle thread
 * keeps, or for ever. Then whoever queues work, and finds monitor_asleep set, kicks it.
 *
 * That last pair is a store (work) and a load (asleep) there, a store (asleep) and a load (work) here. The frequent side has no
 * fence; the monitor makes all threads fence once, between the two. docs/model/idle.pml.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/monitor.h"

#include "sched/ending.h"
#include "sched/identity.h"
#include "sched/poll.h"
#include "sched/preempt.h"
#include "sched/runtime.h"
#include "sched/sched.h"

#define MONITOR_STACK  ((size_t)256 << 10)
#define QUIET_LOOKS    2        /* looks without anybody waiting before it sleeps */
#define UNFENCED_SLEEP 10000000 /* the longest sleep where the system cannot fence all threads */
#define LIBRARY_RETRY  50000    /* ask again so soon if the pc was in our own text: that is a short stay */
#define URGENT_PAUSE   150000   /* between two goroutines taken off one processor for timers, besides the grant */
#define SLOWEST_PACE   500000   /* between two looks for timers or sockets: so late is one that was left to others, if not calm */
#define REQUEST_TIME   10000    /* what it takes about until one who is asked to go has gone */
#define EAGER_WAKES    64
#define STUCK          10000000 /* a slice that should have ended that long ago, and a slice more: those who wait there go elsewhere */

/* What the last look saw of a processor. */
struct seen {
    uint32_t tick, lent, top, gave_way, polls;
    uint64_t switches;
    int64_t since;  /* when this tick was first seen */
    int64_t still;  /* when it was last seen to have switched */
    int64_t oldest; /* since when the oldest fresh goroutine is the same, or had no turn */
    int64_t asked;  /* when its goroutine was last asked to go */
    int64_t urged;  /* when that was last for a timer */
};

/* How often it looks for the sake of timers. */
struct pace {
    int64_t last;    /* when it last did */
    int64_t planned; /* when it will */
    int64_t pause;   /* that long after the last one at the earliest */
};

/* How often it looks for the sake of those who wait for descriptors. */
struct poll_pace {
    int64_t last;    /* when somebody was last seen to have looked into the poller */
    int64_t planned; /* when it will, */
    int64_t pause;   /* that long after others have; ever longer while they do */
    bool gave_place; /* it has just left the place there because it was told to */
};

_Atomic uint32_t monitor_asleep;
_Atomic int64_t monitor_until = TIME_NEVER;

static _Atomic uint32_t kicked;
static _Atomic uint32_t polls;        /* it blocks in the poller, and is woken there */
static _Atomic int32_t looks_on = -1; /* the CPU on which it has begun to look; -1: it sleeps */
static _Atomic uint32_t dump_wanted;

/* The monitor's own. */
static struct seen seen[PROCESSORS_MAX];
static struct pace pace = {.planned = TIME_NEVER, .pause = GRANT};
static struct poll_pace poll_pace = {.pause = GRANT};
static struct calm calm;

/* After `kicked` is set, and in that order; partner: poll_until. */
static void wake_up(void)
{
    if (load_ordered(&polls))
        poll_wake();
    else
        os_wake(&kicked, 1);
}

void monitor_kick(void)
{
    if (load_ordered(&kicked) || swap_ordered(&kicked, 1)) /* after what it is kicked for; partner: who clears it and looks */
        return;
    preempt_hold();
    wake_up();
    preempt_release();
}

/* From a signal handler. */
void monitor_request_dump(void)
{
    store_ordered(&dump_wanted, 1);
    store_ordered(&kicked, 1);
    wake_up();
}

/* Whom the monitor wakes on its own CPU the system may prefer to it; and then who woke has that CPU until the system looks again,
 * for milliseconds, in which nobody ends slices or sees who is ready. */
void monitor_let_finish(void)
{
    int32_t there = load_relaxed(&looks_on);
    if (there >= 0 && there == os_thread_cpu())
        os_thread_yield();
}

/* ---- one look ---- */

struct look {
    int64_t now, slice;
    int64_t late;     /* how much later than else the next look may be */
    int64_t earliest; /* timer */
    bool waiting;     /* somebody */
    bool idle, lent;  /* a processor; the latter to a blocking region */
    bool urgent;      /* somebody woke up, and no processor knows */
    bool polled;      /* somebody has looked into the poller since the last look */
    bool polls;       /* the monitor has the place in the poller */
    bool moving;      /* every processor has switched since the last look */
    int64_t next;     /* when to look again */
};

static void again_at(struct look *l, int64_t when)
{
    if (when < l->next)
        l->next = when;
}

/* For what can wait as long as it is calm. */
static void again_about(struct look *l, int64_t when)
{
    again_at(l, when > l->now + l->late ? when : l->now + l->late);
}

/* The longest pause between two looks for timers or sockets. */
static int64_t slowest_pace(const struct look *l)
{
    return l->late > SLOWEST_PACE ? l->late : SLOWEST_PACE;
}

/* Without a signal at first, where one has lately gone without: it calls the library all the time. */
static void ask(struct look *l, struct processor *p, struct seen *s, int64_t limit)
{
    uint32_t gave_way = load_relaxed(&p->gave_way);
    bool quietly = gave_way != s->gave_way && limit >= GRANT;
    s->gave_way = gave_way;
    s->asked = quietly ? l->now + GRANT - limit : l->now; /* in the former case it is asked again, after a grant */
    enum take take = quietly ? TAKE_RUNS : taken_take(p);
    if (take == TAKE_TOOK)
        return;
    preempt_request(p, quietly || take == TAKE_BLOCKED);
    again_at(l, quietly ? l->now + GRANT : l->now + REQUEST_TIME + limit);
}

/* Its goroutine cannot be taken off: preemption is switched off, say. */
static void look_at_stuck(const struct look *l, struct processor *p, const struct seen *s)
{
    if (l->now - s->since >= 2 * l->slice + STUCK && load_relaxed(&sched.processors) > 1 && processor_has_work(p))
        queue_give_away(p);
}

/* After a preemption the processor knows; else it began between the last look and this. */
static int64_t begin_of_slice(struct look *l, struct processor *p, uint32_t tick)
{
    return load_acquire(&p->began_tick) == tick ? load_relaxed(&p->began) : l->now;
}

/* Its goroutine has run since s->since, as far as we saw. */
static void look_at_running(struct look *l, struct processor *p, struct seen *s)
{
    int64_t limit = l->urgent ? GRANT : l->slice;
    int64_t began = s->since;
    if (l->urgent) /* whoever switches sees to the timer by itself; and timers in a row must not eat up the time of the others */
        began = s->still > s->urged + URGENT_PAUSE ? s->still : s->urged + URGENT_PAUSE;
    int64_t ran = l->now - began;
    if (l->urgent)
        processor_ask(p);
    if (!l->waiting && !l->urgent && (int)p->id < load_relaxed(&sched.processors))
        return;
    struct thread *m = load_acquire(&p->m);
    bool in_library = m && load_relaxed(&m->library_refusals);
    if (in_library) {
        store_relaxed(&m->library_refusals, 0);
        limit = limit < LIBRARY_RETRY ? limit : LIBRARY_RETRY;
        again_at(l, l->now + LIBRARY_RETRY);
    }
    if (ran < limit - limit / 16) { /* those whose slices end at nearly the same time are asked at the same look */
        again_about(l, began + limit);
    } else if (l->now - s->asked >= limit) {
        if (l->urgent)
            s->urged = l->now;
        ask(l, p, s, limit);
        look_at_stuck(l, p, s);
    }
}

/* Work on a busy processor while another is idle: left there on purpose, in case it is only a hand-over; not for long. */
static void look_at_leftovers(struct processor *p, bool moved)
{
    if (moved && ring_empty(&p->woken) && deque_empty(&p->fresh))
        return;
    if (!processor_has_work(p))
        return;
    if (!moved)
        store_relaxed(&p->eager, EAGER_WAKES);
    wake_any();
}

/* A region that lasts does without, also where nobody waits: else this would have to look every slice until somebody does. So does
 * who enters one short region after the other for longer than its slice. */
static void look_at_lent(struct look *l, struct processor *p, struct seen *s, uint32_t state)
{
    bool before = s->lent == state;
    s->lent = state;
    l->lent = true;
    if (!before && l->now - s->since < l->slice) {
        again_at(l, l->now + l->slice);
        return;
    }
    if (cas_ordered(&p->state, &state, P_RUNNING)) { /* partner: take_back */
        add_relaxed(&sched.handovers, 1);
        hand_over(p);
    }
}

/* The newest fresh goroutine runs first; now and then it is the oldest one's turn. */
static void look_at_oldest(struct look *l, struct processor *p, struct seen *s)
{
    uint32_t top = load_relaxed(&p->fresh.top);
    if (top != s->top || deque_empty(&p->fresh)) {
        s->top = top;
        s->oldest = l->now;
    }
    if (l->now - s->oldest < 2 * l->slice)
        return;
    s->oldest = l->now;
    store_relaxed(&p->attention, ATTENTION_TURN);
}

static void look_at(struct look *l, struct processor *p, struct seen *s)
{
    uint32_t tick = load_relaxed(&p->tick);
    uint64_t switches = load_relaxed(&p->switches);
    bool moved = switches != s->switches;
    if (tick != s->tick) {
        s->tick = tick;
        s->since = begin_of_slice(l, p, tick);
        s->asked = 0;
    }
    s->switches = switches;
    if (moved)
        s->still = l->now;
    uint32_t polls = load_relaxed(&p->polls);
    l->polled |= polls != s->polls;
    s->polls = polls;
    look_at_oldest(l, p, s);
    uint32_t state = load_ordered(&p->state);
    if (P_STATE(state) == P_LENT) {
        look_at_lent(l, p, s, state);
    } else if (P_STATE(state) == P_RUNNING) {
        l->moving &= moved;
        if (l->now - s->still >= 2 * GRANT) {
            calm_end(&calm, l->now);
            l->late = 0;
        }
        if (l->idle)
            look_at_leftovers(p, moved);
        else
            look_at_running(l, p, s);
        if ((int)p->id >= load_relaxed(&sched.processors))
            look_at_running(l, p, s);
    }
}

/* ---- the rest of its work ---- */

/* Preempted goroutines wait behind all others; if none of them had a turn while two slices passed, one on each
 * processor gets it. */
static void give_turns(struct look *l)
{
    static uint32_t taken;
    static int64_t since;
    uint32_t now_taken = load_relaxed(&sched.preempted_taken);
    if (now_taken != taken || load_relaxed(&sched.preempted_waiting) == 0) {
        taken = now_taken;
        since = l->now;
    }
    if (l->now - since < 2 * l->slice)
        return;
    since = l->now;
    for (int i = 0; i < load_relaxed(&sched.horizon); i++)
        store_relaxed(&processor_at(i)->attention, ATTENTION_TURN);
}

/* Where timers come due thick and fast, and goroutines come and go, these see to the timers, and looks would only take time
 * from them. */
static void keep_pace(struct look *l)
{
    if (l->now < pace.planned)
        return;
    pace.pause = l->moving && l->now - pace.last <= 2 * pace.pause ? 2 * pace.pause : GRANT;
    if (pace.pause > slowest_pace(l))
        pace.pause = slowest_pace(l);
    pace.last = l->now;
    pace.planned = TIME_NEVER;
}

/* Asks those that have switched lately; false: none has. A single step of theirs may take a grant. */
static bool ask_the_lively(const struct look *l)
{
    bool lively = false;
    for (int i = 0; i < load_relaxed(&sched.horizon); i++) {
        if (l->now - seen[i].still >= 2 * GRANT)
            continue;
        processor_ask(processor_at(i));
        lively = true;
    }
    return lively;
}

/* Where goroutines come and go, who looks for work looks into the poller too, and whoever has left the place is soon back. If
 * nobody has looked for a grant, an idle thread is to block there; or who comes and goes is to look at the next switch; or else the
 * monitor blocks there. At once, if an idle one wanted the place that the monitor had. */
static void attend_poller(struct look *l)
{
    bool asked = l->idle && poll_pace.gave_place;
    l->polls = poll_pace.gave_place = false;
    if (l->polled) {
        poll_pace.last = l->now;
        poll_pace.planned = l->now + poll_pace.pause;
        poll_pace.pause = 2 * poll_pace.pause < slowest_pace(l) ? 2 * poll_pace.pause : slowest_pace(l);
    }
    if (!poll_place_is_free() || (l->now - poll_pace.last < GRANT && !asked))
        return;
    if (l->idle) {
        wake_any();
        return;
    }
    if (!ask_the_lively(l) && load_ordered(&sched.searching) == 0) /* who searches, and finds nothing, takes the place */
        l->polls = poll_take_place(POLL_MONITOR);
    if (l->polls)
        poll_pace.pause = GRANT;
}

static void look_everywhere(struct look *l)
{
    l->now = os_now();
    l->slice = load_relaxed(&sched.slice);
    l->late = calm_lateness(&calm, l->now, l->slice);
    l->next = TIME_NEVER;
    l->moving = true;
    l->lent = l->polled = false;
    l->earliest = timers_earliest();
    l->waiting = processors_have_work();
    store_relaxed(&sched.clock, l->now);
    bool threads = wanted_threads_come(l->now, l->slice, &l->next);
    /* An idle processor is no help to those who wait if no thread can be had for it. */
    l->idle = threads && load_ordered(&sched.idle_count) != 0;
    l->urgent = !l->idle && (l->earliest <= l->now || load_relaxed(&sched.urgent_waiting));
    for (int i = 0; i < load_ordered(&sched.horizon); i++)
        look_at(l, processor_at(i), &seen[i]);
    if (l->waiting || l->urgent)
        taken_ask_hogs();
    identity_end_some();
    give_turns(l);
    keep_pace(l);
    attend_poller(l);
    if (l->waiting || (l->idle && l->earliest <= l->now))
        wake_any();
}

/* Until when it may sleep for the sake of timers. A due one that nobody has run yet: a grant later. Returns the first timer that
 * it will see to. */
static int64_t plan_for_timers(struct look *l)
{
    int64_t earliest = timers_earliest();
    int64_t keeper = load_ordered(&sched.keeper);
    if (earliest == TIME_NEVER || (keeper != 0 && keeper <= earliest))
        return l->next;
    int64_t when = earliest > l->now ? earliest : l->now + GRANT;
    if (when < pace.last + pace.pause)
        when = pace.last + pace.pause;
    pace.planned = when;
    again_at(l, when);
    return earliest < l->next ? earliest : l->next;
}

/* Nobody blocks in the poller: a look for its sake comes soon. Also where an idle thread does: it tells who sleeps deep that it has
 * left, and nobody else. */
static void plan_for_poller(struct look *l, bool deep)
{
    if (l->polls)
        return;
    if (poll_place_is_free())
        again_at(l, poll_pace.planned > l->now ? poll_pace.planned : l->now + GRANT);
    else if (!deep && poll_is_started())
        again_at(l, l->now + slowest_pace(l));
}

static void poll_until(int64_t deadline)
{
    struct poll_catch c;
    store_ordered(&polls, 1); /* partner: wake_up */
    c.n = 0;
    if (!load_ordered(&kicked))
        poll_wait(&c, deadline);
    store_relaxed(&polls, 0);
    poll_leave_place();
    poll_pace.gave_place = load_relaxed(&kicked);
    store_relaxed(&monitor_asleep, 0);
    poll_dispatch(&c);
}

static void stay_awake(struct look *l)
{
    store_relaxed(&monitor_asleep, 0);
    if (l->polls)
        poll_leave_place();
}

static void wait_for_next(const struct look *l)
{
    store_relaxed(&looks_on, -1);
    if (l->polls)
        poll_until(l->next);
    else
        os_wait(&kicked, 0, l->next);
    store_relaxed(&looks_on, os_thread_cpu());
}

static void sleep_until(struct look *l, bool deep)
{
    plan_for_poller(l, deep);
    int64_t covered = plan_for_timers(l);
    if (deep) {
        store_ordered(&monitor_asleep, 1);
        if (!os_fence_all())
            again_at(l, l->now + UNFENCED_SLEEP);
        /* partners: monitor_tell, sleep_idle */
        if (processors_have_work() || processors_are_lent() || (!l->polls && poll_place_is_free())) {
            stay_awake(l);
            return;
        }
    }
    store_ordered(&monitor_until, covered);
    /* Said, now look once more; partner: timers_watch. */
    if (plan_for_timers(l) < covered)
        stay_awake(l);
    else
        wait_for_next(l);
    store_relaxed(&monitor_asleep, 0);
}

static void run(void *argument)
{
    (void)argument;
    os_thread_set_prompt(true);
    calm_end(&calm, os_now());
    int quiet = 0;
    for (;;) {
        struct look look;
        store_ordered(&kicked, 0);
        bump(&sched.monitor_ticks);
        if (swap_ordered(&dump_wanted, 0))
            dump_all(2, NULL);
        look_everywhere(&look);
        quiet = look.waiting || look.polled ? 0 : quiet + 1;
        /* While the program is quiet the memory of dead goroutines goes back, a little at each look. */
        bool deep = quiet > QUIET_LOOKS && !look.lent && (look.polls || !poll_place_is_free()) && !stack_trim() &&
                    !identity_trim() && !deadlock_is_hidden();
        if (deep)
            deadlock_check(); /* the last thread may have been one that ended, or that is tied to a goroutine */
        else
            again_about(&look, look.now + look.slice + look.slice / 4);
        sleep_until(&look, deep);
        if (deep)
            calm_pass_over(&calm, os_now() - look.now); /* nothing runs, so there is nothing to be learned */
    }
}

int monitor_start(void)
{
    return os_thread_start(run, NULL, MONITOR_STACK * SANITIZE_STACK_FACTOR);
}
