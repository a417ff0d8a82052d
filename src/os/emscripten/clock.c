/* The monotonic clock.
 *
 * SPDX-License-Identifier: MIT
 */
#include <emscripten.h>

#include "os/os.h"

/* The host's is in milliseconds, with a fraction, since it began: some microseconds after which it is above 0. */
int64_t os_now(void)
{
    int64_t now = (int64_t)(emscripten_get_now() * 1e6);
    return now > 0 ? now : 1;
}
