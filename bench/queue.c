/* buffered128: one producer, one consumer, a channel of 128; mpmc4x4: four of each on that channel; ns for one item.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#define CAPACITY 128
#define MOST     4

struct queue {
    go_chan *items;
    go_waitgroup producing, consuming;
};

struct worker {
    struct queue *queue;
    int64_t first, end; /* what a producer sends */
    int64_t sum;        /* of what a consumer received */
};

static void produce(void *arg)
{
    struct worker *self = arg;
    for (int64_t i = self->first; i < self->end; i++)
        must(go_send(self->queue->items, &i));
    must(go_waitgroup_done(&self->queue->producing));
}

static void consume(void *arg)
{
    struct worker *self = arg;
    int64_t item, sum = 0;
    while (go_recv(self->queue->items, &item) == 0)
        sum += item;
    self->sum = sum;
    must(go_waitgroup_done(&self->queue->consuming));
}

static void pass(int64_t n, int workers)
{
    struct queue queue = {.items = must_have(go_chan_new(sizeof(int64_t), CAPACITY))};
    struct worker producers[MOST], consumers[MOST];
    must(go_waitgroup_add(&queue.producing, workers));
    must(go_waitgroup_add(&queue.consuming, workers));
    for (int i = 0; i < workers; i++) {
        consumers[i] = (struct worker){.queue = &queue};
        producers[i] = (struct worker){.queue = &queue, .first = n / workers * i, .end = n / workers * (i + 1)};
        must(go(consume, &consumers[i]));
        must(go(produce, &producers[i]));
    }
    must(go_waitgroup_wait(&queue.producing));
    must(go_chan_close(queue.items));
    must(go_waitgroup_wait(&queue.consuming));
    must(go_chan_free(queue.items));
    int64_t sum = 0;
    for (int i = 0; i < workers; i++)
        sum += consumers[i].sum;
    expect(sum, n * (n - 1) / 2);
}

static void one_to_one(int64_t n)
{
    pass(n, 1);
}

static void four_to_four(int64_t n)
{
    pass(n, 4);
}

BENCH(buffered128)
{
    bench_per_op("buffered128", one_to_one);
}

BENCH(mpmc4x4)
{
    bench_per_op("mpmc4x4", four_to_four);
}
