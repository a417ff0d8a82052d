/* What belongs to the process and is kept for each thread: the user's and the groups' numbers, which libc has every thread change,
 * and the robust mutexes that the kernel releases when a thread dies. Both go by the thread's number, which a goroutine that was
 * taken off has from another thread.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "child.h"
#include "emulator.h"
#include "hazard.h"

/* ---- every thread changes ---- */

enum { SOME_GROUP = 12345, ROUNDS = 20 };

/* What qemu's own threads mask, and no other. They run none of the program's code, and keep their group. */
#define EMULATORS_OWN 0xfffffffe7ffbfa77

struct groups {
    long effective;
    bool listed; /* the one asked for is among the others */
    unsigned long long masked;
};

static bool lists(const char *line, long group)
{
    char *end;

    for (long one; one = strtol(line, &end, 10), end != line; line = end)
        if (one == group)
            return true;
    return false;
}

/* False: the thread has ended, or is not one that counts. */
static bool read_groups(const char *thread, long wanted, struct groups *g)
{
    char path[300], line[1000];
    FILE *status;

    *g = (struct groups){.effective = -1};
    snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
    status = fopen(path, "r");
    while (status && g->masked == 0 && fgets(line, sizeof line, status)) {
        sscanf(line, "Gid: %*d %ld", &g->effective);
        sscanf(line, "SigBlk: %llx", &g->masked);
        g->listed |= strncmp(line, "Groups:", 7) == 0 && lists(line + 7, wanted);
    }
    if (status)
        fclose(status);
    return g->effective != -1 && !(g->masked == EMULATORS_OWN && emulated());
}

/* How many threads have another one, and are not in it either way. */
static int others_than(long group)
{
    DIR *tasks = opendir("/proc/self/task");
    int others = 0;

    for (struct dirent *d; tasks && (d = readdir(tasks));) {
        struct groups g;
        if (d->d_name[0] != '.' && read_groups(d->d_name, group, &g))
            others += g.effective != group && !g.listed;
    }
    closedir(tasks);
    return others;
}

static int change_often(void)
{
    int wrong = 0;

    for (int i = 0; i < SCALED(ROUNDS); i++) {
        wrong += setegid(SOME_GROUP + (gid_t)i) != 0 || getegid() != SOME_GROUP + (gid_t)i;
        linger(20000);
        wrong += others_than(SOME_GROUP + i) > 0;
    }
    return wrong;
}

static void *change_on_a_thread(void *wrong)
{
    *(int *)wrong += change_often();
    return NULL;
}

static void change_in_a_goroutine(void *wrong, int index)
{
    (void)index;
    identity_begin();
    linger(1000000); /* many slices: it is taken off, and has an identity of its own from then on */
    *(int *)wrong += change_often();
    identity_end();
}

TEST(all_threads_have_the_group_that_any_one_of_them_has_set)
{
    int wrong = 0;
    gid_t before = getegid();
    struct hogs *h;
    pthread_t thread;

    if (setegid(SOME_GROUP) != 0)
        SKIP("only root may change its group");
    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    h = hogs_start(4, hog_counting);
    crew_run(1, change_in_a_goroutine, &wrong);
    CHECK_EQ(0, pthread_create(&thread, NULL, change_on_a_thread, &wrong));
    CHECK_EQ(0, pthread_join(thread, NULL));
    hogs_stop(h);
    CHECK_EQ(0, setegid(before));
    CHECK_EQ(0, wrong);
}

static void change_lists(void *wrong, int index)
{
    (void)index;
    identity_begin();
    linger(1000000);
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        *(int *)wrong += initgroups("root", SOME_GROUP + (gid_t)i) != 0;
        linger(20000);
        *(int *)wrong += others_than(SOME_GROUP + i) > 0;
    }
    identity_end();
}

TEST(all_threads_are_in_the_groups_that_a_goroutine_has_taken_from_the_list_of_them)
{
    int wrong = 0, count;
    gid_t before[1000];
    struct hogs *h;

    if (geteuid() != 0 || (count = getgroups(1000, before)) < 0)
        SKIP("only root may change its groups");
    go_maxprocs(2);
    go_slice(20 * GO_MICROSECOND);
    h = hogs_start(4, hog_counting);
    crew_run(1, change_lists, &wrong);
    hogs_stop(h);
    CHECK_EQ(0, setgroups((size_t)count, before));
    CHECK_EQ(0, wrong);
}

static void change_in_turns(void *arg, int index)
{
    (void)arg;
    (void)index;
    identity_begin();
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        CHECK_EQ(0, setregid((gid_t)-1, (gid_t)-1));
        hog_for(50 * GO_MICROSECOND);
    }
    identity_end();
}

TEST(goroutines_that_all_change_them_at_once_get_by)
{
    hogs_crowd(change_in_turns, NULL);
}

TEST(who_may_not_change_them_is_told_so_and_nothing_changes)
{
    if (geteuid() == 0)
        CHECK_EQ(0, seteuid(SOME_GROUP));
    errno = 0;
    CHECK_EQ(-1, setuid(SOME_GROUP + 1));
    CHECK_EQ(EPERM, errno);
    if (getuid() == 0)
        CHECK_EQ(0, seteuid(0));
}

/* ---- a robust mutex of a process that has ended ---- */

#define MEMORY_OF_THE_PARENT "TEST_ROBUST_MEMORY"

static pthread_mutex_t *shared(int memory)
{
    void *at = mmap(NULL, sizeof(pthread_mutex_t), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);

    return at == MAP_FAILED ? NULL : at;
}

static void lock_and_die(void *mutex, int index)
{
    (void)index;
    CHECK_EQ(0, go_lock_identity());
    if (pthread_mutex_lock(mutex) == 0)
        _exit(0);
}

static void be_the_child(int memory)
{
    pthread_mutex_t *mutex = shared(memory);
    struct hogs *h = hogs_start(4, hog_counting);

    if (CHECK(mutex != NULL))
        crew_run(1, lock_and_die, mutex);
    hogs_stop(h);
}

static int make_robust(int memory)
{
    pthread_mutexattr_t attr;
    int error = ftruncate(memory, sizeof(pthread_mutex_t));

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    return error || pthread_mutex_init(shared(memory), &attr);
}

TEST(a_robust_mutex_of_a_goroutine_is_released_with_its_process)
{
    const char *given = getenv(MEMORY_OF_THE_PARENT);
    char number[20];
    int memory;

    NEEDS_NO_EMULATOR("robust mutexes");
    go_slice(20 * GO_MICROSECOND);
    if (given) {
        be_the_child(atoi(given));
        return;
    }
    memory = memfd_create("robust", 0);
    snprintf(number, sizeof number, "%d", memory);
    CHECK_EQ(0, make_robust(memory));
    CHECK(child_passes("a robust mutex of", MEMORY_OF_THE_PARENT, number));
    CHECK_EQ(EOWNERDEAD, pthread_mutex_trylock(shared(memory)));
    close(memory);
}
