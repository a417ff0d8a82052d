/* What the tests of the CPU contract need in assembly. Each CPU has a file for it, abi_<cpu>.h, which defines:
 *
 * struct abi_kept, abi_kept_fields   the registers that a call keeps, control words included
 * abi_kept_random(kept, state)       fills it with valid random values
 * abi_switch(save, load, in, out)    arch_switch, with these registers loaded from `in` before it and stored to `out` after it
 * abi_call(landing, fn, in, out)     the same with arch_call; the argument of fn is `in`
 * abi_entry, abi_entered             an entry for arch_context_init that notes how it found things, and goes on in abi_entered.body
 * abi_entry_aligned(), abi_entry_control() whether it found the stack as a function does, and the control words of abi_new_context
 * abi_new_context(top, entry)        arch_context_init with unusual control words
 *
 * ABI_TRAP           an instruction that traps, and one that is not to be reached
 * ABI_SKIP           how far the pc is moved to get behind both
 * ABI_TRAP_SIGNAL    the signal of the trap, where it is not SIGTRAP
 *
 * ABI_WAYS, abi_way(i)               makes the library save registers in another way that the CPU knows; its name; NULL: not
 *                                    here, and so in its own way
 * struct abi_spin                    every register that user code has, before and after
 * abi_spin_random(spin, variant, state) fills it; the variants, ABI_VARIANTS, differ in the stack pointer, by ABI_VARIANT_STEP each
 * ABI_AREA                           bytes of vector state at most, at spin->in_area and out_area
 * abi_spin(spin)                     loads all registers and the red zone from spin->in, goes round in a small loop until
 *                                    spin->spinning is 0, and stores them to spin->out. Its stack pointer is the spin's own address
 * abi_spin_difference(spin)          the name of something that changed, or NULL
 * abi_destroy()                      overwrites whatever a call may destroy, the control words too
 * abi_problem()                      the name of something that is not as a fresh thread has it, or NULL
 * ABI_FORGED, abi_forged(callee)     if there is need: a sentence on frames that an emulator does not make, and what arch_inject
 *                                    does wrong with one, or NULL
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_ARCH_ABI_H
#define TESTS_ARCH_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "arch/arch.h"

struct abi_field {
    const char *name;
    size_t offset, size;
};

/* The name of the first field that differs, or NULL. */
static inline const char *abi_difference(const struct abi_field *fields, const void *expected, const void *found)
{
    for (; fields->name; fields++)
        if (memcmp((const char *)expected + fields->offset, (const char *)found + fields->offset, fields->size))
            return fields->name;
    return NULL;
}

static inline uint64_t abi_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545F4914F6CDD1Du;
}

static inline void abi_random_bytes(void *to, size_t size, uint64_t *state)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)to)[i] = (uint8_t)(abi_random(state) >> 40);
}

/* A stack that nobody has used: AddressSanitizer would remember what contexts that never ended have left on it. */
static inline char *abi_new_stack(size_t size)
{
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED)
        abort();
    return stack;
}

void abi_wait(volatile uintptr_t *word);

#if defined(__x86_64__)
#include "abi_amd64.h"
#elif defined(__i386__)
#include "abi_386.h"
#elif defined(__aarch64__)
#include "abi_arm64.h"
#elif defined(__riscv)
#include "abi_riscv64.h"
#elif defined(__s390x__)
#include "abi_s390x.h"
#elif defined(__powerpc64__)
#include "abi_ppc64.h"
#elif defined(__arm__)
#include "abi_arm.h"
#elif defined(__mips64)
#include "abi_mips64.h"
#elif defined(__mips__)
#include "abi_mips.h"
#else
#error "this CPU has no tests/arch/abi_<cpu>.h yet"
#endif

#ifndef ABI_TRAP_SIGNAL
#define ABI_TRAP_SIGNAL SIGTRAP
#endif

#endif
