/* Plays ping-pong: two goroutines hand one ball to each other over two channels, and neither can play twice in a row.
 *
 * SPDX-License-Identifier: MIT
 */
#include <goroutine.h>
#include <stdio.h>

struct player {
    const char *name;
    go_chan *mine;   /* the ball comes here */
    go_chan *theirs; /* and is played back there */
    go_waitgroup *done;
};

static void play(void *arg)
{
    struct player *p = arg;
    int ball;

    while (go_recv(p->mine, &ball) == 0 && ball > 0) {
        printf("%s %d\n", p->name, ball);
        ball--;
        go_send(p->theirs, &ball);
    }
    go_chan_close(p->theirs); /* the other one's receive gives -EPIPE now, and it stops too */
    go_waitgroup_done(p->done);
}

int main(void)
{
    go_chan *left = go_chan_new(sizeof(int), 0);
    go_chan *right = go_chan_new(sizeof(int), 0);
    go_waitgroup done = {{0}};
    struct player ping = {"ping", left, right, &done};
    struct player pong = {"pong", right, left, &done};
    int ball = 8;

    if (!left || !right)
        return 1;
    go_waitgroup_add(&done, 2);
    if (go(play, &ping) < 0 || go(play, &pong) < 0)
        return 1;
    go_send(left, &ball);
    go_waitgroup_wait(&done);

    go_chan_free(left);
    go_chan_free(right);
    puts("game over");
    return 0;
}
