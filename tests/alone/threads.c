/* There are no threads.
 *
 * SPDX-License-Identifier: MIT
 */
#include "test.h"

bool test_has_threads(void)
{
    return false;
}
