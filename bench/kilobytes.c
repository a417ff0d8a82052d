/* What the kernel says of memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "kilobytes.h"
#include "bench.h"
#include <stdio.h>
#include <string.h>

static double bytes_in(const char *path, const char *name)
{
    char line[128];
    long kilobytes = -1;
    size_t length = strlen(name);
    FILE *file = must_have(fopen(path, "r"));
    while (kilobytes < 0 && fgets(line, sizeof(line), file))
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            sscanf(line + length, ": %ld", &kilobytes);
    fclose(file);
    expect(kilobytes >= 0, 1);
    return (double)kilobytes * 1024;
}

double bytes_of_process(const char *name)
{
    return bytes_in("/proc/self/status", name);
}

double bytes_of_machine(const char *name)
{
    return bytes_in("/proc/meminfo", name);
}
