/* Statistics: sums over processors and threads, read while they move.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "sched/identity.h"
#include "sched/sched.h"

#include <errno.h>
#include <string.h>

static void add_processors(struct go_stats *s)
{
    for (int i = 0; i < load_relaxed(&sched.processors_ever); i++) {
        struct processor *p = processor_at(i);
        s->spawned += load_relaxed(&p->spawned);
        s->switches += load_relaxed(&p->switches);
        s->steals += load_relaxed(&p->steals);
    }
}

static void add_threads(struct go_stats *s)
{
    for (struct thread *m = load_acquire(&sched.all_threads); m; m = m->all_link) {
        s->preempt_requests += load_relaxed(&m->requests);
        s->preemptions += load_relaxed(&m->preemptions);
        s->threads_stopped += load_relaxed(&m->stops);
        for (int i = 0; i < GO_REFUSALS; i++)
            s->refusals[i] += load_relaxed(&m->refusals[i]);
    }
}

int go_stats_read(struct go_stats *stats, size_t size)
{
    if (!stats)
        return -EINVAL;
    int error = sched_ensure();
    if (error)
        return error;
    struct go_stats s = {
        .spawned = load_relaxed(&sched.spawned_outside),
        .wakeups = load_relaxed(&sched.wakeups),
        .handovers = load_relaxed(&sched.handovers),
        .monitor_ticks = load_relaxed(&sched.monitor_ticks),
        .threads = load_relaxed(&sched.threads) + load_relaxed(&sched.others) + os_has_threads(), /* the monitor */
        .processors = (uint64_t)load_relaxed(&sched.processors),
        .stacks = stack_count(),
        .processors_retaken = load_relaxed(&sched.retaken),
        .identities = load_relaxed(&sched.others),
        .identities_spare = identity_spares(),
    };
    add_processors(&s);
    add_threads(&s);
    preempt_hold();
    memset(stats, 0, size);
    memcpy(stats, &s, size < sizeof s ? size : sizeof s);
    preempt_release();
    return 0;
}

int go_version(void)
{
    return GO_VERSION_NUMBER;
}

static const char *text_of_system(int err)
{
    preempt_hold();
    const char *text = os_error_text(err);
    preempt_release();
    return text;
}

const char *go_strerror(int err)
{
    switch (err) {
    case 0:
        return "no error";
    case -EINVAL:
        return "an argument is not valid";
    case -ENOMEM:
        return "no memory left";
    case -EAGAIN:
        return "would have to wait, or no thread could be started";
    case -ETIMEDOUT:
        return "the deadline has passed";
    case -EPIPE:
        return "the channel is closed, or the other side has gone";
    case -EBUSY:
        return "still in use";
    case -EPERM:
        return "not allowed for this caller";
    case -EOVERFLOW:
        return "the number would become too large";
    case -ECANCELED:
        return "cancelled";
    case -ENOENT:
        return "no such name, or no such file";
    case -EBADF:
        return "no such descriptor, or it was closed meanwhile";
    default:
        return text_of_system(err);
    }
}
