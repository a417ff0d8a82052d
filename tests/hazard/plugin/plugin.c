/* A shared object for loading_test.c, which loads many copies of it: functions that call each other through the loader, and
 * thread-locals that each thread gets when it first asks for them.
 *
 * SPDX-License-Identifier: MIT
 */
#define ONE(n) int step_##n(int x);
#define ALL                                                                                                                        \
    ONE(0) ONE(1) ONE(2) ONE(3) ONE(4) ONE(5) ONE(6) ONE(7) ONE(8) ONE(9) ONE(10) ONE(11) ONE(12) ONE(13) ONE(14) ONE(15) ONE(16)  \
    ONE(17) ONE(18) ONE(19) ONE(20) ONE(21) ONE(22) ONE(23) ONE(24) ONE(25) ONE(26) ONE(27) ONE(28) ONE(29) ONE(30) ONE(31)
ALL
#undef ONE

/* Not inlined, since another object could have put its own in its place. */
#define ONE(n)                                                                                                                     \
    __attribute__((noinline)) int step_##n(int x)                                                                                  \
    {                                                                                                                              \
        __asm__ volatile("");                                                                                                      \
        return x + n;                                                                                                              \
    }
ALL
#undef ONE

/* x + 496: the loader looks up a name at each step of the first call. */
int plugin_steps(int x);
int plugin_steps(int x)
{
#define ONE(n) x = step_##n(x);
    ALL
#undef ONE
    return x;
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
