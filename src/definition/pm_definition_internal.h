/*
 * pm_definition_internal.h: what the files of this room share.  Private to it.
 *
 * pm_definition_read     a text as a definition: kind, ids, names
 * pm_definition_path     where it is reached
 * pm_definition_item     its plans and pages, and their crossIds
 * pm_definition_slug     names of files
 * pm_definition_cross    the source with its crossIds
 * pm_definition_files, pm_definition_index, pm_definition_cache
 *                        the definitions of a folder
 * pm_definition_match    which one, and whose paths are in the way
 * pm_definition_tree     a document put together from pieces of another one
 * pm_definition_strip    what never moves
 * pm_definition_list     lists whose items are matched by a key
 * pm_definition_field    a plan's and a page's fields
 * pm_definition_flow     flows
 * pm_definition_build    what of the source moves, beside the target
 * pm_definition_selector JSONPaths for what moves
 * pm_definition_create   the text of a new target
 * pm_definition_merge    the target's text with it
 * pm_definition_result   what that text is, and what of it is kept
 * pm_definition_patch, pm_definition_overlay, pm_definition_remove
 *                        the target's merge patch
 * pm_definition_json     values as JSON text
 * pm_definition_changes  two texts side by side
 * pm_definition_plan     all of it, from trees
 */

#ifndef PM_DEFINITION_INTERNAL_H
#define PM_DEFINITION_INTERNAL_H


#include "base/pm_buffer.h"
#include "definition/pm_definition.h"
#include "document/pm_document.h"
#include "document/pm_edit.h"


#define PM_DEFINITION_ID      256      /* bytes of an id or a crossId */
#define PM_DEFINITION_NAME    1024     /* of a name or a version */
#define PM_DEFINITION_PATHS   1000     /* context paths of one API */
#define PM_DEFINITION_PATH    2048     /* bytes of one, or of a host */
#define PM_DEFINITION_ITEMS   10000    /* plans, pages, … of one API */
#define PM_DEFINITION_FIELDS  1000     /* of the API, a plan, a page */
#define PM_DEFINITION_FIELD   512      /* bytes of a field's name */


/* A plan or a page. */

typedef struct {
    const pm_node_t      *node;        /* a mapping */
    size_t                index;
    const char           *id;          /* or NULL */
    const char           *cross_id;    /* or NULL */
    const char           *cross_key;   /* cross_id, or the one made */
    const char           *name;        /* "": none */
    unsigned              closed:1;
} pm_definition_item_t;


typedef struct {
    pm_definition_item_t   *items;
    size_t                  n;
    pm_definition_item_t  **by_key;    /* cross_key */
    pm_definition_item_t  **by_id;     /* those with an id: nby_id */
    size_t                  nby_id;
} pm_definition_items_t;


/* A text that was read. */

typedef struct {
    const char             *file;
    pm_document_t          *document;
    const pm_node_t        *root;      /* a mapping */
    const pm_node_t        *api;       /* the same, where it is flat */
    unsigned                wrapped:1;
    pm_definition_entry_t   entry;
    pm_definition_items_t   plans;
    pm_definition_items_t   pages;
} pm_definition_t;


/* pm_definition_read.c */

/*
 * 0 for what is a definition of any kind (OTHER: only id, names and kind are
 * read); PM_INVALID: file:line:column of what is wrong.  The definition is
 * the arena's, and refers to the text.
 */
int pm_definition_open(pm_arena_t *arena, const pm_definition_source_t *source,
    pm_definition_t *definition, pm_error_t *err);

/* The text of a string or a number; NULL: missing or null.  PM_INVALID:
 * anything else, or longer than limit. */
int pm_definition_text(const char *file, const pm_node_t *mapping,
    const char *key, size_t limit, const char **text, pm_error_t *err);

/* PM_INVALID at a node. */
int pm_definition_fault(const char *file, const pm_node_t *node,
    pm_error_t *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A copy in another arena. */
int pm_definition_copy(pm_arena_t *arena, const pm_definition_entry_t *from,
    pm_definition_entry_t *to);


/* pm_definition_path.c */

int pm_definition_paths(pm_arena_t *arena, pm_definition_t *definition,
    pm_error_t *err);

/* By host, then by path. */
int pm_definition_path_compare(const pm_definition_path_t *a,
    const pm_definition_path_t *b);


/* pm_definition_item.c */

#define PM_DEFINITION_PLAN  "plan"
#define PM_DEFINITION_PAGE  "page"

/* api_key is part of what is made where an item has no id.  list may be NULL
 * or null. */
int pm_definition_items(pm_arena_t *arena, const char *file,
    const pm_node_t *list, const char *what, const char *api_key,
    pm_definition_items_t *items, pm_error_t *err);

/* NULL: none. */
pm_definition_item_t *pm_definition_item_by_key(
    const pm_definition_items_t *items, const char *key);
pm_definition_item_t *pm_definition_item_by_id(
    const pm_definition_items_t *items, const char *id);

/*
 * The crossId that is made of an id: the same one each time.  A UUID of
 * version 8 (RFC 9562, 5.8) from SHA-256.  NULL: out of memory.
 */
const char *pm_definition_cross_key(pm_arena_t *arena, const char *what,
    const char *id);


/* pm_definition_slug.c */

/* 1 if a file of this name is a definition; *len is that of its slug. */
int pm_definition_named(const char *name, size_t *len);

/* The last component of a file's path without its extension; of "x/api.json"
 * it is "x". */
const char *pm_definition_file_slug(pm_arena_t *arena, const char *file);

/* The name of a new file for an API of this name: no other has its slug. */
int pm_definition_file_new(pm_arena_t *arena,
    const pm_definition_index_t *index, const char *name, const char **file,
    pm_error_t *err);


/* pm_definition_index.c */

/* An entry's path, in the order of pm_definition_path_compare(). */

typedef struct {
    const pm_definition_path_t   *path;
    const pm_definition_entry_t  *entry;
} pm_definition_taken_t;

typedef struct {
    pm_definition_index_t   public;    /* the first: what callers see */
    pm_arena_t             *arena;
    const char            **broken;    /* what each file itself has */
    pm_definition_taken_t  *taken;
    size_t                  ntaken;
    size_t                  size;      /* bytes, about */
    unsigned                references;
    uint64_t                used;      /* the cache's count at its last use */
} pm_definition_kept_t;


/* One index on its way; kept: indexes whose entries may be taken over. */

typedef struct {
    pm_git_mirror_t               *mirror;
    pm_arena_t                    *arena;     /* the index's */
    pm_arena_t                    *work;
    pm_definition_kept_t *const   *kept;
    size_t                         nkept;
    pm_buffer_t                    entries;   /* of pm_definition_entry_t */
    size_t                         parsed;    /* bytes */
    pm_error_t                    *err;
} pm_definition_reading_t;

/* pm_definition_files.c: an entry for each definition of the tree; one that
 * cannot be read has a fault. */
int pm_definition_files(pm_definition_reading_t *reading, const pm_oid_t *tree);

int pm_definition_index_build(pm_git_mirror_t *mirror, const pm_oid_t *tree,
    pm_definition_kept_t *const *kept, size_t nkept,
    pm_definition_kept_t **index, pm_error_t *err);


/* pm_definition_match.c */

/* A search in the order of files. */
const pm_definition_entry_t *pm_definition_index_file(
    const pm_definition_index_t *index, const char *file);

/* Those of index, but for entry's own. */
int pm_definition_conflicts(pm_arena_t *arena,
    const pm_definition_index_t *index, const pm_definition_entry_t *entry,
    pm_definition_plan_t *plan, pm_error_t *err);


/*
 * pm_definition_tree.c: a document whose collections are new and whose values
 * are those of a document that was read, or strings that were not in it.
 * Only what pm_edit() asks of a source is true of it: nodes lie in its text.
 */

typedef struct {
    pm_arena_t     *arena;
    pm_document_t  *source;
    pm_buffer_t     tail;              /* new strings, after the source */
} pm_definition_tree_t;

void pm_definition_tree_begin(pm_definition_tree_t *tree, pm_arena_t *arena,
    pm_document_t *source);

/* An empty collection in the place of another one (NULL: of none), with room
 * for n.  NULL: out of memory, as below. */
pm_node_t *pm_definition_tree_mapping(pm_definition_tree_t *tree,
    const pm_node_t *like, size_t n);
pm_node_t *pm_definition_tree_sequence(pm_definition_tree_t *tree,
    const pm_node_t *like, size_t n);

void pm_definition_tree_member(pm_node_t *mapping, const pm_node_t *key,
    const pm_node_t *value);
void pm_definition_tree_item(pm_node_t *sequence, const pm_node_t *item);

pm_node_t *pm_definition_tree_string(pm_definition_tree_t *tree,
    const char *text);
pm_node_t *pm_definition_tree_key(pm_definition_tree_t *tree,
    const char *text);

/* Has the nodes of a JSON document, from now on, in the text of the tree. */
void pm_definition_tree_adopt(pm_definition_tree_t *tree,
    pm_document_t *document);

/* With a key that is not there yet; 0 or PM_UNAVAILABLE. */
int pm_definition_tree_set(pm_definition_tree_t *tree, pm_node_t *mapping,
    const char *key, const char *text, pm_error_t *err);

/* Once a mapping that may be large has its members. */
int pm_definition_tree_sort(pm_definition_tree_t *tree, pm_node_t *mapping,
    pm_error_t *err);

/* Frees the tail in any case. */
int pm_definition_tree_end(pm_definition_tree_t *tree, const pm_node_t *root,
    pm_document_t **document, pm_error_t *err);


/* One merge on its way. */

typedef struct {
    pm_arena_t            *arena;
    pm_definition_t       *source;
    pm_definition_t       *target;     /* NULL: it is created */
    pm_document_t         *patch;      /* the overlay; NULL: none */
    pm_definition_tree_t   tree;
    pm_buffer_t            notes;      /* of pm_definition_note_t */
    pm_error_t            *err;
} pm_definition_job_t;


/* pm_definition_strip.c */

typedef enum {
    PM_DEFINITION_OF_API,
    PM_DEFINITION_OF_PLAN,
    PM_DEFINITION_OF_PAGE,
    PM_DEFINITION_OF_FLOW,
    PM_DEFINITION_OF_METADATA,
    PM_DEFINITION_OF_PROPERTY
} pm_definition_level_t;

/* Whether a field of the source moves at all; a fault if it cannot. */
int pm_definition_moves(pm_definition_job_t *job,
    pm_definition_level_t level, const pm_member_t *member, int *moves);


/* pm_definition_list.c */

/*
 * What moves of a list.  Items are at the target's places, new ones after
 * them; selected says which are the source's, or is NULL: all of the list is
 * to be taken as one value.
 */

typedef struct {
    const pm_node_t  *list;            /* NULL: nothing */
    unsigned char    *selected;
} pm_definition_moved_t;

/* target: the list of the target, or NULL. */
int pm_definition_move_plans(pm_definition_job_t *job, const pm_node_t *list,
    const pm_node_t *target, pm_definition_moved_t *moved);
int pm_definition_move_pages(pm_definition_job_t *job, const pm_node_t *list,
    const pm_node_t *target, pm_definition_moved_t *moved);

/* Matched by "key", where all items have one of their own; else as they are. */
int pm_definition_move_keyed(pm_definition_job_t *job,
    pm_definition_level_t level, const pm_node_t *list,
    const pm_node_t *target, pm_definition_moved_t *moved);

/* what: "plan"; path NULL: out of memory. */
int pm_definition_note(pm_definition_job_t *job,
    pm_definition_note_kind_t kind, const char *what, const char *path,
    const char *name);


/* pm_definition_field.c: one plan or page; target NULL: it is new.  pointer:
 * its place in the target. */
int pm_definition_move_plan(pm_definition_job_t *job,
    const pm_definition_item_t *item, const pm_definition_item_t *target,
    const char *pointer, const pm_node_t **moved);
int pm_definition_move_page(pm_definition_job_t *job,
    const pm_definition_item_t *item, const pm_definition_item_t *target,
    const char *pointer, const pm_node_t **moved);


/* pm_definition_flow.c: flows in the source's order, without their ids but
 * for those of the target's flows of the same names. */
int pm_definition_move_flows(pm_definition_job_t *job, const pm_node_t *list,
    const pm_node_t *target, const pm_node_t **moved);


/* pm_definition_build.c */

/* The document, and JSONPaths for what of it moves (none: it is created, and
 * the document is all of it). */
int pm_definition_build(pm_definition_job_t *job, pm_document_t **document,
    pm_jsonpath_t ***paths, size_t *npaths);


/* pm_definition_selector.c */

/* A field of the result. */

typedef struct {
    const pm_node_t  *key;
    const char       *name;
    const pm_node_t  *value;       /* NULL: it is not there */
    unsigned char    *selected;    /* of a list; NULL: all of it moves */
    unsigned          outer:1;     /* beside "api", where it is wrapped */
} pm_definition_field_t;

/* What selects them in a result that is wrapped, or not. */
int pm_definition_selectors(pm_definition_job_t *job,
    const pm_definition_field_t *parts, size_t n, int wrapped,
    pm_jsonpath_t ***paths, size_t *npaths);


/* pm_definition_create.c */

/* The document as the text of a file, indented as the source is.  PM_INVALID:
 * it cannot be written as JSON. */
int pm_definition_create(pm_definition_job_t *job,
    const pm_document_t *document, pm_string_t *text);


/* pm_definition_merge.c */

typedef struct {
    const pm_definition_merge_t  *merge;
    pm_definition_plan_t         *plan;
    pm_definition_t               source;
    pm_definition_t               target;
    pm_definition_job_t           job;
} pm_definition_merging_t;


/* pm_definition_result.c */

/* What is wrong with the target or its overlay: the plan's refusal, and the
 * code that callers see. */
int pm_definition_target_fault(int rc, pm_definition_plan_t *plan,
    pm_error_t *err);

/* Reads the plan's text as its next reader will: what the API is then.  Fails
 * where it would be another kind of definition, or lose a plan. */
int pm_definition_merge_result(pm_definition_merging_t *merging,
    pm_error_t *err);

/* The plan in another arena than that of the work, which is many times as
 * large.  0 or PM_UNAVAILABLE. */
int pm_definition_merge_keep(pm_arena_t *arena, pm_definition_plan_t *plan);


/* pm_definition_patch.c */

/* PM_INVALID: cannot be read; PM_UNPROCESSABLE: is no merge patch. */
int pm_definition_patch_read(pm_arena_t *arena, const char *file,
    const pm_string_t *text, pm_document_t **patch, pm_error_t *err);

/* What a value (NULL: none) becomes; NULL: it is taken away. */
int pm_definition_patch(pm_definition_tree_t *tree, const pm_node_t *base,
    const pm_node_t *patch, const pm_node_t **result, pm_error_t *err);

/* Whether the patch would change nothing. */
int pm_definition_patched(const pm_node_t *node, const pm_node_t *patch,
    size_t *steps);

/* pm_definition_overlay.c: text becomes that with the patch applied. */
int pm_definition_overlay(pm_arena_t *arena, const char *file,
    pm_string_t *text, pm_document_t *patch, pm_error_t *err);

/* pm_definition_remove.c: the text without the members that the patch has as
 * null. */
int pm_definition_remove(pm_arena_t *arena, const char *file,
    const pm_node_t *patch, pm_string_t *text, pm_error_t *err);


/* pm_definition_json.c */

/* A value as JSON, to be written; unit: what each level is indented by.  NULL:
 * to be shown, on one line.
 * PM_UNPROCESSABLE: more than limit bytes (aliases), a merge key. */
int pm_definition_json_write(pm_buffer_t *buffer, const pm_node_t *node,
    const char *unit, size_t limit, pm_error_t *err);

void pm_definition_json_string(pm_buffer_t *buffer, const char *text,
    size_t len);


/* Equal values: kinds, texts, members in any order. */
int pm_definition_equal(const pm_node_t *a, const pm_node_t *b,
    size_t *steps);


#endif /* PM_DEFINITION_INTERNAL_H */
