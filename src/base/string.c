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
typedef uint64_t aligned_word __attribute__((may_alias));

enum { BLOCK = 4 * sizeof(word) };

#define NO_CALL() __asm__ volatile("")

static inline bool are_aligned(const void *a, const void *b)
{
    return (((uintptr_t)a | (uintptr_t)b) & (sizeof(word) - 1)) == 0;
}

/* By words: where a word must be aligned, a structure that is not is copied by a call. All are read before one is written, so that
 * a compiler can take wider registers. */
#define COPY_BLOCK(type, to, from)                                                                                                 \
    do {                                                                                                                           \
        type *written_ = (type *)(to);                                                                                             \
        const type *read_ = (const type *)(from);                                                                                  \
        uint64_t a_ = read_[0], b_ = read_[1], c_ = read_[2], d_ = read_[3];                                                       \
        written_[0] = a_, written_[1] = b_, written_[2] = c_, written_[3] = d_;                                                    \
        NO_CALL();                                                                                                                 \
    } while (0)

/* What is aligned is told apart for the sake of CPUs on which all else goes byte by byte. */
void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    char *at = to;
    const char *source = from;
    if (are_aligned(at, source))
        for (; size >= BLOCK; size -= BLOCK, at += BLOCK, source += BLOCK)
            COPY_BLOCK(aligned_word, at, source);
    for (; size >= BLOCK; size -= BLOCK, at += BLOCK, source += BLOCK)
        COPY_BLOCK(word, at, source);
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
    const uint64_t block[4] = {all, all, all, all};
    if (are_aligned(at, at))
        for (; size >= BLOCK; size -= BLOCK, at += BLOCK)
            COPY_BLOCK(aligned_word, at, block);
    for (; size >= BLOCK; size -= BLOCK, at += BLOCK)
        COPY_BLOCK(word, at, block);
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
