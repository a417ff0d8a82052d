/* Computes beforehand, in one plain thread, what the second computing endpoint must answer.
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: packages_reference TEXT      prints it
 */
#include <inttypes.h>
#include <string.h>

#include "common.h"
#include "packages.h"

int main(int argc, char **argv)
{
    char first[PACKAGES_BODY], again[PACKAGES_BODY], restored[64];
    uint8_t *text;
    size_t size;

    if (argc != 2)
        die("usage:", "packages_reference TEXT");
    text = load_text(argv[1], &size);
    packages_pass(text, size, first);
    packages_pass(text, size, again);
    if (strcmp(first, again) != 0)
        die("two passes differ over", argv[1]);
    snprintf(restored, sizeof(restored), "zlib_restored_bytes %zu\n", size);
    if (!strstr(first, restored))
        die("unpacking does not give back", argv[1]);
    fputs(first, stdout);
    return 0;
}
