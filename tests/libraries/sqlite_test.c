/* SQLite inside goroutines that are preempted: the rows, and the database itself, are those of an undisturbed run.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sqlite3.h>
#include <stdio.h>
#include "sqlite_work.h"

/* slowly(text): goroutines are taken off here, in the middle of a statement. */
static void slowly(sqlite3_context *context, int count, sqlite3_value **values)
{
    const void *text = sqlite3_value_text(values[0]);

    (void)count;
    sqlite3_result_int64(context, (sqlite3_int64)(hash_slowly(text, (size_t)sqlite3_value_bytes(values[0]), 20) >> 1));
}

/* An order of its own: by the last bytes first. */
static int compare_backwards(void *unused, int a_size, const void *a, int b_size, const void *b)
{
    const unsigned char *p = a, *q = b;

    (void)unused;
    while (a_size > 0 && b_size > 0) {
        if (p[--a_size] != q[--b_size])
            return p[a_size] - q[b_size];
    }
    return a_size - b_size;
}

static int go_on(void *unused)
{
    static const char bytes[100];

    (void)unused;
    return hash_slowly(bytes, sizeof bytes, 1) == 0;
}

static void work_with_calls(struct output *out, int index)
{
    static const char *const more[] = {
        "SELECT id, slowly(words) FROM line ORDER BY words COLLATE backwards, id LIMIT 200",
        "UPDATE line SET amount = slowly(words) % 1000 WHERE id % 3 = 0",
        "SELECT amount, count(*), sum(slowly(words) % 97) FROM line GROUP BY 1 ORDER BY 1",
    };
    sqlite3 *db = open_database(SQLITE_OPEN_NOMUTEX);

    CHECK_EQ(SQLITE_OK, sqlite3_create_function(db, "slowly", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, slowly, NULL, NULL));
    CHECK_EQ(SQLITE_OK, sqlite3_create_collation(db, "backwards", SQLITE_UTF8, NULL, compare_backwards));
    sqlite3_progress_handler(db, 500, go_on, NULL);
    fill_database(db, index);
    ask_everything(db, out);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        ask(db, more[i], out);
    put_database(db, out);
    CHECK_EQ(SQLITE_OK, sqlite3_close(db));
}

TEST(sqlites_rows_and_database_equal_those_of_an_undisturbed_run)
{
    check_undisturbed(work_with_calls);
}
