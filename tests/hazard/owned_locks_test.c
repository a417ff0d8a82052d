/* Locks that know their owner by its thread: recursive and error-checking mutexes, those that pass on priority, robust ones, and
 * the lock of a FILE. Another goroutine must never be taken for the owner, nor the owner for another.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "hazard.h"

enum { ROUNDS = 200, HOLD = 4000 };

struct owned {
    pthread_mutex_t mutex;
    int inside;        /* guarded by the mutex */
    long times;        /* likewise */
    atomic_long asked; /* what times must be in the end */
    int again;         /* what the owner gets who locks it once more */
    atomic_int wrong;
};

static struct owned *new_owned(int type, int protocol, int robust, int again)
{
    struct owned *o = test_alloc(sizeof *o);
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    CHECK_EQ(0, pthread_mutexattr_setprotocol(&attr, protocol));
    CHECK_EQ(0, pthread_mutexattr_setrobust(&attr, robust));
    CHECK_EQ(0, pthread_mutex_init(&o->mutex, &attr));
    pthread_mutexattr_destroy(&attr);
    o->again = again;
    return o;
}

static void end_owned(struct owned *o)
{
    CHECK_EQ(0, atomic_load(&o->wrong));
    CHECK_EQ(atomic_load(&o->asked), o->times);
    CHECK_EQ(0, pthread_mutex_destroy(&o->mutex));
}

static void expect(struct owned *o, bool right)
{
    if (!right)
        atomic_fetch_add(&o->wrong, 1);
}

/* While it is held, by another too, at most one is inside. */
static void own(void *arg, int index)
{
    struct owned *o = arg;

    (void)index;
    for (int i = 0; i < SCALED(ROUNDS); i++) {
        expect(o, pthread_mutex_lock(&o->mutex) == 0);
        expect(o, o->inside++ == 0);
        linger(HOLD);
        expect(o, pthread_mutex_lock(&o->mutex) == o->again);
        if (o->again == 0)
            expect(o, pthread_mutex_unlock(&o->mutex) == 0);
        linger(HOLD);
        o->times++;
        expect(o, --o->inside == 0);
        expect(o, pthread_mutex_unlock(&o->mutex) == 0);
        atomic_fetch_add(&o->asked, 1);
        linger(HOLD);
    }
}

static void check_owned(int type, int protocol, int robust, int again)
{
    struct owned *o = new_owned(type, protocol, robust, again);

    crowd_with_identity(500, own, o);
    end_owned(o);
}

TEST(a_recursive_mutex_keeps_out_all_goroutines_but_its_owner)
{
    check_owned(PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED, 0);
}

TEST(an_error_checking_mutex_knows_its_owner_and_keeps_out_all_others)
{
    check_owned(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED, EDEADLK);
}

TEST(a_mutex_that_passes_on_priority_knows_its_owner_and_keeps_out_all_others)
{
    if (emulated_turned())
        SKIP("the emulator has no mutexes that pass on priority");
    check_owned(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED, EDEADLK);
}

TEST(a_robust_mutex_knows_its_owner_and_keeps_out_all_others)
{
    check_owned(PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST, 0);
}

/* ---- a robust mutex whose owner has gone ---- */

static void *die_with_it(void *arg)
{
    struct owned *o = arg;

    expect(o, pthread_mutex_lock(&o->mutex) == 0);
    return NULL;
}

static void inherit(void *arg, int index)
{
    struct owned *o = arg;

    (void)index;
    for (int i = 0; i < SCALED(20); i++) {
        pthread_t thread;
        int got;

        expect(o, pthread_create(&thread, NULL, die_with_it, o) == 0);
        expect(o, pthread_join(thread, NULL) == 0);
        got = pthread_mutex_lock(&o->mutex);
        linger(20 * HOLD);
        expect(o, got == EOWNERDEAD && pthread_mutex_consistent(&o->mutex) == 0);
        expect(o, pthread_mutex_unlock(&o->mutex) == 0);
    }
}

static void inherit_ones_own(void *arg, int index)
{
    struct owned **each = arg;

    inherit(each[index], index);
}

TEST(a_robust_mutex_tells_a_goroutine_that_its_owner_has_died)
{
    enum { OWNED = 4 };
    struct owned *each[OWNED];

    NEEDS_NO_EMULATOR("robust mutexes");
    for (int i = 0; i < OWNED; i++)
        each[i] = new_owned(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST, EDEADLK);
    run_many_with_identity(OWNED, inherit_ones_own, each);
    for (int i = 0; i < OWNED; i++)
        end_owned(each[i]);
}

/* ---- a FILE ---- */

enum { LINE = 60 };

/* ThreadSanitizer does not know flockfile. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:putc_unlocked\n";
}

/* Half of a line by a call that takes the lock once more, half by hand. */
static void write_lines(void *arg, int index)
{
    FILE *file = arg;
    char letter = (char)('a' + index % 26);

    for (int i = 0; i < SCALED(ROUNDS); i++) {
        flockfile(file);
        for (int j = 0; j < LINE / 2; j++) {
            putc_unlocked(letter, file);
            linger(HOLD / LINE);
        }
        fprintf(file, "%.*s", 0, "");
        for (int j = LINE / 2; j < LINE; j++)
            fputc(letter, file);
        linger(HOLD / 4);
        putc_unlocked('\n', file);
        funlockfile(file);
    }
}

static int broken_lines(const char *text)
{
    char same[LINE + 1];
    int broken = 0;

    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        memset(same, *line, LINE);
        same[LINE] = '\n';
        broken += strncmp(same, line, LINE + 1) != 0;
    }
    return broken;
}

TEST(lines_that_are_written_with_a_FILE_locked_stay_whole)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    if (!CHECK(file != NULL))
        return;
    crowd_with_identity(500, write_lines, file);
    CHECK_EQ(0, fclose(file));
    CHECK_EQ(0, broken_lines(text));
    CHECK_EQ(0, size % (LINE + 1));
    free(text);
}

/* ---- a lock inside libc, with a callback of ours on top ---- */

struct objects {
    int n;
    bool yields;
};

static int count_object(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct objects *o = arg;

    (void)info;
    (void)size;
    o->n++;
    linger(HOLD);
    if (o->yields)
        go_yield();
    return 0;
}

static void count_objects(bool yields)
{
    int before = 0, wrong = 0;

    for (int i = 0; i < SCALED(30); i++) {
        struct objects o = {0, yields};
        dl_iterate_phdr(count_object, &o);
        wrong += before && before != o.n;
        before = o.n;
    }
    CHECK_EQ(0, wrong);
}

static void count_objects_preempted(void *arg, int index)
{
    (void)arg;
    (void)index;
    count_objects(false);
}

TEST(a_callback_under_a_lock_of_the_loader_may_be_preempted)
{
    crowd_with_identity(500, count_objects_preempted, NULL);
}

static void count_objects_yielding(void *arg, int index)
{
    (void)arg;
    (void)index;
    CHECK_EQ(0, go_lock_identity()); /* it owns a lock of the loader's while it yields */
    count_objects(true);
    CHECK_EQ(0, go_unlock_identity());
}

TEST(a_callback_under_a_lock_of_the_loader_may_yield)
{
    NEEDS_TAKING();
    run_many_with_identity(8, count_objects_yielding, NULL);
}
