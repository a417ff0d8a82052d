/* What one libc has (ending.c, or ending_musl.c with cancel_musl.c) for what holds with each (cancel.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OS_LINUX_ENDING_H
#define OS_LINUX_ENDING_H

#include <pthread.h>

#include "os/linux/linux.h"

/* Stands before libc's function of that name, or takes its place. */
#define SHOWN __attribute__((visibility("default")))

/* NULL: the caller is a plain thread. */
struct os_ending *os_ending_of_caller(void);

/* The end of the goroutine that calls, by pthread_exit or by being cancelled. */
_Noreturn void os_ending_finish(struct os_ending *e);

/* It is cancelled, and may end. */
static inline bool os_ending_is_due(const struct os_ending *e)
{
    return e->cancelled && !e->off;
}

/* libc's own pthread_cancel, pthread_setcancelstate, pthread_setcanceltype and pthread_testcancel, for the thread that the identity
 * in use was made for. */
int os_libc_cancel(pthread_t thread);
int os_libc_state(int state, int *before);
int os_libc_type(int type, int *before);
void os_libc_test(void);

/* When libc ends that thread it calls caught(NULL) first, on the stack on which it found that it should. place: memory of 64 bytes.
 */
void os_libc_trap(void *place, void (*caught)(void *));
void os_libc_forget_trap(void *place);

/* libc's cancellation points ask who calls, and end a goroutine that is to end: without the trap. */
bool os_libc_asks(void);

#endif
