/* Streams under use: much at once, many at once, one copied into another.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "net.h"
#include "sanitizers.h"

static bool read_whole(int fd, void *at, size_t size)
{
    for (size_t done = 0; done < size;) {
        ptrdiff_t n = go_read(fd, (char *)at + done, size - done);

        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* ---- messages ---- */

enum { MESSAGE = 512 };

struct talk {
    int ends[2];
    int rounds;
};

static void fill(unsigned char *message, int round)
{
    for (int i = 0; i < MESSAGE; i++)
        message[i] = (unsigned char)(i * 3 + round);
}

static void answer(void *arg)
{
    struct talk *t = arg;
    unsigned char message[MESSAGE];

    while (read_whole(t->ends[1], message, sizeof message))
        CHECK_EQ(MESSAGE, go_write(t->ends[1], message, sizeof message));
    CHECK_EQ(0, go_close(t->ends[1]));
}

static void ask(void *arg, int index)
{
    struct talk *t = (struct talk *)arg + index;
    unsigned char sent[MESSAGE], found[MESSAGE];

    for (int i = 0; i < t->rounds; i++) {
        fill(sent, i);
        CHECK_EQ(MESSAGE, go_write(t->ends[0], sent, MESSAGE));
        if (!CHECK(read_whole(t->ends[0], found, MESSAGE)))
            break;
        CHECK_MEM(sent, found, MESSAGE);
    }
    CHECK_EQ(0, go_close(t->ends[0]));
}

TEST(connections_keep_up_requests_and_answers)
{
    for (int procs = 1; procs <= 4; procs *= 2) {
        struct talk *all = test_alloc(10 * sizeof *all);

        go_maxprocs(procs);
        for (int i = 0; i < 10; i++) {
            net_tcp_pair(all[i].ends);
            all[i].rounds = SCALED(1000);
            CHECK_EQ(0, go(answer, &all[i]));
        }
        crew_run(10, ask, all);
        EVENTUALLY(go_count() == 1);
    }
}

/* ---- much ---- */

struct big {
    int fd;
    char *bytes;
    size_t size;
    ptrdiff_t result;
    atomic_bool done;
};

static void write_big(void *arg)
{
    struct big *b = arg;

    b->result = go_write(b->fd, b->bytes, b->size);
    CHECK_EQ(0, go_shutdown(b->fd, GO_WRITABLE));
    atomic_store(&b->done, true);
}

/* Mapped, so that it takes no memory: it is all zero, but for marks. */
static char *new_zeros(size_t size)
{
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(at != MAP_FAILED);
    for (size_t i = 0; i < size; i += size / 10)
        at[i] = (char)(1 + i % 100);
    return at;
}

TEST(one_write_may_be_hundreds_of_megabytes)
{
    struct big *b = test_alloc(sizeof *b);
    static char found[1 << 20];
    size_t sum = 0;
    ptrdiff_t n;
    int ends[2];
    long marks = 0, expected = 0;

    net_tcp_pair(ends);
    b->fd = ends[0];
    b->size = (size_t)SCALED(WITH_TSAN || WITH_ASAN ? 50 : 400) << 20;
    b->bytes = new_zeros(b->size);
    for (size_t i = 0; i < b->size; i += b->size / 10)
        expected += b->bytes[i];
    CHECK_EQ(0, go(write_big, b));
    while ((n = go_read(ends[1], found, sizeof found)) > 0) {
        for (ptrdiff_t i = 0; i < n; i++)
            marks += found[i];
        sum += (size_t)n;
    }
    CHECK_EQ(0, n);
    CHECK_EQ(b->size, sum);
    CHECK_EQ(expected, marks);
    EVENTUALLY(atomic_load(&b->done));
    CHECK_EQ(b->size, b->result);
    munmap(b->bytes, b->size);
    net_close_both(ends);
}

TEST(a_write_that_its_deadline_cuts_short_gives_the_count)
{
    int ends[2];
    struct net_call *writes;
    ptrdiff_t written, sum = 0, n;
    static char found[65536];

    net_unix_pair(SOCK_STREAM, ends); /* what is full stays full */
    writes = net_start_until(NET_WRITE_MUCH, ends[0], go_deadline(20 * GO_MILLISECOND));
    written = net_result(writes);
    CHECK_BETWEEN(1, NET_MUCH - 1, written);
    CHECK_EQ(-ETIMEDOUT, go_write_until(ends[0], "x", 1, go_deadline(GO_MILLISECOND)));
    CHECK_EQ(0, go_shutdown(ends[0], GO_WRITABLE));
    while ((n = go_read(ends[1], found, sizeof found)) > 0)
        sum += n;
    CHECK_EQ(written, sum);
    net_close_both(ends);
}

/* A read stops at the urgent byte, though there is more behind it. */
TEST(what_is_urgent_holds_up_nothing)
{
    int ends[2];

    net_tcp_pair(ends);
    for (int i = 0; i < 20; i++) {
        char bytes[100] = {0};
        size_t done = 0;
        ptrdiff_t n;
        struct net_call *reads = i % 2 ? net_start(NET_READ, ends[1]) : NULL;

        if (reads) {
            CHECK_EQ(1, go_write(ends[0], "r", 1));
            CHECK_EQ(1, net_result(reads));
        }
        CHECK_EQ(5, send(ends[0], "hello", 5, MSG_OOB));
        if (i % 3)
            CHECK_EQ(5, go_write(ends[0], "world", 5));
        for (size_t all = i % 3 ? 9 : 4; done < all; done += (size_t)n)
            if (!CHECK((n = go_read_until(ends[1], bytes + done, sizeof bytes - done, go_deadline(20 * GO_SECOND))) > 0))
                return;
        CHECK_STR(i % 3 ? "hellworld" : "hell", bytes);
    }
    net_close_both(ends);
}

/* The reader takes a little now and then: the writer gets on each time. */
TEST(a_slow_reader_gets_everything)
{
    int ends[2], size = 20000;
    struct net_call *writes;
    static char found[1 << 20];
    ptrdiff_t n, sum = 0;

    net_tcp_pair(ends);
    CHECK_EQ(0, setsockopt(ends[1], SOL_SOCKET, SO_RCVBUF, &size, sizeof size));
    CHECK_EQ(0, setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size));
    writes = net_start(NET_WRITE_MUCH, ends[0]);
    for (int i = 0; i < 50; i++) {
        sum += n = go_read(ends[1], found, 1000);
        CHECK(n > 0);
        CHECK_EQ(0, go_sleep(100 * GO_MICROSECOND));
    }
    while (sum < NET_MUCH && (n = go_read(ends[1], found, sizeof found)) > 0)
        sum += n;
    CHECK_EQ(NET_MUCH, sum);
    CHECK_EQ(NET_MUCH, net_result(writes));
    net_close_both(ends);
}

/* ---- several at each end ---- */

enum { SHARED_WRITES = 500, SHARED_SIZE = 3000 };

struct shared {
    int ends[2];
    atomic_llong sent, received;
    atomic_int writers;
};

static void write_shared(void *arg, int index)
{
    struct shared *s = arg;
    unsigned char bytes[SHARED_SIZE];
    long long sum = 0;

    for (int i = 0; i < SCALED(SHARED_WRITES); i++) {
        for (int k = 0; k < SHARED_SIZE; k++)
            sum += bytes[k] = (unsigned char)(index * 100 + i + k);
        CHECK_EQ(SHARED_SIZE, go_write(s->ends[0], bytes, sizeof bytes));
    }
    atomic_fetch_add(&s->sent, sum);
    if (atomic_fetch_sub(&s->writers, 1) == 1)
        CHECK_EQ(0, go_shutdown(s->ends[0], GO_WRITABLE));
}

static void read_shared(void *arg, int index)
{
    struct shared *s = arg;
    unsigned char bytes[1001];
    long long sum = 0;
    ptrdiff_t n;

    (void)index;
    while ((n = go_read(s->ends[1], bytes, sizeof bytes)) > 0)
        for (ptrdiff_t i = 0; i < n; i++)
            sum += bytes[i];
    CHECK_EQ(0, n);
    atomic_fetch_add(&s->received, sum);
}

TEST(two_readers_and_two_writers_share_a_connection)
{
    for (int procs = 1; procs <= 4; procs *= 4) {
        struct shared *s = test_alloc(sizeof *s);
        struct crew *readers;

        go_maxprocs(procs);
        net_tcp_pair(s->ends);
        atomic_store(&s->writers, 2);
        readers = crew_start(2, read_shared, s);
        crew_run(2, write_shared, s);
        crew_wait(readers);
        CHECK_EQ(atomic_load(&s->sent), atomic_load(&s->received));
        CHECK(atomic_load(&s->sent) > 0);
        net_close_both(s->ends);
    }
}

/* ---- one into another ---- */

struct copy {
    int from, to;
    atomic_llong copied;
};

static void copy_all(void *arg)
{
    struct copy *c = arg;
    char bytes[1000];

    atomic_store(&c->copied, net_copy(c->from, c->to, bytes, sizeof bytes));
    CHECK_EQ(0, go_close(c->from));
    CHECK_EQ(0, go_shutdown(c->to, GO_WRITABLE));
}

static void check_copy(int flags)
{
    struct copy *c = test_alloc(sizeof *c);
    int pipes[2], ends[2];
    char found[12];

    net_tcp_pair(ends);
    CHECK_EQ(0, pipe2(pipes, O_CLOEXEC | flags));
    c->from = pipes[0];
    c->to = ends[0];
    CHECK_EQ(0, go(copy_all, c));
    for (int i = 0; i < SCALED(1000); i++) {
        CHECK_EQ(12, go_write(pipes[1], "hello world\n", 12));
        if (!CHECK(read_whole(ends[1], found, sizeof found)))
            break;
        CHECK_MEM("hello world\n", found, 12);
    }
    CHECK_EQ(0, go_close(pipes[1]));
    CHECK_EQ(0, go_read(ends[1], found, 1));
    CHECK_EQ(SCALED(1000) * 12, atomic_load(&c->copied));
    net_close_both(ends);
}

TEST(a_pipe_is_copied_into_a_connection)
{
    check_copy(O_NONBLOCK);
    check_copy(0);
}
