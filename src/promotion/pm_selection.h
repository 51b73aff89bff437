/*
 * pm_selection.h: what one part of a promotion changes (selection.md, 1).
 * Inside the promotion room only.
 *
 *     files (pm_selection.c) ───────────────────┬─► whole or some values
 *     value files (pm_selection_value_file.c) ──┘   (pm_selection_file.c)
 */

#ifndef PM_SELECTION_H
#define PM_SELECTION_H


#include "base/pm_buffer.h"
#include "document/pm_edit.h"
#include "git/pm_git_objects.h"
#include "promotion/pm_part.h"
#include "promotion/pm_source.h"


/* Texts of files, source and destination, that one promotion may edit values
 * in: it bounds time, about 0.1 s a MiB. */
#define PM_SELECTION_TEXT        (64 * 1024 * 1024)

/* Texts of values that are kept to be shown. */
#define PM_SELECTION_PROPERTIES  (8 * 1024 * 1024)


/* A file that changes. */

typedef struct {
    pm_git_change_t      change;         /* from the tree's root */
    pm_edit_property_t  *properties;     /* values that were edited; only where
                                            the plan is to explain itself */
    size_t               nproperties;
    unsigned             cut:1;          /* there are more */
} pm_selection_file_t;


/* What the template selects and the source lacks. */

typedef struct {
    const char  *file;           /* as the template has it */
    const char  *path;           /* JSONPath; NULL: there is no such file */
} pm_selection_skipped_t;


/* One plan; set what stands before the buffers, and err. */

typedef struct {
    const pm_template_t  *template;      /* NULL: every file */
    pm_git_objects_t     *objects;       /* receive new blobs */
    pm_git_mirror_t      *mirror;        /* the destination's */
    const pm_oid_t       *tree;          /* on which it is planned */
    pm_arena_t           *arena;
    unsigned              explain:1;     /* keep the values, and list what is
                                            skipped also in files that do not
                                            differ */
    pm_buffer_t           files;         /* of pm_selection_file_t, unsorted,
                                            perhaps with paths twice */
    pm_buffer_t           skipped;       /* of pm_selection_skipped_t */
    pm_error_t           *err;

    size_t                text;          /* read so far */
    size_t                explained;     /* read only to explain */
    size_t                properties;    /* kept so far */
    pm_arena_t           *work;          /* of the file at hand: documents */

    /* of the part at hand */
    const pm_part_t      *part;
    const pm_source_t    *source;
} pm_selection_t;


/* One file on its way from here to there. */

typedef struct {
    const pm_template_file_t  *entry;    /* NULL: all files, whole */
    const pm_part_file_t      *file;     /* NULL: not a value file of another
                                            source */
    const char                *from;     /* relative to the parts' paths; or
                                            "$ref/…" */
    const char                *to;
    pm_git_change_t            change;   /* what taking it whole would be */
} pm_selection_change_t;


/*
 * Adds what part selects from source.  0; PM_NOT_FOUND: the source has no such
 * folder; PM_UNPROCESSABLE: what a file should become cannot be made;
 * PM_UNAVAILABLE: an object could not be read, memory.
 */
int pm_selection_part(pm_selection_t *selection, const pm_part_t *part,
    const pm_source_t *source);

/* pm_selection_file.c: adds the file, if anything of it changes. */
int pm_selection_file(pm_selection_t *selection,
    const pm_selection_change_t *change);

/* 1 if an exclusion is about the file, or values in it. */
int pm_selection_excludes(const pm_selection_t *selection,
    const pm_template_file_t *exclude, const pm_selection_change_t *change);

/* The file at a path: mode 0 if there is none.  PM_UNPROCESSABLE: a folder. */
int pm_selection_look_up(pm_selection_t *selection, pm_git_mirror_t *mirror,
    const pm_oid_t *tree, const char *path, unsigned *mode, pm_oid_t *id);

/* The file that was named, with both sides looked up: taken, or skipped as
 * "name" where the source has none. */
int pm_selection_take(pm_selection_t *selection,
    pm_selection_change_t *change, const char *name);

/* pm_selection_value_file.c: the part at hand has files, no folder. */
int pm_selection_value_files(pm_selection_t *selection);

/* Names in the template that no value file of the promotion has; after the
 * last part. */
int pm_selection_unknown(pm_selection_t *selection,
    const pm_promotion_t *promotion);


/* pm_selection_document.c */

/* 1 if it is a file of bytes whose name says YAML or JSON. */
int pm_selection_is_document(const char *name, unsigned mode);

/* PM_UNPROCESSABLE: it is no file of bytes, and so has no values.  side: in
 * words. */
int pm_selection_regular(pm_selection_t *selection, const char *name,
    unsigned mode, const char *side);

/* The document of a blob; it is selection->work's. */
int pm_selection_parse(pm_selection_t *selection, pm_edit_side_t side,
    const char *name, const pm_oid_t *id, pm_document_t **document);

/* 1 in *found if any of the paths selects anything. */
int pm_selection_selects(pm_selection_t *selection,
    const pm_document_t *document, const pm_jsonpath_t *const *paths,
    size_t npaths, int *found);

/* Writes what paths select into the destination's text, and adds the file if
 * that changes it. */
int pm_selection_merge(pm_selection_t *selection,
    const pm_selection_change_t *change, const pm_document_t *source,
    const pm_document_t *destination, const pm_jsonpath_t *const *paths,
    size_t npaths, const pm_jsonpath_t *const *excludes, size_t nexcludes);


/* pm_selection.c: both add to the buffers. */
int pm_selection_add(pm_selection_t *selection,
    const pm_selection_file_t *file);
int pm_selection_skip(pm_selection_t *selection, const char *file,
    const char *path);

void pm_selection_free(pm_selection_t *selection);


#endif /* PM_SELECTION_H */
