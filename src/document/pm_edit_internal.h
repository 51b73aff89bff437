/*
 * pm_edit_internal.h: what the files of the edit share.  Private to this
 * room.
 *
 * pm_edit_pick    what the selectors select, as ways down from a root
 * pm_edit_match   which document of the source is which of the destination
 * pm_edit_plan    source and destination side by side: what has to change
 * pm_edit_insert, pm_edit_flow, pm_edit_replace
 *                 a change as splices of the destination's text
 * pm_edit_render, pm_edit_scalar, pm_edit_block
 *                 a value of the source as text
 * pm_edit_value   values free of aliases; as JSON
 * pm_edit_style, pm_edit_line
 *                 the destination's habits and lines
 * pm_edit_write   the splices applied
 * pm_edit_verify  the result against the intention
 */

#ifndef PM_EDIT_INTERNAL_H
#define PM_EDIT_INTERNAL_H


#include "base/pm_buffer.h"
#include "document/pm_edit.h"


/* The way down to a selected node: indexes of members and items. */

typedef struct {
    uint32_t            *steps;
    uint32_t             length;
} pm_pick_t;


/*
 * Picks in order, none below another.  Those at and below one node are a
 * slice of them: [from, to).
 */

typedef struct {
    const pm_pick_t     *from;
    const pm_pick_t     *to;
} pm_picks_t;


/* The picks at and below a pair of nodes, "depth" steps below their roots. */

typedef struct {
    pm_picks_t           selected;     /* in the source */
    pm_picks_t           excluded;     /* in the source */
    pm_picks_t           spared;       /* excluded in the destination */
    size_t               depth;
} pm_frame_t;


/* A value of the source: aliases expanded, exclusions left out. */

typedef struct pm_edit_value_s  pm_edit_value_t;

struct pm_edit_value_s {
    const pm_node_t     *node;         /* no alias */
    size_t               length;
    pm_edit_value_t    **values;
    const pm_node_t    **keys;         /* of mappings; no aliases */
    unsigned             verbatim:1;   /* its bytes can be copied: on one
                                          line, in brackets, all of it */
};


typedef struct {
    const char          *newline;
    int                  step;         /* of nested mappings, in spaces */
    int                  dash;         /* of dashes below a key; -1: unknown */
    const char          *unit;         /* JSON: one level of indentation */
    unsigned             compact:1;    /* JSON: no space after ":" and "," */
} pm_edit_style_t;


/*
 * Bytes [start, end) of the destination and what replaces them.  Of splices
 * at one place, insertions come before replacements, deeper ones first.
 */

typedef struct {
    size_t               start;
    size_t               end;
    const char          *text;
    size_t               len;
    size_t               depth;
    size_t               order;
    unsigned             lines:1;      /* text is whole lines */
    unsigned             tight:1;      /* its last newline is a value's */
} pm_splice_t;


/* Where we are, for messages and JSON pointers. */

typedef struct pm_crumb_s  pm_crumb_t;

struct pm_crumb_s {
    const pm_crumb_t    *parent;       /* NULL: the root */
    const pm_string_t   *key;          /* NULL: an item */
    size_t               index;
};


typedef struct {
    pm_arena_t          *arena;
    const pm_document_t *source;
    const pm_document_t *destination;
    pm_error_t          *err;

    size_t               document;     /* of the destination, now */
    pm_edit_style_t      style;
    size_t               steps;
    size_t               depth;        /* of the recursion */
    size_t               nesting;      /* of the value being built */
    size_t               bytes;        /* of expanded values */

    pm_buffer_t          splices;      /* of pm_splice_t */
    pm_buffer_t          properties;   /* of pm_edit_property_t */

    /* of the destination, in the order of the text; their targets, too */

    const pm_node_t    **aliases;
    const pm_node_t    **targets;
    size_t               naliases;

    const pm_node_t     *alias;        /* the outermost one being followed */
    const pm_node_t     *untagged;     /* its tag is already there */
    const pm_node_t     *at;           /* what is being changed: for faults */
    size_t               first;        /* where the first of the members or
                                          items rendered last ends, but for
                                          lines below its value's token */

    /* an edit that is right only if the result turns out as intended */

    pm_error_t           doubt;

    unsigned             merged:1;     /* it is not an alias, but a merge
                                          key's value */
    unsigned             tight:1;      /* the text rendered last ends with a
                                          block scalar */
    unsigned             blank:1;      /* a blank line follows it */
} pm_edit_t;


/* pm_edit_pick.c */

/* Selects below root; found[i], if given, is set where paths[i] selected. */
int pm_picks_collect(pm_arena_t *arena, const pm_jsonpath_t *const *paths,
    size_t npaths, const pm_node_t *root, unsigned char *found,
    pm_picks_t *picks, pm_error_t *err);

int pm_picks_none(const pm_picks_t *picks);

/* The node itself is picked, or what it is in. */
int pm_picks_whole(const pm_picks_t *picks, size_t depth);

/* Those at and below the child of that index. */
pm_picks_t pm_picks_child(const pm_picks_t *picks, size_t depth,
    size_t index);

/* index and other are those in the source and in the destination. */
#define PM_FRAME_NOWHERE  UINT32_MAX

pm_frame_t pm_frame_child(const pm_frame_t *frame, size_t index,
    size_t other);

/* Whether anything of a node of the source is to be moved. */
int pm_frame_moves(const pm_frame_t *frame, const pm_node_t *node);


/* pm_edit_match.c: match[i] is the root of the destination for the source's
 * root i, or SIZE_MAX. */
int pm_edit_match(pm_arena_t *arena, const pm_document_t *source,
    const pm_document_t *destination, size_t *match, pm_error_t *err);


/* pm_edit_plan.c */

int pm_edit_plan(pm_edit_t *e, const pm_frame_t *frame,
    const pm_crumb_t *crumb, const pm_node_t *source,
    const pm_node_t *destination);

/* What merge keys (<<) give a mapping for a key that it has not itself, and
 * the value of the merge key; or NULL. */
const pm_node_t *pm_edit_merged(const pm_node_t *mapping,
    const pm_string_t *key, const pm_node_t **merge);


/* pm_edit_sequence.c: a whole sequence becomes the source's. */

int pm_edit_sequence(pm_edit_t *e, const pm_frame_t *frame,
    const pm_crumb_t *crumb, const pm_node_t *source,
    const pm_node_t *destination);


/* pm_edit_change.c: one change: checked, recorded, spliced */

int pm_edit_change(pm_edit_t *e, const pm_crumb_t *crumb,
    const pm_node_t *destination, const pm_edit_value_t *value);

/* New members, or with keys NULL items, after that one. */
int pm_edit_add(pm_edit_t *e, const pm_node_t *destination, size_t after,
    const pm_node_t *const *keys, pm_edit_value_t *const *values, size_t n);

/* PM_UNPROCESSABLE at a node of the destination (NULL: e->at). */
int pm_edit_fault(pm_edit_t *e, const pm_node_t *node, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Counts a step and a level: 0, or a fault.  Leaving is e->depth--. */
int pm_edit_enter(pm_edit_t *e);

/* A JSON pointer of the arena; NULL when out of memory. */
const char *pm_edit_pointer(pm_edit_t *e, const pm_crumb_t *crumb);

/* Instead of a change: it is not made, and right only if what the alias
 * stands for is edited to the same effect. */
void pm_edit_through_alias(pm_edit_t *e);

int pm_edit_record(pm_edit_t *e, const pm_crumb_t *crumb,
    const pm_node_t *from, const pm_edit_value_t *to);

/* That nothing shared is in a range.  What shares "around", and what that is
 * in, is a doubt. */
int pm_edit_shared(pm_edit_t *e, const pm_node_t *around, size_t start,
    size_t end);

int pm_edit_splice(pm_edit_t *e, const pm_splice_t *splice);


/* pm_edit_replace.c */

int pm_edit_replace(pm_edit_t *e, const pm_node_t *destination,
    const pm_edit_value_t *value);


/* pm_edit_insert.c, pm_edit_flow.c */

int pm_edit_insert(pm_edit_t *e, const pm_node_t *collection, size_t after,
    const pm_node_t *const *keys, pm_edit_value_t *const *values, size_t n);

/* Replaces [from, to) of a sequence's items, some but not all of them.  0, a
 * code, or: it has to be replaced as a whole. */
#define PM_EDIT_WHOLE  (-1)

int pm_edit_items(pm_edit_t *e, const pm_node_t *sequence, size_t from,
    size_t to, pm_edit_value_t *const *values, size_t n);

int pm_edit_flow_insert(pm_edit_t *e, const pm_node_t *collection,
    size_t after, const pm_node_t *const *keys,
    pm_edit_value_t *const *values, size_t n);

int pm_edit_flow_items(pm_edit_t *e, const pm_node_t *sequence, size_t from,
    size_t to, pm_edit_value_t *const *values, size_t n);

/* Whether the member or item with this value starts its line, and the blanks
 * before it. */
int pm_edit_flow_own_line(pm_edit_t *e, const pm_node_t *node,
    pm_string_t *prefix);

/* The member with this value; NULL: it is none. */
const pm_member_t *pm_edit_member_of(const pm_node_t *node);


/* pm_edit_render.c: 0 or a code */

typedef struct {
    unsigned             flow:1;       /* between brackets */
    unsigned             key:1;
    int                  indent;       /* the parent's column from 0; -1: it
                                          is the root */
} pm_edit_context_t;

/* A value in block context: what stands on the line of its ":" or "-", and
 * the whole lines below it.  below: a "-" is above, not a key. */
int pm_edit_render(pm_edit_t *e, const pm_edit_value_t *value, int indent,
    int item, pm_buffer_t *head, pm_buffer_t *body);

/* Whole lines: members, or with keys NULL items, at a column. */
int pm_edit_render_lines(pm_edit_t *e, const pm_node_t *const *keys,
    pm_edit_value_t *const *values, size_t n, int indent, int gap,
    pm_buffer_t *lines);

/* A value between brackets; over several lines, each after prefix, if that
 * is not NULL. */
int pm_edit_render_flow(pm_edit_t *e, const pm_edit_value_t *value,
    const pm_string_t *prefix, pm_buffer_t *text);

int pm_edit_render_key(pm_edit_t *e, const pm_node_t *key, int flow,
    pm_buffer_t *text);


/* pm_edit_scalar.c, pm_edit_block.c */

int pm_edit_scalar(pm_edit_t *e, const pm_node_t *node,
    const pm_edit_context_t *context, pm_buffer_t *head, pm_buffer_t *body);

void pm_edit_double(pm_buffer_t *text, const pm_string_t *string);

/* As | or >; 0 if it cannot be: nothing was written then. */
int pm_edit_block(pm_edit_t *e, const pm_node_t *node, int indent,
    pm_buffer_t *head, pm_buffer_t *body);

int pm_edit_scalar_equal(const pm_edit_t *e, const pm_node_t *a,
    const pm_node_t *b);

/* A plain text that YAML 1.1 does not take for a string. */
int pm_edit_ambiguous(const pm_string_t *text);

/* The tag, unless it only says what its value is anyway; or empty. */
pm_string_t pm_edit_tag(const pm_node_t *node);

int pm_edit_json_number(const pm_string_t *text);


/* pm_edit_value.c */

/* What is to be moved of a node of the source, or NULL if that is nothing.
 * With no frame, all of a node of either side: not to be rendered. */
int pm_edit_value(pm_edit_t *e, const pm_frame_t *frame,
    const pm_node_t *node, pm_edit_value_t **value);

/* A fault if the key is a merge key of the source. */
int pm_edit_merge_key(pm_edit_t *e, const pm_node_t *key);

/* JSON text, of the arena. */
int pm_edit_json(pm_edit_t *e, const pm_edit_value_t *value,
    const char **json);


/* pm_edit_style.c */

void pm_edit_style(const pm_document_t *document,
    const pm_document_t *fallback, pm_arena_t *arena,
    pm_edit_style_t *style);

/* The column from 0 of a block collection's keys or dashes; -1: unknown. */
int pm_edit_column(const pm_document_t *document, const pm_node_t *node);


/* pm_edit_line.c: lines as the parser sees them */

/* The offset itself at a line's start, else the next line's. */
size_t pm_line_after(const pm_document_t *document, size_t offset);
size_t pm_line_start(const pm_document_t *document, size_t offset);
size_t pm_line_next(const pm_document_t *document, size_t offset);

/* The next line break, or the limit. */
size_t pm_line_end(const pm_document_t *document, size_t offset,
    size_t limit);

int pm_line_starts(const pm_document_t *document, size_t offset);
size_t pm_line_skip_blanks(const pm_document_t *document, size_t offset);
size_t pm_line_back_blanks(const pm_document_t *document, size_t offset);
int pm_line_blank(const pm_document_t *document, size_t offset);


/* pm_edit_write.c: fills the result's text and ranges. */

int pm_edit_write(pm_edit_t *e, pm_edit_result_t *result);


/* pm_edit_verify.c */

typedef struct {
    size_t               source;       /* the root's number */
    size_t               destination;
    pm_frame_t           frame;
} pm_edit_pair_t;

/* 0, or PM_UNPROCESSABLE: the place of the first difference. */
int pm_edit_verify(pm_arena_t *arena, const pm_document_t *source,
    const pm_document_t *destination, const pm_edit_pair_t *pairs,
    size_t npairs, const pm_edit_result_t *result, pm_error_t *err);


#endif /* PM_EDIT_INTERNAL_H */
