/*
 * From libyaml's marks to the bytes of values.
 */

#include "document/pm_document_yaml.h"

#include <ctype.h>
#include <string.h>


/* The byte of a mark.  Marks hardly ever go back, so that all calls together
 * are one pass over the text. */

static size_t
pm_yaml_offset(pm_yaml_t *y, size_t index)
{
    while (y->index > index) {
        y->offset--;
        y->index -= ((y->text[y->offset] & 0xc0) != 0x80);
    }

    while (y->index < index && y->offset < y->len) {
        y->offset++;

        while (y->offset < y->len && (y->text[y->offset] & 0xc0) == 0x80) {
            y->offset++;
        }

        y->index++;
    }

    return y->offset;
}


pm_place_t
pm_yaml_place(pm_yaml_t *y, const yaml_mark_t *mark)
{
    pm_place_t  place;

    place.offset = pm_yaml_offset(y, mark->index);
    place.line = (uint32_t) mark->line + 1;
    place.column = (uint32_t) mark->column + 1;

    return place;
}


/* The length of the blank or line break at offset, or 0. */

static size_t
pm_yaml_blank(const pm_yaml_t *y, size_t offset)
{
    char  c;

    c = y->text[offset];

    if (c == ' ' || c == '\t') {
        return 1;
    }

    return pm_place_break(y->builder->document, y->text + offset,
                          y->len - offset);
}


/* The first byte from offset, where no token is, and before end, that is
 * neither blank nor in a comment. */

static size_t
pm_yaml_skip_blank(const pm_yaml_t *y, size_t offset, size_t end)
{
    size_t  n;

    while (offset < end) {

        if (y->text[offset] == '#') {
            while (offset < end
                   && pm_place_break(y->builder->document,
                                     y->text + offset, y->len - offset)
                      == 0)
            {
                offset++;
            }

            continue;
        }

        n = pm_yaml_blank(y, offset);

        if (n == 0) {
            break;
        }

        offset += n;
    }

    return offset < end ? offset : end;
}


/* Where the anchor or tag at offset ends: libyaml takes letters, digits, "_"
 * and "-" in an anchor, and lets some characters follow without a blank. */

static size_t
pm_yaml_skip_property(const pm_yaml_t *y, size_t offset, size_t end)
{
    int   verbatim;
    char  c;

    if (y->text[offset++] == '&') {

        while (offset < end) {
            c = y->text[offset];

            if (!isalnum((unsigned char) c) && c != '_' && c != '-') {
                break;
            }

            offset++;
        }

        return offset;
    }

    verbatim = (offset < end && y->text[offset] == '<');

    for ( /* void */ ; offset < end; offset++) {

        if (verbatim) {
            if (y->text[offset] == '>') {
                return offset + 1;
            }

        } else if (y->text[offset] == ',' || pm_yaml_blank(y, offset)) {
            break;
        }
    }

    return offset;
}


int
pm_yaml_skip_properties(pm_yaml_t *y, pm_place_t *place, size_t end, int n)
{
    int     tag;
    size_t  offset;

    tag = 0;

    for (offset = place->offset; n > 0 && offset < end; n--) {

        if (y->text[offset] != '&' && y->text[offset] != '!') {
            break;
        }

        tag |= (y->text[offset] == '!');
        offset = pm_yaml_skip_property(y, offset, end);
        offset = pm_yaml_skip_blank(y, offset, end);
    }

    pm_place_advance(y->builder->document, place, offset);

    return tag;
}


pm_place_t
pm_yaml_missing(pm_yaml_t *y, size_t mark)
{
    size_t      offset, found;
    pm_place_t  place;

    place = y->last;
    found = place.offset;
    offset = found;

    if (y->blank_from == found && y->blank_to <= mark) {
        offset = y->blank_to;
    }

    for ( ;; ) {
        offset = pm_yaml_skip_blank(y, offset, mark);

        if (offset >= mark) {
            break;
        }

        offset++;

        if (strchr(":-?,", y->text[offset - 1])) {
            found = offset;
        }
    }

    pm_place_advance(y->builder->document, &place, found);

    y->blank_from = found;
    y->blank_to = offset;

    return place;
}


/* How many spaces a blank line of the block scalar may have: the indentation
 * of its first line; none if an indicator gives it; SIZE_MAX: all is blank. */

static size_t
pm_yaml_block_indent(const pm_yaml_t *y, size_t body, size_t end)
{
    size_t  offset, indent;

    indent = 0;

    for (offset = body; offset < end; offset++) {

        if (y->text[offset] == ' ') {
            indent++;

        } else if (y->text[offset] == '\n' || y->text[offset] == '\r') {
            indent = 0;

        } else {
            return indent;
        }
    }

    return SIZE_MAX;
}


size_t
pm_yaml_block_end(const pm_yaml_t *y, size_t start, size_t end)
{
    int     indicated;
    size_t  body, indent, line, spaces;

    indicated = 0;

    for (body = start; body < end && !pm_yaml_blank(y, body); body++) {

        if (y->text[body] == '+') {
            return end;
        }

        indicated |= (y->text[body] >= '1' && y->text[body] <= '9');
    }

    while (body < end && y->text[body] != '\n') {
        body++;
    }

    body += (body < end);
    indent = indicated ? 0 : pm_yaml_block_indent(y, body, end);

    while (end > body && y->text[end - 1] == '\n') {
        line = end - 1;
        line -= (line > body && y->text[line - 1] == '\r');

        for (spaces = 0; line > body && y->text[line - 1] == ' '; spaces++) {
            line--;
        }

        if (spaces > indent || (line > body && y->text[line - 1] != '\n')) {
            break;
        }

        end = line;
    }

    return end;
}
