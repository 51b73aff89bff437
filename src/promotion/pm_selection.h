/*
 * pm_selection.h: what one part of a promotion changes (selection.md, 1).
 * Inside the promotion room only.
 *
 *     files (pm_selection.c) ─► whole or some values (pm_selection_file.c)
 */

#ifndef PM_SELECTION_H
#define PM_SELECTION_H


#include "base/pm_buffer.h"
#include "document/pm_edit.h"
#include "git/pm_git_objects.h"
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
    const char                *from;     /* relative to the parts' paths */
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

/* 1 if it never moves, whole as it is. */
int pm_selection_excluded(const pm_selection_t *selection, const char *from,
    const char *to);

/* Both add to the buffers. */
int pm_selection_add(pm_selection_t *selection,
    const pm_selection_file_t *file);
int pm_selection_skip(pm_selection_t *selection, const char *file,
    const char *path);

void pm_selection_free(pm_selection_t *selection);


#endif /* PM_SELECTION_H */
