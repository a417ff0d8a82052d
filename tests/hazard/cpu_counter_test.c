/* Counters for each CPU, by the kernel's restartable sequences as libc has registered them for each thread: the kernel writes into
 * the thread's own area on which CPU it runs, and code that looked into another's would lose counts. Where the area is none that
 * the kernel knows, it says so, and the code counts in another way.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
#include "hazard.h"

#if defined(__x86_64__) && defined(__has_include)
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#define HAVE_SEQUENCES true
#endif
#endif

enum { CPUS = 1024, ADDS = 20000 };

struct counters {
    struct {
        _Alignas(64) unsigned long n;
    } of_cpu[CPUS];
    atomic_ulong otherwise;
    atomic_ulong asked;
};

#ifdef HAVE_SEQUENCES
#define NEEDS_SEQUENCES() (void)0

/* What the kernel says to a library that brings an area of its own. */
static bool may_bring_an_area(void)
{
    static _Thread_local struct {
        _Alignas(32) char bytes[32];
    } own;
    long refused;

    go_preempt_off();
    refused = syscall(SYS_rseq, &own, sizeof own, 0, RSEQ_SIG);
    if (!refused)
        syscall(SYS_rseq, &own, sizeof own, RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
    go_preempt_on();
    return !refused;
}

/* The record of the sequence is that of the kernel: version and flags, start, length, where to go if it was interrupted; there the
 * signature that libc has given stands before the code. False: it was interrupted, or is on another CPU than it thought. */
static bool add_on(unsigned cpu, unsigned long *n)
{
    __asm__ goto(".pushsection .data.rel.local.sequence, \"aw\"\n"
                 ".balign 32\n"
                 "3: .long 0, 0\n"
                 ".quad 1f, 2f - 1f, 4f\n"
                 ".popsection\n"
                 "lea 3b(%%rip), %%rax\n"
                 "mov %%rax, %%fs:8(%[area])\n"
                 "1: cmp %[cpu], %%fs:4(%[area])\n"
                 "jnz %l[interrupted]\n"
                 "mov (%[n]), %%rax\n"
                 "add $1, %%rax\n"
                 "mov %%rax, (%[n])\n"
                 "2:\n"
                 ".pushsection .text.sequence_interrupted, \"ax\"\n"
                 ".byte 0x0f, 0xb9, 0x3d\n"
                 ".long 0x53053053\n"
                 "4: jmp %l[interrupted]\n"
                 ".popsection\n"
                 :
                 : [area] "r"(__rseq_offset), [cpu] "r"(cpu), [n] "r"(n)
                 : "rax", "cc", "memory"
                 : interrupted);
    return true;
interrupted:
    return false;
}

/* A word of the thread's area, asked for anew each time. */
static unsigned current_cpu(void)
{
    unsigned cpu;

    __asm__ volatile("mov %%fs:4(%1), %0" : "=r"(cpu) : "r"(__rseq_offset));
    return cpu;
}

static void add(struct counters *c)
{
    for (int tries = 0; tries < 100; tries++) {
        unsigned cpu = current_cpu();
        if (cpu >= CPUS) /* the kernel does not know this area */
            break;
        if (add_on(cpu, &c->of_cpu[cpu].n))
            return;
    }
    atomic_fetch_add(&c->otherwise, 1);
}

#else
#define NEEDS_SEQUENCES() SKIP("libc has no restartable sequences here")

static bool may_bring_an_area(void)
{
    return false;
}

static void add(struct counters *c)
{
    atomic_fetch_add(&c->otherwise, 1);
}
#endif

static void add_often(void *arg, int index)
{
    struct counters *c = arg;

    (void)index;
    for (int i = 0; i < SCALED(ADDS); i++) {
        add(c);
        linger(10);
    }
    atomic_fetch_add(&c->asked, (unsigned long)SCALED(ADDS));
}

TEST(counters_of_the_cpus_by_sequences_of_the_kernel_lose_nothing)
{
    struct counters *c = test_alloc(sizeof *c + _Alignof(struct counters));
    unsigned long sum;

    NEEDS_SEQUENCES();
    c = (struct counters *)(((uintptr_t)c + _Alignof(struct counters) - 1) & ~(_Alignof(struct counters) - 1));
    crowd(3000, add_often, c);
    sum = atomic_load(&c->otherwise);
    for (int i = 0; i < CPUS; i++)
        sum += c->of_cpu[i].n;
    CHECK_EQ(atomic_load(&c->asked), sum);
    test_note("%lu of %lu otherwise", atomic_load(&c->otherwise), atomic_load(&c->asked));
}

static void bring_an_area(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (int i = 0; i < 20; i++) {
        CHECK(!may_bring_an_area());
        linger(20000);
    }
}

TEST(nobody_else_can_have_the_kernel_write_on_which_cpu_a_goroutine_runs)
{
    NEEDS_SEQUENCES();
    crowd(100, bring_an_area, NULL);
}
