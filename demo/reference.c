/* Computes beforehand, in one plain thread, what every pass must find, and how many passes fill the wanted time.
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: reference TEXT SECONDS      prints the passes that each of two workers on one processor makes in that time, and results
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common.h"

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct result first, again;
    struct work *w;
    uint8_t *text;
    size_t size;
    double start, took;
    int passes = 0;

    if (argc != 3)
        die("usage:", "reference TEXT SECONDS");
    text = load_text(argv[1], &size);
    w = new_work(text, size);
    work_pass(w, &first);
    if (first.value[RESTORED] != size || memcmp(w->text, w->restored, size) != 0)
        die("unpacking does not give back", argv[1]);
    for (start = now(); passes < 3 || now() < start + 0.5; passes++) {
        work_pass(w, &again);
        if (!result_same(&first, &again))
            die("two passes differ over", argv[1]);
    }
    took = (now() - start) / passes;
    printf("passes %d\n", (int)(atof(argv[2]) / 2 / took) + 1);
    write_result(stdout, &first);
    return 0;
}
