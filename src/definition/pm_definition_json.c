#include "definition/pm_definition_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>


typedef struct {
    pm_buffer_t  *buffer;
    const char   *unit;
    size_t        limit;
    unsigned      depth;
    pm_error_t   *err;
} pm_definition_writer_t;


static int pm_definition_json_node(pm_definition_writer_t *w,
    const pm_node_t *node);


void
pm_definition_json_string(pm_buffer_t *buffer, const char *text, size_t len)
{
    size_t         i, from;
    unsigned char  c;

    pm_buffer_putc(buffer, '"');

    for (i = 0, from = 0; i < len; i++) {
        c = (unsigned char) text[i];

        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
            continue;
        }

        pm_buffer_append(buffer, text + from, i - from);
        from = i + 1;

        switch (c) {

        case '"':
        case '\\':
            pm_buffer_putc(buffer, '\\');
            pm_buffer_putc(buffer, (char) c);
            break;

        case '\n':
            pm_buffer_puts(buffer, "\\n");
            break;

        case '\t':
            pm_buffer_puts(buffer, "\\t");
            break;

        case '\r':
            pm_buffer_puts(buffer, "\\r");
            break;

        default:
            pm_buffer_printf(buffer, "\\u%04x", c);
        }
    }

    pm_buffer_append(buffer, text + from, len - from);
    pm_buffer_putc(buffer, '"');
}


/* RFC 8259, section 6. */

static int
pm_definition_json_is_number(const char *p)
{
    p += (*p == '-');

    if (*p == '0') {
        p++;

    } else {

        if (*p < '1' || *p > '9') {
            return 0;
        }

        p += strspn(p, "0123456789");
    }

    if (*p == '.') {
        p++;

        if (strspn(p, "0123456789") == 0) {
            return 0;
        }

        p += strspn(p, "0123456789");
    }

    if (*p == 'e' || *p == 'E') {
        p++;
        p += (*p == '-' || *p == '+');

        if (strspn(p, "0123456789") == 0) {
            return 0;
        }

        p += strspn(p, "0123456789");
    }

    return *p == '\0';
}


/* YAML has more numbers than JSON: 0x1f, .5, .inf.  To show one, what it
 * means will do; what is written must not be another text. */

static int
pm_definition_json_number(pm_definition_writer_t *w, const pm_node_t *node)
{
    if (pm_definition_json_is_number(node->text.data)) {
        pm_buffer_append(w->buffer, node->text.data, node->text.len);

    } else if (w->unit != NULL) {
        return pm_error_set(w->err, PM_UNPROCESSABLE, "JSON has no number "
                            "like %.64s, in line %u", node->text.data,
                            node->line);

    } else if (isfinite(node->number)) {
        pm_buffer_printf(w->buffer, "%.17g", node->number);

    } else {
        pm_definition_json_string(w->buffer, node->text.data,
                                  node->text.len);
    }

    return 0;
}


static void
pm_definition_json_break(pm_definition_writer_t *w)
{
    unsigned  i;

    if (w->unit == NULL) {
        return;
    }

    pm_buffer_putc(w->buffer, '\n');

    for (i = 0; i < w->depth; i++) {
        pm_buffer_puts(w->buffer, w->unit);
    }
}


static int
pm_definition_json_member(pm_definition_writer_t *w,
    const pm_member_t *member)
{
    const pm_node_t  *key;

    key = pm_node_resolve(member->key);

    if (key->style == PM_STYLE_PLAIN && strcmp(key->text.data, "<<") == 0) {
        return pm_error_set(w->err, PM_UNPROCESSABLE, "the merge key (<<) in "
                            "line %u cannot be written as JSON: write out "
                            "what it stands for", key->line);
    }

    pm_definition_json_string(w->buffer, key->text.data, key->text.len);
    pm_buffer_puts(w->buffer, w->unit ? ": " : ":");

    return pm_definition_json_node(w, member->value);
}


static int
pm_definition_json_collection(pm_definition_writer_t *w,
    const pm_node_t *node)
{
    int     rc, mapping;
    size_t  i;

    mapping = (node->kind == PM_NODE_MAPPING);

    if (w->depth == PM_EDIT_DEPTH) {
        return pm_error_set(w->err, PM_UNPROCESSABLE, "the aliases in line "
                            "%u are nested too deeply", node->line);
    }

    pm_buffer_putc(w->buffer, mapping ? '{' : '[');

    w->depth++;

    for (i = 0; i < node->length; i++) {

        if (i > 0) {
            pm_buffer_putc(w->buffer, ',');
        }

        pm_definition_json_break(w);

        rc = mapping ? pm_definition_json_member(w, &node->members[i])
                     : pm_definition_json_node(w, node->items[i]);
        if (rc != 0) {
            return rc;
        }
    }

    w->depth--;

    if (node->length > 0) {
        pm_definition_json_break(w);
    }

    pm_buffer_putc(w->buffer, mapping ? '}' : ']');

    return 0;
}


/* A tag that says more than what kind of value it is. */

static int
pm_definition_json_tagged(const pm_string_t *tag)
{
    size_t                    i;
    static const char *const  core[] = {
        "", "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:int",
        "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
        "tag:yaml.org,2002:null", "tag:yaml.org,2002:seq",
        "tag:yaml.org,2002:map"
    };

    for (i = 0; i < sizeof(core) / sizeof(core[0]); i++) {

        if (tag->len == strlen(core[i])
            && memcmp(tag->data, core[i], tag->len) == 0)
        {
            return 0;
        }
    }

    return 1;
}


static int
pm_definition_json_node(pm_definition_writer_t *w, const pm_node_t *node)
{
    node = pm_node_resolve(node);

    if (w->buffer->len > w->limit) {
        return pm_error_set(w->err, PM_UNPROCESSABLE, "written out as JSON "
                            "it is larger than %zu bytes", w->limit);
    }

    if (w->unit != NULL && pm_definition_json_tagged(&node->tag)) {
        return pm_error_set(w->err, PM_UNPROCESSABLE, "JSON has no tags like "
                            "%.64s, in line %u", node->tag.data, node->line);
    }

    switch (node->kind) {

    case PM_NODE_MAPPING:
    case PM_NODE_SEQUENCE:
        return pm_definition_json_collection(w, node);

    case PM_NODE_STRING:
        pm_definition_json_string(w->buffer, node->text.data,
                                  node->text.len);
        break;

    case PM_NODE_NUMBER:
        return pm_definition_json_number(w, node);

    case PM_NODE_BOOLEAN:
        pm_buffer_puts(w->buffer, node->boolean ? "true" : "false");
        break;

    default:
        pm_buffer_puts(w->buffer, "null");
    }

    return 0;
}


int
pm_definition_json_write(pm_buffer_t *buffer, const pm_node_t *node,
    const char *unit, size_t limit, pm_error_t *err)
{
    int                     rc;
    pm_definition_writer_t  w;

    w.buffer = buffer;
    w.unit = unit;
    w.limit = limit;
    w.depth = 0;
    w.err = err;

    rc = pm_definition_json_node(&w, node);

    if (rc == 0 && buffer->failed) {
        rc = pm_error_memory(err);
    }

    if (rc == 0 && buffer->len > limit) {
        rc = pm_error_set(err, PM_UNPROCESSABLE, "written out as JSON it is "
                          "larger than %zu bytes", limit);
    }

    return rc;
}


int
pm_definition_json(pm_arena_t *arena, const pm_definition_source_t *source,
    pm_string_t *json, pm_error_t *err)
{
    int             rc;
    char           *copy;
    pm_arena_t     *work;
    pm_buffer_t     buffer;
    pm_document_t  *document;

    json->data = "null";
    json->len = 4;

    memset(&buffer, 0, sizeof(pm_buffer_t));

    work = pm_arena_create();
    if (work == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_document_parse(work, source->file, source->text.data,
                           source->text.len, &document, err);

    if (rc == 0 && (document->nroots != 1 || document->roots[0] == NULL)) {
        rc = pm_error_set(err, PM_INVALID, "%s is not one document",
                          source->file);
    }

    if (rc == 0) {
        rc = pm_definition_json_write(&buffer, document->roots[0], NULL,
                                      2 * PM_DEFINITION_SIZE, err);
        rc = (rc == PM_UNPROCESSABLE) ? PM_INVALID : rc;
    }

    if (rc == 0) {
        copy = pm_arena_strndup(arena, buffer.data, buffer.len);

        if (copy == NULL) {
            rc = pm_error_memory(err);

        } else {
            json->data = copy;
            json->len = buffer.len;
        }
    }

    pm_buffer_free(&buffer);
    pm_arena_destroy(work);

    return rc;
}


int
pm_definition_equal(const pm_node_t *a, const pm_node_t *b, size_t *steps)
{
    size_t              i;
    pm_member_t        *member;
    const pm_string_t  *key;

    a = pm_node_resolve(a);
    b = pm_node_resolve(b);

    if (++*steps > PM_EDIT_STEPS || a->kind != b->kind
        || a->length != b->length)
    {
        return 0;
    }

    if (a->kind == PM_NODE_BOOLEAN) {
        return a->boolean == b->boolean;
    }

    if (a->kind == PM_NODE_NUMBER || a->kind == PM_NODE_STRING) {
        return a->text.len == b->text.len
               && memcmp(a->text.data, b->text.data, a->text.len) == 0;
    }

    for (i = 0; i < a->length; i++) {

        if (a->kind == PM_NODE_SEQUENCE) {

            if (!pm_definition_equal(a->items[i], b->items[i], steps)) {
                return 0;
            }

            continue;
        }

        key = &pm_node_resolve(a->members[i].key)->text;
        member = pm_node_member(b, key->data, key->len);

        if (member == NULL
            || !pm_definition_equal(a->members[i].value, member->value,
                                    steps))
        {
            return 0;
        }
    }

    return 1;
}
