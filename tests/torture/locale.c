/* Locales: which one is in use is the thread's.
 *
 * SPDX-License-Identifier: MIT
 */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>
#include "torture.h"

/* In UTF-8 this is one letter, in the C locale it is none. */
static const char letter[] = "\xC3\xA9";

static bool is_utf8(void)
{
    wchar_t wide = 0;
    mbstate_t state = {0};

    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 && mbrtowc(&wide, letter, 2, &state) == 2 && wide == 0xE9 && iswlower(0xE9) &&
           towupper(0xE9) == 0xC9;
}

static bool is_c(void)
{
    return strcmp(nl_langinfo(CODESET), "ANSI_X3.4-1968") == 0 && iswlower(0xE9) == 0;
}

/* Debian's libraries for other CPUs come without locales, and those of this machine are of use to some of them only. */
static bool has_utf8(void)
{
    locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);

    if (utf8 != (locale_t)0)
        freelocale(utf8);
    return utf8 != (locale_t)0;
}

WORKLOAD(locales, .usable = has_utf8)
{
    locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0), before;

    if (!HOLDS(w, utf8 != (locale_t)0))
        return;
    HOLDS(w, is_c());
    before = uselocale(utf8);
    for (int i = 0; i < 4; i++) {
        worker_computes(w);
        HOLDS(w, is_utf8());
        HOLDS(w, uselocale((locale_t)0) == utf8);
    }
    HOLDS(w, uselocale(before) == utf8);
    worker_computes(w);
    HOLDS(w, is_c());
    freelocale(utf8);
}

WORKLOAD(wide_strings)
{
    wchar_t wide[64];
    char text[64];

    HOLDS(w, mbstowcs(wide, "some words", 64) == 10);
    HOLDS(w, wcslen(wide) == 10 && wcscmp(wide, L"some words") == 0);
    HOLDS(w, swprintf(wide, 64, L"%d %ls", 12, L"more") == 7);
    HOLDS(w, wcstombs(text, wide, sizeof text) == 7 && strcmp(text, "12 more") == 0);
}
