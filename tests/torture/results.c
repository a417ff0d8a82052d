/* Results of whole libraries, which must be the same bytes as those of an undisturbed run.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "torture.h"

void results_prepare(struct results *r)
{
    for (unsigned seed = 0; seed < RESULT_SEEDS; seed++) {
        r->bytes[seed] = malloc(RESULT_ROOM);
        r->lengths[seed] = r->bytes[seed] ? r->fn(seed, r->bytes[seed], RESULT_ROOM) : 0;
        if (r->lengths[seed] == 0) {
            fputs("torture: an undisturbed run gives no result\n", stderr);
            exit(2);
        }
    }
}

void results_compare(struct results *r, struct worker *w)
{
    unsigned seed = (unsigned)worker_random(w, RESULT_SEEDS);
    unsigned char *bytes = malloc(RESULT_ROOM);

    if (!HOLDS(w, bytes != NULL))
        return;
    size_t length = r->fn(seed, bytes, RESULT_ROOM);
    if (HOLDS(w, length == r->lengths[seed]))
        HOLDS(w, memcmp(bytes, r->bytes[seed], length) == 0);
    free(bytes);
}
