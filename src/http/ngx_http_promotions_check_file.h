/*
 * ngx_http_promotions_check_file.h: whether the workers can use what the
 * configuration names.
 */

#ifndef NGX_HTTP_PROMOTIONS_CHECK_FILE_H
#define NGX_HTTP_PROMOTIONS_CHECK_FILE_H


#include "http/ngx_http_promotions.h"


/* NGX_CONF_ERROR: one cannot be used; it has been logged which. */
char *ngx_http_promotions_check_files(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf);


#endif /* NGX_HTTP_PROMOTIONS_CHECK_FILE_H */
