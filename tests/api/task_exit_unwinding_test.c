/* pthread_exit and pthread_cancel in a program with unwinding: clean-ups of the compiler's and handlers with a jump buffer, which
 * are those of C code that is built without, run in the order of their frames.
 *
 * COMPILED WITH: -fexceptions
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#undef __EXCEPTIONS /* for <pthread.h>, which would else make clean-ups of the handlers */
#include <stdlib.h>
#include "exits.h"

static void clean(const char *which)
{
    mark((void *)which);
}

__attribute__((noinline)) static void with_2(void (*fn)(void *))
{
    __attribute__((cleanup(clean))) char two = '2';

    with_handlers((void *)fn);
    mark(&two);
}

/* As libc has it, its handler runs before its own clean-up. */
__attribute__((noinline)) static void with_1(void *fn)
{
    __attribute__((cleanup(clean))) char one = '1';

    pthread_cleanup_push(mark, "e");
    with_2((void (*)(void *))fn);
    pthread_cleanup_pop(0);
    mark(&one);
}

static void leave(void *unused)
{
    (void)unused;
    go_exit();
}

static void panics(void *unused)
{
    (void)unused;
    go_panic("here");
}

static void cancel_async(void *unused)
{
    (void)unused;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    pthread_cancel(pthread_self());
}

TEST(both_kinds_run_from_the_inside_out)
{
    void (*const ends[])(void *) = {exits, leave, cancel_async, cancel_at_poll};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        forget_marks();
        run_as_goroutine(with_1, (void *)ends[i]);
        CHECK_STR("dcba2e1", marks);
    }
}

TEST(in_a_panic_too)
{
    forget_marks();
    CHECK_EQ(1, go_try(with_1, (void *)panics, NULL));
    CHECK_STR("dcba2e1", marks);
}

static void try_1(void *fn)
{
    __attribute__((cleanup(clean))) char t = 't';

    pthread_cleanup_push(mark, "f");
    go_try(with_1, fn, NULL);
    pthread_cleanup_pop(0);
    mark(&t);
}

TEST(through_every_try)
{
    forget_marks();
    run_as_goroutine(try_1, (void *)exits);
    CHECK_STR("dcba2e1ft", marks);
    forget_marks();
    run_as_goroutine(try_1, (void *)cancel_at_poll);
    CHECK_STR("dcba2e1ft", marks);
}

/* qsort has unwind information, and no clean-ups. */
static int exit_to_compare(const void *a, const void *b)
{
    (void)a;
    with_1((void *)exits);
    return b != NULL;
}

static void sort(void *unused)
{
    __attribute__((cleanup(clean))) char s = 's';
    int numbers[] = {3, 1, 2};

    (void)unused;
    qsort(numbers, 3, sizeof numbers[0], exit_to_compare);
    mark(&s);
}

TEST(through_frames_of_libc)
{
    forget_marks();
    run_as_goroutine(sort, NULL);
    CHECK_STR("dcba2e1s", marks);
}

static void *run_on_thread(void *fn)
{
    with_1(fn);
    return NULL;
}

TEST(on_a_plain_thread_as_ever)
{
    pthread_t thread;

    forget_marks();
    CHECK_EQ(0, pthread_create(&thread, NULL, run_on_thread, (void *)exits));
    CHECK_EQ(0, pthread_join(thread, NULL));
    CHECK_STR("cba2e1", marks);
}
