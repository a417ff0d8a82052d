/* Assembly text that grows in memory: aligned and commented.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MKPREEMPT_OUT_H
#define MKPREEMPT_OUT_H

#include <stddef.h>

struct out {
    char *text; /* ends with a zero */
    size_t size;
};

/* out_text appends text as it is. */
void out_text(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* out_op appends one instruction or directive with its operands. */
void out_op(struct out *o, const char *op, const char *operands, ...) __attribute__((format(printf, 3, 4)));

/* out_note appends a comment to the last line. */
void out_note(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

void out_free(struct out *o);

/* die reports the generator's misuse or a wrong table, and ends with status 1. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
