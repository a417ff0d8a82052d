/* The stack that a thread handles its faults on, and what a signal puts on a stack.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "os/linux/linux.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

enum {
    OLD_KERNEL_FRAME = 6 * 1024, /* above the largest frame of the kernels that do not tell: AVX-512 3.6 KiB, arm64 4.7 KiB */
    HANDLER_ROOM = 2 * 1024,     /* red zone (512 on ppc64), alignment, our handler's own frames */
    REPORT_ROOM = 64 * 1024      /* a report with its backtrace, or an earlier handler's */
};

/* The kernel's frame grows with the vector registers that the machine has, so it is the kernel that must be asked. */
static size_t kernel_frame(void)
{
    size_t told = getauxval(AT_MINSIGSTKSZ);
    return told != 0 ? told : OLD_KERNEL_FRAME;
}

size_t os_frame_room(void)
{
    return kernel_frame() + HANDLER_ROOM;
}

/* ---- the alternate stack of a thread ---- */

static int map_alternate(struct os_alternate *a)
{
    size_t page = os_page_size(), size = round_up(kernel_frame() + REPORT_ROOM, page);
    a->mapped = page + size;
    a->map = os_map(a->mapped, page);
    if (a->map == NULL)
        return -ENOMEM;
    os_guard(a->map, page); /* better without than not at all */
    a->used = (stack_t){.ss_sp = a->map + page, .ss_size = size};
    int error = (int)os_call(SYS_sigaltstack, &a->used, NULL);
    if (error == 0)
        return 0;
    os_unmap(a->map, a->mapped);
    a->map = NULL;
    return error;
}

int os_thread_prepare(void)
{
    struct os_alternate *a = &os_own()->alternate;
    if (a->ready)
        return 0;
    sigaltstack(NULL, &a->earlier);
    bool enough = (a->earlier.ss_flags & SS_DISABLE) == 0 && a->earlier.ss_size >= kernel_frame() + REPORT_ROOM / 4;
    a->used = a->earlier;
    int result = enough ? 0 : map_alternate(a);
    a->ready = result == 0;
    return result;
}

void os_thread_forget(void)
{
    struct os_alternate *a = &os_own()->alternate;
    if (a->ready && a->map != NULL && sigaltstack(&a->earlier, NULL) == 0)
        os_unmap(a->map, a->mapped);
    *a = (struct os_alternate){.ready = false};
}

/* Returning from a signal sets the alternate stack that the frame names: without this, a frame that moved to another thread would
 * take the stack of the thread it came from along, and two threads would handle faults on one stack. And so for what the CPU knows
 * of a thread. */
void os_frame_adopt(void *frame)
{
    ucontext_t *context = frame;
    const struct os_alternate *a = &os_own()->alternate;
    if (a->ready)
        context->uc_stack = a->used;
    else
        sigaltstack(NULL, &context->uc_stack);
    arch_frame_adopt(frame);
}

/* Of the mask, the kernel's frame has as many bits as there are signals. */
uint64_t os_frame_masked(const void *frame)
{
    const ucontext_t *context = frame;
    struct os_mask masked;
    memcpy(&masked, &context->uc_sigmask, sizeof masked);
    return os_mask_folded(&masked);
}

/* The kernel puts the program's name there, above the environment. */
uintptr_t os_first_stack_end(void)
{
    return getauxval(AT_EXECFN);
}
