/* Statistics, dumps, words for errors, the version.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "hogs.h"
#include "sanitizers.h"

/* ---- statistics ---- */

static struct go_stats stats(void)
{
    struct go_stats s = {0};

    CHECK_EQ(0, go_stats_read(&s, sizeof s));
    return s;
}

TEST(stats_read_refuses_null)
{
    CHECK_EQ(-EINVAL, go_stats_read(NULL, sizeof(struct go_stats)));
    CHECK_EQ(-EINVAL, go_stats_read(NULL, 0));
}

TEST(stats_read_fills_no_more_than_the_size_it_is_given)
{
    unsigned char bytes[sizeof(struct go_stats)], untouched[sizeof bytes];

    memset(untouched, 0xa5, sizeof untouched);
    for (size_t size = 0; size <= sizeof bytes; size += 4) {
        memset(bytes, 0xa5, sizeof bytes);
        CHECK_EQ(0, go_stats_read((struct go_stats *)bytes, size));
        CHECK_MEM(untouched, bytes + size, sizeof bytes - size);
        if (size >= sizeof(uint64_t))
            CHECK(memcmp(bytes, untouched, sizeof(uint64_t)) != 0);
    }
}

TEST(stats_read_zeroes_what_this_version_does_not_know)
{
    struct {
        struct go_stats known;
        unsigned char later[100];
    } s;
    static const unsigned char zeroes[100];

    memset(&s, 0xa5, sizeof s);
    CHECK_EQ(0, go_stats_read(&s.known, sizeof s));
    CHECK_MEM(zeroes, s.later, sizeof zeroes);
}

static void yield_often(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (int i = 0; i < 100; i++)
        go_yield();
}

TEST(stats_count_goroutines_and_switches)
{
    struct go_stats before = stats(), after;

    crew_run(10, yield_often, NULL);
    after = stats();
    CHECK_EQ(10, after.spawned - before.spawned);
    CHECK_BETWEEN(1000, INT64_MAX, after.switches - before.switches);
    CHECK(after.spawned >= 11);
}

TEST(stats_tell_processors_threads_and_stacks)
{
    struct go_stats s;

    go_maxprocs(3);
    s = stats();
    CHECK_EQ(test_has_threads() ? 3 : 1, s.processors);
    CHECK_BETWEEN(1, test_has_threads() ? 1000 : 1, s.threads);
    CHECK_BETWEEN(1, 100000, s.stacks);
}

TEST(stats_count_preemptions)
{
    struct go_stats before, after;
    struct hogs *h;

    NEEDS_PREEMPTION();
    go_maxprocs(1);
    before = stats();
    h = hogs_start(2, hog_counting);
    for (int i = 0; i < 5; i++)
        hogs_wait_for_turn(h, i & 1);
    hogs_stop(h);
    after = stats();
    CHECK_BETWEEN(1, INT64_MAX, after.preemptions - before.preemptions);
    CHECK(after.preempt_requests - before.preempt_requests >= after.preemptions - before.preemptions);
}

static void read_stats(void *arg, int index)
{
    (void)arg;
    (void)index;
    for (int i = 0; i < 1000; i++)
        stats();
}

TEST(stats_may_be_read_from_anywhere_at_any_time)
{
    struct crew *threads = crew_start_threads(2, read_stats, NULL);
    struct hogs *h = hogs_start(2, hog_counting);

    crew_run(4, read_stats, NULL);
    hogs_stop(h);
    crew_wait(threads);
}

/* ---- dumps ---- */

/* What a dump writes, as text to be freed. */
static char *dump(void)
{
    FILE *f = tmpfile();
    long size;
    char *text = NULL;

    if (!f || !CHECK_EQ(0, go_dump(fileno(f))))
        return NULL;
    size = lseek(fileno(f), 0, SEEK_END);
    text = calloc(1, (size_t)size + 1);
    CHECK_EQ(size, pread(fileno(f), text, (size_t)size, 0));
    fclose(f);
    return text;
}

static bool has(const char *text, const char *format, ...)
{
    char wanted[100];
    va_list args;

    va_start(args, format);
    vsnprintf(wanted, sizeof wanted, format, args);
    va_end(args);
    return strstr(text, wanted) != NULL;
}

TEST(dump_refuses_a_negative_descriptor)
{
    CHECK_EQ(-EINVAL, go_dump(-1));
    CHECK_EQ(-EINVAL, go_dump(INT32_MIN));
}

TEST(dump_shows_main)
{
    char *text = dump();

    if (!CHECK(has(text, "goroutine 1")))
        test_note("%s", text);
    free(text);
}

struct sleeper {
    go_chan *c;
    _Atomic uint64_t id;
};

static void sleep_named(void *arg)
{
    struct sleeper *s = arg;

    atomic_store(&s->id, go_id());
    go_recv(s->c, NULL);
}

TEST(dump_shows_number_name_and_what_a_goroutine_waits_for)
{
    struct sleeper *s = test_alloc(sizeof *s);
    struct go_attr attr = {.name = "sandman"};
    char *text;

    s->c = test_chan(0, 0);
    CHECK_EQ(0, go_spawn_attr(&attr, sleep_named, s));
    EVENTUALLY(atomic_load(&s->id) != 0);
    test_settle();
    text = dump();
    if (!CHECK(has(text, "goroutine %llu", (unsigned long long)atomic_load(&s->id))) || !CHECK(has(text, "sandman")) ||
        !CHECK(has(text, "recv") || has(text, "receive")))
        test_note("%s", text);
    free(text);
    go_chan_close(s->c);
}

TEST(a_name_is_copied_and_cut_after_15_bytes)
{
    struct sleeper *s = test_alloc(sizeof *s);
    char name[] = "abcdefghijklmnopqrstuvwxyz";
    struct go_attr attr = {.name = name};
    char *text;

    s->c = test_chan(0, 0);
    CHECK_EQ(0, go_spawn_attr(&attr, sleep_named, s));
    memset(name, '?', sizeof name - 1);
    EVENTUALLY(atomic_load(&s->id) != 0);
    text = dump();
    CHECK(has(text, "abcdefghijklmno"));
    CHECK(!has(text, "abcdefghijklmnop"));
    CHECK(!has(text, "?????"));
    free(text);
    go_chan_close(s->c);
}

TEST(a_name_does_not_outlive_its_goroutine)
{
    struct sleeper *s = test_alloc(2 * sizeof *s);
    struct go_attr attr = {.name = "old name"}, none = {0};
    char *text;

    go_maxprocs(1);
    s[0].c = test_chan(0, 0);
    s[1].c = test_chan(0, 0);
    CHECK_EQ(0, go_spawn_attr(&attr, sleep_named, &s[0]));
    EVENTUALLY(atomic_load(&s[0].id) != 0);
    go_chan_close(s[0].c);
    EVENTUALLY(go_count() == 1);
    CHECK_EQ(0, go_spawn_attr(&none, sleep_named, &s[1]));
    EVENTUALLY(atomic_load(&s[1].id) != 0);
    text = dump();
    CHECK(!has(text, "old name"));
    CHECK(!has(text, "goroutine %llu ", (unsigned long long)atomic_load(&s[0].id)));
    free(text);
    go_chan_close(s[1].c);
}

static void dump_to_null(void *arg, int index)
{
    int fd = *(int *)arg;

    (void)index;
    for (int i = 0; i < SCALED(50); i++)
        CHECK_EQ(0, go_dump(fd));
}

static void come_and_go(void *arg, int index)
{
    (void)index;
    while (!atomic_load((atomic_bool *)arg)) {
        struct crew *c = crew_start(5, yield_often, NULL);
        crew_wait(c);
    }
}

TEST(dumps_may_be_made_from_anywhere_while_goroutines_come_and_go)
{
    int *fd = test_alloc(sizeof *fd);
    atomic_bool *stop = test_alloc(sizeof *stop);
    struct crew *others, *threads;

    *fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    others = crew_start(2, come_and_go, stop);
    threads = crew_start_threads(2, dump_to_null, fd);
    crew_run(2, dump_to_null, fd);
    crew_wait(threads);
    atomic_store(stop, true);
    crew_wait(others);
    close(*fd);
}

/* ---- words and versions ---- */

TEST(strerror_has_a_line_for_every_error_of_this_interface)
{
    static const int errors[] = {0,          -EINVAL,    -ENOMEM,    -EAGAIN, -EPERM, -EPIPE,        -EBUSY,      -EINTR,
                                 -ETIMEDOUT, -ECANCELED, -EOVERFLOW, -ENOENT, -EBADF, -ECONNREFUSED, -EADDRINUSE, -EMFILE};

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        const char *text = go_strerror(errors[i]);

        if (!CHECK(text != NULL))
            continue;
        CHECK(text[0] != '\0');
        CHECK(strchr(text, '\n') == NULL);
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(text, go_strerror(errors[k])) != 0);
    }
}

TEST(strerror_has_a_line_for_any_number)
{
    static const int numbers[] = {1, 22, -1, -4096, -4095, 99999, -99999, INT32_MAX, INT32_MIN, INT32_MIN + 1};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const char *text = go_strerror(numbers[i]);

        CHECK(text != NULL && text[0] != '\0' && strchr(text, '\n') == NULL);
    }
}

TEST(the_library_has_the_version_of_its_headers)
{
    CHECK_EQ(GO_VERSION_NUMBER, go_version());
    CHECK(go_version() > 0);
}

TEST(an_allocator_comes_too_late_once_the_library_has_allocated)
{
    go_chan *c = test_chan(sizeof(int), 1);

    CHECK_EQ(-EINVAL, go_set_allocator(NULL, free));
    CHECK_EQ(-EINVAL, go_set_allocator(malloc, NULL));
    CHECK_EQ(-EINVAL, go_set_allocator(NULL, NULL));
    CHECK_EQ(-EBUSY, go_set_allocator(malloc, free));
    CHECK_EQ(0, go_chan_len(c));
}
