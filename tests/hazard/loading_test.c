/* The loader: objects that come and go, names that are looked up at the first call, and thread-locals that a thread gets when it
 * first asks for them. It finds out about threads, and has locks that know theirs.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
#include "hazard.h"

enum { COPIES = 40, STEPS_SUM = 55 };

struct locals {
    int first;
    long more[100];
    int last;
};

typedef int steps_fn(int x);
typedef struct locals *locals_fn(void);

/* ThreadSanitizer does not see the loader's locks. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:ld-linux\n";
}

/* ---- copies of the plugin: to the loader, each is an object of its own ---- */

static int copies[COPIES];

static bool copy_plugin(int from, int *copy)
{
    struct stat file;
    off_t at = 0;

    *copy = memfd_create("plugin", MFD_CLOEXEC);
    return *copy >= 0 && fstat(from, &file) == 0 && sendfile(*copy, from, &at, (size_t)file.st_size) == file.st_size;
}

static bool make_copies(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    char *name;
    bool made = true;
    int from;

    if (length < 0)
        return false;
    path[length] = '\0';
    name = strrchr(path, '/') + 1;
    snprintf(name, (size_t)(path + sizeof path - name), "plugin.so");
    from = open(path, O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < COPIES; i++)
        made = copy_plugin(from, &copies[i]) && made;
    close(from);
    return made;
}

static void close_copies(void)
{
    for (int i = 0; i < COPIES; i++)
        close(copies[i]);
}

static void *load(int i)
{
    char name[32];

    snprintf(name, sizeof name, "/proc/self/fd/%d", copies[i]);
    return dlopen(name, RTLD_LAZY | RTLD_LOCAL);
}

static bool loaded(int i)
{
    char name[32];
    void *object;

    snprintf(name, sizeof name, "/proc/self/fd/%d", copies[i]);
    object = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
    if (object)
        dlclose(object);
    return object != NULL;
}

/* Whether a static program has no room for the thread-locals of what it loads, as on some CPUs. */
static bool lacks_room(void)
{
    if (!test_is_static() || !make_copies())
        return false;
    void *object = load(0);
    bool lacks = !object && strstr(dlerror(), "static TLS block");
    if (object)
        dlclose(object);
    close_copies();
    return lacks;
}

#define NEEDS_LOADER()                                                                                                             \
    do {                                                                                                                           \
        if (!dlopen(NULL, RTLD_LAZY))                                                                                              \
            SKIP("a static program with this libc loads nothing");                                                                 \
        if (lacks_room())                                                                                                          \
            SKIP("a static program has no room for an object's thread-locals");                                                    \
    } while (0)

/* musl keeps for ever what it has loaded once. */
static bool libc_unloads(void)
{
    void *object = load(0);

    return object && dlclose(object) == 0 && !loaded(0);
}

/* ---- objects that come and go ---- */

enum { ROUNDS = 10 };

static void load_and_call(void *arg, int index)
{
    const int *of_their_own = arg;
    int wrong = 0;

    for (int i = 0; i < SCALED(ROUNDS); i++) {
        void *object = load(*of_their_own ? index : i % 2);
        steps_fn *steps = object ? (steps_fn *)dlsym(object, "plugin_steps") : NULL;
        for (int x = 0; x < 3; x++) {
            wrong += !steps || steps(x) != x + STEPS_SUM;
            linger(1000);
        }
        wrong += !object || dlclose(object) != 0;
    }
    CHECK_EQ(0, wrong);
}

static void check_loading(int of_their_own)
{
    if (!CHECK(make_copies()))
        return;
    bool unloads = libc_unloads();
    crowd_with_identity(500, load_and_call, &of_their_own);
    for (int i = 0; i < COPIES; i++)
        CHECK(!unloads || !loaded(i));
    close_copies();
}

TEST(goroutines_load_call_and_unload_an_object_of_their_own)
{
    NEEDS_LOADER();
    check_loading(true);
}

TEST(goroutines_load_call_and_unload_the_same_objects)
{
    NEEDS_LOADER();
    check_loading(false);
}

/* ---- first calls by all at once ---- */

static void *objects[COPIES];

static void call_first(void *arg, int index)
{
    int wrong = 0;

    (void)arg;
    for (int i = 0; i < COPIES; i++) {
        steps_fn *steps = (steps_fn *)dlsym(objects[(i + index) % COPIES], "plugin_steps");
        wrong += steps(index) != index + STEPS_SUM;
    }
    CHECK_EQ(0, wrong);
}

/* ---- thread-locals that are there when they are first asked for ---- */

static bool keep(struct locals *l, long mine)
{
    if (l->first != 11 || l->last != 22)
        return false;
    for (int i = 0; i < 100; i++)
        l->more[i] = mine + i;
    linger(1000);
    for (int i = 0; i < 100; i++)
        if (l->more[i] != mine + i)
            return false;
    return true;
}

/* The compiler may ask for the address only once, so this is its own function. */
static void touch_first(void *arg, int index)
{
    struct locals *each[COPIES];
    int wrong = 0;

    (void)arg;
    for (int i = 0; i < COPIES; i++) {
        locals_fn *locals = (locals_fn *)dlsym(objects[i], "plugin_locals");
        each[i] = locals();
        wrong += !keep(each[i], index * 1000 + i);
        wrong += locals() != each[i];
    }
    for (int i = 0; i < COPIES; i++)
        wrong += each[i]->first != 11 || each[i]->last != 22 || each[i]->more[99] != index * 1000 + i + 99;
    CHECK_EQ(0, wrong);
}

static void with_new_objects(crew_fn *fn)
{
    if (!CHECK(make_copies()))
        return;
    for (int round = 0; round < SCALED(20); round++) {
        bool all = true;
        for (int i = 0; i < COPIES; i++)
            all = (objects[i] = load(i)) && all;
        if (CHECK(all))
            run_many_with_identity(8, fn, NULL);
        for (int i = 0; i < COPIES; i++)
            CHECK(objects[i] && dlclose(objects[i]) == 0);
    }
    close_copies();
}

TEST(goroutines_that_all_call_for_the_first_time_reach_the_right_functions)
{
    NEEDS_LOADER();
    with_new_objects(call_first);
}

TEST(goroutines_that_first_touch_thread_locals_of_new_objects_get_their_own)
{
    NEEDS_LOADER();
    if (test_is_static())
        SKIP("glibc gives objects that a static program loads no thread-locals: whoever asks for one dies, on a plain thread too");
    with_new_objects(touch_first);
}
