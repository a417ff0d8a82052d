/* Mutexes that pass on priority, or have a ceiling: the kernel, or the scheduler's part of it, knows their owner by its thread.
 *
 * Nothing tells of the first lock of such a mutex: it is taken without a call of the kernel. But it must have been asked for, by
 * pthread_mutexattr_setprotocol; so this library has a function of that name, which comes before libc's.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "os/linux/linux.h"

static _Atomic int owners_are_threads; /* a word, as not every CPU can exchange a byte: a call of libatomic would leave our text */
static void (*tell)(void);

bool os_owners_are_threads(void)
{
    return atomic_load(&owners_are_threads); /* partner: end_slice, which may take a request away that was made for it */
}

void os_when_owners_are_threads(void (*fn)(void))
{
    tell = fn;
}

/* Missing in a static program. There a library cannot stand before libc and call it, so the attribute's field is written in
 * place. Where it lies is fixed for each libc, and libc is asked whether it was that one. */
extern void *dlsym(void *restrict, const char *restrict) __attribute__((weak));

static bool has(const pthread_mutexattr_t *attr, int protocol)
{
    int now;
    return pthread_mutexattr_getprotocol(attr, &now) == 0 && now == protocol;
}

static int set_in_place(pthread_mutexattr_t *attr, int protocol)
{
    static const int field_of[] = {28 /* glibc's */, 3 /* musl's */};
    pthread_mutexattr_t before = *attr;
    for (size_t i = 0; i < sizeof field_of / sizeof *field_of && !has(attr, protocol); i++) {
        uint32_t word;
        *attr = before;
        memcpy(&word, attr, sizeof word);
        word = (word & ~(UINT32_C(3) << field_of[i])) | (uint32_t)protocol << field_of[i];
        memcpy(attr, &word, sizeof word);
    }
    if (has(attr, protocol))
        return 0;
    *attr = before;
    return ENOTSUP;
}

static int set(pthread_mutexattr_t *attr, int protocol)
{
    int (*next)(pthread_mutexattr_t *, int) = NULL;
    if (dlsym != NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "pthread_mutexattr_setprotocol");
    return next != NULL ? next(attr, protocol) : set_in_place(attr, protocol);
}

__attribute__((visibility("default"))) int pthread_mutexattr_setprotocol(pthread_mutexattr_t *attr, int protocol)
{
    if (protocol != PTHREAD_PRIO_NONE && protocol != PTHREAD_PRIO_INHERIT && protocol != PTHREAD_PRIO_PROTECT)
        return EINVAL;
    int error = set(attr, protocol);
    if (error == 0 && protocol != PTHREAD_PRIO_NONE && !atomic_exchange(&owners_are_threads, true) && tell != NULL)
        tell();
    return error;
}
