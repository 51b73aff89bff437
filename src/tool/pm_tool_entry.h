/*
 * pm_tool_entry.h: one key as it is shown, never with its digest.
 *
 * Records may be written by anybody who reaches Redis: whatever is in one is
 * shown, escaped, beside the word "faulty" if the module would not accept it.
 */

#ifndef PM_TOOL_ENTRY_H
#define PM_TOOL_ENTRY_H


#include "tool/pm_tool.h"

#include <jansson.h>


#define PM_TOOL_CELLS  7
#define PM_TOOL_CELL   200               /* longest of a table, in bytes */


typedef struct {
    const char   *cells[PM_TOOL_CELLS];  /* id, state, name, author, created,
                                            expires, grants: may be printed */
    const char   *fault;                 /* NULL: none; may be printed */
    pm_string_t   id;                    /* as it is in Redis */
    pm_string_t   values[PM_STORE_KEY_FIELDS];
    int64_t       created_at;            /* 0: unknown; -1: faulty */
    int64_t       expires_at;            /* 0: never; -1: faulty */
    int           disabled;              /* -1: faulty */
} pm_tool_entry_t;


/*
 * Reads the record; cells are cut to max bytes.  0, *entry is NULL where
 * there is none; or a code.
 */
int pm_tool_entry_read(pm_tool_t *tool, pm_string_t id, size_t max,
    pm_tool_entry_t **entry, pm_error_t *err);

/* A new object with the names of the record's fields; NULL: no memory. */
json_t *pm_tool_entry_json(pm_tool_t *tool, const pm_tool_entry_t *entry);


#endif /* PM_TOOL_ENTRY_H */
