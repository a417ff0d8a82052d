/* Functions of all the shapes that matter to who walks a stack. Included once for each way of compiling them: WALKED(name) is what
 * a function is called.
 *
 * SPDX-License-Identifier: MIT
 */
#define SUBJECT __attribute__((noinline, section("walk_subjects")))

/* Calls nobody. */
SUBJECT static int WALKED(leaf)(int n)
{
    __asm__ volatile("");
    return n * 3;
}

/* Never returns, and need not keep anything for that. It lies behind one that does. */
SUBJECT static _Noreturn int WALKED(loops_bare)(int n)
{
    for (;;)
        __asm__ volatile("nop" : "+r"(n));
}

SUBJECT static int WALKED(leaf_with_room)(int n)
{
    volatile int room[20];

    room[n & 15] = n;
    room[3]++;
    return room[n & 15];
}

SUBJECT static int WALKED(calls)(int n)
{
    int sum = be_called(n);

    return sum + be_called(sum) + n;
}

/* Returns before it would need a frame. */
SUBJECT static int WALKED(returns_early)(int n)
{
    if (n < 1000)
        return n + 1;
    return be_called(n) + be_called(n + 1);
}

/* Its stack pointer moves. */
SUBJECT static int WALKED(takes_stack)(int n)
{
    volatile char *taken = __builtin_alloca((size_t)(n & 63) * 16 + 64);

    taken[n & 63] = 1;
    n += be_called(taken[n & 63]);
    {
        volatile char array[(n & 31) + 40];

        array[n & 31] = 2;
        n += be_called(array[n & 31]);
    }
    return n;
}

/* More than an instruction can add. */
SUBJECT static int WALKED(has_much)(int n)
{
    volatile char much[50000];

    much[n & 1023] = (char)n;
    n += be_called(much[n & 1023]);
    return n + much[n & 1023];
}

/* Goes by a table, unless that would lie among the instructions. */
SUBJECT NO_TABLE static int WALKED(chooses)(int n)
{
    switch (n % 9) {
    case 0:
        return be_called(7);
    case 1:
        return n * 5;
    case 2:
        n = be_called(n) * 3;
        break;
    case 3:
        return n - be_called(1) * n;
    case 4:
        n ^= 77;
        break;
    case 5:
        return be_called(n) + be_called(2);
    case 7:
        return 11;
    default:
        n += be_called(3);
    }
    return n + be_called(n);
}

/* Ends with somebody else's return. */
SUBJECT static int WALKED(passes_on)(int n)
{
    return be_called(n + be_called(1));
}

/* Floating-point registers, whose places are beside the others. */
SUBJECT static int WALKED(has_floats)(int n)
{
    double a = n * 1.5, b = n + 0.25;

    n = be_called(n);
    return (int)(a * b) + be_called((int)(a + n) + (int)b);
}

/* Never returns. */
SUBJECT static int WALKED(gives_up)(int n)
{
    volatile int room[8];

    room[n & 7] = be_called(n);
    if (room[n & 7] != n)
        give_up();
    return room[n & 7] * be_called(2);
}

SUBJECT static int WALKED(gives_up_with_much)(int n)
{
    volatile char much[40000];

    much[n & 1023] = (char)be_called(n);
    if (much[n & 1023] != n)
        give_up();
    return much[n & 1023] * be_called(2);
}

SUBJECT static _Noreturn int WALKED(never_ends)(int n)
{
    volatile int room[4];

    room[n & 3] = be_called(n);
    for (;;)
        room[n & 3]++;
}

static const struct subject WALKED(subjects)[] = {
    {"a leaf", WALKED(leaf), 5},
    {"a leaf with room", WALKED(leaf_with_room), 5},
    {"one that calls", WALKED(calls), 5},
    {"one that returns early", WALKED(returns_early), 5},
    {"one that does not return early", WALKED(returns_early), 5000},
    {"one that takes stack", WALKED(takes_stack), 45},
    {"one with much stack", WALKED(has_much), 45},
    {"one that chooses the first", WALKED(chooses), 0},
    {"one that chooses the second", WALKED(chooses), 1},
    {"one that chooses the third", WALKED(chooses), 2},
    {"one that chooses the sixth", WALKED(chooses), 5},
    {"one that chooses the last", WALKED(chooses), 8},
    {"one that passes a call on", WALKED(passes_on), 5},
    {"one with floating point", WALKED(has_floats), 5},
    {"one that gives up", WALKED(gives_up), 5},
    {"one with much stack that gives up", WALKED(gives_up_with_much), 5},
    {"one that never ends", WALKED(never_ends), 5},
    {"a loop with nothing in it", WALKED(loops_bare), 5},
};

#undef SUBJECT
#undef WALKED
