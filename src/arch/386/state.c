/* What arch_switch and arch_preempt need to know about this machine.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/386/way.h"
#include "arch/arch.h"
#include "arch/x86/learn.h"

/* x87, SSE, AVX, MPX (2), AVX-512 (2): what 32-bit code can reach. Not PKRU. */
enum { COMPONENTS = 0x7f };

struct x86_state arch_state = {.fresh_mxcsr = 0x1f80, .fresh_x87 = 0x37f};

void arch_init(void)
{
    x86_learn(&arch_state, COMPONENTS);
    x86_find_way_in();
}
