/* One pass over the text with zlib and SQLite. Nearly all of its time is spent in the text of these libraries, and in malloc.
 *
 * SPDX-License-Identifier: MIT
 */
#include "packages.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "common.h"

enum { LINES_KEPT = 24000 }; /* the database has the first lines only: so both libraries get about the same time */

static const char *const queries[] = {
    "SELECT count(*), sum(length(words)), max(length(words)), min(n), max(n) FROM line",
    "SELECT substr(words, 1, 12), count(*), avg(length(words)) FROM line GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50",
    "SELECT a.n, count(*), group_concat(b.n) FROM line a JOIN line b ON b.words = a.words AND b.n > a.n"
    "  WHERE length(a.words) > 30 GROUP BY a.n ORDER BY a.n",
    "SELECT n, upper(words), replace(words, 'goroutine', 'thread') FROM line WHERE words LIKE '%goroutine%' ORDER BY words, n",
    "WITH RECURSIVE step(i, n) AS (SELECT 1, 1 UNION ALL SELECT i + 1, n * 48271 % 2147483647 FROM step WHERE i < 20000)"
    "  SELECT count(*), sum(step.n), total(length(line.words)) FROM step LEFT JOIN line ON line.n = step.n % 24000",
};

struct found {
    uint64_t rows, hash;
};

/* ---- zlib ---- */

static uint64_t pack(const uint8_t *text, size_t size, uint64_t *crc, uint64_t *restored)
{
    uLong packed_size = compressBound(size), back = size;
    Bytef *packed = malloc(packed_size), *unpacked = malloc(size);

    if (!packed || !unpacked)
        die("no memory for", "a packed text");
    if (compress2(packed, &packed_size, text, size, 9) != Z_OK)
        die("zlib fails to pack", "the text");
    *crc = crc32(crc32(0, NULL, 0), packed, (uInt)packed_size);
    if (uncompress(unpacked, &back, packed, packed_size) != Z_OK)
        back = 0;
    *restored = back == size && memcmp(text, unpacked, size) == 0 ? back : 0;
    free(unpacked);
    free(packed);
    return packed_size;
}

/* ---- SQLite ---- */

static void need(sqlite3 *db, int got, int wanted)
{
    if (got != wanted)
        die("SQLite:", sqlite3_errmsg(db));
}

static void run(sqlite3 *db, const char *sql)
{
    need(db, sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void fill(sqlite3 *db, const uint8_t *text, size_t size)
{
    const uint8_t *end;
    sqlite3_stmt *insert;

    run(db, "CREATE TABLE line(n INTEGER PRIMARY KEY, words TEXT)");
    run(db, "BEGIN");
    need(db, sqlite3_prepare_v2(db, "INSERT INTO line VALUES (?, trim(?))", -1, &insert, NULL), SQLITE_OK);
    for (int n = 0; n < LINES_KEPT && (end = memchr(text, '\n', size)); n++) {
        need(db, sqlite3_bind_int(insert, 1, n), SQLITE_OK);
        need(db, sqlite3_bind_text(insert, 2, (const char *)text, (int)(end - text), SQLITE_STATIC), SQLITE_OK);
        need(db, sqlite3_step(insert), SQLITE_DONE);
        need(db, sqlite3_reset(insert), SQLITE_OK);
        size -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    need(db, sqlite3_finalize(insert), SQLITE_OK);
    run(db, "CREATE INDEX by_words ON line(words)");
    run(db, "COMMIT");
}

static void add(struct found *f, const void *bytes, size_t size)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < size; i++)
        f->hash = (f->hash ^ p[i]) * 1099511628211u;
}

static void ask(sqlite3 *db, const char *sql, struct found *f)
{
    sqlite3_stmt *query;
    int got;

    need(db, sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK);
    for (; (got = sqlite3_step(query)) == SQLITE_ROW; f->rows++) {
        for (int column = 0; column < sqlite3_column_count(query); column++) {
            const unsigned char *value = sqlite3_column_text(query, column);

            if (value) /* not NULL in the database */
                add(f, value, (size_t)sqlite3_column_bytes(query, column) + 1);
        }
    }
    need(db, got, SQLITE_DONE);
    need(db, sqlite3_finalize(query), SQLITE_OK);
}

void packages_pass(const uint8_t *text, size_t size, char body[PACKAGES_BODY])
{
    uint64_t packed, crc, restored;
    struct found found = {.hash = 14695981039346656037u};
    sqlite3 *db;

    packed = pack(text, size, &crc, &restored);
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        die("SQLite opens no", "database in memory");
    fill(db, text, size);
    for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
        ask(db, queries[i], &found);
    need(db, sqlite3_close(db), SQLITE_OK);
    snprintf(body, PACKAGES_BODY,
             "zlib_bytes %" PRIu64 "\nzlib_crc32 %" PRIu64 "\nzlib_restored_bytes %" PRIu64 "\nsqlite_rows %" PRIu64
             "\nsqlite_fnv1a64 %" PRIu64 "\n",
             packed, crc, restored, found.rows, found.hash);
}
