/* The first call starts everything: settings from the environment, processors, the monitor, and main() as goroutine 1.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "sched/ending.h"
#include "sched/identity.h"
#include "sched/monitor.h"
#include "sched/preempt.h"
#include "sched/sched.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "goroutine/task.h"

/* A whole number from the environment; `otherwise` if there is none. */
static long setting(const char *name, long otherwise)
{
    const char *value = getenv(name);
    if (!value || !*value)
        return otherwise;
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (*end || errno || number <= 0)
        ruin("%s=%s: must be a whole number above 0", name, value);
    return number < LONG_MAX ? (long)number : LONG_MAX;
}

static enum preempt_mode preempt_setting(void)
{
    const char *value = getenv("GOROUTINE_PREEMPT");
    if (!value || !*value || strcmp(value, "frame") == 0)
        return PREEMPT_FRAME;
    if (strcmp(value, "inject") == 0)
        return PREEMPT_INJECT;
    if (strcmp(value, "off") == 0)
        return PREEMPT_OFF;
    ruin("GOROUTINE_PREEMPT=%s: must be frame, inject or off", value);
}

static int64_t clamp_slice(int64_t ns)
{
    return ns < SLICE_SHORTEST ? SLICE_SHORTEST : ns > SLICE_LONGEST ? SLICE_LONGEST : ns;
}

int64_t go_slice(int64_t ns)
{
    int error = sched_ensure();
    if (error)
        return error;
    int64_t before = load_relaxed(&sched.slice);
    if (ns > 0) {
        store_relaxed(&sched.slice, clamp_slice(ns));
        monitor_kick();
    }
    return before;
}

/* Linkers leave the mark for shadow stacks out of a program that has parts without it, as this library. */
static void refuse_shadow_stacks(void)
{
    if (arch_checks_returns())
        ruin("shadow stacks are on, and goroutines have none: start the program without them (GLIBC_TUNABLES, glibc.cpu)");
}

static void read_settings(void)
{
    store_relaxed(&sched.slice, clamp_slice((int64_t)setting("GOROUTINE_SLICE", SLICE_DEFAULT / 1000) * 1000));
    preempt_start(preempt_setting());
    /* In a static program libc's text can not be told from the program's own: there all is preempted, or nothing. */
    bool apart = os_image_start();
    if (!identity_start() && !apart)
        preempt_start(PREEMPT_OFF);
}

static int start_processors(void)
{
    long n = setting("GOMAXPROCS", os_cpu_count());
    int made = processor_grow(0, processor_most(n));
    return made > 0 ? 0 : -ENOMEM;
}

static const struct os_hooks hooks = {
    .interrupt = preempt_interrupt,
    .fault = report_fault,
    .quit = monitor_request_dump,
};

/* Each step is done once, also where a later one failed and the next call tries again. */
static int start_once(void)
{
    static int done;
    int error = 0;
    if (done == 0) {
        arch_init();
        refuse_shadow_stacks();
        read_settings();
        stack_start();
        store_relaxed(&sched.clock, sched_now());
        store_relaxed(&sched.ids, 1);
        os_before_exit(report_before_exit);
        ending_start();
        done++;
    }
    if (done == 1) {
        error = os_signals_start(&hooks, (int)setting("GOROUTINE_SIGNAL", 0));
        if (error == -EINVAL)
            ruin("GOROUTINE_SIGNAL=%s: not a signal that can be used", getenv("GOROUTINE_SIGNAL"));
        if (error)
            return error;
        done++;
    }
    if (done == 2) {
        error = start_processors();
        if (error)
            return error;
        done++;
    }
    if (done == 3) {
        error = monitor_start();
        if (error)
            return error;
        done++;
    }
    if (done == 4) {
        error = maker_start();
        if (error)
            return error;
        done++;
    }
    if (done == 5) {
        error = relief_start();
        if (error)
            return error;
        done++;
    }
    store_ordered(&sched.started, 1);
    return 0;
}

/* The first thread joins as goroutine 1 the first time it calls; it may not be the one that started the scheduler. */
static int adopt_main(void)
{
    static _Atomic uint32_t adopted;
    if (load_relaxed(&adopted) || !os_thread_is_first())
        return 0;
    add_ordered(&sched.blocking,
                1); /* as if in a blocking region: else a look for a deadlock finds one thread, and nobody to run */
    int error = thread_adopt_first(&main_goroutine);
    if (!error) {
        store_relaxed(&adopted, 1);
        goroutine_init_main((uintptr_t)__builtin_frame_address(0));
        os_ending_adopt(&main_goroutine.ending);
        processor_acquire(thread_self(), &main_goroutine);
    }
    add_ordered(&sched.blocking, -1u);
    return error;
}

int sched_ensure(void)
{
    static struct lock lock;
    if (thread_self())
        return 0;
    forked_check();
    if (taken_return())
        return 0;
    int error = 0;
    if (!load_acquire(&sched.started)) {
        lock_take(&lock);
        if (!load_relaxed(&sched.started))
            error = start_once();
        lock_drop(&lock);
    }
    return error ? error : adopt_main();
}
