#include "git/pm_git_words.h"
#include "base/pm_string.h"

#include <string.h>


static void
pm_git_words_end(pm_git_words_t *words)
{
    while (words->len > words->line && words->data[words->len - 1] == ' ') {
        words->len--;
    }

    /* room for the separator is kept by pm_git_words_byte() */

    if (words->len > words->line) {
        words->data[words->len++] = '\n';
    }

    words->line = words->len;
    words->full = 0;
}


static void
pm_git_words_byte(pm_git_words_t *words, char c)
{
    if (c == '\n') {
        words->overwrite = 0;
        pm_git_words_end(words);
        return;
    }

    if (c == '\r') {
        words->overwrite = 1;
        return;
    }

    if (words->overwrite) {
        words->overwrite = 0;
        words->len = words->line;
        words->full = 0;
    }

    if ((unsigned char) c < 0x20 || c == 0x7f) {
        c = ' ';
    }

    if (c == ' ' && words->len == words->line) {
        return;
    }

    if (words->full || words->len >= PM_GIT_WORDS_SIZE - 1) {
        words->full = 1;
        return;
    }

    words->data[words->len++] = c;
}


void
pm_git_words_add(pm_git_words_t *words, const char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        pm_git_words_byte(words, data[i]);
    }
}


const char *
pm_git_words_text(const pm_git_words_t *words, pm_arena_t *arena)
{
    char    *text, *p;
    size_t   len, i, n;

    for (len = words->len; len > 0; len--) {
        if (words->data[len - 1] != '\n' && words->data[len - 1] != ' ') {
            break;
        }
    }

    if (len == 0) {
        return NULL;
    }

    for (n = 0, i = 0; i < len; i++) {
        n += (words->data[i] == '\n');
    }

    text = pm_arena_alloc(arena, len + n);
    if (text == NULL) {
        return NULL;
    }

    for (p = text, i = 0; i < len; i++) {
        if (words->data[i] == '\n') {
            *p++ = ';';
            *p++ = ' ';

        } else {
            *p++ = words->data[i];
        }
    }

    return pm_git_words_clean(arena, text, len + n);
}


char *
pm_git_words_clean(pm_arena_t *arena, const char *data, size_t len)
{
    char    *text;
    size_t   i;

    text = pm_arena_strndup(arena, data, len);
    if (text == NULL) {
        return NULL;
    }

    for (i = 0; i < len; i++) {
        if ((unsigned char) text[i] < 0x20 || text[i] == 0x7f) {
            text[i] = ' ';
        }
    }

    for (i = pm_utf8_valid(text, len);
         i < len;
         i += pm_utf8_valid(text + i, len - i))
    {
        text[i++] = '?';
    }

    return text;
}
