/*
 * ngx_http_promotions_version.h: the versions of applications, as promotions
 * have left them: <prefix>versions, a hash of "<ms> <promotion> <version>" by
 * application.  Nothing here asks git.
 */

#ifndef NGX_HTTP_PROMOTIONS_VERSION_H
#define NGX_HTTP_PROMOTIONS_VERSION_H


#include "http/ngx_http_promotions_batch.h"

#include <jansson.h>


/*
 * Has Redis keep the versions of what has landed, before it settles.  Without
 * memory or Redis it is left out, and done again when it is settled again.
 */
void ngx_http_promotions_versions_keep(
    const ngx_http_promotions_batch_t *batch);

/*
 * Sends body after its list of applications (each with an appId) has got the
 * versions of those that have a "version", which stays as it is where none is
 * known.  Takes over body's reference (NULL: out of memory).  Returns what the
 * request's handler is to return.
 */
ngx_int_t ngx_http_promotions_versions_send(ngx_http_promotions_ctx_t *ctx,
    json_t *body, json_t *list);


#endif /* NGX_HTTP_PROMOTIONS_VERSION_H */
