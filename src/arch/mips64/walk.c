/* Who called: by the code.
 *
 * SPDX-License-Identifier: MIT
 */
#define OP_LOAD   OP_LD
#define OP_STORE  OP_SD
#define SIGRETURN 5211

#include "arch/walk/mips.h"
