/* Seeing every goroutine: number, state, what it waits for and since when, where it was started. Reads while the world moves.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "base/format.h"
#include "sched/sched.h"

#include <errno.h>

#include "goroutine/debug.h"

#define NAME_SIZE 160

static const char *describe_state(struct goroutine *g, uint32_t state)
{
    switch (state) {
    case G_RUNNABLE:
        return "runnable";
    case G_RUNNING:
        return "running";
    case G_BLOCKED:
        return "in a blocking region";
    default: {
        const char *why = load_relaxed(&g->why);
        return why ? why : "waiting";
    }
    }
}

static void dump_one(struct goroutine *g, void *argument)
{
    uint32_t state = load_acquire(&g->state);
    if (state == G_DEAD)
        return;
    struct text text = {0};
    char name[NAME_SIZE];
    text_add(&text, "goroutine %llu", (unsigned long long)load_relaxed(&g->id));
    if (g->name[0])
        text_add(&text, " \"%s\"", g->name);
    text_add(&text, " [%s", describe_state(g, state));
    if (state == G_WAITING && load_relaxed(&g->where))
        text_add(&text, " %p", load_relaxed(&g->where));
    int64_t ms = (os_now() - load_relaxed(&g->since)) / 1000000;
    if (state != G_RUNNING && load_relaxed(&g->since))
        text_add(&text, ", %lld.%llds", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
    text_add(&text, "]");
    if (g->fn) {
        os_image_name((uintptr_t)g->fn, name, sizeof name);
        text_add(&text, " %s", name);
        os_image_name(g->creator_pc, name, sizeof name);
        text_add(&text, ", started by goroutine %llu at %s", (unsigned long long)g->creator_id, name);
    }
    text_add(&text, "\n");
    os_write(*(int *)argument, text.bytes, text.used);
}

void dump_all(int fd)
{
    preempt_hold();
    dump_one(&main_goroutine, &fd);
    stack_each(dump_one, &fd);
    preempt_release();
}

int go_dump(int fd)
{
    if (fd < 0)
        return -EINVAL;
    int error = sched_ensure();
    if (error)
        return error;
    dump_all(fd);
    return 0;
}
