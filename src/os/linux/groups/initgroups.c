/* initgroups, with our setgroups (setid.c): a shared libc's calls its own. It is linked by itself, for programs that call it: with
 * it comes all of libc that looks for groups, about which the linker of a static program warns. There libc's initgroups takes this
 * one's place, and calls our setgroups.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <grp.h>
#include <limits.h>
#include <stdlib.h>

#include "os/linux/linux.h"

#if SANITIZE_IDENTITIES

REPLACES_LIBCS_WEAKLY int initgroups(const char *user, gid_t group)
{
    int count = NGROUPS_MAX + 1, result = -1;
    gid_t *groups = malloc((size_t)count * sizeof *groups); /* more than a goroutine's stack has room for */
    if (groups == NULL)
        return -1;
    if (getgrouplist(user, group, groups, &count) >= 0)
        result = setgroups((size_t)count, groups);
    free(groups);
    return result;
}

#endif
