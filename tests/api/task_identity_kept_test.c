/* What becomes of a goroutine's thread identity when it calls the library: it is kept as long as something on the stack could still
 * need it, and else given back, so that there are few.
 *
 * Here a goroutine has one because it has locked it once, not because it was taken off at the right place; and what it gives back
 * another takes at once, and stays, so that it is missed.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include "hogs.h"
#include "sanitizers.h"

/* Where the library cannot tell the text of others from data (os_image_foreign), all is kept until the goroutine ends: with a libc
 * that does not say whose an address is, and in a static program. */
#if defined(__GLIBC__) && defined(DLFO_STRUCT_HAS_EH_DBASE)
#define GIVES_BACK (!test_is_static())
#else
#define GIVES_BACK false
#endif

#define NOINLINE __attribute__((noinline))

enum { ROUNDS = 20, MANY = 64, DEAD = 300 };

/* Elsewhere a goroutine is tied to a thread instead. */
static bool are_handed_over(void)
{
    return WITH_IDENTITIES;
}

/* ---- what keeps one ---- */

struct trial {
    void (*need)(struct trial *t);
    atomic_bool taken, over;
    uintptr_t before, after;
    int wrong;
};

/* Written so that no word on the stack is an address inside the identity; asked anew each time, though libc says it never changes.
 */
static NOINLINE uintptr_t who(void)
{
    __asm__ volatile("" ::: "memory");
    return ~(uintptr_t)pthread_self();
}

static NOINLINE void wait_until_taken(struct trial *t)
{
    do
        go_yield();
    while (!atomic_load(&t->taken));
}

/* Whatever the thread uses for goroutines without one. */
static void take_it(void *arg)
{
    struct trial *t = arg;

    CHECK_EQ(0, go_lock_identity());
    atomic_store(&t->taken, true);
    while (!atomic_load(&t->over))
        go_yield();
    CHECK_EQ(0, go_unlock_identity());
}

static void need_it(void *arg)
{
    struct trial *t = arg;

    go_spawn(take_it, t);
    go_preempt_off(); /* at the end of a slice the next call might give it back, before it is needed */
    CHECK_EQ(0, go_lock_identity());
    CHECK_EQ(0, go_unlock_identity());
    t->before = who();
    t->need(t);
    t->after = who();
    go_preempt_on();
    atomic_store(&t->over, true);
}

static void check_kept(void (*need)(struct trial *t))
{
    int changed = 0, wrong = 0;

    go_maxprocs(1);
    for (int i = 0; i < ROUNDS; i++) {
        struct trial t = {.need = need};
        go_spawn(need_it, &t);
        EVENTUALLY(atomic_load(&t.over) && go_count() == 1);
        changed += t.before != t.after;
        wrong += t.wrong;
    }
    CHECK_EQ(0, changed);
    CHECK_EQ(0, wrong);
}

static _Thread_local long mine;

static NOINLINE long *place_of_mine(void)
{
    __asm__ volatile("");
    return &mine;
}

static void hold_an_address(struct trial *t)
{
    long *volatile place = place_of_mine();

    *place = 7;
    wait_until_taken(t);
    t->wrong += *place != 7 || place != place_of_mine();
}

TEST(a_goroutine_with_an_address_of_a_thread_local_on_its_stack_keeps_its_identity)
{
    if (!are_handed_over())
        SKIP("identities are not handed over here");
    check_kept(hold_an_address);
}

static int compare_when_taken(const void *a, const void *b, void *trial)
{
    wait_until_taken(trial);
    return *(const int *)a - *(const int *)b;
}

static void be_called_back(struct trial *t)
{
    int numbers[] = {2, 1};

    qsort_r(numbers, 2, sizeof numbers[0], compare_when_taken, t);
    t->wrong += numbers[0] != 1;
}

TEST(a_goroutine_that_foreign_code_has_called_back_keeps_its_identity)
{
    if (!are_handed_over())
        SKIP("identities are not handed over here");
    check_kept(be_called_back);
}

static locale_t chosen;

static void have_a_locale(struct trial *t)
{
    uselocale(chosen);
    wait_until_taken(t);
    t->wrong += uselocale(LC_GLOBAL_LOCALE) != chosen;
}

TEST(a_goroutine_with_a_locale_keeps_its_identity)
{
    if (!are_handed_over())
        SKIP("identities are not handed over here");
    chosen = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    check_kept(have_a_locale);
    freelocale(chosen);
}

/* ---- what is given back ---- */

static uint64_t identities(bool in_use)
{
    struct go_stats s = {0};

    go_stats_read(&s, sizeof s);
    return s.identities - (in_use ? s.identities_spare : 0);
}

struct crowd {
    atomic_int have, waiting;
    go_chan *end;
};

/* All have one at the same time. */
static void have_one_and_wait(void *arg, int index)
{
    struct crowd *c = arg;

    (void)index;
    CHECK_EQ(0, go_lock_identity());
    atomic_fetch_add(&c->have, 1);
    while (atomic_load(&c->have) < MANY)
        go_yield();
    CHECK_EQ(0, go_unlock_identity());
    atomic_fetch_add(&c->waiting, 1);
    CHECK_EQ(-EPIPE, go_recv(c->end, NULL));
}

TEST(goroutines_that_need_no_identity_any_more_give_it_back)
{
    struct crowd c = {0};
    struct crew *crew;

    if (!are_handed_over())
        SKIP("identities are not handed over here");
    if (!GIVES_BACK)
        SKIP("the text of others is not told from data here: identities are kept until goroutines end");
    c.end = test_chan(0, 0);
    crew = crew_start(MANY, have_one_and_wait, &c);
    EVENTUALLY(atomic_load(&c.waiting) == MANY && identities(true) < MANY / 2);
    test_note("%llu in use", (unsigned long long)identities(true));
    CHECK_EQ(0, go_chan_close(c.end));
    crew_wait(crew);
}

static void end_with_one(void *arg)
{
    (void)arg;
    CHECK_EQ(0, go_lock_identity());
}

TEST(the_identity_of_a_goroutine_that_has_ended_goes_to_others)
{
    uint64_t before;

    if (!are_handed_over())
        SKIP("identities are not handed over here");
    before = identities(false);
    for (int i = 0; i < DEAD; i++) {
        CHECK_EQ(0, go_spawn(end_with_one, NULL));
        EVENTUALLY(go_count() == 1);
    }
    test_note("%llu more than before", (unsigned long long)(identities(false) - before));
    CHECK(identities(false) < before + DEAD / 2);
}
