/* The tests of libraries/sqlite_locks_test.c, with the library linked into the program's own file.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <sqlite3.h>
#include "own_file.h"

TEST(the_library_is_in_the_programs_own_file)
{
    CHECK(in_own_file((void *)sqlite3_open));
}
