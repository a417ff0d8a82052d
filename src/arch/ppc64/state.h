/* The control words, for those parts that are C.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_PPC64_STATE_H
#define ARCH_PPC64_STATE_H

#include <stdbool.h>
#include <stdint.h>

/* context.c: 1 where the CPU has vectors. */
extern uint8_t arch_has_vectors __attribute__((visibility("hidden")));

void arch_vscr(uint32_t *to) __attribute__((visibility("hidden")));
void arch_set_vscr(const uint32_t *from) __attribute__((visibility("hidden")));

/* VSCR as it lies in memory: the word is the vector's last. */
struct vscr {
    uint32_t words[4];
} __attribute__((aligned(16)));

enum { VSCR_WORD = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 3 };

static inline uint64_t ppc64_fpscr(void)
{
    union {
        double number;
        uint64_t bits;
    } value;
    __asm__ volatile("mffs %0" : "=d"(value.number));
    return value.bits;
}

static inline void ppc64_set_fpscr(uint64_t bits)
{
    union {
        uint64_t bits;
        double number;
    } value = {.bits = bits};
    __asm__ volatile(".machine push\n\t.machine power8\n\tmtfsf 255, %0, 1, 0\n\t.machine pop" : : "d"(value.number));
}

static inline uint32_t ppc64_vrsave(void)
{
    uint64_t value;
    __asm__ volatile("mfspr %0, 256" : "=r"(value));
    return (uint32_t)value;
}

static inline uint32_t ppc64_vscr(void)
{
    struct vscr now;
    arch_vscr(now.words);
    return now.words[VSCR_WORD];
}

static inline void ppc64_set_vscr(uint32_t value)
{
    struct vscr wanted = {{0}};
    wanted.words[VSCR_WORD] = value;
    arch_set_vscr(wanted.words);
}

static inline uint64_t ppc64_tar(void)
{
    uint64_t value;
    __asm__ volatile("mfspr %0, 815" : "=r"(value));
    return value;
}

static inline void ppc64_set_tar(uint64_t value)
{
    __asm__ volatile("mtspr 815, %0" : : "r"(value));
}

#endif
