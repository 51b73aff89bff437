#include "http/ngx_http_promotions_audit.h"
#include "store/pm_store_id.h"

#include <sys/random.h>


static pm_arena_t *ngx_http_promotions_audit_arena(ngx_pool_t *pool);
static void ngx_http_promotions_audit_cleanup(void *data);
static ngx_int_t ngx_http_promotions_audit_add(ngx_promotions_args_t *args,
    pm_arena_t *arena, const pm_store_audit_t *from);


void
ngx_http_promotions_audit_entry(pm_store_audit_t *entry,
    pm_store_audit_event_t event)
{
    ngx_memzero(entry, sizeof(pm_store_audit_t));

    entry->event = event;
}


void
ngx_http_promotions_audit_key(pm_store_audit_t *entry,
    const pm_store_key_t *key)
{
    entry->user = key->author_email;
    entry->user_name = key->author_name;
    entry->key = key->id;
}


void
ngx_http_promotions_audit_place(pm_store_audit_t *entry,
    const char *environment)
{
    const pm_environment_t  *found;

    if (environment == NULL || *environment == '\0') {
        return;
    }

    found = pm_catalog_environment(ngx_http_promotions_worker.pmcf->catalog,
                                   environment);

    entry->environment = (found != NULL) ? found->id : environment;
    entry->organization = (found != NULL) ? found->organization : NULL;
}


/* As it was when it was asked for: catalogs differ, and change. */

void
ngx_http_promotions_audit_target(pm_store_audit_t *entry,
    const pm_promotion_t *promotion)
{
    if (promotion->destination_environment_id == NULL) {
        ngx_http_promotions_audit_place(entry,
                                        promotion->destination_environment);
        return;
    }

    entry->environment = promotion->destination_environment_id;
    entry->organization = promotion->destination_organization;
}


void
ngx_http_promotions_audit_block(ngx_promotions_args_t *args,
    const pm_store_audit_t *entries, ngx_uint_t n)
{
    ngx_uint_t   i;
    pm_arena_t  *arena;

    ngx_promotions_args_number(args, n);

    if (n == 0) {
        return;
    }

    arena = ngx_http_promotions_audit_arena(args->pool);

    for (i = 0; i < n; i++) {
        if (arena == NULL
            || ngx_http_promotions_audit_add(args, arena, &entries[i])
               != NGX_OK)
        {
            args->failed = 1;
            return;
        }
    }
}


/* Lives as long as the arguments. */

static pm_arena_t *
ngx_http_promotions_audit_arena(ngx_pool_t *pool)
{
    pm_arena_t          *arena;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    arena = pm_arena_create();
    if (arena == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_promotions_audit_cleanup;
    cln->data = arena;

    return arena;
}


static void
ngx_http_promotions_audit_cleanup(void *data)
{
    pm_arena_destroy(data);
}


static ngx_int_t
ngx_http_promotions_audit_add(ngx_promotions_args_t *args, pm_arena_t *arena,
    const pm_store_audit_t *from)
{
    char               id[PM_STORE_ID_LENGTH + 1];
    u_char             random[PM_STORE_ID_RANDOM];
    ngx_uint_t         i;
    pm_error_t         err;
    ngx_time_t        *tp;
    pm_string_t        values[PM_STORE_AUDIT_ARGS];
    pm_store_audit_t   entry;

    if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) {
        return NGX_ERROR;
    }

    tp = ngx_timeofday();
    entry = *from;

    entry.created_at = (int64_t) tp->sec * 1000 + tp->msec;
    pm_store_id_make(id, (uint64_t) entry.created_at, random);
    entry.id = id;

    if (pm_store_audit_encode(arena, &entry, values, &err) != 0) {
        return NGX_ERROR;
    }

    for (i = 0; i < PM_STORE_AUDIT_ARGS; i++) {
        ngx_promotions_args_add(args, values[i].data, values[i].len);
    }

    return NGX_OK;
}
