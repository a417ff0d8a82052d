/* The one thread.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "os/os.h"

os_thread os_thread_self(void)
{
    return (os_thread){.id = 1};
}

uintptr_t os_thread_name(void)
{
    return 1;
}

bool os_thread_is_first(void)
{
    return true;
}

bool os_has_threads(void)
{
    return false;
}

int os_thread_start(void (*run)(void *), void *arg, size_t stack_size)
{
    (void)run;
    (void)arg;
    (void)stack_size;
    return -EAGAIN;
}

_Noreturn void os_thread_exit(void)
{
    os_exit(0);
}

void os_thread_yield(void)
{
}

void os_fork_watch(void (*in_child)(void))
{
    (void)in_child;
}

void os_thread_set_prompt(bool urgent)
{
    (void)urgent;
}

int os_cpu_count(void)
{
    return 1;
}

int os_thread_count(void)
{
    return 1;
}

void os_thread_leave(void)
{
}

bool os_threads_leave(void)
{
    return false;
}

bool os_threads_begin(void)
{
    return false;
}

int *os_errno(void)
{
    return &errno;
}

/* ---- what libc does to end threads: nobody asks for it ---- */

bool os_identity_start(void)
{
    return false;
}

bool os_owners_are_threads(void)
{
    return true;
}

void os_when_owners_are_threads(void (*fn)(void))
{
    (void)fn;
}

void os_identity_learn(struct os_identity *id)
{
    (void)id;
}

void os_identity_use(const struct os_identity *id)
{
    (void)id;
}

void os_ending_start(const struct os_ending_hooks *hooks)
{
    (void)hooks;
}

void os_ending_leave(struct os_ending *e, uintptr_t until)
{
    (void)e;
    (void)until;
}

uintptr_t os_ending_frame(const struct os_ending *e)
{
    (void)e;
    return 0;
}

_Noreturn void os_ending_run(struct os_ending *e)
{
    (void)e;
    os_abort();
}

void os_ending_adopt(struct os_ending *e)
{
    (void)e;
}

void os_ending_disarm(struct os_ending *e)
{
    (void)e;
}
