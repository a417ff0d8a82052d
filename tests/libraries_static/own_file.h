/* Where a function is: in the program's own file, or in a shared object.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_OWN_FILE_H
#define TEST_OWN_FILE_H

#include <dlfcn.h>
#include "test.h"

static inline bool in_own_file(void *function)
{
    static const char here;
    Dl_info own = {0}, its = {0};

    return dladdr(&here, &own) && dladdr(function, &its) && own.dli_fbase == its.dli_fbase;
}

#endif
