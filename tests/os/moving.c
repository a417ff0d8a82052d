/* An interrupt that begins on one thread and ends on another: what belongs to the goroutine goes along, what belongs to the thread
 * stays.
 *
 * The traveller runs on a stack of its own. Its interrupt is left for the main context of thread A, and resumed by thread B.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <ucontext.h>
#include "arch/arch.h"
#include "os/os.h"
#include "tap.h"

static const char *const promises[] = {"an interrupt may return on another thread",
                                       "errno goes along with the interrupted code",
                                       "and is written where the new thread keeps it, not where the old one did",
                                       "the alternate stack is that of the new thread",
                                       "an interrupt that is not adopted drags the old one along (so the test can see it)",
                                       "the interrupt is unmasked again"};

static void *thread_context, *traveller, *in_interrupt;
static bool adopt;

/* ---- the traveller ---- */

struct findings {
    uintptr_t thread;
    int error;
    stack_t alternate;
    sigset_t mask;
};
static struct findings before, after;

/* Never inlined, for the address of errno that it must not keep. */
__attribute__((noinline)) static void note(struct findings *findings)
{
    __asm__ volatile("" ::: "memory");
    findings->error = errno;
    findings->thread = os_thread_self().id;
    sigaltstack(NULL, &findings->alternate);
    pthread_sigmask(SIG_BLOCK, NULL, &findings->mask);
}

__attribute__((noinline)) static void set_errno(int value)
{
    __asm__ volatile("" ::: "memory");
    errno = value;
}

static void travel(void)
{
    set_errno(77);
    note(&before);
    os_interrupt(os_thread_self());
    note(&after);
    arch_switch(&traveller, thread_context);
    abort();
}

static void on_interrupt(void *frame)
{
    arch_switch(&in_interrupt, thread_context);
    set_errno(99);
    if (adopt)
        os_frame_adopt(frame);
}

static bool on_fault(void *frame, const struct os_fault *fault)
{
    (void)frame;
    (void)fault;
    return false;
}

static void on_quit(void)
{
}

/* ---- the threads ---- */

static int errno_of_a;
static stack_t alternate_of_b;

static void *thread_a(void *arg)
{
    static char stack[256 * 1024];
    (void)arg;
    os_thread_prepare();
    arch_switch(&thread_context, arch_context_init(stack + sizeof stack, travel));
    set_errno(55);
    return NULL;
}

static void *thread_b(void *arg)
{
    (void)arg;
    os_thread_prepare();
    sigaltstack(NULL, &alternate_of_b);
    set_errno(44);
    arch_switch(&thread_context, in_interrupt);
    return NULL;
}

/* A lives on meanwhile, so that the two have different errnos and alternate stacks. */
static void *host(void *arg)
{
    pthread_t b;
    thread_a(arg);
    pthread_create(&b, NULL, thread_b, NULL);
    pthread_join(b, NULL);
    __asm__ volatile("" ::: "memory");
    errno_of_a = errno;
    return NULL;
}

static void journey(bool with_adoption)
{
    pthread_t a;
    adopt = with_adoption;
    pthread_create(&a, NULL, host, NULL);
    pthread_join(a, NULL);
}

static void adopt_unprepared(void)
{
    static char stack[65536];
    ucontext_t frame = {0};
    stack_t mine = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&mine, NULL);
    errno = 77;
    os_frame_adopt(&frame);
    _exit(frame.uc_stack.ss_sp == stack && errno == 77 ? 0 : 1);
}

static void travel_and_tell(void)
{
    journey(true);
    OK(before.thread != after.thread, promises[0]);
    OK(before.error == 77 && after.error == 77, promises[1]);
    OK(errno_of_a == 55, promises[2]);
    OK(after.alternate.ss_sp == alternate_of_b.ss_sp && after.alternate.ss_sp != before.alternate.ss_sp, promises[3]);
    bool unmasked = sigismember(&after.mask, SIGURG) == 0;
    journey(false);
    OK(after.alternate.ss_sp == before.alternate.ss_sp && after.alternate.ss_sp != alternate_of_b.ss_sp, promises[4]);
    OK(unmasked, promises[5]);
}

static void skip_all(void)
{
    for (size_t i = 0; i < sizeof promises / sizeof promises[0]; i++)
        tap_skip(promises[i], "the sanitizer does not know of these stacks");
}

int main(void)
{
    static const struct os_hooks hooks = {on_interrupt, on_fault, on_quit};
    OK(os_signals_start(&hooks, 0) == 0, "the handlers are installed");
    OK(exited(in_child(adopt_unprepared), 0), "a thread without preparation adopts with the alternate stack that it has");
    if (WITH_ASAN || WITH_TSAN)
        skip_all();
    else
        travel_and_tell();
    return tap_end();
}
