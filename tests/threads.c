/* There are threads; tests/alone has the other answer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "test.h"

bool test_has_threads(void)
{
    return true;
}
