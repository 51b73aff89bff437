/*
 * An audit stream of some entries, and what somebody does to it: the first
 * byte says how many there are, each three bytes after it are a change (what,
 * which entry, with what), and all of the input is in the entries' texts.  A
 * walk over what was recorded must succeed; over anything else it must not,
 * however hostile that is.
 */

#include "base/pm_hash.h"
#include "store/pm_store_audit_walk.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define FUZZ_ENTRIES  8
#define FUZZ_PLACES   16
#define FUZZ_FIELDS   (2 * (PM_STORE_AUDIT_FIELDS + 2))


typedef struct {
    pm_string_t  fields[FUZZ_FIELDS];
    size_t       n;
} fuzz_entry_t;


typedef struct {
    fuzz_entry_t  entries[FUZZ_PLACES];
    size_t        n;
} fuzz_stream_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static pm_string_t
fuzz_text(const char *text)
{
    return (pm_string_t) { text, strlen(text) };
}


static const char *
fuzz_link(pm_arena_t *arena, const char *before, pm_string_t digest)
{
    char           *text;
    pm_hash_t      *hash;
    unsigned char   bytes[PM_SHA1_SIZE];

    text = pm_arena_alloc(arena, 2 * PM_SHA1_SIZE + 1);
    hash = pm_hash_create(PM_SHA1);

    if (text == NULL || hash == NULL
        || pm_hash_update(hash, before, strlen(before)) != 0
        || pm_hash_update(hash, digest.data, digest.len) != 0
        || pm_hash_final(hash, bytes) != 0)
    {
        abort();
    }

    pm_hash_destroy(hash);
    pm_hex(text, bytes, sizeof(bytes));

    return text;
}


/* As the script appends them; returns the newest chain. */

static const char *
fuzz_record(pm_arena_t *arena, const char *text, size_t n,
    fuzz_stream_t *stream)
{
    size_t             i, j;
    pm_error_t         err;
    const char        *chain;
    pm_string_t        args[PM_STORE_AUDIT_ARGS], *field;
    pm_store_audit_t   entry;

    chain = "";
    stream->n = n;

    for (i = 0; i < n; i++) {
        memset(&entry, 0, sizeof(pm_store_audit_t));

        entry.id = pm_arena_printf(arena, "id-%zu", i);
        entry.event = (pm_store_audit_event_t) (i % PM_STORE_AUDIT_EVENTS);
        entry.user = text;
        entry.patch = text;
        entry.created_at = (int64_t) i;
        pm_store_audit_property(&entry, "text", text);

        if (pm_store_audit_encode(arena, &entry, args, &err) != 0) {
            abort();
        }

        chain = fuzz_link(arena, chain, args[PM_STORE_AUDIT_FIELDS]);
        field = stream->entries[i].fields;
        stream->entries[i].n = FUZZ_FIELDS;

        for (j = 0; j < PM_STORE_AUDIT_FIELDS; j++) {
            *field++ = fuzz_text(pm_store_audit_fields[j]);
            *field++ = args[j];
        }

        *field++ = fuzz_text("digest");
        *field++ = args[j];
        *field++ = fuzz_text("chain");
        *field++ = fuzz_text(chain);
    }

    return chain;
}


static void
fuzz_change(fuzz_stream_t *stream, const uint8_t *change, pm_string_t text)
{
    size_t         at, other;
    fuzz_entry_t   entry, *place;

    if (stream->n == 0) {
        return;
    }

    at = change[1] % stream->n;
    other = change[2] % stream->n;
    place = &stream->entries[at];

    switch (change[0] % 5) {

    case 0: /* removed */
        memmove(place, place + 1, (stream->n - at - 1) * sizeof(*place));
        stream->n--;
        break;

    case 1: /* in each other's place */
        entry = *place;
        *place = stream->entries[other];
        stream->entries[other] = entry;
        break;

    case 2: /* a copy of another before it */
        if (stream->n < FUZZ_PLACES) {
            entry = stream->entries[other];
            memmove(place + 1, place, (stream->n - at) * sizeof(*place));
            *place = entry;
            stream->n++;
        }
        break;

    case 3: /* a text in place of one of its own */
        if (place->n > 0) {
            place->fields[change[2] % place->n] = text;
        }
        break;

    default: /* fewer fields */
        place->n = change[2] % (FUZZ_FIELDS + 1);
        break;
    }
}


static int
fuzz_equal(const fuzz_stream_t *a, const fuzz_stream_t *b)
{
    size_t  i, j;

    if (a->n != b->n) {
        return 0;
    }

    for (i = 0; i < a->n; i++) {
        if (a->entries[i].n != b->entries[i].n) {
            return 0;
        }

        for (j = 0; j < a->entries[i].n; j++) {
            if (a->entries[i].fields[j].len != b->entries[i].fields[j].len
                || memcmp(a->entries[i].fields[j].data,
                          b->entries[i].fields[j].data,
                          a->entries[i].fields[j].len) != 0)
            {
                return 0;
            }
        }
    }

    return 1;
}


static int
fuzz_walk(const fuzz_stream_t *stream, const char *chain, size_t count)
{
    char                   id[32], number[32];
    size_t                 i;
    pm_error_t             err;
    pm_string_t            tail[6];
    pm_store_audit_walk_t  walk;

    (void) snprintf(number, sizeof(number), "%zu", count);

    tail[0] = fuzz_text("chain");
    tail[1] = fuzz_text(chain);
    tail[2] = fuzz_text("count");
    tail[3] = fuzz_text(number);
    tail[4] = fuzz_text("oldest");
    tail[5] = fuzz_text("1-0");

    if (pm_store_audit_walk_begin(&walk, tail, 6, &err) != 0) {
        abort();
    }

    for (i = 0; i < stream->n; i++) {
        (void) snprintf(id, sizeof(id), "%zu-0", i + 1);

        if (pm_store_audit_walk_entry(&walk, fuzz_text(id),
                                      stream->entries[i].fields,
                                      stream->entries[i].n, &err) != 0)
        {
            abort();
        }
    }

    return pm_store_audit_walk_end(&walk, &err);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          i;
    const char     *chain, *copy;
    pm_arena_t     *arena;
    pm_string_t     text;
    fuzz_stream_t   stream, recorded;

    arena = pm_arena_create();
    if (arena == NULL || size == 0) {
        pm_arena_destroy(arena);
        return 0;
    }

    text.data = (const char *) data;
    text.len = size;

    copy = pm_arena_strndup(arena, text.data, text.len);
    if (copy == NULL) {
        abort();
    }

    memset(&recorded, 0, sizeof(fuzz_stream_t));
    chain = fuzz_record(arena, copy, 1 + data[0] % FUZZ_ENTRIES, &recorded);
    stream = recorded;

    if (fuzz_walk(&stream, chain, recorded.n) != 0) {
        fprintf(stderr, "what was recorded is not accepted\n");
        abort();
    }

    for (i = 1; i + 3 <= size && i < 3 * FUZZ_PLACES; i += 3) {
        fuzz_change(&stream, data + i, text);
    }

    if (!fuzz_equal(&stream, &recorded)
        && fuzz_walk(&stream, chain, recorded.n) == 0)
    {
        fprintf(stderr, "something else is accepted\n");
        abort();
    }

    pm_arena_destroy(arena);

    return 0;
}
