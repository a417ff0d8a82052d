/* What the files of this folder share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SYNC_MUTEX_H
#define SYNC_MUTEX_H

#include <stdbool.h>

#include "goroutine/sync.h"

/* True if somebody holds it. */
bool mutex_is_locked(const go_mutex *mutex);

#endif
