/* The way into the kernel (way.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_386_WAY_H
#define ARCH_386_WAY_H

#include <stdint.h>

void x86_find_way_in(void) __attribute__((visibility("hidden")));

/* The frame pointer of who has gone in, where pc is on the kernel's way in, or fp. */
uintptr_t x86_way_fp(uintptr_t pc, uintptr_t sp, uintptr_t fp) __attribute__((visibility("hidden")));

#endif
