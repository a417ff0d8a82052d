/* exit: 134; line: fatal: stack overflow: goroutine *; line:     recurse*+0x* a_stack_is_shown*.c:*;
 * line:     overflow+0x* a_stack_is_shown*.c:* */
/* Who overflows its stack may hold any lock of libc, and never gives it back: here whoever asks for memory, or for what the loader
 * has loaded, never returns from then on.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>
#include "goroutine.h"
#include "sanitizers.h"

static atomic_bool held;
static volatile int depth;

static void wait_for_the_lock(void)
{
    while (atomic_load(&held))
        pause();
}

#if !WITH_ASAN && !WITH_TSAN && defined(__GLIBC__)
void *__libc_malloc(size_t size);

void *malloc(size_t size)
{
    wait_for_the_lock();
    return __libc_malloc(size);
}

int dl_iterate_phdr(int (*visit)(struct dl_phdr_info *, size_t, void *), void *argument)
{
    int (*real)(int (*)(struct dl_phdr_info *, size_t, void *), void *) = NULL;

    wait_for_the_lock();
    *(void **)&real = dlsym(RTLD_NEXT, "dl_iterate_phdr");
    return real(visit, argument);
}

enum { CAN_HOLD = 1 };
#else
enum { CAN_HOLD = 0 };
#endif

__attribute__((noinline)) static int recurse(int n)
{
    depth = n;
    return n < 0 ? 0 : recurse(n + 1) + depth;
}

static void overflow(void *arg)
{
    (void)arg;
    atomic_store(&held, true);
    recurse(0);
    __asm__ volatile("" ::: "memory");
}

int main(void)
{
    if (!CAN_HOLD) {
        fputs("malloc is a sanitizer's\n", stderr);
        wait_for_the_lock();
        return 77;
    }
    go_spawn(overflow, NULL);
    go_sleep(10 * GO_SECOND);
    return 0;
}
