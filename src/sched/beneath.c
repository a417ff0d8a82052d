/* What lies beneath a handler of the program's that runs on a goroutine's stack: it may have interrupted the library, locks
 * included. Then its signal is masked, and the pc that it will return to is in a frame of the system's, further up. Our own
 * interrupts leave such frames behind all the time, but are not masked any more.
 *
 * A handler that masks nothing, not even its own signal (SA_NODEFER), is not found.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sched/runtime.h"

#include "arch/arch.h"
#include "base/valgrind.h"

/* Of the masked signals: those whose handlers have interrupted such code above sp. */
READS_ANYTHING static uint64_t find(uint64_t masked, uintptr_t sp, uintptr_t end, bool (*counts)(uintptr_t pc))
{
    uint64_t signals = 0;
    uintptr_t low = round_up(sp, sizeof(uintptr_t)), high = round_down(end, sizeof(uintptr_t));
    for (const uintptr_t *at = (uintptr_t *)low; at < (uintptr_t *)high; at++) {
        uint64_t these = arch_handled_signals(at, low, high) & masked;
        if (these && counts(arch_saved_owner(*at, at, high)))
            signals |= these;
    }
    return signals;
}

bool beneath_lies(const struct goroutine *g, uintptr_t sp, uint64_t masked, bool (*counts)(uintptr_t pc))
{
    if (!masked)
        return false;
    valgrind_trust_begin();
    bool does = find(masked, sp, goroutine_stack_end(g, sp), counts) != 0;
    valgrind_trust_end();
    return does;
}
