/* The tests of libraries/zlib_test.c, with the library linked into the program's own file.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <zlib.h>
#include "own_file.h"

TEST(the_library_is_in_the_programs_own_file)
{
    CHECK(in_own_file((void *)deflate));
}
