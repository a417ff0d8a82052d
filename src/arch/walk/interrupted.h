/* Where the kernel returns to by the frame of a signal; of CPUs whose injected call returns so too. (arch/sigreturn/interrupted.h)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARCH_WALK_INTERRUPTED_H
#define ARCH_WALK_INTERRUPTED_H

#include "arch/arch.h"

/* *at becomes the place that was interrupted: by a signal whose frame has its lower end at base, or by an injected call, which has
 * edited that frame. False: there is nothing. */
bool arch_find_interrupted(struct arch_place *at, uintptr_t base, arch_read *read, const void *argument)
    __attribute__((visibility("hidden")));

#endif
