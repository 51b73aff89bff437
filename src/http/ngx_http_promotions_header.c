#include "http/ngx_http_promotions_header.h"


static ngx_uint_t ngx_http_promotions_listed(ngx_str_t *value,
    const char *name);
static u_char *ngx_http_promotions_next_element(u_char *p, u_char *last);


ngx_str_t *
ngx_http_promotions_header_in(ngx_http_request_t *r, const char *name,
    ngx_uint_t n)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    len = ngx_strlen(name);
    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            part = part->next;

            if (part == NULL) {
                return NULL;
            }

            header = part->elts;
            i = 0;
        }

        if (header[i].key.len == len
            && ngx_strncmp(header[i].lowcase_key, name, len) == 0
            && n-- == 0)
        {
            return &header[i].value;
        }
    }
}


ngx_uint_t
ngx_http_promotions_prefers(ngx_http_request_t *r, const char *preference)
{
    ngx_str_t   *value;
    ngx_uint_t   n;

    for (n = 0; /* void */ ; n++) {
        value = ngx_http_promotions_header_in(r, "prefer", n);

        if (value == NULL) {
            return 0;
        }

        if (ngx_http_promotions_listed(value, preference)) {
            return 1;
        }
    }
}


/* Whether an element of the list begins with the token. */

static ngx_uint_t
ngx_http_promotions_listed(ngx_str_t *value, const char *name)
{
    size_t   len;
    u_char  *p, *end, *last;

    len = ngx_strlen(name);
    p = value->data;
    last = p + value->len;

    while (p < last) {

        if (*p == ' ' || *p == '\t' || *p == ',') {
            p++;
            continue;
        }

        for (end = p; end < last; end++) {
            if (ngx_strchr(" \t=;,\"", *end) != NULL) {
                break;
            }
        }

        if ((size_t) (end - p) == len
            && ngx_strncasecmp(p, (u_char *) name, len) == 0)
        {
            return 1;
        }

        p = ngx_http_promotions_next_element(end, last);
    }

    return 0;
}


/* Past the next comma that is not in a quoted string. */

static u_char *
ngx_http_promotions_next_element(u_char *p, u_char *last)
{
    ngx_uint_t  quoted;

    quoted = 0;

    for ( /* void */ ; p < last; p++) {

        if (*p == '"') {
            quoted = !quoted;

        } else if (quoted && *p == '\\' && p + 1 < last) {
            p++;

        } else if (!quoted && *p == ',') {
            return p + 1;
        }
    }

    return last;
}
