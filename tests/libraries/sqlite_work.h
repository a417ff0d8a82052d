/* A database in memory, filled and asked: what the tests of SQLite share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_SQLITE_WORK_H
#define TEST_SQLITE_WORK_H

#include <sqlite3.h>
#include "undisturbed.h"

enum { ROWS = 600 };

static inline sqlite3 *open_database(int locking)
{
    sqlite3 *db;

    if (!CHECK_EQ(SQLITE_OK, sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | locking, NULL)))
        abort();
    return db;
}

/* Puts the names and the values of all rows, NULL as a mark of its own. */
static inline void ask(sqlite3 *db, const char *sql, struct output *out)
{
    sqlite3_stmt *query;
    int got;

    if (!CHECK_EQ(SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &query, NULL))) {
        test_note("%s: %s", sqlite3_errmsg(db), sql);
        return;
    }
    while ((got = sqlite3_step(query)) == SQLITE_ROW) {
        for (int column = 0; column < sqlite3_column_count(query); column++) {
            const void *value = sqlite3_column_blob(query, column);
            int size = sqlite3_column_bytes(query, column);
            uint64_t sum = hash_slowly(value, (size_t)size, 10);

            put(out, &size, sizeof size);
            put(out, value ? value : "", (size_t)size);
            put(out, &sum, sizeof sum);
        }
    }
    if (!CHECK_EQ(SQLITE_DONE, got))
        test_note("%s: %s", sqlite3_errmsg(db), sql);
    CHECK_EQ(SQLITE_OK, sqlite3_finalize(query));
}

static inline void run_sql(sqlite3 *db, const char *sql)
{
    struct output none = {0};

    ask(db, sql, &none);
    free(none.bytes);
}

static inline void insert_lines(sqlite3 *db, int index)
{
    char text[ROWS * 40];
    sqlite3_stmt *insert;

    write_text(text, sizeof text, (uint32_t)index);
    CHECK_EQ(SQLITE_OK, sqlite3_prepare_v2(db, "INSERT INTO line(words, amount, part) VALUES (?, ?, ?)", -1, &insert, NULL));
    for (int row = 0; row < ROWS; row++) {
        sqlite3_bind_text(insert, 1, text + (ptrdiff_t)row * 40, 20 + row % 20, SQLITE_TRANSIENT);
        sqlite3_bind_double(insert, 2, row * 0.1 + index);
        sqlite3_bind_blob(insert, 3, text + (ptrdiff_t)row * 37, row % 50, SQLITE_STATIC);
        CHECK_EQ(SQLITE_DONE, sqlite3_step(insert));
        CHECK_EQ(SQLITE_OK, sqlite3_reset(insert));
    }
    CHECK_EQ(SQLITE_OK, sqlite3_finalize(insert));
}

static inline void fill_database(sqlite3 *db, int index)
{
    static const char *const before[] = {
        "PRAGMA temp_store = memory",
        "CREATE TABLE line(id INTEGER PRIMARY KEY, words TEXT NOT NULL, amount REAL, part BLOB)",
        "CREATE TABLE change(id INTEGER, was REAL, is_now REAL)",
        ("CREATE TRIGGER changed AFTER UPDATE OF amount ON line WHEN old.amount <> new.amount"
         "  BEGIN INSERT INTO change VALUES (new.id, old.amount, new.amount); END"),
        "BEGIN",
    };
    static const char *const after[] = {
        "CREATE INDEX by_words ON line(words, amount DESC)",
        "COMMIT",
        "UPDATE line SET amount = round(amount * 1.5, 2) WHERE id % 7 = 0",
        "BEGIN",
        "DELETE FROM line WHERE id % 2 = 0",
        "ROLLBACK",
        "DELETE FROM line WHERE id % 13 = 0",
        "CREATE TABLE pair AS SELECT a.id AS a, b.id AS b FROM line a JOIN line b ON b.id = a.id * 2 WHERE a.amount < b.amount",
        "ANALYZE",
        "VACUUM",
    };

    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        run_sql(db, before[i]);
    insert_lines(db, index);
    for (size_t i = 0; i < sizeof after / sizeof *after; i++)
        run_sql(db, after[i]);
}

static inline void ask_everything(sqlite3 *db, struct output *out)
{
    static const char *const queries[] = {
        "SELECT count(*), sum(amount), avg(amount), max(length(words)), total(length(part)) FROM line",
        "SELECT substr(words, 1, 6) AS start, count(*), min(id), group_concat(id) FROM line GROUP BY start ORDER BY 2 DESC, 1",
        ("SELECT id, sum(amount) OVER (ORDER BY id ROWS 5 PRECEDING), rank() OVER (ORDER BY words, id) FROM line"
         "  ORDER BY id LIMIT 300"),
        ("SELECT l.id, upper(l.words), hex(l.part), c.was, c.is_now FROM line l LEFT JOIN change c ON c.id = l.id"
         "  WHERE l.words LIKE '%thread%' OR l.id % 5 = 0 ORDER BY l.words DESC, l.id"),
        ("WITH RECURSIVE step(i, n) AS (SELECT 1, 1 UNION ALL SELECT i + 1, n * 48271 % 2147483647 FROM step WHERE i < 3000)"
         "  SELECT count(*), sum(n), printf('%.15g', avg(n)) FROM step"),
        ("SELECT key, value, json_type(value)"
         "  FROM json_each((SELECT json_group_array(json_object('id', id, 'words', words)) FROM line)) LIMIT 100"),
        ("SELECT DISTINCT replace(trim(words), char(10), '/') FROM line"
         "  EXCEPT SELECT words FROM line WHERE id IN (SELECT a FROM pair) ORDER BY 1"),
        "PRAGMA integrity_check",
    };

    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        ask(db, queries[i], out);
}

/* The database as it would be in a file. */
static inline void put_database(sqlite3 *db, struct output *out)
{
    sqlite3_int64 size = 0;
    unsigned char *image = sqlite3_serialize(db, "main", &size, 0);

    if (CHECK(image != NULL))
        put(out, image, (size_t)size);
    sqlite3_free(image);
}

#endif
