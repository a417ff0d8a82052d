/* Atomics of 64 bits, made of smaller ones: this CPU has none, and compilers call these functions for them. Those of libatomic
 * would do, if they were in our text: who is taken off, or interrupted, while it holds one of their locks, stops everybody.
 *
 * Each word belongs to one of some guards. Who reads looks whether the guard is free, and had the same version before and after.
 * Who writes has read, and takes the lock of the guard for a few instructions, in which it writes two halves if the version has not
 * changed. An interrupt of ours that finds its own thread between these instructions finishes them, or gives the lock back
 * (arch_frame_settle): so its own reads and writes never wait for what lies beneath it. Another handler may come there too, and
 * call us: then the lock is its own thread's, and it does without.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/mips/wide.h"

#include <sys/syscall.h>
#include <time.h>

#include "arch/arch.h"

enum { GUARDS = 64, LOOKS = 64, NAPS = 1000, NAP = 1000000 };

static struct wide_guard guards[GUARDS];

static struct wide_guard *guard_of(const volatile void *word)
{
    uintptr_t number = (uintptr_t)word / sizeof(uint64_t);
    return &guards[(number ^ number / GUARDS) % GUARDS];
}

static void fence(void)
{
    __asm__ volatile("sync" ::: "memory");
}

/* ---- waiting ---- */

/* Somebody else has the lock, and will not for long. But who has it may have lost its CPU; and in the child of a fork, nobody may
 * be there to give it back. */
static void wait_for(struct wide_guard *guard, uintptr_t owner, unsigned looks)
{
    static const struct timespec nap = {.tv_nsec = NAP};
    if (looks % LOOKS != 0) {
        arch_relax();
        return;
    }
    arch_system_call(SYS_nanosleep, (long)&nap, 0, 0, 0, 0, 0);
    if (looks / LOOKS >= NAPS)
        __sync_bool_compare_and_swap(&guard->lock, owner, 0);
}

/* ---- reading and writing ---- */

union wide {
    uint64_t whole;
    uint32_t halves[2];
};

/* What it is, and the guard's version then. False: the lock is our own thread's, which stands still beneath us. */
static bool read_word(const volatile void *word, struct wide_guard *guard, union wide *value, uint32_t *version)
{
    const volatile uint32_t *halves = word;
    *version = 0;
    uintptr_t owner = 0;
    for (unsigned looks = 1;; looks++) {
        uintptr_t last = owner;
        uint32_t earlier = *version;
        *version = guard->version;
        fence();
        owner = guard->lock;
        if (owner != last || *version != earlier)
            looks = 1; /* it is another one's turn */
        value->halves[0] = halves[0];
        value->halves[1] = halves[1];
        if (owner != 0 && owner == arch_thread_pointer())
            return false;
        fence();
        if (owner == 0 && guard->lock == 0 && guard->version == *version)
            return true;
        wait_for(guard, owner, looks);
    }
}

/* Makes the word what it is to be, for as long as nobody else changes it meanwhile. */
static bool write_word(volatile void *word, struct wide_guard *guard, bool alone, uint32_t version, uint64_t new)
{
    volatile uint32_t *halves = word;
    union wide value = {.whole = new};
    if (alone)
        return mips_wide_write(halves, guard, version, value.halves);
    halves[0] = value.halves[0];
    halves[1] = value.halves[1];
    return true;
}

uintptr_t mips_wide_settle(uintptr_t pc, const unsigned long long registers[32])
{
    volatile uint32_t *word = (volatile uint32_t *)(uintptr_t)registers[4];
    struct wide_guard *guard = (struct wide_guard *)(uintptr_t)registers[5];
    bool writes = pc >= (uintptr_t)mips_wide_writes && pc < (uintptr_t)mips_wide_done;
    bool has_lock = pc >= (uintptr_t)mips_wide_done ? pc >= (uintptr_t)mips_wide_gives_up : true;

    if (pc < (uintptr_t)mips_wide_taken && registers[10] == 0)
        return pc; /* it was not to be had */
    if (!has_lock)
        return pc;
    if (writes) {
        word[0] = (uint32_t)registers[8];
        word[1] = (uint32_t)registers[9];
        fence();
        guard->version = (uint32_t)registers[6] + 1;
    }
    fence();
    guard->lock = 0;
    return (uintptr_t)(writes ? mips_wide_done : mips_wide_ends);
}

/* ---- what compilers call ---- */

#define LIBRARY_CALL(name) __asm__(name) __attribute__((visibility("hidden")))

uint64_t wide_load(const volatile void *word, int order) LIBRARY_CALL("__atomic_load_8");
void wide_store(volatile void *word, uint64_t value, int order) LIBRARY_CALL("__atomic_store_8");
uint64_t wide_exchange(volatile void *word, uint64_t value, int order) LIBRARY_CALL("__atomic_exchange_8");
bool wide_compare_exchange(volatile void *word, void *expected, uint64_t value, int order, int else_order)
    LIBRARY_CALL("__atomic_compare_exchange_8");
uint64_t wide_add(volatile void *word, uint64_t value, int order) LIBRARY_CALL("__atomic_fetch_add_8");
uint64_t wide_subtract(volatile void *word, uint64_t value, int order) LIBRARY_CALL("__atomic_fetch_sub_8");
uint64_t wide_or(volatile void *word, uint64_t value, int order) LIBRARY_CALL("__atomic_fetch_or_8");
uint64_t wide_and(volatile void *word, uint64_t value, int order) LIBRARY_CALL("__atomic_fetch_and_8");

/* Each is ordered with all else. */
#define CHANGE(word, now, new)                                                                                                     \
    struct wide_guard *guard = guard_of(word);                                                                                     \
    union wide now;                                                                                                                \
    uint32_t version;                                                                                                              \
    bool alone;                                                                                                                    \
    do                                                                                                                             \
        alone = read_word(word, guard, &now, &version);                                                                            \
    while (!write_word(word, guard, alone, version, new))

uint64_t wide_load(const volatile void *word, int order)
{
    union wide now;
    uint32_t version;
    (void)order;
    read_word(word, guard_of(word), &now, &version);
    return now.whole;
}

void wide_store(volatile void *word, uint64_t value, int order)
{
    (void)order;
    CHANGE(word, now, value);
}

uint64_t wide_exchange(volatile void *word, uint64_t value, int order)
{
    (void)order;
    CHANGE(word, now, value);
    return now.whole;
}

uint64_t wide_add(volatile void *word, uint64_t value, int order)
{
    (void)order;
    CHANGE(word, now, now.whole + value);
    return now.whole;
}

uint64_t wide_subtract(volatile void *word, uint64_t value, int order)
{
    return wide_add(word, -value, order);
}

uint64_t wide_or(volatile void *word, uint64_t value, int order)
{
    (void)order;
    CHANGE(word, now, now.whole | value);
    return now.whole;
}

uint64_t wide_and(volatile void *word, uint64_t value, int order)
{
    (void)order;
    CHANGE(word, now, now.whole & value);
    return now.whole;
}

bool wide_compare_exchange(volatile void *word, void *expected, uint64_t value, int order, int else_order)
{
    uint64_t *was = expected;
    struct wide_guard *guard = guard_of(word);
    union wide now;
    uint32_t version;
    bool alone;
    (void)order;
    (void)else_order;
    do {
        alone = read_word(word, guard, &now, &version);
        if (now.whole != *was) {
            *was = now.whole;
            return false;
        }
    } while (!write_word(word, guard, alone, version, value));
    return true;
}
