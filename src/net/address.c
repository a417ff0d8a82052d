/* Words to addresses. A name is looked up by a goroutine of its own in a blocking region, of which there are only so many at a
 * time: its caller may give up, it cannot.
 *
 * SPDX-License-Identifier: MIT
 */
#include "net/address.h"

#include <errno.h>
#include <string.h>

#include "sched/sched.h"

#include "goroutine/task.h"

enum { LONGEST = 255, LOOKUPS = 32, LOOKUP_STACK = 256 << 10 };

struct words {
    enum os_transport transport;
    int family;
    char host[LONGEST + 1], service[LONGEST + 1];
};

/* ---- reading the words ---- */

static bool copy_part(char *to, const char *from, size_t length)
{
    if (length > LONGEST)
        return false;
    memcpy(to, from, length);
    to[length] = 0;
    return true;
}

/* A resolver may take the last 16 bits of such a number. */
static bool is_beyond_ports(const char *service)
{
    long number = 0;
    for (; *service >= '0' && *service <= '9' && number <= UINT16_MAX; service++)
        number = number * 10 + *service - '0';
    return number > UINT16_MAX;
}

/* "host:service", "[host]:service". */
static bool split(const char *words, struct words *w)
{
    const char *colon = strrchr(words, ':'), *end = colon;
    if (!colon || !colon[1] || is_beyond_ports(colon + 1))
        return false;
    if (words[0] == '[') {
        if (colon[-1] != ']')
            return false;
        words++;
        end--;
    } else if (memchr(words, ':', (size_t)(colon - words))) {
        return false; /* an IPv6 number without its brackets */
    }
    return copy_part(w->host, words, (size_t)(end - words)) && copy_part(w->service, colon + 1, strlen(colon + 1));
}

static bool is_local(const char *network, enum os_transport *transport)
{
    static const char *const names[] = {[OS_STREAM] = "unix", [OS_DATAGRAM] = "unixgram", [OS_SEQUENCED] = "unixpacket"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(network, names[i]) == 0) {
            *transport = (enum os_transport)i;
            return true;
        }
    }
    return false;
}

static bool is_inet(const char *network, struct words *w)
{
    bool tcp = strncmp(network, "tcp", 3) == 0;
    if (!tcp && strncmp(network, "udp", 3) != 0)
        return false;
    w->transport = tcp ? OS_STREAM : OS_DATAGRAM;
    w->family = network[3] ? network[3] - '0' : 0;
    return !network[3] || ((w->family == 4 || w->family == 6) && !network[4]);
}

/* ---- looking up ---- */

/* One look-up, of which both who asks and who looks may be the last to need it. */
struct lookup {
    struct lock lock;
    struct words words;     /* fixed */
    struct addresses found; /* by who looks, until it is done */

    /* Under the lock. */
    struct wait_queue asking;
    int result;
    bool done, nobody_asks;
};

static struct lock turn_lock;
static struct wait_queue turn_queue; /* under the lock, as the next */
static int turns_taken;

static int take_turn(int64_t deadline)
{
    struct waiter w = {.g = sched_self()}; /* with no lock: it may have to wait for a processor */
    lock_take(&turn_lock);
    if (turns_taken < LOOKUPS) {
        turns_taken++;
        lock_drop(&turn_lock);
        return 0;
    }
    int passed = deadline_passed(deadline);
    if (passed) {
        lock_drop(&turn_lock);
        return passed;
    }
    return wait_in_line(&turn_lock, &turn_queue, &w, deadline, "turn to look up a name");
}

/* To the next in line, if there is one. */
static void give_turn(void)
{
    lock_take(&turn_lock);
    struct waiter *next = wait_queue_pop(&turn_queue);
    if (!next)
        turns_taken--;
    lock_drop(&turn_lock);
    if (next) {
        next->result = 0;
        sched_ready(next->g);
    }
}

static void look_up(void *arg)
{
    struct lookup *l = arg;
    const char *host = l->words.host[0] ? l->words.host : NULL;
    go_blocking_begin();
    int n = os_resolve(host, l->words.service, l->words.family, l->words.transport, l->found.at, ADDRESSES);
    go_blocking_end();
    give_turn();
    lock_take(&l->lock);
    l->found.n = n;
    l->result = n < 0 ? n : 0;
    l->done = true;
    bool alone = l->nobody_asks;
    struct waiter *asker = wait_queue_pop(&l->asking);
    lock_drop(&l->lock);
    if (asker) {
        asker->result = 0;
        sched_ready(asker->g);
    }
    if (alone)
        sched_free(l);
}

/* Whoever comes last frees it. */
static int ask(struct lookup *l, int64_t deadline, struct addresses *found)
{
    int result = 0;
    struct waiter w = {.g = sched_self()}; /* likewise */
    lock_take(&l->lock);
    if (!l->done) {
        result = wait_in_line(&l->lock, &l->asking, &w, deadline, "look-up of a name");
        lock_take(&l->lock);
    }
    bool done = l->done;
    l->nobody_asks = true;
    lock_drop(&l->lock);
    if (!done)
        return result;
    result = l->result;
    if (result == 0) {
        found->n = l->found.n;
        sched_copy(found->at, l->found.at, sizeof found->at);
    }
    sched_free(l);
    return result;
}

static int look_up_until(const struct words *words, int64_t deadline, struct addresses *found)
{
    int error = deadline_passed(deadline);
    if (!error)
        error = take_turn(deadline);
    if (error)
        return error;
    struct lookup *l = sched_alloc(sizeof *l);
    if (l) {
        sched_zero(l, sizeof *l);
        sched_copy(&l->words, words, sizeof *words);
        error = go_spawn_attr(&(struct go_attr){.stack_size = LOOKUP_STACK, .name = "name look-up"}, look_up, l);
    }
    if (!l || error) {
        sched_free(l);
        give_turn();
        return l ? error : -ENOMEM;
    }
    return ask(l, deadline, found);
}

/* Their number; -EAGAIN: `w` is to be looked up. */
static int find_at_once(const char *network, const char *words, struct words *w, struct addresses *found)
{
    found->both_families = false;
    if (is_local(network, &found->transport)) {
        int error = os_local_address(words, &found->at[0]);
        return error ? error : 1;
    }
    if (!is_inet(network, w) || !split(words, w))
        return -EINVAL;
    found->transport = w->transport;
    found->both_families = w->family == 0;
    return os_resolve_now(w->host[0] ? w->host : NULL, w->service, w->family, found->at);
}

int address_find(const char *network, const char *words, int64_t deadline, struct addresses *found)
{
    struct words w;
    if (!network || !words)
        return -EINVAL;
    preempt_hold();
    int n = find_at_once(network, words, &w, found);
    preempt_release();
    if (n == -EAGAIN)
        return look_up_until(&w, deadline, found);
    found->n = n;
    return n < 0 ? n : 0;
}

void address_interleave(struct addresses *a)
{
    for (int i = 1; i < a->n; i++) {
        int before = os_address_family(&a->at[i - 1]), next = i;
        while (next < a->n && os_address_family(&a->at[next]) == before)
            next++;
        if (next == a->n)
            return;
        for (; next > i; next--) {
            struct os_address moved = a->at[next];
            a->at[next] = a->at[next - 1];
            a->at[next - 1] = moved;
        }
    }
}
