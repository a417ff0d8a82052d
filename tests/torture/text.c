/* Text and numbers: what is written is what is read.
 *
 * SPDX-License-Identifier: MIT
 */
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "torture.h"

static double some_double(struct worker *w)
{
    double value = worker_random(w, 1 << 30) / 7.0 + worker_random(w, 1 << 30);

    for (int i = worker_random(w, 40); i > 0; i--)
        value = worker_random(w, 2) ? value * 1000.3 : value / 997.1;
    return value;
}

WORKLOAD(doubles)
{
    for (int i = 0; i < 30; i++) {
        double value = some_double(w);
        char text[40], *end;

        HOLDS(w, snprintf(text, sizeof text, "%.17g", value) > 0);
        HOLDS(w, strtod(text, &end) == value && *end == '\0');
    }
}

/* Hundreds of digits; how many, depends on what the CPU's long double can be. Where that is a pair of doubles (ppc64), libc's
 * strtold does not give each pair as it was. */
WORKLOAD(long_numbers)
{
    const long double scale = LDBL_MANT_DIG == 106 ? 0x1p300L : LDBL_MAX_10_EXP > 600 ? 1e300L : 1e100L;

    for (int i = 0; i < 4; i++) {
        long double value = (long double)some_double(w) * scale;
        char text[600], *end;
        int length = snprintf(text, sizeof text, "%.120Lf", value);

        HOLDS(w, length > 120 && (size_t)length < sizeof text && text[length - 121] == '.');
        HOLDS(w, strtold(text, &end) == value && *end == '\0');
    }
}

WORKLOAD(integers)
{
    for (int i = 0; i < 30; i++) {
        int a = worker_random(w, 1 << 30) - (1 << 29), b = worker_random(w, 1 << 30), c = 0, d = 0;
        char text[100], word[20] = "";

        snprintf(text, sizeof text, "%d,%#x;%-12s|", a, (unsigned)b, "middle");
        HOLDS(w, sscanf(text, "%d,%i;%10[a-z]", &c, &d, word) == 3 && a == c && b == d && strcmp(word, "middle") == 0);
        HOLDS(w, strtol(text, NULL, 10) == a);
    }
}

WORKLOAD(words)
{
    char text[200] = "", *rest = NULL;
    int count = 5 + worker_random(w, 10), seen = 0;

    for (int i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%sw%d", i ? " " : "", i);
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        HOLDS(w, atoi(word + 1) == seen++);
        worker_computes(w);
    }
    HOLDS(w, seen == count);
}

WORKLOAD(dates)
{
    for (int i = 0; i < 6; i++) {
        time_t then = worker_random(w, 2000000000);
        struct tm parts;
        char text[40];

        HOLDS(w, gmtime_r(&then, &parts) == &parts && timegm(&parts) == then);
        HOLDS(w, strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts) == 19);
        HOLDS(w, localtime_r(&then, &parts) == &parts && mktime(&parts) == then);
    }
}
