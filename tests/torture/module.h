/* What module.so has.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TORTURE_MODULE_H
#define TORTURE_MODULE_H

#include <stdint.h>

enum { MODULE_WORDS = 200 };

void module_keep(uintptr_t value);
int module_has(uintptr_t value);
void *module_address(void);

#endif
