/* dlopen, dlsym, dlerror and dlclose in a loop. The module is unloaded whenever nobody has it, so its thread-locals come and go.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "module.h"
#include "torture.h"

static char path[PATH_MAX + 20]; /* beside the program */

static void find_module(void)
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
    char *slash = length > 0 ? strrchr(path, '/') : NULL;

    if (!slash) {
        fputs("torture: no path of the program\n", stderr);
        exit(2);
    }
    strcpy(slash + 1, "module.so");
}

static void use(struct worker *w, void *module)
{
    void (*keep)(uintptr_t) = (void (*)(uintptr_t))dlsym(module, "module_keep");
    int (*has)(uintptr_t) = (int (*)(uintptr_t))dlsym(module, "module_has");
    void *(*address)(void) = (void *(*)(void))dlsym(module, "module_address");
    uintptr_t value = (uintptr_t)worker_random(w, 1 << 30);

    if (!HOLDS(w, keep && has && address))
        return;
    keep(value);
    void *at = address();
    worker_computes(w);
    HOLDS(w, has(value));
    HOLDS(w, address() == at);
}

WORKLOAD(module, .prepare = find_module)
{
    char name[40];
    const char *said;
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!HOLDS(w, module != NULL))
        return;
    use(w, module);
    snprintf(name, sizeof name, "no_such_function_%d", worker_random(w, 1000000));
    HOLDS(w, dlsym(module, name) == NULL);
    worker_computes(w);
    said = dlerror();
    HOLDS(w, said != NULL && strstr(said, name) != NULL);
    HOLDS(w, dlerror() == NULL);
    HOLDS(w, dlclose(module) == 0);
}

WORKLOAD(no_module)
{
    char name[60];
    const char *said;

    snprintf(name, sizeof name, "/no/such/module-%d.so", worker_random(w, 1000000));
    HOLDS(w, dlopen(name, RTLD_NOW) == NULL);
    worker_computes(w);
    said = dlerror();
    HOLDS(w, said != NULL && strstr(said, name) != NULL);
}

static int count_objects(struct dl_phdr_info *info, size_t size, void *count)
{
    (void)info;
    (void)size;
    compute(50);
    ++*(int *)count;
    return 0;
}

/* A callback under the loader's lock. */
WORKLOAD(objects)
{
    int count = 0;

    HOLDS(w, dl_iterate_phdr(count_objects, &count) == 0);
    HOLDS(w, count >= 4);
}
