/* What the library calls outside its own text, it calls with preemption kept away: there a goroutine would be taken off in the
 * middle of the library, locks included. So are the calls of the system that it makes itself: who sleeps in one would lose its
 * processor (sched/taken.c). Each call of the library is gone through by single steps, each of which ends in a trap of the CPU's;
 * its handler sees who has just been called, and by whom, and what the next instruction is.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "test.h"
#include "sanitizers.h"

#include "goroutine/counter.h"

#include "arch/arch.h"
#include "sched/preempt.h"
#include "sched/runtime.h"

/* ---- watching ---- */

#ifdef __x86_64__
#define CALL_NUMBER     REG_RAX
#define SECOND_ARGUMENT REG_RSI
#else
#define CALL_NUMBER     REG_EAX
#define SECOND_ARGUMENT REG_ECX
#endif

enum { TRAPS = 0x100 /* a flag of both x86 CPUs */, MOST = 16 };

static volatile long steps, calls_out, system_calls, bare_calls;
static struct bare {
    uintptr_t from, to; /* to is 0: a call of the system */
    long number;
} bare[MOST];

static void found_bare(uintptr_t from, uintptr_t to, long number)
{
    if (bare_calls < MOST)
        bare[bare_calls] = (struct bare){from, to, number};
    bare_calls++;
}

/* Nothing of ours is held or half done there; memory is asked for and given back so (sched/alloc.c). */
static bool may_be_preempted(uintptr_t to)
{
    return to == (uintptr_t)malloc || to == (uintptr_t)free;
}

/* Runs a goroutine, with nothing said against its losing the processor. */
static bool may_lose_its_processor(void)
{
    struct thread *m = thread_mine();

    return m && m->current->kind == KIND_GOROUTINE && m->p && !m->hold && !m->current->preempt_off;
}

/* Else whatever comes for this thread is refused, or waits. */
static bool is_exposed(const void *frame)
{
    return may_lose_its_processor() && (os_frame_masked(frame) & UINT64_C(1) << (SIGURG - 1)) == 0;
}

static bool is_call_of_the_system(const unsigned char *code)
{
    return (code[0] == 0x0f && (code[1] == 0x05 || code[1] == 0x34)) || (code[0] == 0xcd && code[1] == 0x80);
}

/* They never sleep, so that nobody is found asleep there, or they are passed over (os_thread_in_call). */
static bool is_passed_over(long number)
{
    return number == SYS_clock_gettime || number == SYS_rt_sigprocmask || number == SYS_sigaltstack || number == SYS_sched_yield ||
           number == SYS_gettid || number == SYS_getpid || number == SYS_rt_sigreturn || number == ARCH_POINTER_CALL;
}

#if defined(__x86_64__) || defined(__i386__)
static long call_number(const ucontext_t *frame)
{
    return (long)frame->uc_mcontext.gregs[CALL_NUMBER];
}

static long second_argument(const ucontext_t *frame)
{
    return (long)frame->uc_mcontext.gregs[SECOND_ARGUMENT];
}
#else
static long call_number(const ucontext_t *frame)
{
    (void)frame;
    return -1; /* nothing is stepped through here */
}

static long second_argument(const ucontext_t *frame)
{
    return call_number(frame);
}
#endif

/* That never sleeps either, and the program's handlers run in it: it must not be shielded. Where the library's functions stand for
 * libc's (os/linux/raise.c); nothing is held there. */
static bool is_signal_to_itself(long number, const ucontext_t *frame)
{
    return number == SYS_tgkill && second_argument(frame) == syscall(SYS_gettid);
}

static void look_at_next(uintptr_t pc, const ucontext_t *frame)
{
    long number = call_number(frame);

    if (!is_call_of_the_system((const unsigned char *)pc))
        return;
    system_calls++;
    if (may_lose_its_processor() && !is_passed_over(number) && !is_signal_to_itself(number, frame))
        found_bare(pc, 0, number);
}

static void on_trap(int number, siginfo_t *info, void *frame)
{
    static _Thread_local bool was_in_library __attribute__((tls_model("initial-exec")));
    uintptr_t pc = arch_frame_pc(frame), from = *(uintptr_t *)arch_frame_sp(frame);
    bool now = preempt_in_library(arch_owner(pc, arch_frame_sp(frame), UINTPTR_MAX)),
         called = was_in_library && !now && preempt_in_library(from);

    (void)number;
    (void)info;
    was_in_library = now;
    steps++;
    if (now)
        look_at_next(pc, frame);
    if (!called || os_image_owns(pc))
        return;
    calls_out++;
    if (!may_be_preempted(pc) && is_exposed(frame))
        found_bare(from, pc, 0);
}

#if defined(__x86_64__) || defined(__i386__)
enum { STEPS = true };

static void set_traps(bool on)
{
    uintptr_t flags;

    __asm__ volatile("pushf; pop %0" : "=r"(flags));
    flags = on ? flags | TRAPS : flags & ~(uintptr_t)TRAPS;
    __asm__ volatile("push %0; popf" : : "r"(flags) : "cc");
}
#else
enum { STEPS = false };

static void set_traps(bool on)
{
    (void)on;
}
#endif

static void watch(void (*fn)(void *), void *arg)
{
    struct sigaction trap = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK}, before;

    steps = calls_out = system_calls = bare_calls = 0;
    CHECK_EQ(0, sigaction(SIGTRAP, &trap, &before));
    set_traps(true);
    fn(arg);
    set_traps(false);
    CHECK(steps > 100);
    CHECK_EQ(0, bare_calls);
    for (long i = 0; i < bare_calls && i < MOST; i++) {
        char to[200], who[200];
        snprintf(to, sizeof to, "system call %ld", bare[i].number);
        if (bare[i].to)
            os_image_place(bare[i].to, to, sizeof to);
        os_image_place(bare[i].from, who, sizeof who);
        test_note("%s is called at %s", to, who);
    }
}

static void watch_with_identity(void *arg, int index)
{
    void (**fn)(void *) = arg;

    (void)index;
    go_lock_identity();
    go_unlock_identity(); /* it has an identity now, which each call that waits looks at */
    watch(*fn, NULL);
}

/* Goroutines that stop being stepped with the thread they are on: each watched function runs on one processor, and to its end.
 * main() always keeps the identity that it has, so the second time it is another goroutine. */
static void watch_alone(void (*fn)(void *))
{
    go_maxprocs(1);
    watch(fn, NULL);
    crew_run(1, watch_with_identity, &fn);
}

#define WATCHED(sentence, fn)                                                                                                      \
    TEST(sentence)                                                                                                                 \
    {                                                                                                                              \
        if (WITH_TSAN || WITH_ASAN)                                                                                                \
            SKIP("libc's functions are the sanitizer's");                                                                          \
        if (!STEPS)                                                                                                                \
            SKIP("a program can not step through itself on this CPU");                                                             \
        if (!os_image_owns(ARCH_CODE(watch)))                                                                                      \
            SKIP("libc's text is not told from the program's, which the library calls too");                                       \
        watch_alone(fn);                                                                                                           \
    }

/* ---- what is watched ---- */

static void nothing(void *arg)
{
    (void)arg;
}

static void end_with_identity(void *arg)
{
    (void)arg;
    go_lock_identity();
}

static void goroutines(void *arg)
{
    (void)arg;
    go_spawn(end_with_identity, NULL);
    go_yield();
    for (int i = 0; i < 3; i++) {
        go_spawn(nothing, NULL);
        go_yield();
    }
    go_spawn_attr(&(struct go_attr){.stack_size = 3u << 20, .name = "large"}, nothing, NULL);
    go_yield();
    go_blocking_begin();
    go_blocking_end();
    go_preempt_off();
    go_preempt_on();
    go_lock_thread();
    go_yield();
    go_unlock_thread();
    go_slice(0);
    go_count();
    go_id();
    go_maxprocs(2);
    go_maxprocs(1);
}

WATCHED(goroutines_are_spawned_and_switched_with_libc_shielded, goroutines)

static void answer(void *arg)
{
    go_chan **c = arg;
    int n;

    while (go_recv(c[0], &n) == 0)
        go_send(c[1], &n);
    go_chan_close(c[1]);
}

static void channels(void *arg)
{
    go_chan *c[2] = {go_chan_new(sizeof(int), 0), go_chan_new(sizeof(int), 3)};
    struct big {
        char bytes[5000];
    } *big = calloc(1, sizeof *big);
    go_chan *large = go_chan_new(sizeof *big, 1);
    int n = 1;

    (void)arg;
    go_spawn(answer, c);
    for (int i = 0; i < 5; i++) {
        go_send(c[0], &n);
        go_recv(c[1], &n);
    }
    go_recv_until(c[1], &n, go_now() + 1000);
    struct go_case cases[] = {{.op = GO_RECV, .chan = c[1], .elem = &n}, {.op = GO_SEND, .chan = c[0], .elem = &n}};
    go_select(cases, 2);
    go_select_until(cases, 1, GO_NOW);
    go_chan_close(c[0]);
    while (go_recv(c[1], &n) == 0)
        ;
    go_send(large, big);
    go_recv(large, big);
    go_chan_free(large);
    free(big);
    go_chan_free(c[0]);
    go_chan_free(c[1]);
}

WATCHED(channels_pass_elements_with_libc_shielded, channels)

struct locks {
    go_mutex mutex;
    go_rwmutex rw;
    go_cond cond;
    go_waitgroup all;
    go_once once;
    go_sem sem;
    go_counter *counter;
};

static void use_locks(void *arg)
{
    struct locks *l = arg;

    go_mutex_lock(&l->mutex);
    go_cond_signal(&l->cond);
    go_mutex_unlock(&l->mutex);
    go_rwmutex_rlock(&l->rw);
    go_rwmutex_runlock(&l->rw);
    go_sem_release(&l->sem, 1);
    go_counter_add_apart(l->counter, 1);
    go_waitgroup_done(&l->all);
}

static void locks(void *arg)
{
    struct locks l = {.counter = go_counter_new()};

    (void)arg;
    go_waitgroup_add(&l.all, 1);
    go_rwmutex_lock(&l.rw);
    go_mutex_lock(&l.mutex);
    go_spawn(use_locks, &l);
    go_cond_wait(&l.cond, &l.mutex);
    go_mutex_unlock(&l.mutex);
    go_rwmutex_unlock(&l.rw);
    go_sem_acquire(&l.sem, 1);
    go_waitgroup_wait(&l.all);
    go_once_do(&l.once, nothing, NULL);
    go_sem_acquire_until(&l.sem, 1, go_now() + 1000);
    go_counter_sum(l.counter);
    go_counter_free(l.counter);
}

WATCHED(locks_are_taken_with_libc_shielded, locks)

static void timers(void *arg)
{
    int64_t now;

    (void)arg;
    go_sleep(1000);
    go_timer *t = go_timer_new(1000), *f = go_after_func(1000, nothing, NULL);
    go_ticker *k = go_ticker_new(100000);
    go_recv(go_timer_chan(t), &now);
    go_recv(go_ticker_chan(k), &now);
    go_timer_reset(t, 5000);
    go_timer_stop(t);
    go_timer_free(t);
    go_timer_free(f);
    go_ticker_stop(k);
    go_ticker_free(k);
}

WATCHED(timers_fire_with_libc_shielded, timers)

static int fail(go_ctx *ctx, void *arg)
{
    (void)arg;
    return go_sleep_ctx(ctx, GO_SECOND);
}

static void contexts(void *arg)
{
    go_ctx *ctx = go_ctx_new(NULL), *late = go_ctx_with_deadline(ctx, go_now() + 1000000),
           *rich = go_ctx_with_value(late, "k", "v");
    go_group *group = go_group_new(ctx, 0);

    (void)arg;
    go_ctx_after_func(rich, nothing, NULL);
    go_ctx_value(rich, "k");
    go_group_spawn(group, fail, NULL);
    go_sleep_ctx(late, GO_SECOND);
    go_ctx_cancel(ctx, 0);
    go_group_wait(group);
    go_group_free(group);
    go_ctx_free(rich);
    go_ctx_free(late);
    go_ctx_free(ctx);
}

WATCHED(contexts_end_calls_with_libc_shielded, contexts)

static void break_down(void *arg)
{
    struct go_deferred d;

    (void)arg;
    go_defer(&d, nothing, NULL);
    go_panic("%d", 1);
}

static void panics(void *arg)
{
    struct go_panic_info info;
    struct go_stats s;

    (void)arg;
    go_try(break_down, NULL, &info);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    go_dump(nowhere);
    close(nowhere);
    go_stats_read(&s, sizeof s);
    go_strerror(-EPIPE);
    go_strerror(-EXDEV);
}

WATCHED(panics_land_with_libc_shielded, panics)

static void serve(void *arg)
{
    int fd = go_accept(*(int *)arg);
    char byte;

    while (go_read(fd, &byte, 1) == 1)
        go_write(fd, &byte, 1);
    go_close(fd);
}

static void sockets(void *arg)
{
    int listener = go_listen("tcp", "127.0.0.1:0");
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    char place[40], byte = 1;

    (void)arg;
    getsockname(listener, (struct sockaddr *)&at, &size);
    snprintf(place, sizeof place, "127.0.0.1:%d", ntohs(at.sin_port));
    go_spawn(serve, &listener);
    int fd = go_dial("tcp", place);
    for (int i = 0; i < 3; i++) {
        go_write(fd, &byte, 1);
        go_read(fd, &byte, 1);
    }
    go_wait_fd(fd, GO_WRITABLE, GO_NOW);
    go_read_until(fd, &byte, 1, go_now() + 1000);
    go_shutdown(fd, GO_WRITABLE);
    go_read(fd, &byte, 1);
    go_close(fd);
    go_close(listener);
}

WATCHED(sockets_are_served_with_libc_shielded, sockets)

static void system_things(void *arg)
{
    go_chan *c = go_chan_new(sizeof(int), 1);
    int number = SIGUSR2;

    (void)arg;
    go_signal_notify(c, &number, 1);
    raise(SIGUSR2);
    go_recv(c, &number);
    go_signal_ignored(SIGUSR2);
    go_signal_stop(c);
    go_yield();
    go_chan_free(c);
}

WATCHED(signals_are_passed_on_with_libc_shielded, system_things)

/* ---- the watch itself ---- */

TEST(a_call_that_is_not_shielded_is_found)
{
    if (WITH_TSAN || WITH_ASAN)
        SKIP("libc's functions are the sanitizer's");
    if (!STEPS)
        SKIP("a program can not step through itself on this CPU");
    struct sigaction trap = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    char place[40];

    go_yield();
    bare_calls = 0;
    CHECK_EQ(0, sigaction(SIGTRAP, &trap, NULL));
    set_traps(true);
    os_image_place(0, place, sizeof place); /* who calls it has to shield what it calls */
    set_traps(false);
    CHECK(bare_calls > 0);
}
