/* Signals to channels.
 *
 * The handler (os/process.h) counts a signal and rings; a goroutine of the library's own waits for the bell as for any descriptor,
 * and sends. So while anybody has asked for a signal, somebody waits for a descriptor, and nothing is a deadlock. It ends with
 * the last who asked.
 *
 * SPDX-License-Identifier: MIT
 */
#include "chan/chan.h"
#include "net/desc.h"
#include "os/process.h"
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/net.h"
#include "goroutine/signal.h"

struct set {
    uint64_t words[OS_SIGNALS / 64];
};

/* Who has asked. */
struct request {
    struct request *next;
    go_chan *channel;
    struct set signals;
};

/* All under the lock, which comes before those of the channels. */
static struct lock lock;
static struct request *requests;
static bool ignored[OS_SIGNALS]; /* what go_signal_ignore was called for */
static int bell = -1;
static bool serving; /* there is the goroutine that sends */

/* ---- sets of signals ---- */

static bool holds(const struct set *s, int number)
{
    return s->words[number / 64] >> number % 64 & 1;
}

static void add(struct set *s, int number)
{
    s->words[number / 64] |= (uint64_t)1 << number % 64;
}

static void take_out(struct set *s, const struct set *others)
{
    for (int i = 0; i < OS_SIGNALS / 64; i++)
        s->words[i] &= ~others->words[i];
}

static bool is_empty(const struct set *s)
{
    uint64_t any = 0;
    for (int i = 0; i < OS_SIGNALS / 64; i++)
        any |= s->words[i];
    return any == 0;
}

static bool usable(int number)
{
    return number > 0 && number < OS_SIGNALS && os_signal_usable(number);
}

/* What the caller names. Which can be had is known once the scheduler has started. */
static int read_set(const int *signals, int n, struct set *s)
{
    *s = (struct set){{0}};
    if (n < 0 || (n == 0) != (signals == NULL))
        return -EINVAL;
    int error = sched_ensure();
    for (int i = 0; i < n && !error; i++) {
        if (usable(signals[i]))
            add(s, signals[i]);
        else
            error = -EINVAL;
    }
    for (int number = 1; number < OS_SIGNALS && n == 0; number++)
        if (usable(number))
            add(s, number);
    return error;
}

/* ---- sending: under the lock ---- */

static void send(int number)
{
    uint32_t times = os_signal_arrived(number);
    for (struct request *r = requests; r && times; r = r->next) {
        uint32_t sent = 0;
        while (holds(&r->signals, number) && sent < times && go_send_until(r->channel, &number, GO_NOW) == 0)
            sent++;
    }
}

static void send_all(const struct set *s)
{
    for (int number = 1; number < OS_SIGNALS; number++)
        if (holds(s, number))
            send(number);
}

static bool is_asked_for(int number, const struct request *not_by)
{
    for (struct request *r = requests; r; r = r->next)
        if (r != not_by && holds(&r->signals, number))
            return true;
    return false;
}

/* False: nobody asks any more. */
static bool send_what_came(void)
{
    lock_take(&lock);
    for (int number = 1; number < OS_SIGNALS; number++)
        send(number);
    serving = requests != NULL;
    bool go_on = serving;
    lock_drop(&lock);
    return go_on;
}

static void serve(void *unused)
{
    (void)unused;
    uint64_t rung;
    do {
        ptrdiff_t got = go_read(bell, &rung, sizeof rung);
        if (got != sizeof rung)
            ruin("signals: descriptor %d, which is the library's, was closed or read by the program", bell);
    } while (send_what_came());
}

/* ---- asking: under the lock ---- */

static int start_serving(void)
{
    if (bell < 0) {
        int made = os_signals_bell();
        int error = made < 0 ? made : desc_adopt(made, NULL);
        if (error < 0)
            return error;
        bell = made;
    }
    int error = serving ? 0 : sched_spawn_own("signals", serve, NULL);
    serving = serving || !error;
    return error;
}

static struct request *find(go_chan *channel)
{
    struct request *r = requests;
    while (r && r->channel != channel)
        r = r->next;
    return r;
}

/* Its own, or else *fresh, which is taken then. */
static struct request *find_or_take(go_chan *channel, struct request **fresh)
{
    struct request *r = find(channel);
    if (r)
        return r;
    r = *fresh;
    *fresh = NULL;
    *r = (struct request){.next = requests, .channel = channel};
    requests = r;
    chan_keep(channel);
    return r;
}

/* Forgets who asks for nothing any more; the goroutine that sends looks after the last whether it is needed. */
static void forget_empty(void)
{
    for (struct request **at = &requests; *at;) {
        struct request *r = *at;
        if (!is_empty(&r->signals)) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        chan_let_go(r->channel);
        sched_free(r);
    }
    if (!requests && serving)
        os_signals_ring();
}

/* The signals lose this request, or all (NULL). What arrived before is sent. */
static void end(struct request *only, const struct set *signals)
{
    for (int number = 1; number < OS_SIGNALS; number++) {
        if (!holds(signals, number) || (only && is_asked_for(number, only)))
            continue;
        if (ignored[number])
            os_signal_ignore(number);
        else
            os_signal_give_back(number);
    }
    os_signals_settle();
    send_all(signals);
    struct set gone = *signals; /* may be part of what it is taken out of */
    for (struct request *r = requests; r; r = r->next)
        if (!only || r == only)
            take_out(&r->signals, &gone);
    forget_empty();
}

/* Those that it did not ask for already. Of all that can be had the system may still refuse some. */
static int ask_for(struct request *r, const struct set *signals, bool all)
{
    struct set added = {{0}};
    for (int number = 1; number < OS_SIGNALS; number++) {
        if (!holds(signals, number) || holds(&r->signals, number))
            continue;
        int error = os_signal_take(number);
        if (error && !all) {
            end(r, &added);
            return error;
        }
        if (error)
            continue;
        add(&r->signals, number);
        add(&added, number);
    }
    return 0;
}

static int notify(go_chan *channel, struct request **fresh, const struct set *signals, bool all)
{
    int error = start_serving();
    if (error)
        return error;
    error = ask_for(find_or_take(channel, fresh), signals, all);
    forget_empty();
    return error;
}

/* ---- faces ---- */

static void enter(void)
{
    sched_self();
    lock_take(&lock);
    preempt_hold();
}

static void leave(void)
{
    preempt_release();
    lock_drop(&lock);
}

int go_signal_notify(go_chan *channel, const int *signals, int n)
{
    struct set wanted;
    if (!channel || channel->elem_size != sizeof(int))
        return -EINVAL;
    int error = read_set(signals, n, &wanted);
    if (error)
        return error;
    struct request *fresh = sched_alloc(sizeof *fresh); /* before the lock, as memory always */
    if (!fresh)
        return -ENOMEM;
    enter();
    error = notify(channel, &fresh, &wanted, n == 0);
    leave();
    if (fresh)
        sched_free(fresh);
    return error;
}

int go_signal_stop(go_chan *channel)
{
    if (!channel)
        return -EINVAL;
    enter();
    struct request *r = find(channel);
    if (r)
        end(r, &r->signals);
    leave();
    return 0;
}

static int end_for_all(const int *signals, int n, bool ignore)
{
    struct set named;
    int error = read_set(signals, n, &named);
    if (error)
        return error;
    enter();
    for (int number = 1; number < OS_SIGNALS; number++)
        if (holds(&named, number))
            ignored[number] = ignore;
    end(NULL, &named);
    leave();
    return 0;
}

int go_signal_ignore(const int *signals, int n)
{
    return end_for_all(signals, n, true);
}

int go_signal_reset(const int *signals, int n)
{
    return end_for_all(signals, n, false);
}

int go_signal_ignored(int signal)
{
    struct set one;
    int error = read_set(&signal, 1, &one);
    if (error)
        return error;
    preempt_hold();
    int result = os_signal_is_ignored(signal);
    preempt_release();
    return result;
}
