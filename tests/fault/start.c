/* The first call, when the system has no memory or no thread to give: it says so, and a later call finds all in order.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include "fault/fail.h"
#include "goroutine.h"
#include "os/tap.h"

static struct fault no_mapping, no_memory, no_thread;

void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fault_now(&no_mapping)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return __real_mmap(at, size, protection, flags, fd, offset);
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    if (fault_now(&no_memory)) {
        errno = ENOMEM;
        return NULL;
    }
    return __real_malloc(size);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    return fault_now(&no_thread) ? EAGAIN : __real_pthread_create(thread, attr, run, arg);
}

/* ---- what a child does ---- */

enum { UNTOUCHED = 10, WRONG_RESULT = 11, BROKEN_LATER = 12 }; /* how it ends, if not with 0 */

static struct fault *chosen;
static int good_calls, bad_calls;
static int (*first_call)(void);

static void set_flag(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
}

static int call_spawn(void)
{
    static atomic_bool ran;
    int result = go_spawn(set_flag, &ran);

    if (result != 0 && result != -ENOMEM && result != -EAGAIN)
        return WRONG_RESULT;
    if (result == 0)
        while (!atomic_load(&ran))
            go_yield();
    return 0;
}

static int call_yield(void)
{
    go_yield();
    return 0;
}

static int call_sleep(void)
{
    int64_t begin = go_now();

    go_sleep(GO_MILLISECOND);
    return go_now() - begin < GO_MILLISECOND ? WRONG_RESULT : 0;
}

static int call_timer(void)
{
    go_timer *t = go_timer_new(0);

    return t && (go_recv(go_timer_chan(t), NULL) != 0 || go_timer_free(t) != 0) ? WRONG_RESULT : 0;
}

static int call_channel(void)
{
    go_chan *c = go_chan_new(sizeof(int), 1);
    int value = 5;

    if (!c)
        return 0;
    if (go_send(c, &value) != 0 || go_recv(c, &value) != 0 || value != 5)
        return WRONG_RESULT;
    return go_recv_until(c, &value, go_deadline(GO_MILLISECOND)) == -ETIMEDOUT && go_chan_free(c) == 0 ? 0 : WRONG_RESULT;
}

static int call_settings(void)
{
    struct go_stats stats;

    go_maxprocs(2);
    go_slice(GO_MILLISECOND);
    go_stats_read(&stats, sizeof stats);
    go_count();
    go_id();
    go_lock_thread();
    go_unlock_thread();
    return 0;
}

static void add_up(void *arg)
{
    go_send(arg, &(int){1});
}

/* The library works as if nothing had been. */
static bool all_in_order(void)
{
    go_chan *c = go_chan_new(sizeof(int), 0);
    int sum = 0, value;

    for (int i = 0; c && i < 200; i++)
        if (go_spawn(add_up, c) != 0)
            return false;
    for (int i = 0; c && i < 200; i++)
        sum += go_recv(c, &value) == 0 ? value : 0;
    go_maxprocs(4);
    go_sleep(GO_MILLISECOND);
    return sum == 200 && go_maxprocs(0) == 4 && go_id() == 1;
}

static void fail_at_the_start(void)
{
    int result, failed;

    alarm(60);
    fault_plan(chosen, good_calls, bad_calls);
    result = first_call();
    failed = fault_end(chosen);
    if (result != 0)
        _exit(result);
    if (!all_in_order())
        _exit(BROKEN_LATER);
    _exit(failed ? 0 : UNTOUCHED);
}

/* ---- all of them ---- */

/* Lets call number 0, 1, 2... fail until there is none of that number. */
static void check(const char *sentence, struct fault *fault, int (*call)(void), int bad)
{
    int status = 0, number = 0;

    chosen = fault;
    first_call = call;
    bad_calls = bad;
    for (; number < 100; number++) {
        good_calls = number;
        status = in_child(fail_at_the_start);
        if (!exited(status, 0))
            break;
    }
    if (!OK(exited(status, UNTOUCHED), sentence))
        printf("# failing call number %d: status 0x%x\n", number, (unsigned)status);
}

static void check_all(const char *what, struct fault *fault)
{
    static const struct {
        const char *name;
        int (*call)(void);
    } calls[] = {{"spawn", call_spawn}, {"yield", call_yield},     {"sleep", call_sleep},
                 {"timer", call_timer}, {"channel", call_channel}, {"settings", call_settings}};
    char sentence[100];

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        snprintf(sentence, sizeof sentence, "a first call (%s) comes through %s once", calls[i].name, what);
        check(sentence, fault, calls[i].call, 1);
        snprintf(sentence, sizeof sentence, "a first call (%s) comes through %s for a while", calls[i].name, what);
        check(sentence, fault, calls[i].call, FOR_EVER);
    }
}

int main(void)
{
    check_all("no mapping", &no_mapping);
    check_all("no memory", &no_memory);
    check_all("no thread", &no_thread);
    return tap_end();
}
