/*
 * Edits of documents that nobody thought of.  The first byte says how the
 * rest is read:
 *
 *   'Y', 'J'  source, destination and selectors as they are, with a line
 *             "%%%%" between them, as YAML or JSON.  Whatever is edited must
 *             be right; what cannot be edited may be refused.
 *   others    the bytes are choices: two documents with keys in common are
 *             written in two random styles.  There is nothing strange in
 *             them, so that every edit has to succeed.
 *
 * Right is: the result parses; each selected scalar is in it, at its path; a
 * second edit changes nothing; the bytes between the ranges are the
 * destination's.  How the values of the texts differ is listed for both.
 */

#include "document/pm_difference.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


typedef struct {
    pm_arena_t     *arena;
    const char     *name;          /* also says: YAML or JSON */
    const char     *destination_name;
    pm_string_t     source;
    pm_string_t     destination;
    pm_string_t     selectors;
    pm_jsonpath_t  *paths[16];
    size_t          npaths;
    pm_jsonpath_t  *excludes[16];
    size_t          nexcludes;
    int             plain;         /* every edit has to succeed */
} fuzz_case_t;


static void
fuzz_fail(const fuzz_case_t *c, const char *what, const char *text,
    size_t len)
{
    fprintf(stderr, "%s\n--- source\n%.*s\n--- destination\n%.*s\n"
            "--- selectors\n%.*s\n--- result\n%.*s\n", what,
            (int) c->source.len, c->source.data, (int) c->destination.len,
            c->destination.data, (int) c->selectors.len, c->selectors.data,
            (int) len, text);
    abort();
}


static void
fuzz_selectors(fuzz_case_t *c)
{
    size_t          len;
    pm_error_t      err;
    const char     *p, *end, *line;
    pm_jsonpath_t  *path;

    p = c->selectors.data;
    end = p + c->selectors.len;

    for ( /* void */ ; p < end; p += len + 1) {
        line = memchr(p, '\n', (size_t) (end - p));
        len = line ? (size_t) (line - p) : (size_t) (end - p);

        if (len > 2 && memcmp(p, "! ", 2) == 0) {

            if (c->nexcludes < 16
                && pm_jsonpath_compile(c->arena, p + 2, len - 2, &path, &err)
                   == 0)
            {
                c->excludes[c->nexcludes++] = path;
            }

        } else if (c->npaths < 16
                   && pm_jsonpath_compile(c->arena, p, len, &path, &err)
                      == 0)
        {
            c->paths[c->npaths++] = path;
        }
    }
}


static void
fuzz_bytes(const fuzz_case_t *c, const pm_edit_result_t *result)
{
    size_t                  i, old, new, n;
    const pm_edit_range_t  *range;

    for (i = 0, old = 0, new = 0; i <= result->nranges; i++) {
        range = i < result->nranges ? &result->ranges[i] : NULL;
        n = (range ? range->start : c->destination.len) - old;

        if ((range && range->start < old)
            || n > result->text.len - new
            || memcmp(c->destination.data + old, result->text.data + new, n)
               != 0)
        {
            fuzz_fail(c, "bytes outside of the ranges", result->text.data,
                      result->text.len);
        }

        if (range) {
            old = range->end;
            new += n + range->text.len;
        }
    }
}


/* The node at a path of the source, in the result; NULL: there is none. */

static const pm_node_t *
fuzz_find(const pm_node_t *root, const pm_path_t *path)
{
    pm_member_t      *member;
    const pm_node_t  *parent;

    if (path->parent == NULL) {
        return pm_node_resolve(root);
    }

    parent = fuzz_find(root, path->parent);

    if (parent == NULL) {
        return NULL;
    }

    if (path->key == NULL) {
        return (parent->kind == PM_NODE_SEQUENCE
                && path->index < parent->length)
               ? pm_node_resolve(parent->items[path->index]) : NULL;
    }

    member = pm_node_member(parent, path->key->text.data,
                            path->key->text.len);

    return member ? pm_node_resolve(member->value) : NULL;
}


static void
fuzz_selected(const fuzz_case_t *c, const pm_document_t *source,
    const pm_document_t *parsed)
{
    size_t                i, j;
    pm_error_t            err;
    const pm_node_t      *node, *found;
    pm_jsonpath_nodes_t   nodes;
    pm_jsonpath_limits_t  limits;

    if (source->nroots != 1 || parsed->nroots != 1 || c->nexcludes > 0) {
        return;
    }

    for (i = 0; i < c->npaths; i++) {
        memset(&nodes, 0, sizeof(nodes));
        memset(&limits, 0, sizeof(limits));

        if (pm_jsonpath_select(c->paths[i], source->roots[0], c->arena,
                               limits, &nodes, &err) != 0)
        {
            return;
        }

        for (j = 0; j < nodes.length; j++) {
            node = nodes.items[j].node;
            found = fuzz_find(parsed->roots[0], nodes.items[j].path);

            if (node->length > 0) {
                continue;
            }

            /* merge keys may give the value */

            if (found == NULL
                && memmem(c->destination.data, c->destination.len, "<<", 2))
            {
                continue;
            }

            if (found == NULL || found->kind != node->kind
                || (node->kind == PM_NODE_STRING
                    && strcmp(found->text.data, node->text.data) != 0)
                || (node->kind == PM_NODE_NUMBER
                    && strcmp(found->text.data, node->text.data) != 0))
            {
                if (node->kind == PM_NODE_MAPPING && found != NULL
                    && found->kind == PM_NODE_MAPPING)
                {
                    continue;
                }

                fuzz_fail(c, "a selected value is not there",
                          parsed->text.data, parsed->text.len);
            }
        }
    }
}


/* A text does not differ from itself; of others, all is listed or cut. */

static void
fuzz_difference(const fuzz_case_t *c, const pm_document_t *old,
    const pm_document_t *new)
{
    size_t                     i, size;
    pm_error_t                 err;
    pm_difference_t            difference;
    const pm_edit_property_t  *property;

    if (pm_difference(c->arena, new, new, 1024, &difference, &err) != 0
        || difference.nproperties != 0)
    {
        fuzz_fail(c, "it differs from itself", new->text.data, new->text.len);
    }

    if (pm_difference(c->arena, old, new, 1024, &difference, &err) != 0) {
        fuzz_fail(c, err.message, new->text.data, new->text.len);
    }

    for (i = 0, size = 0; i < difference.nproperties; i++) {
        property = &difference.properties[i];
        size += strlen(property->path)
                + (property->from ? strlen(property->from) : 0)
                + (property->to ? strlen(property->to) : 0);

        if ((property->from == NULL && property->to == NULL) || size > 1024) {
            fuzz_fail(c, "differences that are none, or too many",
                      new->text.data, new->text.len);
        }
    }
}


static void
fuzz_edit(fuzz_case_t *c)
{
    int                rc;
    pm_error_t         err;
    pm_document_t     *source, *destination, *parsed;
    pm_edit_result_t   result, again;

    if (pm_edit_parse(c->arena, PM_EDIT_SOURCE, c->name, c->source.data,
                      c->source.len, &source, &err) != 0
        || pm_edit_parse(c->arena, PM_EDIT_DESTINATION, c->destination_name,
                         c->destination.data, c->destination.len,
                         &destination, &err) != 0)
    {
        if (c->plain) {
            fuzz_fail(c, err.message, "", 0);
        }

        return;
    }

    fuzz_selectors(c);
    fuzz_difference(c, destination, source);

    rc = pm_edit(c->arena, source, destination,
                 (const pm_jsonpath_t *const *) c->paths, c->npaths,
                 (const pm_jsonpath_t *const *) c->excludes, c->nexcludes,
                 &result, &err);

    if (rc != 0) {

        if (rc != PM_UNPROCESSABLE
            || (c->plain
                && (strstr(err.message, "could not be read again")
                    || strstr(err.message, "would not give")
                    || strstr(err.message, "beside the selected")
                    || strstr(err.message, "be replaced here")
                    || strstr(err.message, "be inserted here")
                    || strstr(err.message, "overlap"))))
        {
            fuzz_fail(c, err.message, "", 0);
        }

        return;
    }

    fuzz_bytes(c, &result);

    if (pm_document_parse(c->arena, c->destination_name, result.text.data,
                          result.text.len, &parsed, &err) != 0)
    {
        fuzz_fail(c, err.message, result.text.data, result.text.len);
    }

    fuzz_selected(c, source, parsed);
    fuzz_difference(c, destination, parsed);

    rc = pm_edit(c->arena, source, parsed,
                 (const pm_jsonpath_t *const *) c->paths, c->npaths,
                 (const pm_jsonpath_t *const *) c->excludes, c->nexcludes,
                 &again, &err);

    if (rc != 0 || again.changed) {
        fuzz_fail(c, rc ? err.message : "a second edit changes it",
                  result.text.data, result.text.len);
    }
}


/* Documents by choice. */

typedef struct {
    const uint8_t  *data;
    size_t          size;
    char            text[1 << 16];
    size_t          len;
    int             json;
    int             step;
    int             dash;
    int             comments;
    int             spread;        /* brackets over several lines */
    const char     *newline;
} fuzz_writer_t;


static unsigned
fuzz_choice(fuzz_writer_t *w, unsigned n)
{
    unsigned  c;

    if (w->size == 0) {
        return 0;
    }

    c = *w->data++;
    w->size--;

    return c % n;
}


static void
fuzz_put(fuzz_writer_t *w, const char *text)
{
    size_t  n;

    n = strlen(text);

    if (w->len + n < sizeof(w->text)) {
        memcpy(w->text + w->len, text, n);
        w->len += n;
    }
}


static void
fuzz_indent(fuzz_writer_t *w, int n)
{
    while (n-- > 0) {
        fuzz_put(w, " ");
    }
}


static void
fuzz_end_line(fuzz_writer_t *w, int indent)
{
    static const char *const  comments[] = { "", " # c", "  # a: b", " #" };

    if (w->comments && !w->json) {
        fuzz_put(w, comments[fuzz_choice(w, 4)]);
    }

    fuzz_put(w, w->newline);

    if (w->comments && !w->json && fuzz_choice(w, 6) == 1) {
        fuzz_indent(w, indent);
        fuzz_put(w, "# - k: v");
        fuzz_put(w, w->newline);
    }
}


static const char *const  fuzz_keys[] = {
    "a", "b", "image", "tag", "key.x", "e"
};


static void
fuzz_flow_scalar(fuzz_writer_t *w)
{
    static const char *const  yaml[] = {
        "1", "1.10", "x", "true", "null", "\"q, r\"", "'s: t'", "\"\\u00e9\"",
        "p q", "\"\"", "'yes'", "no", "u:v"
    };
    static const char *const  json[] = {
        "1", "1.10", "\"x\"", "true", "null", "\"q, r\"", "\"\\ud83d\\ude00\"",
        "-2e5", "\"yes\"", "\"\""
    };

    if (w->json) {
        fuzz_put(w, json[fuzz_choice(w, 10)]);

    } else {
        fuzz_put(w, yaml[fuzz_choice(w, 13)]);
    }
}


static void
fuzz_flow(fuzz_writer_t *w, int depth, int level)
{
    int       map, spread;
    unsigned  i, n, first;

    n = depth > 0 ? fuzz_choice(w, 8) : 0;

    if (n < 3 && level > 0) {
        fuzz_flow_scalar(w);
        return;
    }

    map = n % 2;
    n = fuzz_choice(w, 4);
    first = fuzz_choice(w, 3);
    spread = w->spread && n > 0 && fuzz_choice(w, 3) > 0;
    fuzz_put(w, map ? "{" : "[");

    for (i = 0; i < n; i++) {

        if (i > 0) {
            fuzz_put(w, spread ? "," : ", ");
        }

        if (spread) {
            fuzz_end_line(w, 0);
            fuzz_indent(w, w->step * (level + 1));
        }

        if (map) {

            if (w->json) {
                fuzz_put(w, "\"");
            }

            fuzz_put(w, fuzz_keys[(first + i) % 6]);
            fuzz_put(w, w->json ? "\": " : ": ");
        }

        fuzz_flow(w, depth - 1, level + 1);
    }

    if (spread) {
        fuzz_end_line(w, 0);
        fuzz_indent(w, w->step * level + (level == 0 && !w->json));
    }

    fuzz_put(w, map ? "}" : "]");
}


static void
fuzz_scalar(fuzz_writer_t *w, int indent)
{
    static const char *const  texts[] = {
        "1", "1.10", "x", "true", "~", "", "\"q # r\"", "'it''s'", "a, b",
        "[x", "http://h/#f", "\"a\\nb\"", "x y", "- x", "yes", "'12:30'",
        "{x"
    };
    unsigned                  c;

    c = fuzz_choice(w, 20);

    if (c < 17) {

        if (c == 9 || c == 13 || c == 16) {
            fuzz_put(w, " \"");
            fuzz_put(w, texts[c]);
            fuzz_put(w, "\"");

        } else if (*texts[c]) {
            fuzz_put(w, " ");
            fuzz_put(w, texts[c]);
        }

        fuzz_end_line(w, 0);
        return;
    }

    if (c == 17) {
        fuzz_put(w, " two words");
        fuzz_put(w, w->newline);
        fuzz_indent(w, indent + w->step + 1);
        fuzz_put(w, "and a line");
        fuzz_end_line(w, 0);
        return;
    }

    fuzz_put(w, c == 18 ? " |" : " >");
    c = fuzz_choice(w, 3);
    fuzz_put(w, c == 0 ? "" : c == 1 ? "-" : "+");
    fuzz_put(w, w->newline);

    for (c = fuzz_choice(w, 3) + 1; c > 0; c--) {
        fuzz_indent(w, indent + w->step);
        fuzz_put(w, c == 2 ? "t  # u" : "text: x");
        fuzz_put(w, w->newline);

        if (c == 3) {
            fuzz_put(w, w->newline);
        }
    }

    if (fuzz_choice(w, 4) == 1) {
        fuzz_put(w, w->newline);
    }
}


static void fuzz_block(fuzz_writer_t *w, int depth, int indent, int compact);


static void
fuzz_value(fuzz_writer_t *w, int depth, int indent, int item)
{
    unsigned  c;

    c = fuzz_choice(w, 10);

    if (depth == 0 || c < 5) {
        fuzz_scalar(w, indent);

    } else if (c < 7) {
        fuzz_put(w, " ");
        fuzz_flow(w, 2, 0);
        fuzz_end_line(w, 0);

    } else if (item) {
        fuzz_put(w, " ");
        fuzz_block(w, depth - 1, indent + 2, 1);

    } else {
        fuzz_end_line(w, indent + w->step);
        fuzz_block(w, depth - 1, indent + w->step, 0);
    }
}


/* A mapping, or a sequence, whose dashes may stand less deep. */

static void
fuzz_block(fuzz_writer_t *w, int depth, int indent, int compact)
{
    int       map;
    unsigned  i, n, first;

    map = fuzz_choice(w, 3) > 0 || indent == 0;
    n = fuzz_choice(w, 4) + 1;
    first = fuzz_choice(w, 3);

    if (!map && !compact) {
        indent -= w->dash ? 0 : w->step;
    }

    for (i = 0; i < n; i++) {

        if (i > 0 || !compact) {
            fuzz_indent(w, indent);
        }

        if (map) {
            fuzz_put(w, fuzz_keys[(first + i) % 6]);
            fuzz_put(w, ":");

        } else {
            fuzz_put(w, "-");
        }

        fuzz_value(w, depth, indent, !map);
    }
}


static pm_string_t
fuzz_document(fuzz_writer_t *w, pm_arena_t *arena, int json)
{
    unsigned     c;
    pm_string_t  text;

    c = fuzz_choice(w, 256);

    w->len = 0;
    w->json = json;
    w->step = 2 + (int) (c & 1) * 2;
    w->dash = (c >> 1) & 1;
    w->comments = (c >> 2) & 1;
    w->spread = (c >> 3) & 1;
    w->newline = ((c >> 4) & 3) == 1 ? "\r\n" : "\n";

    if (((c >> 6) & 3) == 1 && !json) {
        fuzz_put(w, "# top");
        fuzz_put(w, w->newline);
    }

    if (json) {
        fuzz_flow(w, 4, 0);
        fuzz_put(w, w->newline);

    } else {
        fuzz_block(w, 3, 0, 0);
    }

    if (((c >> 6) & 3) == 2 && w->len > 2) {
        w->len -= strlen(w->newline);
    }

    text.len = w->len;
    text.data = pm_arena_strndup(arena, w->text, w->len);

    return text;
}


static void
fuzz_generate(fuzz_case_t *c, const uint8_t *data, size_t size)
{
    unsigned                  i, n, kinds;
    fuzz_writer_t            *w;

    static const char *const  selectors[] = {
        "$\n", "$.a\n", "$.b\n", "$.image\n", "$..tag\n", "$..image\n",
        "$.a.b\n", "$.*[0]\n", "$.tag.image\n", "$..['key.x']\n", "$.e.a\n",
        "$.*\n", "! $..tag\n", "! $.a.b\n"
    };

    w = calloc(1, sizeof(fuzz_writer_t));
    if (w == NULL) {
        return;
    }

    w->data = data;
    w->size = size;

    kinds = fuzz_choice(w, 8);
    c->name = (kinds & 1) ? "s.json" : "s.yaml";
    c->destination_name = (kinds & 2) ? "d.json" : "d.yaml";

    n = fuzz_choice(w, 3) + 1;

    for (i = 0, w->len = 0; i < n; i++) {
        fuzz_put(w, selectors[fuzz_choice(w, 14)]);
    }

    c->selectors.data = pm_arena_strndup(c->arena, w->text, w->len);
    c->selectors.len = w->len;
    c->destination = fuzz_document(w, c->arena, (kinds & 2) != 0);
    c->source = fuzz_document(w, c->arena, (kinds & 1) != 0);
    c->plain = 1;

    free(w);

    if (c->source.data != NULL && c->destination.data != NULL
        && c->selectors.data != NULL)
    {
        fuzz_edit(c);
    }
}


static void
fuzz_split(fuzz_case_t *c, const char *data, size_t size)
{
    size_t       i;
    const char  *found;
    pm_string_t  parts[3];

    for (i = 0; i < 3; i++) {
        found = memmem(data, size, "%%%%\n", 5);

        parts[i].data = data;
        parts[i].len = found ? (size_t) (found - data) : size;

        if (found == NULL) {
            break;
        }

        size -= parts[i].len + 5;
        data = found + 5;
    }

    if (i == 2) {
        c->source = parts[0];
        c->destination = parts[1];
        c->selectors = parts[2];
        fuzz_edit(c);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_case_t  c;

    if (size < 2) {
        return 0;
    }

    memset(&c, 0, sizeof(fuzz_case_t));

    c.arena = pm_arena_create();
    if (c.arena == NULL) {
        return 0;
    }

    if (data[0] == 'Y' || data[0] == 'J') {
        c.name = data[0] == 'J' ? "s.json" : "s.yaml";
        c.destination_name = c.name;
        fuzz_split(&c, (const char *) data + 1, size - 1);

    } else {
        fuzz_generate(&c, data, size);
    }

    pm_arena_destroy(c.arena);

    return 0;
}
