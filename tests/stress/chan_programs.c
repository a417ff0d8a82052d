/* Whole programs made of goroutines and channels, whose results are known: chains, a sieve, and arithmetic on power series.
 *
 * SPDX-License-Identifier: MIT
 */
#include "test.h"

/* ---- chains ---- */

struct link {
    go_chan *in, *out;
};

static void add_one(void *arg)
{
    struct link *l = arg;
    int value = 0;

    CHECK_EQ(0, go_recv(l->in, &value));
    value++;
    CHECK_EQ(0, go_send(l->out, &value));
}

TEST(a_chain_of_ten_thousand_goroutines_counts_to_ten_thousand)
{
    int n = SCALED(10000), value = 0;
    go_chan *last = test_chan(sizeof(int), 0), *next = last;

    for (int i = 0; i < n; i++) {
        struct link *l = test_alloc(sizeof *l);
        *l = (struct link){.in = test_chan(sizeof(int), 0), .out = next};
        next = l->in;
        go_spawn(add_one, l);
    }
    CHECK_EQ(0, go_send(next, &value));
    CHECK_EQ(0, go_recv(last, &value));
    CHECK_EQ(n, value);
}

struct turn {
    go_chan *numbers, *mine, *next;
    int want;
};

static void take_in_turn(void *arg)
{
    struct turn *t = arg;
    int value = -1;

    CHECK_EQ(0, go_recv(t->mine, NULL));
    CHECK_EQ(0, go_recv(t->numbers, &value));
    CHECK_EQ(t->want, value);
    CHECK_EQ(0, go_send(t->next, NULL));
}

TEST(goroutines_that_pass_a_turn_receive_in_the_order_of_their_turns)
{
    for (size_t capacity = 0; capacity < 20; capacity += 10) {
        go_chan *numbers = test_chan(sizeof(int), capacity), *first = test_chan(0, 1), *mine = first;
        int n = 20;

        for (int i = 0; i < n; i++) {
            struct turn *t = test_alloc(sizeof *t);
            *t = (struct turn){numbers, mine, test_chan(0, 1), i};
            mine = t->next;
            go_spawn(take_in_turn, t);
        }
        CHECK_EQ(0, go_send(first, NULL));
        for (int i = 0; i < n; i++)
            CHECK_EQ(0, go_send(numbers, &i));
        CHECK_EQ(0, go_recv(mine, NULL));
    }
}

/* ---- the sieve: each prime's goroutine lets pass what it does not divide ---- */

enum { PRIMES_BELOW_100 = 25, PRIME_303 = 1999 };

struct filter {
    go_chan *in, *out;
    int prime;
};

static void generate(void *arg)
{
    for (int i = 2; go_send(arg, &i) == 0; i++)
        ;
}

static void let_pass(void *arg)
{
    struct filter *f = arg;
    int i;

    while (go_recv(f->in, &i) == 0)
        if (i % f->prime != 0 && go_send(f->out, &i) != 0)
            break;
    go_chan_close(f->in); /* so that the one before ends too */
}

static void sieve(int *found, int n, size_t capacity)
{
    go_chan *c = test_chan(sizeof(int), capacity);

    go_spawn(generate, c);
    for (int i = 0; i < n; i++) {
        struct filter *f = test_alloc(sizeof *f);

        CHECK_EQ(0, go_recv(c, &found[i]));
        *f = (struct filter){c, test_chan(sizeof(int), capacity), found[i]};
        c = f->out;
        go_spawn(let_pass, f);
    }
    CHECK_EQ(0, go_chan_close(c));
}

TEST(a_sieve_of_goroutines_finds_the_primes_and_ends_when_its_last_channel_is_closed)
{
    static const int want[PRIMES_BELOW_100] = {2,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37, 41,
                                               43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97};
    int found[303];

    for (size_t capacity = 0; capacity < 3; capacity++) {
        sieve(found, PRIMES_BELOW_100, capacity);
        CHECK_MEM(want, found, sizeof want);
    }
    sieve(found, SCALED(303) < 303 ? PRIMES_BELOW_100 : 303, 0);
    CHECK_EQ(SCALED(303) < 303 ? 97 : PRIME_303, found[SCALED(303) < 303 ? PRIMES_BELOW_100 - 1 : 302]);
}

/* ---- power series: a series is a channel that gives its coefficients, of x^0, x^1, ..., modulo a prime ---- */

enum { MODULUS = 1000000007 };

struct operation {
    go_chan *f, *g, *out, *out2;
    int64_t a, b;
    int terms;
};

static go_chan *series(int terms)
{
    return test_chan(sizeof(int64_t), (size_t)terms); /* so that no reader of a copy waits for the other */
}

static int64_t term(go_chan *c)
{
    int64_t x = 0;

    CHECK_EQ(0, go_recv(c, &x));
    return x;
}

static void put(go_chan *c, int64_t x)
{
    x = (x % MODULUS + MODULUS) % MODULUS;
    CHECK_EQ(0, go_send(c, &x));
}

static go_chan *start(void (*fn)(void *), struct operation operation)
{
    struct operation *o = test_alloc(sizeof *o);

    *o = operation;
    o->out = o->out ? o->out : series(o->terms);
    CHECK_EQ(0, go_spawn(fn, o));
    return o->out;
}

static int64_t power(int64_t x, int64_t n)
{
    int64_t result = 1;

    for (; n; n /= 2, x = x * x % MODULUS)
        if (n % 2)
            result = result * x % MODULUS;
    return result;
}

static int64_t inverse(int64_t x)
{
    return power((x % MODULUS + MODULUS) % MODULUS, MODULUS - 2);
}

/* a*f + b*g */
static void combine(void *arg)
{
    struct operation *o = arg;

    for (int i = 0; i < o->terms; i++) {
        int64_t f = o->a * term(o->f) % MODULUS;
        put(o->out, f + (o->g ? o->b * term(o->g) % MODULUS : 0));
    }
}

static void copy_to_both(void *arg)
{
    struct operation *o = arg;

    for (int i = 0; i < o->terms; i++) {
        int64_t x = term(o->f);
        put(o->out, x);
        put(o->out2, x);
    }
}

static struct operation copies(go_chan *f, int terms)
{
    struct operation o = {.f = f, .out = series(terms), .out2 = series(terms), .terms = terms};

    start(copy_to_both, o);
    return o;
}

static void after_zero(void *arg)
{
    struct operation *o = arg;

    put(o->out, 0);
    for (int i = 1; i < o->terms; i++)
        put(o->out, term(o->f));
}

/* f*g = f0*g0 + x*(f0*G + g0*F + x*(F*G)), where f = f0 + x*F and g = g0 + x*G */
static void multiply(void *arg)
{
    struct operation *o = arg;
    int64_t f0 = term(o->f), g0 = term(o->g);
    int rest = o->terms - 1;

    put(o->out, f0 * g0);
    if (rest == 0)
        return;
    struct operation f = copies(o->f, rest), g = copies(o->g, rest);
    go_chan *sum = start(combine, (struct operation){.f = f.out, .g = g.out, .a = g0, .b = f0, .terms = rest});
    if (rest > 1) {
        go_chan *inner = start(multiply, (struct operation){.f = f.out2, .g = g.out2, .terms = rest - 1});
        go_chan *shifted = start(after_zero, (struct operation){.f = inner, .terms = rest});
        sum = start(combine, (struct operation){.f = sum, .g = shifted, .a = 1, .b = 1, .terms = rest});
    }
    for (int i = 0; i < rest; i++)
        put(o->out, term(sum));
}

/* r = 1/f: r0 = 1/f0, and the rest is -r0 * (F*r), which reads the terms of r that it has made itself. */
static void invert(void *arg)
{
    struct operation *o = arg;
    int64_t r0 = inverse(term(o->f));
    go_chan *own = series(o->terms);
    go_chan *product = o->terms > 1 ? start(multiply, (struct operation){.f = o->f, .g = own, .terms = o->terms - 1}) : NULL;
    int64_t r = r0;

    for (int i = 0; i < o->terms; i++) {
        put(o->out, r);
        put(own, r);
        r = i + 1 < o->terms ? -r0 * term(product) % MODULUS : 0;
    }
}

static void geometric(void *arg) /* a^i */
{
    struct operation *o = arg;
    int64_t x = 1;

    for (int i = 0; i < o->terms; i++, x = x * o->a % MODULUS)
        put(o->out, x);
}

static void exponential(void *arg) /* a^i / i! */
{
    struct operation *o = arg;
    int64_t x = 1;

    for (int i = 0; i < o->terms; i++, x = x * o->a % MODULUS * inverse(i) % MODULUS)
        put(o->out, x);
}

static void polynomial(void *arg) /* 1 + a*x + b*x*x */
{
    struct operation *o = arg;

    for (int i = 0; i < o->terms; i++)
        put(o->out, i == 0 ? 1 : i == 1 ? o->a : i == 2 ? o->b : 0);
}

static go_chan *product(go_chan *f, go_chan *g, int terms)
{
    return start(multiply, (struct operation){.f = f, .g = g, .terms = terms});
}

TEST(power_series_multiply_to_what_algebra_says)
{
    int terms = SCALED(40) < 40 ? 10 : 40;
    go_chan *ones = start(geometric, (struct operation){.a = 1, .terms = terms});
    go_chan *ones_too = start(geometric, (struct operation){.a = 1, .terms = terms});
    go_chan *square = product(ones, ones_too, terms);
    go_chan *grows = start(exponential, (struct operation){.a = 3, .terms = terms});
    go_chan *shrinks = start(exponential, (struct operation){.a = -3, .terms = terms});
    go_chan *one = product(grows, shrinks, terms);

    for (int i = 0; i < terms; i++) {
        CHECK_EQ(i + 1, term(square));
        CHECK_EQ(i == 0, term(one));
    }
}

TEST(one_over_a_power_series_feeds_on_its_own_terms)
{
    int terms = SCALED(30) < 30 ? 8 : 30;
    go_chan *f = start(polynomial, (struct operation){.a = -1, .b = -1, .terms = terms});
    go_chan *fibonacci = start(invert, (struct operation){.f = f, .terms = terms});
    int64_t a = 1, b = 1, next;

    for (int i = 0; i < terms; i++, next = (a + b) % MODULUS, a = b, b = next)
        CHECK_EQ(a, term(fibonacci));
}
