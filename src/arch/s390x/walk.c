/* Who called: by the chain of frames.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arch/walk/chain.h"

bool arch_find_caller(struct arch_place *at, arch_read *read, const void *argument)
{
    return chain_find_caller(at, read, argument);
}
