/*
 * ngx_http_promotions_audits.h: GET …/audit and …/audit/events (review-api.md,
 * 6): the entries of an organization or of an environment.
 *
 * They need ENVIRONMENT_AUDIT:R on the environment, or ORGANIZATION_AUDIT:R on
 * any environment of the organization.  What is of no organization (keys,
 * applications of no environment) is shown to ORGANIZATION_AUDIT:R@* alone.
 */

#ifndef NGX_HTTP_PROMOTIONS_AUDITS_H
#define NGX_HTTP_PROMOTIONS_AUDITS_H


#include "http/ngx_http_promotions.h"


ngx_int_t ngx_http_promotions_audits(ngx_http_request_t *r);
ngx_int_t ngx_http_promotions_audit_events(ngx_http_request_t *r);


#endif /* NGX_HTTP_PROMOTIONS_AUDITS_H */
