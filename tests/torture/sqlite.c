/* SQLite: a database in memory, with a function of ours; its whole image and what queries give.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include "torture.h"

enum { ROWS = 40 };

struct text {
    unsigned char *bytes;
    size_t length, room;
};

static void add(struct text *t, const void *bytes, size_t length)
{
    if (length > t->room - t->length)
        length = t->room - t->length;
    memcpy(t->bytes + t->length, bytes, length);
    t->length += length;
}

static void doubled(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    compute(200);
    sqlite3_result_int(context, 2 * sqlite3_value_int(values[0]));
}

static int add_row(void *text, int columns, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < columns; i++) {
        const char *value = values[i] ? values[i] : "NULL";
        add(text, value, strlen(value));
        add(text, "|", 1);
    }
    compute(200);
    add(text, "\n", 1);
    return 0;
}

static bool fill(sqlite3 *db, unsigned seed)
{
    char words[80];

    if (sqlite3_exec(db, "PRAGMA page_size=512; CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER, c TEXT); BEGIN", NULL, NULL,
                     NULL) != 0)
        return false;
    for (unsigned i = 0; i < ROWS; i++) {
        snprintf(words, sizeof words, "INSERT INTO t(b, c) VALUES(%u, 'row %u')", (i * 7919 + seed) % 31, i * seed);
        if (sqlite3_exec(db, words, NULL, NULL, NULL) != SQLITE_OK)
            return false;
    }
    return sqlite3_exec(db, "COMMIT; CREATE INDEX by_b ON t(b)", NULL, NULL, NULL) == SQLITE_OK;
}

static bool ask(sqlite3 *db, struct text *t)
{
    return sqlite3_exec(db, "SELECT b, count(*), sum(doubled(a)), group_concat(c) FROM t GROUP BY b ORDER BY 3 DESC", add_row, t,
                        NULL) == SQLITE_OK &&
           sqlite3_exec(db, "SELECT x.a, y.c FROM t x JOIN t y ON x.a = y.b WHERE x.b % 3 = 0 ORDER BY 1, 2", add_row, t, NULL) ==
               SQLITE_OK;
}

static bool add_image(sqlite3 *db, struct text *t)
{
    sqlite3_int64 size = 0;
    unsigned char *image = sqlite3_serialize(db, "main", &size, 0);

    if (!image)
        return false;
    add(t, image, (size_t)size);
    sqlite3_free(image);
    return true;
}

static size_t queried(unsigned seed, unsigned char *bytes, size_t room)
{
    struct text t = {bytes, 0, room};
    sqlite3 *db = NULL;
    bool well = sqlite3_open(":memory:", &db) == SQLITE_OK &&
                sqlite3_create_function(db, "doubled", 1, SQLITE_UTF8, NULL, doubled, NULL, NULL) == SQLITE_OK && fill(db, seed) &&
                ask(db, &t) && add_image(db, &t);

    return sqlite3_close(db) == SQLITE_OK && well ? t.length : 0;
}

static struct results results = {.fn = queried};

static void prepare(void)
{
    results_prepare(&results);
}

WORKLOAD(sqlite, .prepare = prepare)
{
    results_compare(&results, w);
}
