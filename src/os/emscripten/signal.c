/* Interrupts and faults: there are none.
 *
 * SPDX-License-Identifier: MIT
 */
#include "os/os.h"

int os_signals_start(const struct os_hooks *hooks, int signal_number)
{
    (void)hooks;
    (void)signal_number;
    return 0;
}

int os_thread_prepare(void)
{
    return 0;
}

void os_thread_forget(void)
{
}

void os_interrupt_unmask(void)
{
}

uint64_t os_masked(void)
{
    return 0;
}

uintptr_t os_first_stack_end(void)
{
    return 0;
}

size_t os_frame_room(void)
{
    return 0;
}
