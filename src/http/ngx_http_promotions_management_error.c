#include "http/ngx_http_promotions_management.h"
#include "http/ngx_http_promotions_reply.h"


typedef struct {
    ngx_uint_t   status;
    const char  *name;
} ngx_http_promotions_code_t;


/* What has no name of its own. */

static const ngx_http_promotions_code_t  ngx_http_promotions_codes[] = {
    { NGX_HTTP_BAD_REQUEST, "request.invalid" },
    { NGX_HTTP_UNAUTHORIZED, "unauthorized" },
    { NGX_HTTP_FORBIDDEN, "forbidden" },
    { NGX_HTTP_NOT_FOUND, "notFound" },
    { NGX_HTTP_NOT_ALLOWED, "methodNotAllowed" },
    { NGX_HTTP_CONFLICT, "conflict" },
    { NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, "unsupportedMediaType" },
    { 422, "unprocessable" },
    { NGX_HTTP_BAD_GATEWAY, "remote.refused" },
    { NGX_HTTP_SERVICE_UNAVAILABLE, "unavailable" },
    { NGX_HTTP_GATEWAY_TIME_OUT, "remote.timeout" },
    { 0, "unexpectedError" }
};


json_t *
ngx_http_promotions_management_error_json(
    const ngx_http_promotions_management_t *management, ngx_uint_t status,
    const char *name, const char *message, json_t *parameters)
{
    const ngx_http_promotions_code_t  *code;

    code = ngx_http_promotions_codes;

    while (code->status != 0 && code->status != status) {
        code++;
    }

    name = (name != NULL && *name) ? name : code->name;
    parameters = (parameters != NULL) ? parameters : json_object();

    if (management->version == 1) {
        return json_pack("{s:s, s:i, s:o, s:s}", "message", message,
                         "http_status", (int) status,
                         "parameters", parameters, "technicalCode", name);
    }

    return json_pack("{s:i, s:s, s:s, s:o, s:[]}", "httpStatus", (int) status,
                     "message", message, "technicalCode", name,
                     "parameters", parameters, "details");
}


/* One text of all faults; the second version has each by itself, too. */

json_t *
ngx_http_promotions_management_faults_json(
    const ngx_http_promotions_management_t *management,
    const pm_request_faults_t *faults)
{
    size_t       i;
    json_t      *json, *details;
    pm_buffer_t  text;

    ngx_memzero(&text, sizeof(pm_buffer_t));
    details = json_array();

    for (i = 0; i < faults->n; i++) {
        pm_buffer_printf(&text, "%s%s", i ? "; " : "", faults->messages[i]);

        (void) json_array_append_new(details,
                   json_pack("{s:s}", "message", faults->messages[i]));
    }

    json = text.failed ? NULL
           : ngx_http_promotions_management_error_json(management,
                 NGX_HTTP_BAD_REQUEST, NULL, pm_buffer_string(&text), NULL);

    pm_buffer_free(&text);

    if (json != NULL && management->version == 2) {
        (void) json_object_set(json, "details", details);
    }

    json_decref(details);

    return json;
}


ngx_int_t
ngx_http_promotions_management_error(ngx_http_request_t *r,
    ngx_uint_t status, const char *name, const char *message,
    json_t *parameters)
{
    ngx_http_promotions_ctx_t  *ctx;

    ctx = ngx_http_promotions_get_ctx(r);

    if (ctx == NULL || ctx->management == NULL) {
        json_decref(parameters);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (status >= NGX_HTTP_INTERNAL_SERVER_ERROR
        && ctx->management->promotion != NULL
        && ngx_http_promotions_review_headers(ctx, ctx->management->promotion)
           != NGX_OK)
    {
        json_decref(parameters);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (status == NGX_HTTP_FORBIDDEN) {
        ctx->denied.reason = pm_arena_strdup(ctx->arena, message);
    }

    return ngx_http_promotions_send_json(r, status,
               ngx_http_promotions_management_error_json(ctx->management,
                   status, name, message, parameters));
}


ngx_int_t
ngx_http_promotions_management_fault(ngx_http_request_t *r,
    const pm_error_t *err)
{
    json_t  *parameters;

    parameters = NULL;

    if (err->subject[0] != '\0') {
        parameters = json_pack("{s:s}", "api", err->subject);
    }

    return ngx_http_promotions_management_error(r,
               ngx_http_promotions_status(err->code), err->name, err->message,
               parameters);
}


ngx_int_t
ngx_http_promotions_management_forbidden(ngx_http_request_t *r)
{
    return ngx_http_promotions_management_error(r, NGX_HTTP_FORBIDDEN,
               "forbidden", NGX_HTTP_PROMOTIONS_RIGHTS, NULL);
}


ngx_int_t
ngx_http_promotions_management_unavailable(ngx_http_request_t *r)
{
    return ngx_http_promotions_management_error(r,
               NGX_HTTP_SERVICE_UNAVAILABLE, NULL,
               "redis is not available, try again", NULL);
}


ngx_int_t
ngx_http_promotions_management_missing(ngx_http_promotions_ctx_t *ctx)
{
    pm_error_t  err;

    (void) pm_error_named(&err, PM_NOT_FOUND, "promotion.notFound",
                          "Promotion [%.*s] cannot be found.",
                          (int) ctx->target.len, ctx->target.data);

    return ngx_http_promotions_management_fault(ctx->request, &err);
}
