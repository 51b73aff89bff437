/*
 * URLs of repositories: what is accepted has the properties that others rely
 * on, and its canonical form is a URL of the same repository.
 */

#include "git/pm_git_url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fuzz_check(int true_one)
{
    if (!true_one) {
        abort();
    }
}


static void
fuzz_clean(const char *text)
{
    for ( ; *text != '\0'; text++) {
        fuzz_check((unsigned char) *text >= 0x20 && *text != 0x7f);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char          *text;
    pm_arena_t    *arena;
    pm_error_t     err;
    pm_git_url_t   url, again;

    arena = pm_arena_create();
    text = pm_arena_strndup(arena, (const char *) data, size);

    if (pm_git_url_parse(arena, text, &url, &err) == 0) {

        fuzz_clean(url.path);
        fuzz_clean(url.canonical);
        fuzz_check(strstr(url.path, "/../") == NULL);
        fuzz_check(strchr(url.canonical, ' ') == NULL);

        if (url.host != NULL) {
            fuzz_check(url.host[0] != '-' && url.host[0] != '\0');
            fuzz_check(strpbrk(url.host, "@/%ABCXYZ") == NULL);
            (void) pm_git_url_loopback(url.host);
        }

        if (url.user != NULL) {
            fuzz_clean(url.user);
            fuzz_check(url.user[0] != '-' && url.user[0] != '\0');
        }

        /* a plain % grows to %25 in it, perhaps past what is read */

        if (strlen(url.canonical) > 2048) {
            pm_arena_destroy(arena);
            return 0;
        }

        fuzz_check(pm_git_url_parse(arena, url.canonical, &again, &err) == 0);
        fuzz_check(strcmp(url.canonical, again.canonical) == 0);
        fuzz_check(strcmp(url.path, again.path) == 0);

    } else {
        fuzz_check(err.message[0] != '\0');
    }

    (void) pm_git_url_parse_prefix(arena, text, &url, NULL);

    pm_arena_destroy(arena);

    return 0;
}
