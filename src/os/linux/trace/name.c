/* What lies at an address: function, file and line, with libbacktrace, which maps the files and allocates nothing from malloc.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <backtrace.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "os/linux/trace/trace.h"

static struct backtrace_state *state;

/* The text under construction. A place has a function around it, which has a symbol, and perhaps functions that were inlined there,
 * the innermost of which is told first: each is written when the next one is known. */
struct label {
    char *text;
    size_t size, used;
    const char *function, *file; /* the last that was told; NULL: none */
    int line;
};

__attribute__((format(printf, 2, 3))) static void add(struct label *l, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(l->text + l->used, l->size - l->used, format, arguments);
    va_end(arguments);
    l->used = n < 0 || (size_t)n >= l->size - l->used ? l->size - 1 : l->used + (size_t)n;
}

static void add_line(struct label *l)
{
    if (!l->file)
        return;
    const char *slash = strrchr(l->file, '/');
    add(l, " %s:%d", slash ? slash + 1 : l->file, l->line);
}

static int on_function(void *argument, uintptr_t pc, const char *file, int line, const char *function)
{
    struct label *l = argument;
    (void)pc;
    if (l->function) {
        add(l, "%s", l->function);
        add_line(l);
        add(l, "\n");
    }
    l->function = function;
    l->file = file;
    l->line = line;
    return 0;
}

struct symbol {
    const char *name;
    uintptr_t start;
};

static void on_symbol(void *argument, uintptr_t pc, const char *name, uintptr_t start, uintptr_t size)
{
    (void)pc;
    (void)size;
    *(struct symbol *)argument = (struct symbol){name, start};
}

static void on_error(void *argument, const char *message, int number)
{
    (void)argument, (void)message, (void)number;
}

int name(uintptr_t pc, char *text, size_t size)
{
    struct label l = {.text = text, .size = size};
    struct symbol symbol = {0};
    text[0] = '\0';
    backtrace_pcinfo(state, pc, on_function, on_error, &l);
    backtrace_syminfo(state, pc, on_symbol, on_error, &symbol);
    if (!symbol.name && !l.function)
        return 0;
    add(&l, "%s", symbol.name ? symbol.name : l.function);
    if (symbol.name && pc != symbol.start)
        add(&l, "+0x%lx", (unsigned long)(pc - symbol.start));
    add_line(&l);
    return 1;
}

void name_start(void)
{
    state = backtrace_create_state(NULL, 1, on_error, NULL);
}
