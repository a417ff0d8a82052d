/* Hogs: a loop of arithmetic with one store a round, so that their work can be counted from outside.
 *
 * SPDX-License-Identifier: MIT
 */
#include "hogs.h"

static void hog(void *arg)
{
    struct hog *self = arg;
    uint32_t seed = 1;
    int64_t work = 0;
    while (!atomic_load_explicit(&self->all->stop, memory_order_relaxed)) {
        for (int i = 0; i < 16; i++)
            seed = seed * 1664525 + 1013904223;
        work += seed != 0;
        atomic_store_explicit(&self->work, work, memory_order_relaxed);
    }
    must(go_waitgroup_done(&self->all->ended));
}

void hogs_start(struct hogs *hogs, int count)
{
    expect(count >= 0 && count <= HOGS_MOST, 1);
    *hogs = (struct hogs){.count = count};
    must(go_waitgroup_add(&hogs->ended, count));
    for (int i = 0; i < count; i++) {
        hogs->hog[i].all = hogs;
        must(go(hog, &hogs->hog[i]));
    }
}

int64_t hogs_work(struct hogs *hogs)
{
    int64_t sum = 0;
    for (int i = 0; i < hogs->count; i++)
        sum += atomic_load_explicit(&hogs->hog[i].work, memory_order_relaxed);
    return sum;
}

int hogs_running(struct hogs *hogs)
{
    int running = 0;
    for (int i = 0; i < hogs->count; i++)
        running += atomic_load_explicit(&hogs->hog[i].work, memory_order_relaxed) > 0;
    return running;
}

void hogs_stop(struct hogs *hogs)
{
    atomic_store(&hogs->stop, true);
    must(go_waitgroup_wait(&hogs->ended));
}
