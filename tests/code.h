/* Where code and its frames lie, as CPUs have it: for tests that look at them without the library's help.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_CODE_H
#define TESTS_CODE_H

#include <stdint.h>

/* CODE_OF(function): the address of its first instruction. LINK_OF(frame): of what __builtin_frame_address(0) is, the word that
 * tells the caller's frame; RETURN_OF(frame): the one that tells what it returns to. */
#if defined(__powerpc64__)
#define LINK_OF(frame)   ((uintptr_t *)(frame))
#define RETURN_OF(frame) (*(uintptr_t **)(frame) + 2)
#else
#define LINK_OF(frame)   ((uintptr_t *)(frame))
#define RETURN_OF(frame) ((uintptr_t *)(frame) + 1)
#endif

#if defined(__powerpc64__) && _CALL_ELF != 2
#define CODE_OF(function) (*(const uintptr_t *)(uintptr_t)(function))
#else
#define CODE_OF(function) ((uintptr_t)(function))
#endif

#endif
