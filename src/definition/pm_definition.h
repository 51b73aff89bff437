/*
 * pm_definition.h: API definitions in git: what lies in an environment's
 * folder, which definition of the target a source's is, and what promoting it
 * makes of the target's file (review-api.md, sections 1 and 4).
 *
 *     index (pm_definition_index)  ─► match ─► merge ─► conflicts
 *                                  └────── pm_definition_plan ──────┘
 *
 * A definition is what Gravitee exports: JSON, or the same in YAML.
 *
 *   v2   flat: gravitee is "2.0.0"
 *   v4   api.definitionVersion or definitionVersion is "V4" or "4.0.0", or
 *        gravitee is "4.0.0"; wrapped (export, api, members, metadata, pages,
 *        plans, apiMedia), or flat
 *
 * Only these places are looked at: a plan's own definitionVersion says nothing
 * about its API.
 *
 * Everything here is plain work on bytes and trees: no clock, no network, no
 * decision about who may do what.
 */

#ifndef PM_DEFINITION_H
#define PM_DEFINITION_H


#include "base/pm_arena.h"
#include "base/pm_error.h"
#include "base/pm_string.h"
#include "git/pm_git_mirror.h"

#include <stdint.h>


#define PM_DEFINITION_SIZE   (8 * 1024 * 1024)  /* of one file: not read if
                                                   larger */
#define PM_DEFINITION_FILES  10000              /* of one folder */
#define PM_DEFINITION_TOTAL  (256 * 1024 * 1024)  /* bytes parsed for one
                                                     index */


typedef enum {
    PM_DEFINITION_OTHER,         /* FEDERATED*, v1, or no definition at all */
    PM_DEFINITION_V2,
    PM_DEFINITION_V4
} pm_definition_kind_t;


/*
 * Why a promotion is refused, for the error table of review-api.md, section
 * 2.  What each is told as stands behind it; the rest is pm_code_t alone.
 */

typedef enum {
    PM_DEFINITION_ACCEPTED,      /* not refused */
    PM_DEFINITION_V4_OFF,        /* promotion.v4.notSupported */
    PM_DEFINITION_NOT_SUPPORTED, /* promotion.definition.notSupported */
    PM_DEFINITION_MISMATCH,      /* promotion.target
                                      .definitionVersionMismatch */
    PM_DEFINITION_PATH_TAKEN,    /* path.invalid */
    PM_DEFINITION_NO_CHANGES,    /* promotion.noChanges */
    PM_DEFINITION_MALFORMED,     /* the source's definition */
    PM_DEFINITION_TARGET,        /* the target's, or its overlay: malformed,
                                    ambiguous, or it cannot be edited safely */
    PM_DEFINITION_FAILED         /* ours: memory, an object not readable */
} pm_definition_refusal_t;


/*
 * Where an API is reached.  The path is normalised as the product does: one
 * "/" at each end and between segments ("/orders/").  A host is in lower
 * case; NULL: any.
 */

typedef struct {
    const char  *host;
    const char  *path;
} pm_definition_path_t;


/* One definition of a folder. */

typedef struct {
    const char            *id;         /* id, else crossId, else the slug */
    const char            *cross_id;   /* as it stands there, or NULL */
    const char            *cross_key;  /* crossId, else the one made from the
                                          id; NULL: neither could be read */
    const char            *name;       /* "": none */
    const char            *version;    /* v2: version, v4: apiVersion; "" */
    pm_definition_kind_t   kind;
    pm_definition_path_t  *paths;
    size_t                 npaths;
    const char            *file;       /* relative to the folder:
                                          "orders.json", "orders/api.yaml" */
    const char            *slug;       /* "orders" */
    pm_oid_t               blob;
    unsigned               mode;       /* PM_GIT_MODE_BLOB or _EXECUTABLE */
    const char            *overlay;    /* "orders.overlay.json", or NULL */
    pm_oid_t               overlay_blob;
    unsigned               overlay_mode;  /* a link's or a folder's: nothing is
                                             promoted to it */
    const char            *fault;      /* NULL: none; else it can be listed,
                                          and not promoted */
} pm_definition_entry_t;


/*
 * The definitions of a folder at one tree.  Constant, shared by threads, and
 * good until it is released, even if its cache has let go of it.
 *
 * Definitions are *.json, *.yaml, *.yml in the folder, and api.json,
 * api.yaml, api.yml in a folder of its own (whose name is the slug).
 * *.overlay.json (.yaml, .yml) is none, nor are links, hidden files, files
 * deeper down.
 */

typedef struct pm_definition_index_s  pm_definition_index_t;

struct pm_definition_index_s {
    pm_oid_t                tree;      /* of the folder; zeros: no folder */
    pm_definition_entry_t  *entries;   /* by file, in order of bytes */
    size_t                  nentries;
};


/*
 * Indexes by the folder's tree id, so that an unchanged folder costs one
 * look-up; of a changed one only the files that no kept index has are read.
 * At most limit of them are kept, and 64 MiB; the least used is dropped first.
 * Thread-safe: one for the process, next to its pm_git_t.
 */

typedef struct pm_definition_cache_s  pm_definition_cache_t;

int pm_definition_cache_create(size_t limit, pm_definition_cache_t **cache,
    pm_error_t *err);

/* Indexes that are still held stay good, and are freed by their release. */
void pm_definition_cache_destroy(pm_definition_cache_t *cache);

/*
 * The index of folder ("": the root) below tree (its id or a commit's).  A
 * folder that is not there has no entries: an environment may begin empty.
 * A definition that cannot be read as one is an entry with a fault, as are
 * two of one id.
 *
 * 0, and *index is the caller's to release; PM_UNPROCESSABLE: a file is in
 * the place of the folder, too many files; PM_UNAVAILABLE: memory, or an
 * object could not be read (pm_git_mirror_broken).
 */
int pm_definition_index(pm_definition_cache_t *cache, pm_git_mirror_t *mirror,
    const pm_oid_t *tree, const char *folder, pm_definition_index_t **index,
    pm_error_t *err);

/* NULL is allowed. */
void pm_definition_index_release(pm_definition_index_t *index);

/* The entry of that id, or NULL; of several one without a fault, if there is
 * any: those of one id have one. */
const pm_definition_entry_t *pm_definition_find(
    const pm_definition_index_t *index, const char *id);


/* The source of a promotion: its bytes are pinned by the caller. */

typedef struct {
    const char   *file;          /* as the entry's: its extension decides
                                    JSON or YAML, its slug is the last id */
    pm_string_t   text;
} pm_definition_source_t;


/*
 * Which definition of the target a source's is: the one with its crossId
 * (a missing one is made from the id, on both sides); else last, the id that
 * the last accepted promotion of this API to this target wrote to (NULL:
 * none); else none, and *entry is NULL: it would be created.  Never by name.
 * source is its entry in the source's index.
 *
 * PM_CONFLICT: several have its crossId (names their files).
 */
int pm_definition_match(const pm_definition_index_t *target,
    const pm_definition_entry_t *source, const char *last,
    const pm_definition_entry_t **entry, pm_error_t *err);


/* Something of the merge that a reviewer should know. */

typedef enum {
    PM_DEFINITION_KEPT_PLAN,     /* only the target has it: it stays */
    PM_DEFINITION_KEPT_PAGE,
    PM_DEFINITION_CLOSED_PLAN,   /* CLOSED in the source: left out */
    PM_DEFINITION_STAYS_CLOSED,  /* a plan that is CLOSED in the target */
    PM_DEFINITION_LOST_REFERENCE,/* parentId or generalConditions of the
                                    source that leads to no page: dropped */
    PM_DEFINITION_MADE_CROSS_ID  /* the source has none: made from its id */
} pm_definition_note_kind_t;

typedef struct {
    pm_definition_note_kind_t  kind;
    const char                *path;   /* JSON pointer: in the result; in the
                                          source for CLOSED_PLAN, and for
                                          MADE_CROSS_ID */
    const char                *name;   /* of the plan, page or API */
    const char                *text;   /* one sentence that names it */
} pm_definition_note_t;


/* A context path of the result that another API of the target has. */

typedef struct {
    const char  *host;           /* NULL: any */
    const char  *path;           /* of the result */
    const char  *taken;          /* of the other API: "Path [<taken>] already
                                    exists" */
    const char  *id;             /* the other API's */
    const char  *name;
    const char  *file;
} pm_definition_conflict_t;


typedef struct {
    const char                *file;     /* relative to the folder */
    pm_string_t                text;     /* the whole new file */
    unsigned                   update:1; /* 0: it is created */
    unsigned                   changed:1;
    const char                *id;       /* targetApiId: of the result */
    const char                *cross_id;
    const char                *name;
    const char                *version;
    pm_definition_kind_t       kind;
    pm_definition_path_t      *paths;
    size_t                     npaths;
    pm_definition_note_t      *notes;
    size_t                     nnotes;
    pm_definition_conflict_t  *conflicts;
    size_t                     nconflicts;
    const pm_definition_entry_t *entry;  /* of the target; NULL: created */
    pm_string_t                before;   /* the target's file; empty */
    pm_oid_t                   before_blob;  /* zeros: created */
    unsigned                   mode;     /* of the file */
    pm_definition_refusal_t    refusal;  /* also when a code was returned */
} pm_definition_plan_t;


typedef struct {
    pm_definition_source_t        source;
    pm_git_mirror_t              *mirror;   /* the target's: reads its file
                                               and its overlay */
    const pm_definition_index_t  *target;
    const char                   *last;     /* see pm_definition_match() */
    unsigned                      allow_v4:1;
} pm_definition_request_t;


/*
 * What accepting would do to the target now: matches, merges, applies the
 * overlay, looks for conflicts.  All of the plan is the arena's, but for what
 * is the index's: entry, and file and conflicts, which refer to it.
 *
 * 0: plan is whole.  Conflicts and "nothing changes" are no failure here, so
 * that they can be shown: refusal is PM_DEFINITION_PATH_TAKEN or
 * PM_DEFINITION_NO_CHANGES then, else PM_DEFINITION_ACCEPTED.  To land it,
 * refusal must be PM_DEFINITION_ACCEPTED.
 *
 * Else a code, with err, and of the plan only refusal, kind and entry:
 *   PM_INVALID        V4_OFF, NOT_SUPPORTED, MISMATCH, MALFORMED (err: file,
 *                     line, column)
 *   PM_UNPROCESSABLE  TARGET
 *   PM_CONFLICT       TARGET: several have the crossId
 *   PM_UNAVAILABLE    FAILED
 */
int pm_definition_plan(pm_arena_t *arena,
    const pm_definition_request_t *request, pm_definition_plan_t *plan,
    pm_error_t *err);


/*
 * The same on bytes alone, without matching and conflicts: what becomes of
 * target (data NULL: it is created) by source and overlay (data NULL: none).
 * target_file and overlay_file are for messages and for JSON or YAML.
 * Fills text, id, cross_id, name, version, kind, paths, notes, changed,
 * update, refusal.
 */

typedef struct {
    pm_definition_source_t   source;
    const char              *target_file;
    pm_string_t              target;
    const char              *overlay_file;
    pm_string_t              overlay;
    unsigned                 allow_v4:1;
} pm_definition_merge_t;

int pm_definition_merge(pm_arena_t *arena, const pm_definition_merge_t *merge,
    pm_definition_plan_t *plan, pm_error_t *err);


/*
 * Reads one definition as the index does: for a source whose bytes are
 * pinned, or before a kind is refused.  The entry (without blob, mode and
 * overlay) is the arena's.  0 also where entry->fault says what is wrong
 * with it; or PM_UNAVAILABLE.
 */
int pm_definition_read(pm_arena_t *arena, const pm_definition_source_t *source,
    pm_definition_entry_t *entry, pm_error_t *err);

/* 0; or PM_INVALID, and *refusal is V4_OFF, NOT_SUPPORTED or MALFORMED. */
int pm_definition_check(const pm_definition_entry_t *entry, int allow_v4,
    pm_definition_refusal_t *refusal, pm_error_t *err);


/*
 * The source's bytes with the crossIds that it lacks (API, plans, pages)
 * written into it, all else as it was: to be committed on its own.  changed
 * is 0 where none was missing, and text is the source's then.
 */
int pm_definition_add_cross_ids(pm_arena_t *arena,
    const pm_definition_source_t *source, pm_string_t *text, int *changed,
    pm_error_t *err);


/*
 * Two context paths conflict when their hosts are the same (both any, or
 * equal) and one is a prefix of the other, segment by segment.
 */
int pm_definition_paths_conflict(const pm_definition_path_t *a,
    const pm_definition_path_t *b);


/* What a value was and becomes, for a reviewer. */

typedef struct {
    const char  *path;           /* JSON pointer (RFC 6901) */
    const char  *from;           /* JSON text; NULL: was missing */
    const char  *to;             /* JSON text; NULL: is removed */
} pm_definition_change_t;

/*
 * The values that differ between two texts, in the order of the new one; what
 * is removed of a mapping or a list after what stays.  Items are compared by
 * their places: a merge leaves plans and pages at theirs.  before empty: all
 * of after is new.  At most limit changes, and 8 MiB of them (*cut is 1 if
 * there are more).  PM_INVALID: one of the two cannot be read.
 */
int pm_definition_changes(pm_arena_t *arena, const char *before_file,
    const pm_string_t *before, const char *after_file,
    const pm_string_t *after, size_t limit, pm_definition_change_t **changes,
    size_t *nchanges, int *cut, pm_error_t *err);

/*
 * All of the changes as a JSON Patch (RFC 6902), on one line, the arena's: it
 * makes the new text's values of the old one's, or of {}.
 */
int pm_definition_json_patch(pm_arena_t *arena,
    const pm_definition_change_t *changes, size_t n, const char **patch,
    pm_error_t *err);

/*
 * The definition as JSON text, on one line: apiDefinition of a Promotion.
 * PM_INVALID: cannot be read.
 */
int pm_definition_json(pm_arena_t *arena, const pm_definition_source_t *source,
    pm_string_t *json, pm_error_t *err);


/* "orders-api" for "Orders API": a to z, 0 to 9, single "-"; at most 64
 * bytes; "api" if nothing is left.  NULL: out of memory. */
const char *pm_definition_slug(pm_arena_t *arena, const char *name);


#endif /* PM_DEFINITION_H */
