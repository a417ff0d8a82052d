/* What the files of the framework share; tests include test.h only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_FRAMEWORK_H
#define TEST_FRAMEWORK_H

#include <stdarg.h>
#include "test.h"

/* ---- check.c ---- */
void test_write_line(const char *prefix, const char *format, va_list args);
void test_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
int test_take_failures(void); /* how many checks have failed since the last call */

/* ---- leaks.c ---- */
struct leak_counts {
    int64_t goroutines;
    int descriptors;
    uint64_t stacks;
    uint64_t spawned;
    int maxprocs;
    int64_t slice;
};
void leaks_warm_up(void);             /* starts what the library starts only once */
struct leak_counts leaks_count(void); /* what there is now; also the settings that a test may change */
bool leaks_wait(const struct leak_counts *before, int abandoned,
                int seconds);                         /* for goroutines that are still ending; false: they do not */
void leaks_compare(const struct leak_counts *before); /* fails the test if there is more now */
void leaks_restore(const struct leak_counts *before); /* the settings */

/* ---- crew.c ---- */
void crew_forget(void);   /* leaves it to goroutines that stay behind */
void crew_clean_up(void); /* frees what the test took from test_alloc and test_chan */

/* ---- watchdog.c ---- */
void watchdog_start(int seconds);
void watchdog_watch(const char *name, int number); /* from now on this test has its time; 0: none runs */

#endif
