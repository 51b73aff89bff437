/*
 * pm_pull_text.h: texts of others in Markdown.  Inside the promotion room
 * only.
 */

#ifndef PM_PULL_TEXT_H
#define PM_PULL_TEXT_H


#include "base/pm_buffer.h"


/*
 * Text as a code span that may stand in a cell of a table: one line, 200
 * bytes at most ("…" at its end then), "|" as "\|" (GFM, 4.10), between more
 * backticks than it has in a row (CommonMark, 6.1).  Nothing for an empty
 * text, or NULL (no memory: buffer fails).
 */
void pm_pull_text_code(pm_buffer_t *buffer, const char *text);

/* At most limit bytes of text, cut between characters, then marked as cut. */
void pm_pull_text_cut(pm_buffer_t *buffer, const char *text, size_t limit);

/* 1 if Markdown text ends where it ends: it opens no fence and no HTML that
 * what follows could fall into. */
int pm_pull_text_is_plain(const char *text);


#endif /* PM_PULL_TEXT_H */
