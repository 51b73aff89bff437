#include "promotion/pm_request_scan.h"

#include "base/pm_string.h"

#include <string.h>


typedef struct {
    char        *p;
    char        *end;
    unsigned     depth;
    unsigned     trailing_commas:1;
    const char  *token;          /* where the fault is; NULL: none yet */
    const char  *why;            /* in parentheses after the token, or NULL */
} pm_request_scan_t;


static int pm_request_scan_value(pm_request_scan_t *scan);


int
pm_request_is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c == '.'
           || c == '+' || c == '-';
}


static int
pm_request_scan_fault(pm_request_scan_t *scan, const char *token,
    const char *why)
{
    scan->token = token;
    scan->why = why;

    return -1;
}


static void
pm_request_scan_space(pm_request_scan_t *scan)
{
    while (scan->p < scan->end
           && (*scan->p == ' ' || *scan->p == '\t' || *scan->p == '\n'
               || *scan->p == '\r'))
    {
        scan->p++;
    }
}


/* Whether c comes next; it is then passed. */

static int
pm_request_scan_next(pm_request_scan_t *scan, char c)
{
    pm_request_scan_space(scan);

    if (scan->p == scan->end || *scan->p != c) {
        return 0;
    }

    scan->p++;

    return 1;
}


/* Four hexadecimal digits at p, or -1. */

static long
pm_request_scan_hex(const char *p, const char *end)
{
    int   i;
    long  value;

    if (end - p < 4) {
        return -1;
    }

    for (value = 0, i = 0; i < 4; i++) {
        value *= 16;

        if (p[i] >= '0' && p[i] <= '9') {
            value += p[i] - '0';

        } else if ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f') {
            value += (p[i] | 0x20) - 'a' + 10;

        } else {
            return -1;
        }
    }

    return value;
}


/* At the backslash of an escape (RFC 8259, section 7). */

static int
pm_request_scan_escape(pm_request_scan_t *scan)
{
    long   value;
    char  *start;

    start = scan->p++;

    if (scan->p == scan->end) {
        return pm_request_scan_fault(scan, scan->end, NULL);
    }

    if (*scan->p != 'u') {
        if (memchr("\"\\/bfnrt", *scan->p, 8) == NULL) {
            return pm_request_scan_fault(scan, start, "unknown escape");
        }

        scan->p++;
        return 0;
    }

    value = pm_request_scan_hex(++scan->p, scan->end);

    if (value < 0) {
        return pm_request_scan_fault(scan, start, "malformed escape");
    }

    if (value == 0) {
        return pm_request_scan_fault(scan, start, "NUL is not allowed");
    }

    scan->p += 4;

    if (value < 0xd800 || value > 0xdfff) {
        return 0;
    }

    if (value <= 0xdbff && scan->end - scan->p >= 6
        && scan->p[0] == '\\' && scan->p[1] == 'u')
    {
        value = pm_request_scan_hex(scan->p + 2, scan->end);

        if (value >= 0xdc00 && value <= 0xdfff) {
            scan->p += 6;
            return 0;
        }
    }

    return pm_request_scan_fault(scan, start, "half of a surrogate pair");
}


/* At the first quote. */

static int
pm_request_scan_string(pm_request_scan_t *scan)
{
    for (scan->p++; scan->p < scan->end; /* void */) {

        if (*scan->p == '"') {
            scan->p++;
            return 0;
        }

        if ((unsigned char) *scan->p < 0x20) {
            return pm_request_scan_fault(scan, scan->p, "in a string");
        }

        if (*scan->p != '\\') {
            scan->p++;

        } else if (pm_request_scan_escape(scan) != 0) {
            return -1;
        }
    }

    return pm_request_scan_fault(scan, scan->end, NULL);
}


/* Passes digits; how many. */

static size_t
pm_request_scan_digits(pm_request_scan_t *scan)
{
    char  *start;

    for (start = scan->p; scan->p < scan->end; scan->p++) {
        if (*scan->p < '0' || *scan->p > '9') {
            break;
        }
    }

    return (size_t) (scan->p - start);
}


static int
pm_request_scan_number(pm_request_scan_t *scan)
{
    int     bad;
    char   *start, *first;
    size_t  n;

    start = scan->p;

    if (*scan->p == '-') {
        scan->p++;
    }

    first = scan->p;
    n = pm_request_scan_digits(scan);
    bad = (n == 0 || (n > 1 && *first == '0'));

    if (!bad && scan->p < scan->end && *scan->p == '.') {
        scan->p++;
        bad = (pm_request_scan_digits(scan) == 0);
    }

    if (!bad && scan->p < scan->end && (*scan->p | 0x20) == 'e') {
        scan->p++;

        if (scan->p < scan->end && (*scan->p == '+' || *scan->p == '-')) {
            scan->p++;
        }

        bad = (pm_request_scan_digits(scan) == 0);
    }

    if (bad || (scan->p < scan->end && pm_request_is_word(*scan->p))) {
        return pm_request_scan_fault(scan, start, NULL);
    }

    return 0;
}


static int
pm_request_scan_literal(pm_request_scan_t *scan)
{
    char    *start;
    size_t   len;

    start = scan->p;

    while (scan->p < scan->end && pm_request_is_word(*scan->p)) {
        scan->p++;
    }

    len = (size_t) (scan->p - start);

    if ((len == 4 && memcmp(start, "true", 4) == 0)
        || (len == 4 && memcmp(start, "null", 4) == 0)
        || (len == 5 && memcmp(start, "false", 5) == 0))
    {
        return 0;
    }

    return pm_request_scan_fault(scan, start, NULL);
}


/*
 * After an item of a container that ends with "close": 1, another one
 * follows; 0, it has ended; -1.
 */

static int
pm_request_scan_more(pm_request_scan_t *scan, char close)
{
    char  *comma;

    if (pm_request_scan_next(scan, close)) {
        return 0;
    }

    if (!pm_request_scan_next(scan, ',')) {
        return pm_request_scan_fault(scan, scan->p, NULL);
    }

    if (!scan->trailing_commas) {
        return 1;
    }

    comma = scan->p - 1;

    if (pm_request_scan_next(scan, close)) {
        *comma = ' ';
        return 0;
    }

    return 1;
}


/* At the bracket or brace that opens it. */

static int
pm_request_scan_container(pm_request_scan_t *scan)
{
    int   more;
    char  close;

    if (++scan->depth > PM_REQUEST_DEPTH) {
        return pm_request_scan_fault(scan, scan->p, "nested too deep");
    }

    close = (*scan->p++ == '{') ? '}' : ']';
    more = !pm_request_scan_next(scan, close);

    while (more) {

        if (close == '}') {
            pm_request_scan_space(scan);

            if (scan->p == scan->end || *scan->p != '"') {
                return pm_request_scan_fault(scan, scan->p, NULL);
            }

            if (pm_request_scan_string(scan) != 0) {
                return -1;
            }

            if (!pm_request_scan_next(scan, ':')) {
                return pm_request_scan_fault(scan, scan->p, NULL);
            }
        }

        if (pm_request_scan_value(scan) != 0) {
            return -1;
        }

        more = pm_request_scan_more(scan, close);

        if (more < 0) {
            return -1;
        }
    }

    scan->depth--;

    return 0;
}


static int
pm_request_scan_value(pm_request_scan_t *scan)
{
    pm_request_scan_space(scan);

    if (scan->p == scan->end) {
        return pm_request_scan_fault(scan, scan->end, NULL);
    }

    switch (*scan->p) {

    case '{':
    case '[':
        return pm_request_scan_container(scan);

    case '"':
        return pm_request_scan_string(scan);

    case '-':
    case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
        return pm_request_scan_number(scan);

    default:
        return pm_request_scan_literal(scan);
    }
}


/* The whole text: one object. */

static int
pm_request_scan_text(pm_request_scan_t *scan, char *text, size_t len)
{
    char    *nul;
    size_t   valid;

    /* what follows can then rely on characters */

    valid = pm_utf8_valid(text, len);
    nul = memchr(text, '\0', valid);

    if (nul != NULL) {
        return pm_request_scan_fault(scan, nul, NULL);
    }

    if (valid < len) {
        return pm_request_scan_fault(scan, text + valid, "not UTF-8");
    }

    scan->p = text;
    scan->end = text + len;

    pm_request_scan_space(scan);

    if (scan->p == scan->end || *scan->p != '{') {
        return pm_request_scan_fault(scan, scan->p, NULL);
    }

    if (pm_request_scan_value(scan) != 0) {
        return -1;
    }

    pm_request_scan_space(scan);

    if (scan->p < scan->end) {
        return pm_request_scan_fault(scan, scan->p, NULL);
    }

    return 0;
}


int
pm_request_scan(char *text, size_t len, int trailing_commas,
    const char **token, const char **why)
{
    int                rc;
    pm_request_scan_t  scan;

    memset(&scan, 0, sizeof(pm_request_scan_t));
    scan.trailing_commas = (trailing_commas != 0);

    rc = pm_request_scan_text(&scan, text, len);

    *token = scan.token;
    *why = scan.why;

    return rc;
}
