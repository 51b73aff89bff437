#include "forge/pm_forge_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>


#define PM_FORGE_URL_MAX  2048


void
pm_forge_encode(pm_buffer_t *buffer, const char *text)
{
    unsigned char  c;

    for ( ; *text != '\0'; text++) {
        c = (unsigned char) *text;

        if (c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL)) {
            pm_buffer_putc(buffer, *text);

        } else {
            pm_buffer_printf(buffer, "%%%02X", c);
        }
    }
}


void
pm_forge_query(pm_buffer_t *buffer, const char *name, const char *value)
{
    int  first;

    first = (buffer->len == 0
             || memchr(buffer->data, '?', buffer->len) == NULL);

    pm_buffer_putc(buffer, first ? '?' : '&');
    pm_buffer_puts(buffer, name);
    pm_buffer_putc(buffer, '=');
    pm_forge_encode(buffer, value);
}


static int
pm_forge_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


const char *
pm_forge_decode(pm_arena_t *arena, const char *text, size_t len)
{
    int     high, low, c;
    char   *decoded, *p;
    size_t  i;

    decoded = pm_arena_alloc(arena, len + 1);
    if (decoded == NULL) {
        return NULL;
    }

    for (p = decoded, i = 0; i < len; i++) {
        c = (unsigned char) text[i];

        if (c == '%') {
            high = (i + 2 < len) ? pm_forge_digit(text[i + 1]) : -1;
            low = (high >= 0) ? pm_forge_digit(text[i + 2]) : -1;

            if (low < 0) {
                return NULL;
            }

            c = high << 4 | low;
            i += 2;
        }

        if (c < 0x20 || c == 0x7f || c == '/' || c == '\\') {
            return NULL;
        }

        *p++ = (char) c;
    }

    *p = '\0';
    len = (size_t) (p - decoded);

    return pm_utf8_valid(decoded, len) == len ? decoded : NULL;
}


char *
pm_forge_lower(pm_arena_t *arena, const char *text, size_t len)
{
    char    *lower;
    size_t   i;

    lower = pm_arena_strndup(arena, text, len);

    for (i = 0; lower != NULL && i < len; i++) {
        if (lower[i] >= 'A' && lower[i] <= 'Z') {
            lower[i] |= 0x20;
        }
    }

    return lower;
}


static const char  pm_forge_base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";


void
pm_forge_base64(pm_buffer_t *buffer, const char *data, size_t len)
{
    char                  four[4];
    size_t                n, i;
    unsigned              bits;
    const unsigned char  *p;

    p = (const unsigned char *) data;

    for ( ; len > 0; p += n, len -= n) {
        n = (len < 3) ? len : 3;

        bits = (unsigned) p[0] << 16;
        bits |= (n > 1) ? (unsigned) p[1] << 8 : 0;
        bits |= (n > 2) ? (unsigned) p[2] : 0;

        for (i = 0; i < 4; i++) {
            four[i] = (i <= n)
                      ? pm_forge_base64_digits[bits >> (18 - 6 * i) & 63]
                      : '=';
        }

        pm_buffer_append(buffer, four, 4);
    }
}


int
pm_forge_unbase64(unsigned char *data, size_t *data_len, const char *text,
    size_t len)
{
    size_t       i, pad;
    unsigned     bits;
    const char  *digit;

    *data_len = 0;

    if (len == 0 || len % 4 != 0) {
        return -1;
    }

    pad = (text[len - 1] == '=') + (text[len - 1] == '='
                                    && text[len - 2] == '=');
    bits = 0;

    for (i = 0; i < len; i++) {
        digit = (i < len - pad && text[i] != '\0')
                ? strchr(pm_forge_base64_digits, text[i]) : NULL;

        if (digit == NULL && i < len - pad) {
            return -1;
        }

        bits = bits << 6
               | (digit ? (unsigned) (digit - pm_forge_base64_digits) : 0);

        if (i % 4 == 3) {
            data[(*data_len)++] = (unsigned char) (bits >> 16 & 255);
            data[(*data_len)++] = (unsigned char) (bits >> 8 & 255);
            data[(*data_len)++] = (unsigned char) (bits & 255);
            bits = 0;
        }
    }

    *data_len -= pad;

    return 0;
}


const char *
pm_forge_cut(pm_arena_t *arena, const char *text, size_t max, int *cut)
{
    size_t                n, end, units;
    const unsigned char  *p;

    p = (const unsigned char *) text;
    n = 0;
    end = 0;

    if (max == 0) {
        return text;
    }

    while (*p != '\0') {
        units = (*p >= 0xf0) ? 2 : 1;

        /* the last place is the ellipsis's, should there be more */

        if (n + units <= max - 1) {
            end = (size_t) (p - (const unsigned char *) text);
            end += (*p < 0x80) ? 1 : (*p < 0xe0) ? 2 : (*p < 0xf0) ? 3 : 4;
        }

        n += units;

        for (p++; (*p & 0xc0) == 0x80; p++) {
            /* void */
        }
    }

    if (n <= max) {
        return text;
    }

    *cut = 1;

    return pm_arena_printf(arena, "%.*s\xe2\x80\xa6", (int) end, text);
}


/* Lines end where a carriage return is too: one may be taken out later. */

const char *
pm_forge_no_commands(pm_arena_t *arena, const char *text)
{
    int           begins;
    const char   *p, *plain;
    pm_buffer_t   escaped;

    memset(&escaped, 0, sizeof(pm_buffer_t));
    begins = 1;

    for (p = text; *p != '\0'; p++) {

        if (begins && *p == '/') {
            pm_buffer_putc(&escaped, '\\');
        }

        pm_buffer_putc(&escaped, *p);
        begins = (*p == '\n' || *p == '\r'
                  || (begins && (*p == ' ' || *p == '\t')));
    }

    plain = (escaped.len == (size_t) (p - text) && !escaped.failed) ? text
            : escaped.failed ? NULL
            : pm_arena_strndup(arena, escaped.data, escaped.len);

    pm_buffer_free(&escaped);

    return plain;
}


json_t *
pm_forge_json(json_t *json, const char *path)
{
    size_t  len;

    for ( ;; ) {
        len = strcspn(path, ".");
        json = json_object_getn(json, path, len);

        if (json == NULL || path[len] == '\0') {
            return json;
        }

        path += len + 1;
    }
}


const char *
pm_forge_json_string(json_t *json, const char *path)
{
    return json_string_value(pm_forge_json(json, path));
}


int64_t
pm_forge_json_number(json_t *json, const char *path)
{
    json_int_t  n;

    n = json_integer_value(pm_forge_json(json, path));

    return (n > 0) ? (int64_t) n : 0;
}


const char *
pm_forge_json_commit(json_t *json, const char *path)
{
    size_t       len;
    const char  *text;

    text = pm_forge_json_string(json, path);
    if (text == NULL) {
        return NULL;
    }

    len = strspn(text, "0123456789abcdefABCDEF");

    return (text[len] == '\0' && len >= 7 && len <= 64) ? text : NULL;
}


const char *
pm_forge_json_branch(json_t *json, const char *path)
{
    const char  *text;

    text = pm_forge_json_string(json, path);

    if (text != NULL && strncmp(text, "refs/heads/", 11) == 0) {
        text += 11;
    }

    return (text != NULL && text[0] != '\0') ? text : NULL;
}


const char *
pm_forge_json_url(json_t *json, const char *path)
{
    const char  *text, *p;

    text = pm_forge_json_string(json, path);

    if (text == NULL || strlen(text) > PM_FORGE_URL_MAX
        || (strncmp(text, "https://", 8) != 0
            && strncmp(text, "http://", 7) != 0))
    {
        return NULL;
    }

    for (p = text; *p != '\0'; p++) {
        if ((unsigned char) *p <= 0x20 || *p == 0x7f
            || strchr("\"<>\\^`{|}", *p) != NULL)
        {
            return NULL;
        }
    }

    return text;
}


int
pm_forge_json_equal(json_t *json, const char *a, const char *b)
{
    json_t  *x, *y;

    x = pm_forge_json(json, a);
    y = pm_forge_json(json, b);

    if (json_is_string(x) && json_is_string(y)) {
        return strcasecmp(json_string_value(x), json_string_value(y)) == 0;
    }

    return x != NULL && y != NULL && json_equal(x, y);
}
