/* A printf of one screen: whole numbers and strings only.
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/format.h"

static void add_char(struct text *text, char c)
{
    if (text->used < sizeof text->bytes)
        text->bytes[text->used++] = c;
}

static void add_string(struct text *text, const char *s)
{
    while (*s)
        add_char(text, *s++);
}

static void add_number(struct text *text, unsigned long long value, unsigned base)
{
    char digits[24];
    int n = 0;
    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (n)
        add_char(text, digits[--n]);
}

static void add_signed(struct text *text, long long value)
{
    if (value < 0)
        add_char(text, '-');
    add_number(text, value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value, 10);
}

/* One number whose size is told by the count of l's before its letter (3: size_t). */
static void add_argument(struct text *text, char letter, int longs, va_list *arguments)
{
    if (letter == 'd') {
        add_signed(text, longs == 2   ? va_arg(*arguments, long long)
                         : longs == 1 ? va_arg(*arguments, long)
                                      : va_arg(*arguments, int));
        return;
    }
    unsigned long long value = longs == 3   ? va_arg(*arguments, size_t)
                               : longs == 2 ? va_arg(*arguments, unsigned long long)
                               : longs == 1 ? va_arg(*arguments, unsigned long)
                                            : va_arg(*arguments, unsigned);
    add_number(text, value, letter == 'x' ? 16 : 10);
}

static const char *add_directive(struct text *text, const char *f, va_list *arguments)
{
    int longs = 0;
    for (; *f == 'l' || *f == 'z'; f++)
        longs = *f == 'z' ? 3 : longs + 1;
    if (*f == 's') {
        const char *s = va_arg(*arguments, const char *);
        add_string(text, s ? s : "(null)");
    } else if (*f == 'c') {
        add_char(text, (char)va_arg(*arguments, int));
    } else if (*f == 'p') {
        add_string(text, "0x");
        add_number(text, (uintptr_t)va_arg(*arguments, void *), 16);
    } else if (*f == 'd' || *f == 'u' || *f == 'x') {
        add_argument(text, *f, longs, arguments);
    } else {
        add_char(text, *f);
    }
    return f;
}

void text_addv(struct text *text, const char *format, va_list arguments)
{
    va_list copy;
    va_copy(copy, arguments);
    for (const char *f = format; *f; f++) {
        if (*f == '%' && f[1]) {
            f = add_directive(text, f + 1, &copy);
        } else {
            add_char(text, *f);
        }
    }
    va_end(copy);
}

void text_add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_addv(text, format, arguments);
    va_end(arguments);
}
