/* The monotonic clock.
 *
 * SPDX-License-Identifier: MIT
 */
#include <emscripten.h>

#include "os/os.h"

/* In milliseconds, with a fraction, since the program began. emscripten's own asks node in a slower way. */
EM_JS(double, go_os_now, (void), { return performance.now(); });

int64_t os_now(void)
{
    int64_t now = (int64_t)(go_os_now() * 1e6);
    return now > 0 ? now : 1;
}
