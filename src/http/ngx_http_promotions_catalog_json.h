/*
 * ngx_http_promotions_catalog_json.h: what the catalog holds as JSON
 * (interface.md, 4), whoever may see it.
 */

#ifndef NGX_HTTP_PROMOTIONS_CATALOG_JSON_H
#define NGX_HTTP_PROMOTIONS_CATALOG_JSON_H


#include "http/ngx_http_promotions.h"

#include <jansson.h>


/* Each is the caller's; NULL: out of memory. */

/* "version" is null, for whoever knows it to fill in, where it has one. */
json_t *ngx_http_promotions_catalog_application(
    const pm_application_t *application);

/* {"runtime","namespace","name"} */
json_t *ngx_http_promotions_catalog_id(const pm_application_t *application);

json_t *ngx_http_promotions_catalog_environment(
    const pm_environment_t *environment);

/* Its fields, and where each comes from; without a policy, commit is
 * allowed. */
json_t *ngx_http_promotions_catalog_policy(const pm_policy_t *policy);


#endif /* NGX_HTTP_PROMOTIONS_CATALOG_JSON_H */
