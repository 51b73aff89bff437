#include "promotion/pm_pull_text.h"

#include "base/pm_string.h"

#include <string.h>


#define PM_PULL_TEXT_CODE  200          /* bytes */
#define PM_PULL_TEXT_MORE  "\xe2\x80\xa6"


/* The longest run of backticks. */

static size_t
pm_pull_text_ticks(const char *text, size_t len)
{
    size_t  i, n, most;

    for (i = 0, n = 0, most = 0; i < len; i++) {
        n = (text[i] == '`') ? n + 1 : 0;
        most = (n > most) ? n : most;
    }

    return most;
}


static void
pm_pull_text_repeat(pm_buffer_t *buffer, char c, size_t n)
{
    while (n-- > 0) {
        pm_buffer_putc(buffer, c);
    }
}


/* Whether c, or what begins there, is a control character: C0, DEL, C1. */

static int
pm_pull_text_control(const char *p)
{
    const unsigned char  *u;

    u = (const unsigned char *) p;

    return u[0] < 0x20 || u[0] == 0x7f
           || (u[0] == 0xc2 && u[1] >= 0x80 && u[1] <= 0x9f);
}


static void
pm_pull_text_inner(pm_buffer_t *buffer, const char *text, size_t len)
{
    size_t  i, n;

    for (i = 0; i < len; /* void */) {

        if (pm_pull_text_control(text + i)) {
            i += ((unsigned char) text[i] == 0xc2) ? 2 : 1;
            pm_buffer_putc(buffer, ' ');
            continue;
        }

        if (text[i] == '|') {
            pm_buffer_puts(buffer, "\\|");
            i++;
            continue;
        }

        if ((unsigned char) text[i] < 0x80) {
            pm_buffer_putc(buffer, text[i++]);
            continue;
        }

        /* a character that is none, as in the path of a file */

        for (n = 2; n <= 4 && i + n <= len; n++) {
            if (pm_utf8_valid(text + i, n) == n) {
                break;
            }
        }

        if (n <= 4 && i + n <= len) {
            pm_buffer_append(buffer, text + i, n);
            i += n;

        } else {
            pm_buffer_puts(buffer, "\xef\xbf\xbd");
            i++;
        }
    }
}


void
pm_pull_text_code(pm_buffer_t *buffer, const char *text)
{
    size_t  len, ticks, pad;

    if (text == NULL) {
        buffer->failed = 1;
        return;
    }

    len = strnlen(text, PM_PULL_TEXT_CODE + 1);

    if (len == 0) {
        return;
    }

    if (len > PM_PULL_TEXT_CODE) {
        len = PM_PULL_TEXT_CODE;

        /* back to where a character begins */

        while (len > 0 && ((unsigned char) text[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    ticks = pm_pull_text_ticks(text, len) + 1;

    /* one space at each end is not part of a span */

    pad = (text[0] == '`' || text[len - 1] == '`'
           || text[0] == ' ' || text[len - 1] == ' ');

    pm_pull_text_repeat(buffer, '`', ticks);
    pm_pull_text_repeat(buffer, ' ', pad);
    pm_pull_text_inner(buffer, text, len);
    pm_pull_text_repeat(buffer, ' ', pad);
    pm_pull_text_repeat(buffer, '`', ticks);

    if (text[len] != '\0') {
        pm_buffer_puts(buffer, PM_PULL_TEXT_MORE);
    }
}


void
pm_pull_text_cut(pm_buffer_t *buffer, const char *text, size_t limit)
{
    size_t  len;

    len = strlen(text);

    if (len <= limit) {
        pm_buffer_append(buffer, text, len);
        return;
    }

    pm_buffer_append(buffer, text, pm_utf8_valid(text, limit));
    pm_buffer_puts(buffer, PM_PULL_TEXT_MORE);
}


int
pm_pull_text_is_plain(const char *text)
{
    return strchr(text, '<') == NULL && strstr(text, "```") == NULL
           && strstr(text, "~~~") == NULL;
}
