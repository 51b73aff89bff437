/*
 * Scalars as text: in the source's spelling where that means the same in the
 * destination, else in double quotes.
 */

#include "document/pm_edit_internal.h"
#include "document/pm_document_build.h"

#include <stdio.h>
#include <string.h>


#define PM_SCALAR_CORE  "tag:yaml.org,2002:"


pm_string_t
pm_edit_tag(const pm_node_t *node)
{
    size_t                    i, n;
    pm_string_t               none;

    static const char *const  core[] = {
        "str", "int", "float", "bool", "null", "seq", "map"
    };

    none.data = "";
    none.len = 0;
    n = strlen(PM_SCALAR_CORE);

    if (strcmp(node->tag.data, "!") == 0) {
        return none;
    }

    if (strncmp(node->tag.data, PM_SCALAR_CORE, n) == 0) {

        for (i = 0; i < sizeof(core) / sizeof(core[0]); i++) {

            if (strcmp(node->tag.data + n, core[i]) == 0) {
                return none;
            }
        }
    }

    return node->tag;
}


/* [-+]?[0-9][0-9_]*, and what follows it in sexagesimal numbers and dates */

static int
pm_scalar_old_number(const char *text)
{
    int  digits, marks;

    digits = 0;
    marks = 0;
    text += (*text == '-' || *text == '+');

    if (strncmp(text, "0b", 2) == 0 || strncmp(text, "0x", 2) == 0) {
        return strspn(text + 2, "0123456789abcdefABCDEF_")
               == strlen(text + 2);
    }

    for ( /* void */ ; *text != '\0'; text++) {

        if (*text >= '0' && *text <= '9') {
            digits++;

        } else if (*text == '_' || *text == ':' || *text == ',') {
            marks += (digits > 0);

        } else if (*text != '.') {
            return 0;
        }
    }

    return digits > 0 && marks > 0;
}


static int
pm_scalar_date(const char *text)
{
    int   year, month, day, n;

    n = 0;

    return strspn(text, "0123456789") == 4
           && sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &n) == 3
           && (text[n] == '\0' || strchr("Tt \t", text[n]) != NULL);
}


int
pm_edit_ambiguous(const pm_string_t *text)
{
    size_t                    i;

    static const char *const  words[] = {
        "y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO",
        "on", "On", "ON", "off", "Off", "OFF", "=", "<<"
    };

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {

        if (strcmp(text->data, words[i]) == 0) {
            return 1;
        }
    }

    return pm_scalar_old_number(text->data) || pm_scalar_date(text->data);
}


int
pm_edit_scalar_equal(const pm_edit_t *e, const pm_node_t *a,
    const pm_node_t *b)
{
    if (a->kind != b->kind
        || strcmp(pm_edit_tag(a).data, pm_edit_tag(b).data) != 0)
    {
        return 0;
    }

    if (a->kind == PM_NODE_NULL) {
        return 1;
    }

    if (a->kind == PM_NODE_BOOLEAN
        && e->source->json != e->destination->json)
    {
        return a->boolean == b->boolean;
    }

    if (a->text.len != b->text.len
        || memcmp(a->text.data, b->text.data, a->text.len) != 0)
    {
        return 0;
    }

    return a->kind != PM_NODE_STRING || e->destination->json
           || (a->style == PM_STYLE_PLAIN) == (b->style == PM_STYLE_PLAIN)
           || !pm_edit_ambiguous(&a->text);
}


/* RFC 8259, 6 */

int
pm_edit_json_number(const pm_string_t *text)
{
    size_t       n;
    const char  *p;

    p = text->data;
    p += (*p == '-');

    n = strspn(p, "0123456789");

    if (n == 0 || (n > 1 && *p == '0')) {
        return 0;
    }

    p += n;

    if (*p == '.') {
        n = strspn(p + 1, "0123456789");
        p += 1 + n;

        if (n == 0) {
            return 0;
        }
    }

    if (*p == 'e' || *p == 'E') {
        p++;
        p += (*p == '-' || *p == '+');
        n = strspn(p, "0123456789");
        p += n;

        if (n == 0) {
            return 0;
        }
    }

    return p == text->data + text->len;
}


/* A character of valid UTF-8: its length. */

static size_t
pm_scalar_character(const char *p, uint32_t *c)
{
    size_t                i, n;
    const unsigned char  *u;

    u = (const unsigned char *) p;

    if (*u < 0x80) {
        *c = *u;
        return 1;
    }

    n = (*u < 0xe0) ? 2 : (*u < 0xf0) ? 3 : 4;
    *c = *u & (0xff >> (n + 1));

    for (i = 1; i < n; i++) {
        *c = *c << 6 | (u[i] & 0x3f);
    }

    return n;
}


/* Breaks lines, is not printable (YAML 1.1, 5.1), or is a mark. */

static int
pm_scalar_special(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029
           || c == 0xfeff || c == 0xfffe || c == 0xffff;
}


void
pm_edit_double(pm_buffer_t *text, const pm_string_t *string)
{
    size_t       i, n;
    uint32_t     c;
    const char  *found;

    static const char  from[] = "\"\\\b\f\n\r\t";
    static const char  to[] = "\"\\bfnrt";

    pm_buffer_putc(text, '"');

    for (i = 0; i < string->len; i += n) {
        n = pm_scalar_character(string->data + i, &c);
        found = (c != 0 && c < 0x80) ? strchr(from, (int) c) : NULL;

        if (found != NULL) {
            pm_buffer_putc(text, '\\');
            pm_buffer_putc(text, to[found - from]);

        } else if (pm_scalar_special(c)) {
            pm_buffer_printf(text, "\\u%04x", c);

        } else {
            pm_buffer_append(text, string->data + i, n);
        }
    }

    pm_buffer_putc(text, '"');
}


/* A plain scalar on one line: whether it is one there, and a string. */

static int
pm_scalar_plain(const pm_node_t *node, const pm_edit_context_t *context)
{
    size_t       i, n;
    uint32_t     c, before;
    pm_node_t    meaning;
    const char  *p, *stops;

    p = node->text.data;
    stops = context->flow ? " \t,[]{}?" : " \t";

    if (*p == '\0' || strchr(" ,[]{}#&*!|>'\"%@`", *p)
        || (strchr("-?:", *p) && (p[1] == '\0' || strchr(stops, p[1])))
        || (context->indent < 0 && (strncmp(p, "---", 3) == 0
                                    || strncmp(p, "...", 3) == 0)))
    {
        return 0;
    }

    for (i = 0, before = 0; i < node->text.len; i += n, before = c) {
        n = pm_scalar_character(p + i, &c);

        if ((pm_scalar_special(c) && c != '\t')
            || (c == ':' && (p[i + 1] == '\0' || strchr(stops, p[i + 1])))
            || (c == '#' && (before == ' ' || before == '\t'))
            || (c < 0x80 && context->flow && strchr(",[]{}?", (int) c)))
        {
            return 0;
        }
    }

    if (before == ' ' || before == '\t') {
        return 0;
    }

    memset(&meaning, 0, sizeof(pm_node_t));
    meaning.text = node->text;
    pm_scalar_resolve(&meaning);

    return meaning.kind == PM_NODE_STRING;
}


/* The source's bytes; further lines indented anew, their blanks are none of
 * the value.  0: they cannot be used, nothing was written. */

static int
pm_scalar_copy(pm_edit_t *e, const pm_node_t *node,
    const pm_edit_context_t *context, pm_buffer_t *text)
{
    size_t       n, at, end;
    const char  *p;

    p = e->source->text.data;
    end = pm_line_end(e->source, node->start, node->end);

    if (end == node->end) {
        pm_buffer_append(text, p + node->start, node->end - node->start);
        return 1;
    }

    if (context->flow || context->key) {
        return 0;
    }

    for (at = node->start; at < node->end; at++) {

        if (pm_place_break(e->source, p + at, node->end - at) > 0
            && p[at] != '\n' && p[at] != '\r')
        {
            return 0;
        }
    }

    n = (size_t) (context->indent < 0 ? 0 : context->indent)
        + (size_t) e->style.step;
    at = node->start;

    for ( ;; ) {
        pm_buffer_append(text, p + at, end - at);

        if (end == node->end) {
            return 1;
        }

        at = end + pm_place_break(e->source, p + end, node->end - end);
        at = pm_line_skip_blanks(e->source, at);
        end = pm_line_end(e->source, at, node->end);

        pm_buffer_puts(text, e->style.newline);

        if (at < end) {
            pm_buffer_printf(text, "%*s", (int) n, "");
        }
    }
}


static int
pm_scalar_json(pm_edit_t *e, const pm_node_t *node,
    const pm_edit_context_t *context, pm_buffer_t *text)
{
    if (context->key || node->kind == PM_NODE_STRING) {

        if (!e->source->json || !pm_scalar_copy(e, node, context, text)) {
            pm_edit_double(text, &node->text);
        }

    } else if (node->kind == PM_NODE_NUMBER) {

        if (!pm_edit_json_number(&node->text)) {
            return pm_edit_fault(e, NULL, "JSON has no number like %.64s "
                                 "(the source's line %u)", node->text.data,
                                 node->line);
        }

        pm_buffer_append(text, node->text.data, node->text.len);

    } else if (node->kind == PM_NODE_BOOLEAN) {
        pm_buffer_puts(text, node->boolean ? "true" : "false");

    } else {
        pm_buffer_puts(text, "null");
    }

    return 0;
}


static int
pm_scalar_yaml(pm_edit_t *e, const pm_node_t *node,
    const pm_edit_context_t *context, pm_buffer_t *text)
{
    switch (node->style) {

    case PM_STYLE_PLAIN:
        if (context->flow && node->parent != NULL && !e->source->json
            && node->parent->style == PM_STYLE_FLOW && node->text.len > 0)
        {
            return pm_scalar_copy(e, node, context, text);
        }

        if (node->kind != PM_NODE_STRING) {
            pm_buffer_append(text, node->text.data, node->text.len);

            if (node->text.len == 0 && context->flow) {
                pm_buffer_puts(text, "null");
            }

            return 1;
        }

        /* several lines are plain where they were plain; one line may not
         * be, between brackets */

        if (pm_line_end(e->source, node->start, node->end) < node->end) {
            return pm_scalar_copy(e, node, context, text);
        }

        if (pm_scalar_plain(node, context)) {
            pm_buffer_append(text, node->text.data, node->text.len);
            return 1;
        }

        return 0;

    case PM_STYLE_SINGLE:
    case PM_STYLE_DOUBLE:
        return !e->source->json && pm_scalar_copy(e, node, context, text);

    default:
        return 0;
    }
}


int
pm_edit_scalar(pm_edit_t *e, const pm_node_t *node,
    const pm_edit_context_t *context, pm_buffer_t *head, pm_buffer_t *body)
{
    e->tight = 0;

    if (e->destination->json) {
        return pm_scalar_json(e, node, context, head);
    }

    if (context->key && node->text.len == 0) {
        pm_buffer_puts(head, "\"\"");
        return 0;
    }

    /* JSON's keys are quoted, YAML's need not be */

    if (context->key && e->source->json && pm_scalar_plain(node, context)
        && !pm_edit_ambiguous(&node->text))
    {
        pm_buffer_append(head, node->text.data, node->text.len);
        return 0;
    }

    if (node->style == PM_STYLE_LITERAL || node->style == PM_STYLE_FOLDED) {

        if (!context->flow && !context->key
            && pm_edit_block(e, node, context->indent, head, body))
        {
            e->tight = 1;
            return 0;
        }

    } else if (pm_scalar_yaml(e, node, context, head)) {
        return 0;
    }

    pm_edit_double(head, &node->text);

    return 0;
}
