#include "git/pm_git_advertisement.h"
#include "git/pm_git_fetch_transport.h"

#include <string.h>


/* Of a server's capabilities those that libgit2 1.5 makes good use of; the
 * first two are PM_GIT_FETCH_MULTI_ACK and PM_GIT_FETCH_MULTI_ACK_DETAILED. */

static const char *const  pm_git_fetch_words[] = {
    "multi_ack", "multi_ack_detailed", "side-band", "side-band-64k",
    "thin-pack", "ofs-delta"
};

#define PM_GIT_FETCH_WORDS                                                    \
    (sizeof(pm_git_fetch_words) / sizeof(pm_git_fetch_words[0]))


_Static_assert(PM_GIT_FETCH_WORDS <= 6, "the bits above have other meanings");


unsigned
pm_git_fetch_offers(const char *capabilities)
{
    size_t    i, len;
    unsigned  offers;

    offers = PM_GIT_FETCH_HEARD;

    for ( ;; ) {
        capabilities += strspn(capabilities, " ");
        len = strcspn(capabilities, " ");

        if (len == 0) {
            return offers;
        }

        for (i = 0; i < PM_GIT_FETCH_WORDS; i++) {
            if (strlen(pm_git_fetch_words[i]) == len
                && memcmp(pm_git_fetch_words[i], capabilities, len) == 0)
            {
                offers |= 1u << i;
            }
        }

        capabilities += len;
    }
}


static void
pm_git_fetch_line(pm_buffer_t *line, const pm_git_ref_t *ref, int first,
    unsigned offers)
{
    char    hex[PM_GIT_HEX_SIZE + 1];
    size_t  i;

    pm_oid_hex(hex, &ref->id);

    line->len = 0;
    pm_buffer_printf(line, "%s %s", hex, ref->name);

    if (first) {
        pm_buffer_putc(line, '\0');

        for (i = 0; i < PM_GIT_FETCH_WORDS; i++) {
            if (offers & (1u << i)) {
                pm_buffer_printf(line, " %s", pm_git_fetch_words[i]);
            }
        }
    }

    pm_buffer_putc(line, '\n');
}


int
pm_git_fetch_listing(pm_git_fetch_t *f,
    const pm_git_advertisement_t *advertisement, char **specs, size_t nspecs)
{
    size_t               i;
    pm_buffer_t          line;
    const pm_git_ref_t  *ref;

    static const char  announced[] = "# service=git-upload-pack\n";

    memset(&line, 0, sizeof(pm_buffer_t));

    if (f->remote->transport->stateless) {
        pm_git_pktline_append(&f->own, announced, sizeof(announced) - 1);
        pm_buffer_puts(&f->own, "0000");
    }

    for (i = 0; i < nspecs; i++) {

        /* "+refs/heads/main:…" */

        line.len = 0;
        pm_buffer_append(&line, specs[i] + 1, strcspn(specs[i] + 1, ":"));

        ref = (pm_buffer_string(&line) != NULL)
              ? pm_git_advertisement_ref(advertisement, line.data) : NULL;

        if (ref != NULL) {
            pm_git_fetch_line(&line, ref, i == 0, f->offers);
        }

        if (ref == NULL || line.failed) {
            f->own.failed = 1;
            break;
        }

        pm_git_pktline_append(&f->own, line.data, line.len);
    }

    pm_buffer_free(&line);
    pm_buffer_puts(&f->own, "0000");

    return f->own.failed ? -1 : 0;
}
