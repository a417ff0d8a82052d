/* The same rules as http_fuzz_test.c holds, for inputs that libFuzzer finds: make fuzz SECONDS=600. The first bytes say how the
 * rest is cut.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "http_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t most);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct http_outcome o;
    const char *bad = size < 2 ? NULL : http_check_input((const char *)bytes + 1, size - 1, bytes[0] + 1, &o);

    if (bad) {
        fprintf(stderr, "%s\n", bad);
        abort();
    }
    return 0;
}

/* By turns a change of ours and one of its own; now and then it begins anew with a right request. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned seed)
{
    random_state r = random_seed((int)(seed & 0xffffff));
    char input[HTTP_INPUT];
    size_t n;

    if (seed % 3 == 0)
        return LLVMFuzzerMutate(bytes, size, most);
    if (seed % 64 == 1 || size < 2) {
        n = http_make_input(&r, input);
    } else {
        n = size - 1 < sizeof input ? size - 1 : sizeof input;
        memcpy(input, bytes + 1, n);
        http_change(&r, input, &n);
    }
    n = n < most - 1 ? n : most - 1;
    memcpy(bytes + 1, input, n);
    bytes[0] = (uint8_t)seed;
    return n + 1;
}
