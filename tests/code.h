/* Where code and its frames lie, as CPUs have it: for tests that look at them without the library's help.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_CODE_H
#define TESTS_CODE_H

#include <stdint.h>

/* CODE_OF(function): the address of its first instruction. FUNCTION_AT(address): what to call, in the same block, to get there.
 * LINK_OF(frame): of what __builtin_frame_address(0) is, the word that tells the caller's frame; RETURN_OF(frame): the one that
 * tells what it returns to. */
#if defined(__powerpc64__)
#define LINK_OF(frame)   ((uintptr_t *)(frame))
#define RETURN_OF(frame) (*(uintptr_t **)(frame) + 2)
#elif defined(__arm__) && !defined(__clang__)
#define LINK_OF(frame)   ((void)(frame), (uintptr_t *)__builtin_dwarf_cfa() - 2)
#define RETURN_OF(frame) ((void)(frame), (uintptr_t *)__builtin_dwarf_cfa() - 1)
#else
#define LINK_OF(frame)   ((uintptr_t *)(frame))
#define RETURN_OF(frame) ((uintptr_t *)(frame) + 1)
#endif

/* Whether the instruction behind this one, a jump or a branch, is done before it is (a delay slot). A frame of what happens there
 * has the pc of the jump, which is then done once more. */
#ifdef __mips__
static inline int code_has_slot(uint32_t word)
{
    unsigned major = word >> 26, function = word & 0x3f, format = word >> 21 & 0x1f;
    return (major >= 2 && major <= 7) || (major >= 20 && major <= 23) || (major == 0 && (function == 8 || function == 9)) ||
           (major == 1 && ((word >> 18 & 3) == 0 || (word >> 16 & 31) == 28)) || (major == 17 && format == 8);
}
#define CODE_HAS_SLOT(word) code_has_slot(word)
#else
#define CODE_HAS_SLOT(word) 0
#endif

#if defined(__powerpc64__) && _CALL_ELF != 2
#define CODE_OF(function)    (*(const uintptr_t *)(uintptr_t)(function))
#define FUNCTION_AT(address) ((void (*)(void))(const volatile uintptr_t[]){(address), 0, 0}) /* a call reads them */
#else
#define CODE_OF(function)    ((uintptr_t)(function))
#define FUNCTION_AT(address) ((void (*)(void))(uintptr_t)(address))
#endif

#endif
