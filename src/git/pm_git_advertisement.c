#include "git/pm_git_advertisement.h"
#include "git/pm_git_words.h"

#include <stdlib.h>
#include <string.h>


/* One reading. */

typedef struct {
    pm_git_pktline_t        *lines;
    pm_arena_t              *arena;
    pm_git_advertisement_t  *advertisement;
    pm_buffer_t              refs;         /* of pm_git_ref_t */
    unsigned                 started:1;    /* capabilities were read */
    unsigned                 unsorted:1;
    pm_error_t              *err;
} pm_git_advertisement_reader_t;


const char *
pm_git_service_name(pm_git_service_t service)
{
    return (service == PM_GIT_RECEIVE_PACK) ? "git-receive-pack"
                                            : "git-upload-pack";
}


static int
pm_git_advertisement_malformed(pm_git_advertisement_reader_t *reader)
{
    return pm_error_set(reader->err, PM_REMOTE, "remote %s: the answer is not "
                        "a list of refs", reader->lines->name);
}


static int
pm_git_advertisement_is(const char *data, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(data, word, len) == 0;
}


static int
pm_git_advertisement_starts(const char *data, size_t len, const char *word)
{
    return len >= strlen(word) && memcmp(data, word, strlen(word)) == 0;
}


int
pm_git_ref_valid(const char *name, size_t len)
{
    size_t  i;

    if (!pm_git_advertisement_starts(name, len, "refs/")) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if ((unsigned char) name[i] <= 0x20 || name[i] == 0x7f
            || strchr("~^:?*[\\", name[i]) != NULL
            || (name[i] == '.' && i + 1 < len && name[i + 1] == '.')
            || (name[i] == '/' && (i + 1 == len || name[i + 1] == '/')))
        {
            return 0;
        }
    }

    return 1;
}


static int
pm_git_advertisement_capability(pm_git_advertisement_reader_t *reader,
    const char *word, size_t len)
{
    pm_git_advertisement_t  *advertisement;

    static const char  format[] = "object-format=";
    static const char  symref[] = "symref=HEAD:";

    advertisement = reader->advertisement;

    if (pm_git_advertisement_is(word, len, "report-status")) {
        advertisement->report_status = 1;

    } else if (pm_git_advertisement_is(word, len, "side-band-64k")) {
        advertisement->side_band_64k = 1;

    } else if (pm_git_advertisement_is(word, len, "atomic")) {
        advertisement->atomic = 1;

    } else if (pm_git_advertisement_is(word, len, "ofs-delta")) {
        advertisement->ofs_delta = 1;

    } else if (pm_git_advertisement_is(word, len, "no-thin")) {
        advertisement->no_thin = 1;

    } else if (pm_git_advertisement_is(word, len, "quiet")) {
        advertisement->quiet = 1;

    } else if (pm_git_advertisement_starts(word, len, format)) {
        word += sizeof(format) - 1;
        len -= sizeof(format) - 1;

        if (!pm_git_advertisement_is(word, len, "sha1")) {
            return pm_error_set(reader->err, PM_UNPROCESSABLE, "repository %s "
                                "uses object format %.*s, which is not "
                                "supported", reader->lines->name,
                                (int) (len < 32 ? len : 32), word);
        }

    } else if (pm_git_advertisement_starts(word, len, symref)) {
        word += sizeof(symref) - 1;
        len -= sizeof(symref) - 1;

        if (pm_git_advertisement_starts(word, len, "refs/heads/")
            && pm_git_ref_valid(word, len))
        {
            advertisement->head = pm_arena_strndup(reader->arena, word, len);

            if (advertisement->head == NULL) {
                return pm_error_memory(reader->err);
            }
        }
    }

    return 0;
}


static int
pm_git_advertisement_capabilities(pm_git_advertisement_reader_t *reader,
    const char *data, size_t len)
{
    int      rc;
    char    *text;
    size_t   n;

    text = pm_arena_strndup(reader->arena, data, len);
    if (text == NULL) {
        return pm_error_memory(reader->err);
    }

    reader->advertisement->capabilities = text;

    for ( ;; ) {
        text += strspn(text, " ");
        n = strcspn(text, " ");

        if (n == 0) {
            return 0;
        }

        rc = pm_git_advertisement_capability(reader, text, n);
        if (rc != 0) {
            return rc;
        }

        text += n;
    }
}


static int
pm_git_advertisement_ref_line(pm_git_advertisement_reader_t *reader,
    const char *data, size_t len)
{
    size_t         n;
    const char    *name;
    pm_git_ref_t   ref, *last;

    memset(&ref, 0, sizeof(pm_git_ref_t));

    if (len < PM_GIT_HEX_SIZE + 2 || data[PM_GIT_HEX_SIZE] != ' '
        || pm_oid_parse(&ref.id, data, PM_GIT_HEX_SIZE) != 0)
    {
        return pm_git_advertisement_malformed(reader);
    }

    name = data + PM_GIT_HEX_SIZE + 1;
    len -= PM_GIT_HEX_SIZE + 1;

    n = reader->refs.len / sizeof(pm_git_ref_t);
    last = (n > 0) ? (pm_git_ref_t *) (void *) reader->refs.data + n - 1
                   : NULL;

    /* "refs/tags/v1^{}" follows "refs/tags/v1" */

    if (last != NULL && len > 3 && memcmp(name + len - 3, "^{}", 3) == 0
        && pm_git_advertisement_is(name, len - 3, last->name))
    {
        last->peeled = ref.id;
        return 0;
    }

    /*
     * HEAD, ".have" (objects of alternates), "capabilities^{}" (no refs at
     * all) and peeled tags are not refs; a name that git would not make is
     * of no use to anybody; zeros would read as "there is no such ref"
     */

    if (!pm_git_ref_valid(name, len) || pm_oid_is_zero(&ref.id)) {
        return 0;
    }

    if (n == PM_GIT_ADVERTISEMENT_REFS) {
        return pm_error_set(reader->err, PM_REMOTE, "remote %s: more than %d "
                            "refs", reader->lines->name,
                            PM_GIT_ADVERTISEMENT_REFS);
    }

    ref.name = pm_arena_strndup(reader->arena, name, len);
    if (ref.name == NULL) {
        return pm_error_memory(reader->err);
    }

    if (last != NULL) {
        reader->unsorted |= (strcmp(last->name, ref.name) > 0);
    }

    pm_buffer_append(&reader->refs, &ref, sizeof(pm_git_ref_t));

    return reader->refs.failed ? pm_error_memory(reader->err) : 0;
}


static int
pm_git_advertisement_line(pm_git_advertisement_reader_t *reader,
    const char *data, size_t len)
{
    int          rc;
    char        *words;
    const char  *nul;

    if (len > 0 && data[len - 1] == '\n') {
        len--;
    }

    if (pm_git_advertisement_starts(data, len, "ERR ")) {
        words = pm_git_words_clean(reader->arena, data + 4, len - 4);

        return pm_error_set(reader->err, PM_REMOTE, "remote %s: %s",
                            reader->lines->name, words ? words : "error");
    }

    nul = memchr(data, '\0', len);

    if (!reader->started) {
        if (pm_git_advertisement_is(data, len, "version 1")) {
            return 0;
        }

        if (nul == NULL) {
            return pm_git_advertisement_malformed(reader);
        }

        reader->started = 1;

        rc = pm_git_advertisement_capabilities(reader, nul + 1,
                                           len - (size_t) (nul + 1 - data));
        if (rc != 0) {
            return rc;
        }

        return pm_git_advertisement_ref_line(reader, data,
                                             (size_t) (nul - data));
    }

    if (nul != NULL) {
        return pm_git_advertisement_malformed(reader);
    }

    if (pm_git_advertisement_starts(data, len, "shallow ")) {
        return 0;
    }

    return pm_git_advertisement_ref_line(reader, data, len);
}


/* "# service=git-receive-pack", flush */

static int
pm_git_advertisement_announced(pm_git_advertisement_reader_t *reader,
    pm_git_service_t service)
{
    int               rc;
    size_t            len;
    const char       *data;
    pm_git_packet_t   packet;

    static const char  prefix[] = "# service=";

    rc = pm_git_pktline_read(reader->lines, &packet, reader->err);
    if (rc != 0) {
        return rc;
    }

    data = packet.data;
    len = packet.len;

    if (len > 0 && data[len - 1] == '\n') {
        len--;
    }

    if (packet.kind != PM_GIT_PACKET_DATA
        || !pm_git_advertisement_starts(data, len, prefix)
        || !pm_git_advertisement_is(data + sizeof(prefix) - 1,
                                    len - (sizeof(prefix) - 1),
                                    pm_git_service_name(service)))
    {
        return pm_git_advertisement_malformed(reader);
    }

    rc = pm_git_pktline_read(reader->lines, &packet, reader->err);
    if (rc != 0) {
        return rc;
    }

    return (packet.kind == PM_GIT_PACKET_FLUSH)
           ? 0 : pm_git_advertisement_malformed(reader);
}


static int
pm_git_advertisement_compare(const void *a, const void *b)
{
    const pm_git_ref_t  *one, *two;

    one = a;
    two = b;

    return strcmp(one->name, two->name);
}


static int
pm_git_advertisement_lines(pm_git_advertisement_reader_t *reader)
{
    int              rc;
    pm_git_packet_t  packet;

    for ( ;; ) {
        rc = pm_git_pktline_read(reader->lines, &packet, reader->err);
        if (rc != 0) {
            return rc;
        }

        if (packet.kind == PM_GIT_PACKET_FLUSH) {
            return 0;
        }

        if (packet.kind == PM_GIT_PACKET_END) {
            return pm_error_set(reader->err, PM_REMOTE, "remote %s: the "
                                "answer ended early", reader->lines->name);
        }

        rc = pm_git_advertisement_line(reader, packet.data, packet.len);
        if (rc != 0) {
            return rc;
        }
    }
}


int
pm_git_advertisement_read(pm_git_pktline_t *lines, pm_git_service_t service,
    int announced, pm_arena_t *arena, pm_git_advertisement_t **advertisement,
    pm_error_t *err)
{
    int                             rc;
    pm_git_advertisement_t         *adv;
    pm_git_advertisement_reader_t   reader;

    memset(&reader, 0, sizeof(pm_git_advertisement_reader_t));

    adv = pm_arena_zalloc(arena, sizeof(pm_git_advertisement_t));
    if (adv == NULL) {
        return pm_error_memory(err);
    }

    adv->service = service;
    adv->capabilities = "";

    reader.lines = lines;
    reader.arena = arena;
    reader.advertisement = adv;
    reader.err = err;

    rc = announced ? pm_git_advertisement_announced(&reader, service) : 0;

    if (rc == 0) {
        rc = pm_git_advertisement_lines(&reader);
    }

    if (rc == 0 && reader.refs.len > 0) {
        adv->nrefs = reader.refs.len / sizeof(pm_git_ref_t);
        adv->refs = (pm_git_ref_t *) (void *)
                    pm_arena_strndup(arena, reader.refs.data, reader.refs.len);

        if (adv->refs == NULL) {
            rc = pm_error_memory(err);

        } else if (reader.unsorted) {
            qsort(adv->refs, adv->nrefs, sizeof(pm_git_ref_t),
                  pm_git_advertisement_compare);
        }
    }

    pm_buffer_free(&reader.refs);

    *advertisement = adv;

    return rc;
}


const pm_git_ref_t *
pm_git_advertisement_ref(const pm_git_advertisement_t *advertisement,
    const char *name)
{
    pm_git_ref_t  ref;

    ref.name = name;

    if (advertisement->nrefs == 0) {
        return NULL;
    }

    return bsearch(&ref, advertisement->refs, advertisement->nrefs,
                   sizeof(pm_git_ref_t), pm_git_advertisement_compare);
}
