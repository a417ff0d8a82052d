/* What the second computing endpoint does: zlib and SQLite as Debian packages them, over one text.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DEMO_PACKAGES_H
#define DEMO_PACKAGES_H

#include <stddef.h>
#include <stdint.h>

enum {
    PACKAGES_BODY = 512,
    PACKAGES_STACK = 256 << 10, /* what a goroutine that calls packages_pass is given: SQLite has large frames */
};

/* packages_pass compresses the text and unpacks it again, puts its lines into a database in memory and asks it questions. `body`
 * becomes lines "name number" that follow from the text alone, so every pass must find the same. An error ends the program. */
void packages_pass(const uint8_t *text, size_t size, char body[PACKAGES_BODY]);

#endif
