#include "tool/pm_tool.h"
#include "base/pm_buffer.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>


#define PM_TOOL_SECRET_BYTES  32


pm_string_t
pm_tool_string(const char *text)
{
    return (pm_string_t) { text, text != NULL ? strlen(text) : 0 };
}


/*
 * Length of the character at data (valid UTF-8) if a terminal would obey it
 * rather than print it: C0, DEL, C1, U+200E, U+200F, U+2028 to U+202E, U+2066
 * to U+2069.  Else 0.
 */

static size_t
pm_tool_obeyed(const unsigned char *p)
{
    if (p[0] < 0x20 || p[0] == 0x7f) {
        return 1;
    }

    if (p[0] == 0xc2 && p[1] <= 0x9f) {
        return 2;
    }

    if (p[0] == 0xe2
        && ((p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f
                              || (p[2] >= 0xa8 && p[2] <= 0xae)))
            || (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)))
    {
        return 3;
    }

    return 0;
}


const char *
pm_tool_escape(pm_arena_t *arena, pm_string_t data, size_t max)
{
    char                 *copy;
    size_t                i, k, n, len, valid;
    const char           *text;
    pm_buffer_t           buffer = { 0 };
    const unsigned char  *p;

    p = (const unsigned char *) data.data;
    len = data.len < max ? data.len : max;
    valid = pm_utf8_valid(data.data, len);

    for (i = 0; i < len; i += n) {

        if (i == valid) {
            n = 1;
            pm_buffer_printf(&buffer, "\\x%02x", p[i]);
            valid = i + 1 + pm_utf8_valid(data.data + i + 1, len - i - 1);
            continue;
        }

        n = pm_tool_obeyed(p + i);

        if (n > 0) {
            for (k = i; k < i + n; k++) {
                pm_buffer_printf(&buffer, "\\x%02x", p[k]);
            }

            continue;
        }

        n = 1;

        if (p[i] == '\\') {
            pm_buffer_putc(&buffer, '\\');
        }

        pm_buffer_putc(&buffer, (char) p[i]);
    }

    if (len < data.len) {
        pm_buffer_puts(&buffer, "...");
    }

    text = pm_buffer_string(&buffer);
    copy = text != NULL ? pm_arena_strdup(arena, text) : NULL;

    pm_buffer_free(&buffer);

    return copy;
}


void
pm_tool_time_format(char text[PM_TOOL_TIME_SIZE], int64_t seconds)
{
    time_t     t;
    struct tm  tm;

    t = (time_t) seconds;

    if (gmtime_r(&t, &tm) == NULL
        || strftime(text, PM_TOOL_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
    {
        (void) snprintf(text, PM_TOOL_TIME_SIZE, "%lld", (long long) seconds);
    }
}


/* Digits, at most as many as cannot overflow; -1: it is something else. */

static int64_t
pm_tool_number(const char *text, size_t len)
{
    size_t   i;
    int64_t  number;

    if (len == 0 || len > 12) {
        return -1;
    }

    number = 0;

    for (i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }

        number = number * 10 + (text[i] - '0');
    }

    return number;
}


/* 2026-01-31 or 2026-01-31T12:00:00Z as seconds; -1: it is neither. */

static int64_t
pm_tool_date(const char *text)
{
    char        full[PM_TOOL_TIME_SIZE], again[PM_TOOL_TIME_SIZE];
    int64_t     seconds;
    struct tm   tm;

    if (strlen(text) != 10 && strlen(text) != 20) {
        return -1;
    }

    (void) snprintf(full, sizeof(full), "%s%s", text,
                    strlen(text) == 10 ? "T00:00:00Z" : "");

    memset(&tm, 0, sizeof(tm));

    if (strptime(full, "%Y-%m-%dT%H:%M:%SZ", &tm) == NULL) {
        return -1;
    }

    seconds = (int64_t) timegm(&tm);

    /* strptime() takes spaces and the 31st of February, too */

    pm_tool_time_format(again, seconds);

    return strcmp(full, again) == 0 ? seconds : -1;
}


static int64_t
pm_tool_span(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return 7 * 86400;
    default:
        return 0;
    }
}


int
pm_tool_time_parse(const char *text, int64_t now, int64_t *seconds,
    pm_error_t *err)
{
    size_t   len;
    int64_t  number, unit;

    len = strlen(text);

    if (strcmp(text, "never") == 0) {
        *seconds = 0;
        return 0;
    }

    unit = len > 0 ? pm_tool_span(text[len - 1]) : 0;

    if (unit != 0) {
        number = pm_tool_number(text, len - 1);
        *seconds = number > 0 ? now + number * unit : -1;

    } else {
        *seconds = pm_tool_number(text, len);

        if (*seconds == -1) {
            *seconds = pm_tool_date(text);
        }
    }

    if (*seconds == -1) {
        return pm_error_set(err, PM_INVALID, "--expires must be never, a span "
                            "like 90d (s, m, h, d, w), seconds since 1970, "
                            "2026-01-31 or 2026-01-31T12:00:00Z");
    }

    if (*seconds <= now) {
        return pm_error_set(err, PM_INVALID, "--expires %s is not in the "
                            "future (a span has a unit: 90d)", text);
    }

    if (*seconds > PM_STORE_KEY_TIME) {
        return pm_error_set(err, PM_INVALID, "--expires %s is later than the "
                            "year 9999", text);
    }

    return 0;
}


int
pm_tool_random(void *data, size_t len, pm_error_t *err)
{
    /* up to 256 bytes come whole (getrandom(2)) */

    if (getrandom(data, len, 0) != (ssize_t) len) {
        return pm_error_set(err, PM_INTERNAL, "getrandom() failed");
    }

    return 0;
}


int
pm_tool_random_id(char id[PM_TOOL_ID_SIZE], pm_error_t *err)
{
    int            rc;
    size_t         i, n;
    unsigned char  bytes[64];

    static const char  digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz";

    n = 0;

    while (n < PM_TOOL_ID_SIZE - 1) {
        rc = pm_tool_random(bytes, sizeof(bytes), err);
        if (rc != 0) {
            return rc;
        }

        for (i = 0; i < sizeof(bytes) && n < PM_TOOL_ID_SIZE - 1; i++) {

            /* 248 is the largest multiple of 62: every digit is as likely */

            if (bytes[i] < 248) {
                id[n++] = digits[bytes[i] % 62];
            }
        }
    }

    id[n] = '\0';

    return 0;
}


/* base64url without padding (RFC 4648, 5) */

int
pm_tool_random_secret(char secret[PM_TOOL_SECRET_SIZE], pm_error_t *err)
{
    int            rc;
    size_t         i, n;
    unsigned       bits, left;
    unsigned char  bytes[PM_TOOL_SECRET_BYTES];

    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789-_";

    rc = pm_tool_random(bytes, sizeof(bytes), err);
    if (rc != 0) {
        return rc;
    }

    n = 0;
    bits = 0;
    left = 0;

    for (i = 0; i < sizeof(bytes); i++) {
        bits = (bits & 0x3f) << 8 | bytes[i];
        left += 8;

        while (left >= 6) {
            left -= 6;
            secret[n++] = digits[bits >> left & 0x3f];
        }
    }

    secret[n++] = digits[bits << (6 - left) & 0x3f];
    secret[n] = '\0';

    explicit_bzero(bytes, sizeof(bytes));

    return 0;
}
