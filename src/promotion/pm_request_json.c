#include "promotion/pm_request_json.h"

#include "base/pm_error.h"
#include "base/pm_string.h"
#include "promotion/pm_request_scan.h"

#include <string.h>


#define PM_REQUEST_JSON_TOKEN  32        /* bytes of a token to show */


/* len, and the rest of the character that it ends in. */

static size_t
pm_request_token_whole(const char *p, size_t len, size_t left)
{
    while (len < left && (p[len] & 0xc0) == 0x80) {
        len++;
    }

    return len;
}


/* The length of the token at p: a word, a string, an escape, or one
 * character; bounded. */

static size_t
pm_request_token_length(const char *p, const char *end)
{
    size_t  n, len, left, most;

    left = (size_t) (end - p);
    most = left;

    if (most > PM_REQUEST_JSON_TOKEN) {
        most = pm_utf8_valid(p, PM_REQUEST_JSON_TOKEN);
    }

    if (*p == '\\') {
        n = (left > 1 && p[1] == 'u') ? 6 : 2;

        for (len = 1; len < n && len < left; len++) {
            if ((unsigned char) p[len] < 0x20) {
                return len;
            }
        }

        return pm_request_token_whole(p, len, left);
    }

    if (*p == '"') {
        for (len = 1; len < most && p[len] != '"'; len++) {
            if ((unsigned char) p[len] < 0x20) {
                return len;
            }

            if (p[len] == '\\' && len + 1 < most) {
                len++;
            }
        }

        return (len < most) ? len + 1 : most;
    }

    for (len = 0; len < most && pm_request_is_word(p[len]); len++) {
        /* void */
    }

    if (len > 0) {
        return len;
    }

    return pm_request_token_whole(p, 1, left);
}


/* "Unexpected token <token> at line <n> column <n>". */

static char *
pm_request_json_fault(pm_arena_t *arena, const char *text, size_t len,
    const char *at, const char *why)
{
    unsigned     line, column;
    const char  *p, *end, *open, *close, *token;

    line = 1;
    column = 1;

    for (p = text; p < at; p++) {
        if (*p == '\n') {
            line++;
            column = 1;

        } else if ((*p & 0xc0) != 0x80) {
            column++;
        }
    }

    end = text + len;
    open = (why != NULL) ? " (" : "";
    close = (why != NULL) ? ")" : "";

    if (at == end) {
        token = "end of input";

    } else if (pm_utf8_valid(at, (size_t) (end - at)) == 0) {
        token = pm_arena_printf(arena, "0x%02x", (unsigned char) *at);

    } else if ((unsigned char) *at < 0x20 || *at == 0x7f) {
        token = pm_arena_printf(arena, "U+%04X", (unsigned char) *at);

    } else if (end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) {
        token = "U+FEFF";

    } else {
        token = pm_arena_strndup(arena, at,
                                 pm_request_token_length(at, end));
    }

    if (token == NULL) {
        return NULL;
    }

    return pm_arena_printf(arena,
                           "Unexpected token %s%s%s%s at line %u column %u",
                           token, open, why ? why : "", close, line, column);
}


/* The begin of the string or number that ends before position. */

static const char *
pm_request_token_start(const char *text, size_t position)
{
    const char  *p, *q;

    p = text + position;

    if (p == text) {
        return p;
    }

    if (*--p != '"') {
        while (p > text && pm_request_is_word(p[-1])) {
            p--;
        }

        return p;
    }

    /* a quote that an even number of backslashes precedes is the first one */

    while (p > text) {
        if (*--p != '"') {
            continue;
        }

        for (q = p; q > text && q[-1] == '\\'; q--) {
            /* void */
        }

        if ((p - q) % 2 == 0) {
            break;
        }
    }

    return p;
}


static void
pm_request_json_release(void *data)
{
    json_decref(data);
}


int
pm_request_json(pm_arena_t *arena, const char *body, size_t len,
    int trailing_commas, json_t **root, const char **fault)
{
    char          *text;
    size_t         position;
    const char    *token, *why;
    json_error_t   error;

    *root = NULL;
    *fault = "out of memory";

    text = pm_arena_strndup(arena, body, len);
    if (text == NULL) {
        return PM_UNAVAILABLE;
    }

    if (pm_request_scan(text, len, trailing_commas, &token, &why) == 0) {

        *root = json_loadb(text, len,
                           JSON_REJECT_DUPLICATES|JSON_DECODE_INT_AS_REAL,
                           &error);
        if (*root != NULL) {
            if (pm_arena_defer(arena, pm_request_json_release, *root) != 0) {
                *root = NULL;
                return PM_UNAVAILABLE;
            }

            *fault = NULL;
            return 0;
        }

        if (json_error_code(&error) == json_error_out_of_memory) {
            return PM_UNAVAILABLE;
        }

        position = (error.position > 0) ? (size_t) error.position : 0;
        position = (position < len) ? position : len;

        token = pm_request_token_start(text, position);
        why = (json_error_code(&error) == json_error_duplicate_key)
              ? "duplicate key" : "out of range";
    }

    *fault = pm_request_json_fault(arena, text, len, token, why);

    if (*fault == NULL) {
        *fault = "out of memory";
        return PM_UNAVAILABLE;
    }

    return PM_INVALID;
}
