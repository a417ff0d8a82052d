/* zlib inside goroutines that are preempted: the packed streams are those of an undisturbed run.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <zlib.h>
#include "undisturbed.h"

enum { TEXT = 1 << 16, CHUNK = 3000, WINDOW = 1 << 15 };

/* zlib's memory comes from the program's own text. */
static void *allocate(void *unused, unsigned count, unsigned size)
{
    unsigned char *p = malloc((size_t)count * size);

    (void)unused;
    for (size_t i = 0; p && i < (size_t)count * size; i += 16)
        ((volatile unsigned char *)p)[i] = 0;
    return p;
}

static void release(void *unused, void *p)
{
    (void)unused;
    free(p);
}

static void put_sum(struct output *out, const void *bytes, size_t size)
{
    uint64_t sum = hash_slowly(bytes, size, 2);

    put(out, &sum, sizeof sum);
}

/* In pieces of changing length, flushed now and then, into room of changing length. */
static void pack(struct output *sums, struct output *packed, const char *text, int level, int strategy, int window_bits)
{
    static const int flushes[] = {Z_NO_FLUSH, Z_NO_FLUSH, Z_SYNC_FLUSH, Z_NO_FLUSH, Z_FULL_FLUSH, Z_NO_FLUSH, Z_PARTIAL_FLUSH};
    z_stream z = {.zalloc = allocate, .zfree = release, .next_in = (Bytef *)text};
    uint32_t seed = (uint32_t)level + 7;
    size_t left = TEXT;
    int got;

    CHECK_EQ(Z_OK, deflateInit2(&z, level, Z_DEFLATED, window_bits, 8, strategy));
    do {
        unsigned char room[CHUNK];
        size_t give = next_number(&seed) % CHUNK;

        give = give < left ? give : left;
        z.avail_in += (uInt)give;
        left -= give;
        z.next_out = room;
        z.avail_out = 1 + next_number(&seed) % CHUNK;
        got = deflate(&z, left ? flushes[give % 7] : Z_FINISH);
        put(packed, room, (size_t)(z.next_out - room));
        put_sum(sums, room, (size_t)(z.next_out - room));
    } while (got == Z_OK || got == Z_BUF_ERROR);
    CHECK_EQ(Z_STREAM_END, got);
    CHECK_EQ(Z_OK, deflateEnd(&z));
}

struct unpacking {
    const unsigned char *packed;
    size_t packed_size;
    struct output *sums, *unpacked;
};

/* inflateBack calls these two: a goroutine that is taken off here has left zlib half done beneath. */
static unsigned give_packed(void *arg, z_const unsigned char **bytes)
{
    struct unpacking *u = arg;
    unsigned size = u->packed_size < 500 ? (unsigned)u->packed_size : 500;

    put_sum(u->sums, u->packed, size);
    *bytes = (z_const unsigned char *)u->packed;
    u->packed += size;
    u->packed_size -= size;
    return size;
}

static int take_unpacked(void *arg, unsigned char *bytes, unsigned size)
{
    struct unpacking *u = arg;

    put(u->unpacked, bytes, size);
    put_sum(u->sums, bytes, size);
    return 0;
}

static void unpack_by_calls(struct output *sums, struct output *unpacked, const unsigned char *packed, size_t size)
{
    struct unpacking u = {packed, size, sums, unpacked};
    unsigned char window[WINDOW];
    z_stream z = {.zalloc = allocate, .zfree = release};

    CHECK_EQ(Z_OK, inflateBackInit(&z, 15, window));
    CHECK_EQ(Z_STREAM_END, inflateBack(&z, give_packed, &u, take_unpacked, &u));
    CHECK_EQ(Z_OK, inflateBackEnd(&z));
}

static void unpack(struct output *unpacked, const unsigned char *packed, size_t size, int window_bits)
{
    z_stream z = {.zalloc = allocate, .zfree = release, .next_in = (Bytef *)packed, .avail_in = (uInt)size};
    int got;

    CHECK_EQ(Z_OK, inflateInit2(&z, window_bits));
    do {
        unsigned char room[CHUNK];

        z.next_out = room;
        z.avail_out = CHUNK;
        got = inflate(&z, Z_NO_FLUSH);
        put(unpacked, room, (size_t)(z.next_out - room));
    } while (got == Z_OK);
    CHECK_EQ(Z_STREAM_END, got);
    CHECK_EQ(Z_OK, inflateEnd(&z));
}

static void pack_and_unpack(struct output *out, const char *text, int level, int strategy, int window_bits)
{
    struct output packed = {0}, unpacked = {0};

    pack(out, &packed, text, level, strategy, window_bits);
    put(out, packed.bytes, packed.size);
    if (window_bits < 0)
        unpack_by_calls(out, &unpacked, packed.bytes, packed.size);
    else
        unpack(&unpacked, packed.bytes, packed.size, window_bits);
    if (CHECK_EQ(TEXT, unpacked.size))
        CHECK_MEM(text, unpacked.bytes, TEXT);
    free(packed.bytes);
    free(unpacked.bytes);
}

static void work(struct output *out, int index)
{
    static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED};
    static const int windows[] = {15, -15, 15 + 16}; /* of zlib, bare, of gzip */
    char *text = malloc(TEXT);
    int run = 0;

    if (!text)
        abort();
    write_text(text, TEXT, (uint32_t)index);
    for (int level = 1; level <= 9; level += 4)
        for (int strategy = 0; strategy < 5; strategy++, run++)
            pack_and_unpack(out, text, level, strategies[strategy], windows[(run + index) % 3]);
    free(text);
}

TEST(zlibs_streams_equal_those_of_an_undisturbed_run)
{
    check_undisturbed(work);
}
