/* libgoroutine: preemptive goroutines for C. This header includes the whole face, but for restart.h and counter.h; each part is the
 * manual of one concept.
 *
 * SPDX-License-Identifier: MIT
 *
 * Conventions that hold for every call:
 *  - A call returns 0 or a positive result, or a negative errno value (-EINVAL, -ENOMEM, ...); errno itself is left to the
 *    kernel thread and is not part of the interface. go_strerror() turns the value into words.
 *  - A call that waits for others, and may be given up, has a form that ends in _until and takes a deadline: absolute nanoseconds
 *    of go_now(). GO_NOW tries once and gives -EAGAIN; GO_FOREVER never gives up; any other moment that passes gives -ETIMEDOUT.
 *  - The first call starts the library. Where the system has no thread or no memory for that it gives -EAGAIN or -ENOMEM, or NULL,
 *    and the next one tries again.
 *  - Everything may be called from a goroutine and from a plain thread; a plain thread blocks as a thread.
 *    Nothing may be called from a signal handler.
 *  - Misuse that no caller can handle (unlocking an unlocked mutex) is a panic: one line that names the rule and the goroutine,
 *    and all stacks.
 */
#ifndef GOROUTINE_H
#define GOROUTINE_H

#include "goroutine/abi.h"
#include "goroutine/task.h"
#include "goroutine/chan.h"
#include "goroutine/select.h"
#include "goroutine/sync.h"
#include "goroutine/time.h"
#include "goroutine/net.h"
#include "goroutine/context.h"
#include "goroutine/signal.h"
#include "goroutine/child.h"
#include "goroutine/panic.h"
#include "goroutine/debug.h"

#endif
