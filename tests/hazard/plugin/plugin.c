/* A shared object for loading_test.c, which loads many copies of it: functions that call each other through the loader, and
 * thread-locals that each thread gets when it first asks for them.
 *
 * SPDX-License-Identifier: MIT
 */

/* Not inlined: another object could have put its own in its place. */
#define STEP(n)                                                                                                                    \
    int step_##n(int x);                                                                                                           \
    __attribute__((noinline)) int step_##n(int x)                                                                                  \
    {                                                                                                                              \
        __asm__ volatile("");                                                                                                      \
        return x + n;                                                                                                              \
    }                                                                                                                              \
    int step_##n(int x)

STEP(1);
STEP(2);
STEP(3);
STEP(4);
STEP(5);
STEP(6);
STEP(7);
STEP(8);
STEP(9);
STEP(10);

/* x + 55: the first call of each has the loader look up its name. */
int plugin_steps(int x);
int plugin_steps(int x)
{
    x = step_1(step_2(step_3(step_4(step_5(x)))));
    return step_6(step_7(step_8(step_9(step_10(x)))));
}

struct locals {
    int first;
    long more[100];
    int last;
};

/* The calling thread's own. */
struct locals *plugin_locals(void);
struct locals *plugin_locals(void)
{
    static _Thread_local struct locals locals = {.first = 11, .last = 22};

    return &locals;
}
