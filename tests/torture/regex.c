/* regexec, with patterns of a goroutine's own and one that all share: it has a lock inside.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "torture.h"

#define PATTERN "^([a-z]+)-([0-9]+)(,[a-z0-9-]+)*$"

static regex_t shared;

static void compile_shared(void)
{
    if (regcomp(&shared, PATTERN, REG_EXTENDED) != 0) {
        fputs("torture: no regular expression\n", stderr);
        exit(2);
    }
}

static void match(struct worker *w, const regex_t *regex)
{
    int number = worker_random(w, 1000000);
    regmatch_t at[3];
    char text[120];

    snprintf(text, sizeof text, "worker-%d,another-1,and-yet-another-%d", number, number % 7);
    if (HOLDS(w, regexec(regex, text, 3, at, 0) == 0)) {
        HOLDS(w, at[1].rm_so == 0 && at[1].rm_eo == 6 && at[2].rm_so == 7);
        HOLDS(w, atoi(text + at[2].rm_so) == number && text[at[2].rm_eo] == ',');
    }
    text[3] = '.';
    HOLDS(w, regexec(regex, text, 3, at, 0) == REG_NOMATCH);
}

WORKLOAD(regex_shared, .prepare = compile_shared)
{
    for (int i = 0; i < 4; i++)
        match(w, &shared);
}

WORKLOAD(regex_own)
{
    regex_t mine;

    if (!HOLDS(w, regcomp(&mine, PATTERN, REG_EXTENDED) == 0))
        return;
    match(w, &mine);
    match(w, &mine);
    regfree(&mine);
}

WORKLOAD(patterns_of_names)
{
    for (int i = 0; i < 10; i++) {
        HOLDS(w, fnmatch("*.[ch]", "torture.c", 0) == 0);
        HOLDS(w, fnmatch("tort??e.*", "torture.h", 0) == 0);
        HOLDS(w, fnmatch("*.[!ch]", "torture.h", 0) == FNM_NOMATCH);
    }
}
