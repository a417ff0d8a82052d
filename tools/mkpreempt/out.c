/* Assembly text that grows in memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "out.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTE_COLUMN = 48 };

void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("mkpreempt: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    exit(1);
}

static void append(struct out *o, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    o->text = realloc(o->text, o->size + (size_t)size + 1);
    if (!o->text)
        die("out of memory");
    o->size += (size_t)vsprintf(o->text + o->size, format, again);
    va_end(again);
}

void out_text(struct out *o, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    append(o, format, args);
    va_end(args);
}

/* How wide the line being written is. */
static int column(const struct out *o)
{
    const char *newline = o->text ? strrchr(o->text, '\n') : NULL;
    return (int)strlen(newline ? newline + 1 : o->text ? o->text : "");
}

void out_op(struct out *o, const char *op, const char *operands, ...)
{
    va_list args;
    va_start(args, operands);
    out_text(o, "%*s%-8s ", 8 - column(o), "", op);
    append(o, operands, args);
    while (o->text[o->size - 1] == ' ')
        o->size--;
    out_text(o, "\n");
    va_end(args);
}

void out_note(struct out *o, const char *format, ...)
{
    va_list args;
    o->text[--o->size] = 0; /* the newline */
    int width = column(o);
    va_start(args, format);
    out_text(o, "%*s/* ", width < NOTE_COLUMN ? NOTE_COLUMN - width : 1, "");
    append(o, format, args);
    out_text(o, " */\n");
    va_end(args);
}

void out_free(struct out *o)
{
    free(o->text);
    *o = (struct out){0};
}
