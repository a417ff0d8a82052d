/* Waits on two channels at once with a deadline, and meets each way in which a select can end.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <goroutine.h>
#include <stdio.h>

static void send_word(void *arg)
{
    const char *word = "hello";

    go_sleep(5 * GO_MILLISECOND);
    go_send(arg, &word);
}

static void close_channel(void *arg)
{
    go_sleep(5 * GO_MILLISECOND);
    go_chan_close(arg);
}

/* Takes whatever comes first: a word, a number, or the deadline. */
static void wait_for_news(go_chan *words, go_chan *numbers, int64_t deadline)
{
    const char *word;
    int number;
    struct go_case cases[] = {
        {.chan = words, .elem = &word, .op = GO_RECV},
        {.chan = numbers, .elem = &number, .op = GO_RECV},
    };

    switch (go_select_until(cases, 2, deadline)) {
    case 0:
        if (cases[0].result == -EPIPE)
            puts("words are closed");
        else
            printf("word %s\n", word);
        break;
    case 1:
        printf("number %d\n", number);
        break;
    case -EAGAIN:
        puts("nothing there now");
        break;
    case -ETIMEDOUT:
        puts("nothing came in time");
        break;
    }
}

int main(void)
{
    go_chan *words = go_chan_new(sizeof(const char *), 0);
    go_chan *numbers = go_chan_new(sizeof(int), 1);
    int number = 42;

    if (!words || !numbers)
        return 1;
    wait_for_news(words, numbers, GO_NOW);
    wait_for_news(words, numbers, go_deadline(20 * GO_MILLISECOND));

    go_send(numbers, &number);
    wait_for_news(words, numbers, GO_NOW);

    if (go(send_word, words) < 0)
        return 1;
    wait_for_news(words, numbers, go_deadline(30 * GO_SECOND));

    if (go(close_channel, words) < 0)
        return 1;
    wait_for_news(words, numbers, GO_FOREVER);
    return 0;
}
