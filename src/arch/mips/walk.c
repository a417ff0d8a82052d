/* Who called: by the code.
 *
 * SPDX-License-Identifier: MIT
 */
#define OP_LOAD   OP_LW
#define OP_STORE  OP_SW
#define SIGRETURN 4193

#include "arch/walk/mips.h"
