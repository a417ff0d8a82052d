/* Whatever comes in, the parser stays within it, says the same however it is cut, and accepts nothing that it should not.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "http_input.h"
#include "test.h"

/* Shows an input that failed, as C would write it. */
static void show(const char *what, const char *input, size_t size, int cut)
{
    char text[4 * HTTP_INPUT + 1];
    size_t at = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)input[i];
        at += (size_t)sprintf(text + at, c < ' ' || c > 126 || c == '"' || c == '\\' ? "\\%03o" : "%c", c);
    }
    text[at] = 0;
    test_fail(__FILE__, __LINE__, "%s (cut %d): \"%s\"", what, cut, text);
}

static bool holds(const char *input, size_t size, int cut, struct http_outcome *o)
{
    const char *bad = http_check_input(input, size, cut, o);

    CHECK(!bad);
    if (bad)
        show(bad, input, size, cut);
    return !bad;
}

TEST(a_request_cut_in_two_anywhere_is_the_same_request)
{
    struct http_outcome o;

    for (int i = 0; i < HTTP_REQUESTS; i++) {
        size_t size = strlen(http_requests[i]);

        for (size_t at = 1; at < size; at++)
            if (!holds(http_requests[i], size, -(int)at, &o))
                return;
        CHECK(o.requests > 0);
        CHECK_EQ(HTTP_MORE, o.result > HTTP_DONE ? o.result : HTTP_MORE);
    }
}

static bool is_status(int result)
{
    static const int known[] = {400, 413, 414, 417, 431, 501, 505};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == result)
            return true;
    return result == HTTP_MORE || result == HTTP_DONE;
}

/* What the inputs came to, so that they are known to reach everything. */
TEST(inputs_changed_by_chance_are_the_same_in_pieces_and_break_no_rule)
{
    char input[HTTP_INPUT];
    int seen[600] = {0}, requests = 0, n = SCALED(300000);

    for (int i = 0; i < n; i++) {
        random_state r = random_seed(i);
        size_t size = http_make_input(&r, input);
        struct http_outcome o;

        if (!holds(input, size, i + 1, &o) || !CHECK(is_status(o.result)))
            return;
        seen[o.result]++;
        requests += o.requests;
    }
    test_note(
        "%d inputs: %d whole requests; at the end %d none, %d unfinished, 400 %d, 413 %d, 414 %d, 417 %d, 431 %d, 501 %d, 505 %d",
        n, requests, seen[HTTP_DONE], seen[HTTP_MORE], seen[400], seen[413], seen[414], seen[417], seen[431], seen[501], seen[505]);
    CHECK(requests > n / 4);
    for (int status = 0; status < 600; status++)
        if (is_status(status))
            CHECK(n < 60000 || seen[status] > 0); /* the rarest needs so many */
}

TEST(pure_noise_is_refused)
{
    char input[HTTP_INPUT];
    random_state r = random_seed(7);
    struct http_outcome o;

    for (int i = 0; i < SCALED(5000); i++) {
        for (size_t k = 0; k < sizeof input; k++)
            input[k] = (char)random_below(&r, 256);
        if (!holds(input, sizeof input, i + 1, &o) || !CHECK_EQ(0, o.requests) || !CHECK(o.result >= 400))
            return;
    }
}
