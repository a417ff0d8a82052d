/* What the kernel is told of a signal's handler, as it has it: for some CPUs without where the handler returns to (the restorer).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OS_LINUX_ACTION_H
#define OS_LINUX_ACTION_H

#include "os/linux/linux.h"

#if defined(__mips__)
struct kernel_action {
    unsigned flags;
    void (*handler)(int, siginfo_t *, void *);
    struct os_mask mask;
};

static inline void action_mask_all(struct kernel_action *a)
{
    __builtin_memset(&a->mask, -1, sizeof a->mask);
}

static inline void action_returns_to(struct kernel_action *a, uintptr_t place)
{
    (void)a;
    (void)place;
}

static inline uintptr_t action_returns(const struct kernel_action *a)
{
    (void)a;
    return 0;
}
#else
struct kernel_action {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    uintptr_t restorer;
    struct os_mask mask;
};

enum { ACTION_HAS_RESTORER = 0x04000000 };

/* And the oldest of its ways has the mask in the place of the restorer. */
static inline void action_mask_all(struct kernel_action *a)
{
    __builtin_memset(&a->mask, -1, sizeof a->mask);
    if ((a->flags & ACTION_HAS_RESTORER) == 0)
        a->restorer = (uintptr_t)a->mask.words[0];
}

static inline void action_returns_to(struct kernel_action *a, uintptr_t place)
{
    a->flags |= ACTION_HAS_RESTORER;
    a->restorer = place;
}

static inline uintptr_t action_returns(const struct kernel_action *a)
{
    return a->restorer;
}
#endif

#endif
