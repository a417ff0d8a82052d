/* What the demo's programs share: reading the text, setting up a worker, and the lines "name number" that they exchange.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DEMO_COMMON_H
#define DEMO_COMMON_H

#include <stdio.h>

#include "work.h"

/* What must come out: written by reference, read by all others. */
struct expected {
    uint64_t passes; /* that each worker makes over the text */
    struct result result;
};

_Noreturn void die(const char *what, const char *which);
uint8_t *load_text(const char *path, size_t *size);
struct work *new_work(const uint8_t *text, size_t size);
void write_result(FILE *to, const struct result *r);
void read_expected(const char *path, struct expected *e);

/* The place in a struct result of the value with that name, or -1. */
int result_index(const char *name);

#endif
