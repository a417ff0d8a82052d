/* skynet: a tree of goroutines, ten children a node, that sums 1,000,000 leaves over channels; ns for one leaf.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#define CHILDREN 10
#define LEAVES   1000000

struct node {
    go_chan *out;
    int64_t first, leaves;
};

static void node(void *arg)
{
    struct node self = *(struct node *)arg;
    if (self.leaves == 1) {
        must(go_send(self.out, &self.first));
        return;
    }
    struct node children[CHILDREN];
    go_chan *in = must_have(go_chan_new(sizeof(int64_t), 0));
    int64_t share = self.leaves / CHILDREN;
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = (struct node){in, self.first + i * share, share};
        must(go(node, &children[i]));
    }
    int64_t sum = 0;
    for (int i = 0; i < CHILDREN; i++) {
        int64_t part;
        must(go_recv(in, &part));
        sum += part;
    }
    must(go_chan_free(in));
    must(go_send(self.out, &sum));
}

static void tree(int64_t leaves)
{
    struct node root = {must_have(go_chan_new(sizeof(int64_t), 0)), 0, leaves};
    int64_t sum;
    must(go(node, &root));
    must(go_recv(root.out, &sum));
    must(go_chan_free(root.out));
    expect(sum, leaves * (leaves - 1) / 2);
}

BENCH(skynet)
{
    bench_print("skynet", "ns", bench_best(tree, LEAVES) / LEAVES);
}
