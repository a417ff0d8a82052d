/* Words of 64 bits change as a whole, also where a CPU has no instruction for that and the library makes it of others: whoever
 * reads meanwhile, and wherever an interrupt comes between these.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#include "abi.h"
#include "os/tap.h"

enum { WRITERS = 2, ADDS = 300000, PATIENCE = 5 /* seconds; to wait for a lock that nobody gives back takes twice that */ };
#define BOTH UINT64_C(0x100000001) /* to each half */

static _Atomic uint64_t word;
static atomic_int writing;
static atomic_bool torn;

/* ---- threads ---- */

static void *add_both(void *unused)
{
    for (int i = 0; i < ADDS; i++) {
        uint64_t was = atomic_load(&word);
        if (i % 4 == 0)
            atomic_fetch_add(&word, BOTH);
        else
            while (!atomic_compare_exchange_weak(&word, &was, was + BOTH))
                continue;
    }
    atomic_fetch_sub(&writing, 1);
    return unused;
}

static void *read_both(void *unused)
{
    while (atomic_load(&writing) != 0) {
        uint64_t now = atomic_load_explicit(&word, memory_order_relaxed);
        if (now >> 32 != (now & UINT32_MAX))
            atomic_store(&torn, true);
    }
    return unused;
}

static void test_threads(void)
{
    pthread_t threads[WRITERS + 1];

    atomic_store(&writing, WRITERS);
    for (int i = 0; i <= WRITERS; i++)
        pthread_create(&threads[i], NULL, i == WRITERS ? read_both : add_both, NULL);
    for (int i = 0; i <= WRITERS; i++)
        pthread_join(threads[i], NULL);
    OK(atomic_load(&word) == WRITERS * ADDS * BOTH, "no change of a word of 64 bits is lost");
    OK(!atomic_load(&torn), "and no half of one is seen");
}

/* ---- interrupts ---- */

#if defined(__mips__) && !defined(__mips64)
#include <sys/mman.h>
#include "arch/mips/wide.h"

enum { TRAP = 0x0d, INNER = 1000 };
static uint32_t *at, original;
static bool behind;     /* in place of the trap, another call has come and gone */
static unsigned visits; /* of one trap */

static void put(uint32_t code)
{
    *(volatile uint32_t *)at = code;
    __builtin___clear_cache((char *)at, (char *)(at + 1));
}

/* As an interrupt of the library's: first of all what it finds is settled. */
static void on_trap(int number, siginfo_t *info, void *frame)
{
    (void)number, (void)info;
    put(original);
    visits++;
    arch_frame_settle(frame);
    atomic_fetch_add(&word, INNER);
}

/* One that knows nothing of that comes to an end all the same. */
static void on_foreign_trap(int number)
{
    (void)number;
    put(original);
    visits++;
    behind = atomic_load(&word) <= 2;
}

static void test_each_instruction(void)
{
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)mips_wide_begins & -page;
    unsigned wrong = 0, met = 0, whole = 0;
    time_t begin;

    mprotect((void *)from, 2 * page, PROT_READ | PROT_WRITE | PROT_EXEC);
    sigaction(SIGTRAP, &action, NULL);
    for (at = (uint32_t *)mips_wide_begins; at <= (uint32_t *)mips_wide_ends + 1; at++) {
        original = *at;
        visits = 0;
        atomic_store(&word, UINT32_MAX);
        put(TRAP);
        atomic_fetch_add(&word, 1);
        put(original);
        met += visits;
        wrong += atomic_load(&word) != UINT32_MAX + UINT64_C(1) + visits * INNER;
    }
    printf("# %u interrupts, %u wrong sums\n", met, wrong);
    OK(met >= 12, "there are interrupts between the instructions that change a word");
    OK(wrong == 0, "what each of them changes, and what it interrupted, is in the word");
    action.sa_flags = 0;
    action.sa_handler = on_foreign_trap;
    sigaction(SIGTRAP, &action, NULL);
    begin = time(NULL);
    for (at = (uint32_t *)mips_wide_begins; at <= (uint32_t *)mips_wide_ends + 1; at++) {
        original = *at;
        behind = true;
        atomic_store(&word, 1);
        put(TRAP);
        atomic_fetch_add(&word, 1);
        put(original);
        whole += behind && atomic_load(&word) == 2;
    }
    OK(whole == (unsigned)(mips_wide_ends - mips_wide_begins) / 4 + 2, "a handler of the program's reads there");
    OK(time(NULL) - begin < PATIENCE, "and does not wait");
}
#else
static void test_each_instruction(void)
{
    tap_skip("an interrupt between the instructions that change a word", "this CPU has one for it");
}
#endif

int main(void)
{
    test_threads();
    test_each_instruction();
    return tap_end();
}
