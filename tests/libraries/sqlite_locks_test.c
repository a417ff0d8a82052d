/* SQLite as it comes, with a recursive lock around each call, inside goroutines that are preempted. It calls nothing back, and is
 * not linked into the program's own file: a goroutine that is taken off with such a lock held may go on on another thread, which
 * does not own it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sqlite3.h>
#include "sqlite_work.h"

static void work_with_locks(struct output *out, int index)
{
    sqlite3 *db = open_database(SQLITE_OPEN_FULLMUTEX);

    CHECK(sqlite3_db_mutex(db) != NULL);
    fill_database(db, index);
    ask_everything(db, out);
    put_database(db, out);
    CHECK_EQ(SQLITE_OK, sqlite3_close(db));
}

TEST(sqlite_with_locks_gives_what_an_undisturbed_run_gives)
{
    check_undisturbed(work_with_locks);
}
