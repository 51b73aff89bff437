#include "tool/pm_tool.h"
#include "store/pm_store_audit_walk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>


#define PM_TOOL_WALK_PAGE    "64"        /* entries asked for at once */
#define PM_TOOL_WALK_TRIES   5
#define PM_TOOL_WALK_FIELDS  64          /* most of one entry: two texts each */


/* What is walked, up to the newest entry when the walk began. */

typedef struct {
    pm_store_audit_walk_t  walk;
    pm_string_t            stream;
    pm_string_t            tail;
    char                   newest[PM_STORE_AUDIT_STREAM + 1];
} pm_tool_walk_t;


static int
pm_tool_walk_odd(pm_error_t *err)
{
    return pm_error_set(err, PM_CONFLICT, "what is under the names of the "
                        "audit stream and of its tail is neither");
}


/* The texts of an array; 0 if it is none, or has too many. */

static int
pm_tool_walk_texts(const redisReply *reply, pm_string_t *texts, size_t max)
{
    size_t  i;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements > max) {
        return 0;
    }

    for (i = 0; i < reply->elements; i++) {

        if (reply->element[i]->type != REDIS_REPLY_STRING) {
            return 0;
        }

        texts[i].data = reply->element[i]->str;
        texts[i].len = (size_t) reply->element[i]->len;
    }

    return 1;
}


/* The reply to EXEC: the tail, and the newest entry. */

static int
pm_tool_walk_snapshot(pm_tool_walk_t *at, const redisReply *reply,
    pm_error_t *err)
{
    pm_string_t        fields[PM_TOOL_WALK_FIELDS];
    const redisReply  *newest, *id;

    if (reply->elements != 2
        || !pm_tool_walk_texts(reply->element[0], fields, PM_TOOL_WALK_FIELDS)
        || reply->element[1]->type != REDIS_REPLY_ARRAY)
    {
        return pm_tool_walk_odd(err);
    }

    newest = reply->element[1];
    at->newest[0] = '\0';

    if (newest->elements > 0) {

        if (newest->element[0]->type != REDIS_REPLY_ARRAY
            || newest->element[0]->elements != 2)
        {
            return pm_tool_walk_odd(err);
        }

        id = newest->element[0]->element[0];

        if (id->type != REDIS_REPLY_STRING
            || (size_t) id->len > PM_STORE_AUDIT_STREAM)
        {
            return pm_tool_walk_odd(err);
        }

        memcpy(at->newest, id->str, (size_t) id->len);
        at->newest[id->len] = '\0';
    }

    return pm_store_audit_walk_begin(&at->walk, fields,
                                     reply->element[0]->elements, err);
}


/* Tail and newest entry of one moment. */

static int
pm_tool_walk_begin(pm_tool_t *tool, pm_tool_walk_t *at, pm_error_t *err)
{
    int          i, rc;
    redisReply  *reply;
    pm_string_t  argv[6];

    static const size_t  argc[] = { 1, 2, 6, 1 };
    static const char   *names[] = { "MULTI", "HGETALL", "XREVRANGE", "EXEC" };

    for (i = 0; i < 4; i++) {
        argv[0] = pm_tool_string(names[i]);
        argv[1] = (i == 1) ? at->tail : at->stream;
        argv[2] = pm_tool_string("+");
        argv[3] = pm_tool_string("-");
        argv[4] = pm_tool_string("COUNT");
        argv[5] = pm_tool_string("1");

        rc = pm_store_redis_ask(tool->redis, argv, argc[i],
                                i == 3 ? REDIS_REPLY_ARRAY
                                       : REDIS_REPLY_STATUS,
                                &reply, err);
        if (rc != 0) {
            return rc;
        }

        if (i == 3) {
            rc = pm_tool_walk_snapshot(at, reply, err);
        }

        pm_store_redis_free(reply);
    }

    return rc;
}


/* *last: 1 after the newest entry that the walk is about. */

static int
pm_tool_walk_page(pm_tool_walk_t *at, const redisReply *page, int *last,
    pm_error_t *err)
{
    int                rc;
    size_t             i;
    pm_string_t        fields[PM_TOOL_WALK_FIELDS], id;
    const redisReply  *entry;

    for (i = 0; i < page->elements; i++) {
        entry = page->element[i];

        if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2
            || entry->element[0]->type != REDIS_REPLY_STRING)
        {
            return pm_tool_walk_odd(err);
        }

        id.data = entry->element[0]->str;
        id.len = (size_t) entry->element[0]->len;

        /* more fields than an entry has: as faulty as none */

        rc = pm_store_audit_walk_entry(&at->walk, id, fields,
                 pm_tool_walk_texts(entry->element[1], fields,
                                    PM_TOOL_WALK_FIELDS)
                 ? entry->element[1]->elements : 0, err);

        if (rc != 0) {
            return rc;
        }

        if (strcmp(at->walk.last, at->newest) == 0) {
            *last = 1;
            return 0;
        }
    }

    *last = (page->elements == 0);

    return 0;
}


static int
pm_tool_walk_all(pm_tool_t *tool, pm_tool_walk_t *at, pm_error_t *err)
{
    int          rc, last;
    char         from[PM_STORE_AUDIT_STREAM + 2];
    redisReply  *reply;
    pm_string_t  argv[6];

    argv[0] = pm_tool_string("XRANGE");
    argv[1] = at->stream;
    argv[2] = pm_tool_string("-");
    argv[3] = pm_tool_string("+");
    argv[4] = pm_tool_string("COUNT");
    argv[5] = pm_tool_string(PM_TOOL_WALK_PAGE);

    last = (at->newest[0] == '\0');

    while (!last) {
        rc = pm_store_redis_ask(tool->redis, argv, 6, REDIS_REPLY_ARRAY,
                                &reply, err);
        if (rc != 0) {
            return rc;
        }

        rc = pm_tool_walk_page(at, reply, &last, err);
        pm_store_redis_free(reply);

        if (rc != 0) {
            return rc;
        }

        (void) snprintf(from, sizeof(from), "(%s", at->walk.last);
        argv[2] = pm_tool_string(from);
    }

    return pm_store_audit_walk_end(&at->walk, err);
}


/* What the retention takes while it is being read looks like a loss. */

static int
pm_tool_walk_moved(pm_tool_t *tool, const pm_tool_walk_t *at)
{
    pm_error_t      err;
    pm_tool_walk_t  now;

    now = *at;

    return pm_tool_walk_begin(tool, &now, &err) == 0
           && now.walk.trimmed != at->walk.trimmed;
}


int
pm_tool_verify(pm_tool_t *tool, pm_error_t *err)
{
    int             i, rc;
    pm_tool_walk_t  at;

    rc = pm_tool_connect(tool, err);
    if (rc != 0) {
        return rc;
    }

    at.stream = pm_tool_string(pm_arena_printf(tool->arena, "%saudit",
                                               tool->prefix));
    at.tail = pm_tool_string(pm_arena_printf(tool->arena, "%saudit:tail",
                                             tool->prefix));

    for (i = 0; i < PM_TOOL_WALK_TRIES; i++) {

        rc = pm_tool_walk_begin(tool, &at, err);

        if (rc == 0) {
            rc = pm_tool_walk_all(tool, &at, err);
        }

        if (rc != PM_CONFLICT || !pm_tool_walk_moved(tool, &at)) {
            break;
        }
    }

    if (rc == 0) {
        (void) printf("%" PRIu64 " entries, all as they were recorded "
                      "(%" PRIu64 " older ones were trimmed)\n",
                      at.walk.found, at.walk.trimmed);
    }

    /* whoever writes this down elsewhere can prove more than a walk */

    if (rc == 0 && at.walk.found > 0) {
        (void) printf("the newest is %s, its chain %s\n", at.walk.last,
                      at.walk.last_chain);
    }

    return rc;
}
