#include "document/pm_edit_internal.h"
#include "document/pm_document_build.h"

#include <string.h>


int
pm_line_starts(const pm_document_t *document, size_t offset)
{
    const char  *p;

    p = document->text.data + offset;

    if (offset == 0 || p[-1] == '\n' || p[-1] == '\r') {
        return 1;
    }

    if (offset == 3 && memcmp(p - 3, "\xef\xbb\xbf", 3) == 0) {
        return 1;
    }

    if (document->json || offset < 3) {
        return 0;
    }

    return memcmp(p - 2, "\xc2\x85", 2) == 0
           || memcmp(p - 3, "\xe2\x80\xa8", 3) == 0
           || memcmp(p - 3, "\xe2\x80\xa9", 3) == 0;
}


size_t
pm_line_start(const pm_document_t *document, size_t offset)
{
    while (!pm_line_starts(document, offset)) {
        offset--;
    }

    return offset;
}


size_t
pm_line_end(const pm_document_t *document, size_t offset, size_t limit)
{
    size_t       len;
    const char  *text;

    text = document->text.data;
    len = document->text.len;

    while (offset < limit
           && pm_place_break(document, text + offset, len - offset) == 0)
    {
        offset++;
    }

    return offset;
}


size_t
pm_line_after(const pm_document_t *document, size_t offset)
{
    return pm_line_starts(document, offset) ? offset
                                            : pm_line_next(document, offset);
}


size_t
pm_line_next(const pm_document_t *document, size_t offset)
{
    size_t  end;

    end = pm_line_end(document, offset, document->text.len);

    if (end == document->text.len) {
        return end;
    }

    return end + pm_place_break(document, document->text.data + end,
                                document->text.len - end);
}


size_t
pm_line_skip_blanks(const pm_document_t *document, size_t offset)
{
    const char  *text;

    text = document->text.data;

    while (offset < document->text.len
           && (text[offset] == ' ' || text[offset] == '\t'))
    {
        offset++;
    }

    return offset;
}


size_t
pm_line_back_blanks(const pm_document_t *document, size_t offset)
{
    const char  *text;

    text = document->text.data;

    while (offset > 0
           && (text[offset - 1] == ' ' || text[offset - 1] == '\t'))
    {
        offset--;
    }

    return offset;
}


/* Nothing but blanks from the offset to the end of the line. */

int
pm_line_blank(const pm_document_t *document, size_t offset)
{
    offset = pm_line_skip_blanks(document, offset);

    return offset == document->text.len
           || pm_place_break(document, document->text.data + offset,
                             document->text.len - offset) > 0;
}
