/* Which characters may stand where: RFC 9110, 5.5 and 5.6.2; RFC 3986, 3.2.2.
 *
 * SPDX-License-Identifier: MIT
 */
#include "http.h"

enum { TEXT = HTTP_TEXT, NAME = HTTP_TEXT | HTTP_TOKEN, HOST = HTTP_TEXT | HTTP_HOST, ALL = HTTP_TEXT | HTTP_TOKEN | HTTP_HOST };

const unsigned char http_chars[256] = {
    ['\t'] = TEXT,        [' '] = TEXT,        ['!'] = ALL,  ['"'] = TEXT,         ['#'] = NAME,         ['$' ... '\''] = ALL,
    ['(' ... ')'] = HOST, ['*' ... '+'] = ALL, [','] = HOST, ['-' ... '.'] = ALL,  ['/'] = TEXT,         ['0' ... '9'] = ALL,
    [':' ... ';'] = HOST, ['<'] = TEXT,        ['='] = HOST, ['>' ... '@'] = TEXT, ['A' ... 'Z'] = ALL,  ['['] = HOST,
    ['\\'] = TEXT,        [']'] = HOST,        ['^'] = NAME, ['_'] = ALL,          ['`'] = NAME,         ['a' ... 'z'] = ALL,
    ['{'] = TEXT,         ['|'] = NAME,        ['}'] = TEXT, ['~'] = ALL,          [128 ... 255] = TEXT,
};

int http_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_same(const char *bytes, size_t size, const char *word)
{
    size_t i = 0;

    for (; i < size && word[i]; i++) {
        char c = bytes[i];

        if (c != word[i] && !(c >= 'A' && c <= 'Z' && c + 0x20 == word[i]))
            return false;
    }
    return i == size && !word[i];
}
