/* What a compiler calls by itself, to copy or to clear a variable: in our own text, because it is called with locks held, and
 * libc's text is preempted. The Makefile gives them other names, so that no program gets them for its own.
 *
 * The empty statements in the loops keep the compiler from making a call of the same function out of them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "base/base.h"

typedef uint64_t word __attribute__((may_alias, aligned(1)));
struct block {
    word at[4];
};

#define NO_CALL() __asm__ volatile("")

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    char *at = to;
    const char *source = from;
    for (; size >= sizeof(struct block); size -= sizeof(struct block), at += sizeof(struct block), source += sizeof(struct block)) {
        *(struct block *)at = *(const struct block *)source;
        NO_CALL();
    }
    for (; size >= sizeof(word); size -= sizeof(word), at += sizeof(word), source += sizeof(word)) {
        *(word *)at = *(const word *)source;
        NO_CALL();
    }
    for (; size > 0; size--) {
        *at++ = *source++;
        NO_CALL();
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    if ((uintptr_t)to - (uintptr_t)from >= size)
        return memcpy(to, from, size);
    char *at = to;
    const char *source = from;
    while (size > 0) {
        size--;
        at[size] = source[size];
        NO_CALL();
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    char *at = to;
    word all = (word)(unsigned char)byte * UINT64_C(0x0101010101010101);
    for (; size >= sizeof(struct block); size -= sizeof(struct block), at += sizeof(struct block)) {
        *(struct block *)at = (struct block){{all, all, all, all}};
        NO_CALL();
    }
    for (; size > 0; size--) {
        *at++ = (char)byte;
        NO_CALL();
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a, *right = b;
    for (size_t i = 0; i < size; i++) {
        if (left[i] != right[i])
            return left[i] - right[i];
        NO_CALL();
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length]) {
        length++;
        NO_CALL();
    }
    return length;
}
