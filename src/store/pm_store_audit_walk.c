#include "store/pm_store_audit_walk.h"
#include "base/pm_hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>


#define PM_STORE_AUDIT_PAIRS  (PM_STORE_AUDIT_FIELDS + 2)


static int
pm_store_audit_same(pm_string_t value, const char *text)
{
    return value.len == strlen(text) && memcmp(value.data, text, value.len)
                                        == 0;
}


/* 1 if it was copied: it fits, and has no NUL or other odd character. */

static int
pm_store_audit_copy(char *text, size_t max, pm_string_t value,
    const char *characters)
{
    if (value.len > max) {
        return 0;
    }

    memcpy(text, value.data, value.len);
    text[value.len] = '\0';

    return strspn(text, characters) == value.len;
}


static int
pm_store_audit_number(uint64_t *number, pm_string_t value)
{
    size_t  i;

    *number = 0;

    if (value.len == 0 || value.len > 18) {
        return 0;
    }

    for (i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return 0;
        }

        *number = *number * 10 + (uint64_t) (value.data[i] - '0');
    }

    return 1;
}


int
pm_store_audit_walk_begin(pm_store_audit_walk_t *walk,
    const pm_string_t *fields, size_t n, pm_error_t *err)
{
    int          ok;
    size_t       i;
    pm_string_t  name, value;

    memset(walk, 0, sizeof(pm_store_audit_walk_t));

    for (i = 0; i + 1 < n; i += 2) {
        name = fields[i];
        value = fields[i + 1];
        ok = 1;

        if (pm_store_audit_same(name, "chain")) {
            ok = pm_store_audit_copy(walk->chain, PM_STORE_AUDIT_CHAIN, value,
                                     "0123456789abcdef");

        } else if (pm_store_audit_same(name, "before")) {
            ok = pm_store_audit_copy(walk->before, PM_STORE_AUDIT_CHAIN,
                                     value, "0123456789abcdef");

        } else if (pm_store_audit_same(name, "oldest")) {
            ok = pm_store_audit_copy(walk->oldest, PM_STORE_AUDIT_STREAM,
                                     value, "0123456789-");

        } else if (pm_store_audit_same(name, "count")) {
            ok = pm_store_audit_number(&walk->count, value);

        } else if (pm_store_audit_same(name, "trimmed")) {
            ok = pm_store_audit_number(&walk->trimmed, value);
        }

        if (!ok) {
            return pm_error_set(err, PM_CONFLICT, "the tail of the audit "
                                "stream was changed: its field %.*s is none",
                                (int) name.len, name.data);
        }
    }

    if (walk->trimmed > walk->count) {
        return pm_error_set(err, PM_CONFLICT, "the tail of the audit stream "
                            "was changed: more entries were trimmed than "
                            "there have been");
    }

    memcpy(walk->last_chain, walk->before, sizeof(walk->before));

    return 0;
}


/* 1 if its fields are those of an entry, in their order. */

static int
pm_store_audit_formed(const pm_string_t *fields, size_t n)
{
    size_t  i;

    if (n != 2 * PM_STORE_AUDIT_PAIRS) {
        return 0;
    }

    for (i = 0; i < PM_STORE_AUDIT_FIELDS; i++) {
        if (!pm_store_audit_same(fields[2 * i], pm_store_audit_fields[i])) {
            return 0;
        }
    }

    return pm_store_audit_same(fields[2 * PM_STORE_AUDIT_FIELDS], "digest")
           && pm_store_audit_same(fields[2 * PM_STORE_AUDIT_FIELDS + 2],
                                  "chain");
}


/* The chain of what follows the entry with this one. */

static int
pm_store_audit_link(char text[PM_STORE_AUDIT_CHAIN + 1], const char *chain,
    pm_string_t digest)
{
    int             rc;
    pm_hash_t      *hash;
    unsigned char   bytes[PM_SHA1_SIZE];

    hash = pm_hash_create(PM_SHA1);
    if (hash == NULL) {
        return -1;
    }

    rc = pm_hash_update(hash, chain, strlen(chain));

    if (rc == 0) {
        rc = pm_hash_update(hash, digest.data, digest.len);
    }

    if (rc == 0) {
        rc = pm_hash_final(hash, bytes);
    }

    pm_hash_destroy(hash);

    if (rc == 0) {
        pm_hex(text, bytes, sizeof(bytes));
    }

    return rc;
}


/* The first fault counts. */

static void
pm_store_audit_blame(pm_store_audit_walk_t *walk,
    pm_store_audit_fault_t fault, const char *id)
{
    if (walk->fault != PM_STORE_AUDIT_WHOLE) {
        return;
    }

    walk->fault = fault;

    memcpy(walk->faulty, id, strlen(id) + 1);
    memcpy(walk->previous, walk->last, sizeof(walk->last));
    memcpy(walk->previous_chain, walk->last_chain, sizeof(walk->last_chain));
}


/* Looks at an entry whose fields are what they should be. */

static int
pm_store_audit_look(pm_store_audit_walk_t *walk, const char *id,
    const pm_string_t *fields)
{
    char         digest[2 * PM_SHA256_SIZE + 1];
    char         chain[PM_STORE_AUDIT_CHAIN + 1];
    size_t       i;
    pm_string_t  values[PM_STORE_AUDIT_FIELDS], *said;

    for (i = 0; i < PM_STORE_AUDIT_FIELDS; i++) {
        values[i] = fields[2 * i + 1];
    }

    if (pm_store_audit_digest(values, digest) != 0) {
        return -1;
    }

    if (!pm_store_audit_same(fields[2 * PM_STORE_AUDIT_FIELDS + 1], digest)) {
        pm_store_audit_blame(walk, PM_STORE_AUDIT_CHANGED, id);
    }

    values[0] = fields[2 * PM_STORE_AUDIT_FIELDS + 1];
    values[1] = fields[2 * PM_STORE_AUDIT_FIELDS + 3];
    said = &values[1];

    /* the one before broke the chain, and this one mends it */

    if (walk->fault == PM_STORE_AUDIT_BREAKS
        && strcmp(walk->last, walk->faulty) == 0)
    {
        if (pm_store_audit_link(chain, walk->previous_chain, values[0]) != 0) {
            return -1;
        }

        if (pm_store_audit_same(*said, chain)) {
            walk->fault = PM_STORE_AUDIT_ADDED;
        }
    }

    if (pm_store_audit_link(chain, walk->last_chain, values[0]) != 0) {
        return -1;
    }

    if (!pm_store_audit_same(*said, chain)) {
        pm_store_audit_blame(walk, PM_STORE_AUDIT_BREAKS, id);
    }

    if (!pm_store_audit_copy(walk->last_chain, PM_STORE_AUDIT_CHAIN, *said,
                             "0123456789abcdef"))
    {
        walk->last_chain[0] = '\0';
    }

    return 0;
}


int
pm_store_audit_walk_entry(pm_store_audit_walk_t *walk, pm_string_t id,
    const pm_string_t *fields, size_t n, pm_error_t *err)
{
    char  text[PM_STORE_AUDIT_STREAM + 1];

    if (!pm_store_audit_copy(text, PM_STORE_AUDIT_STREAM, id, "0123456789-"))
    {
        return pm_error_set(err, PM_INTERNAL,
                            "the audit stream has an id that is none");
    }

    if (walk->found == 0 && strcmp(text, walk->oldest) != 0) {
        pm_store_audit_blame(walk, PM_STORE_AUDIT_BEGINS, text);
    }

    if (walk->found == walk->count - walk->trimmed
        && strcmp(walk->last_chain, walk->chain) == 0)
    {
        pm_store_audit_blame(walk, PM_STORE_AUDIT_BEYOND, text);
    }

    if (!pm_store_audit_formed(fields, n)) {
        pm_store_audit_blame(walk, PM_STORE_AUDIT_CHANGED, text);

    } else if (pm_store_audit_look(walk, text, fields) != 0) {
        return pm_error_set(err, PM_INTERNAL, "SHA-256 or SHA-1 failed");
    }

    memcpy(walk->last, text, sizeof(text));
    walk->found++;

    return 0;
}


/* All entries follow each other: is this all of them? */

static int
pm_store_audit_walk_whole(pm_store_audit_walk_t *walk, pm_error_t *err)
{
    uint64_t  should;

    should = walk->count - walk->trimmed;

    if (strcmp(walk->last_chain, walk->chain) == 0 && walk->found == should) {
        return 0;
    }

    if (walk->found == 0) {
        return pm_error_set(err, PM_CONFLICT, "all entries from %s on were "
                            "removed: the tail has %" PRIu64, walk->oldest,
                            should);
    }

    if (walk->found < should) {
        return pm_error_set(err, PM_CONFLICT, "entries after %s were removed: "
                            "there are %" PRIu64 ", the tail has %" PRIu64,
                            walk->last, walk->found, should);
    }

    return pm_error_set(err, PM_CONFLICT, "entry %s is not the newest that "
                        "the tail has: it was changed, or the tail was (there "
                        "are %" PRIu64 " entries, the tail has %" PRIu64 ")",
                        walk->last, walk->found, should);
}


int
pm_store_audit_walk_end(pm_store_audit_walk_t *walk, pm_error_t *err)
{
    char  counts[128];

    (void) snprintf(counts, sizeof(counts), "there are %" PRIu64
                    " entries, the tail has %" PRIu64, walk->found,
                    walk->count - walk->trimmed);

    /* the last one broke the chain, which ends before it */

    if (walk->fault == PM_STORE_AUDIT_BREAKS
        && strcmp(walk->last, walk->faulty) == 0
        && strcmp(walk->previous_chain, walk->chain) == 0)
    {
        walk->fault = PM_STORE_AUDIT_ADDED;
    }

    switch (walk->fault) {

    case PM_STORE_AUDIT_WHOLE:
        return pm_store_audit_walk_whole(walk, err);

    case PM_STORE_AUDIT_CHANGED:
        return pm_error_set(err, PM_CONFLICT, "entry %s was changed: its "
                            "digest is not that of its fields (%s)",
                            walk->faulty, counts);

    case PM_STORE_AUDIT_BEGINS:
        return pm_error_set(err, PM_CONFLICT, "the oldest entry is %s, but "
                            "should be %s: entries before it were removed or "
                            "inserted, or the tail was changed (%s)",
                            walk->faulty, *walk->oldest ? walk->oldest
                            : "none", counts);

    case PM_STORE_AUDIT_ADDED:
        return pm_error_set(err, PM_CONFLICT, "entry %s was inserted, or "
                            "moved from another place (%s)", walk->faulty,
                            counts);

    case PM_STORE_AUDIT_BEYOND:
        return pm_error_set(err, PM_CONFLICT, "entry %s was inserted after "
                            "the newest one (%s)", walk->faulty, counts);

    default: /* PM_STORE_AUDIT_BREAKS */
        return pm_error_set(err, PM_CONFLICT, "entry %s does not follow %s: "
                            "it was changed or moved, or entries between them "
                            "were removed (%s)", walk->faulty,
                            *walk->previous ? walk->previous
                            : "what was trimmed", counts);
    }
}
