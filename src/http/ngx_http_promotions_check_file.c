#include "http/ngx_http_promotions.h"
#include "http/ngx_http_promotions_check_file.h"
#include "base/pm_certificate.h"

#include <sys/fsuid.h>


/* Whom the workers will be. */

typedef struct {
    const char  *name;
    uid_t        user;
    gid_t        group;
    unsigned     other:1;         /* than this process */
} ngx_http_promotions_reader_t;


static void ngx_http_promotions_check_reader(ngx_conf_t *cf,
    ngx_http_promotions_reader_t *reader);
static ngx_int_t ngx_http_promotions_check_readable(ngx_conf_t *cf,
    ngx_http_promotions_reader_t *reader, const char *directive,
    const char *file);
static int ngx_http_promotions_check_open(const char *file);
static int ngx_http_promotions_check_open_as(
    ngx_http_promotions_reader_t *reader, const char *file);
static ngx_int_t ngx_http_promotions_check_key(ngx_conf_t *cf,
    ngx_http_promotions_reader_t *reader, const char *file);


/* What is wrong with a file is better told now than by a 502. */

char *
ngx_http_promotions_check_files(ngx_conf_t *cf,
    ngx_http_promotions_main_conf_t *pmcf)
{
    ngx_uint_t                    i;
    pm_error_t                    err;
    ngx_http_promotions_reader_t  reader;

    struct {
        const char  *directive;
        const char  *file;
    } files[] = {
        { "promotions_ssh_key", pmcf->git.ssh_key },
        { "promotions_ssh_known_hosts", pmcf->git.ssh_known_hosts },
        { "promotions_trusted_certificate", pmcf->git.ca_file }
    };

    ngx_http_promotions_check_reader(cf, &reader);

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {

        if (files[i].file != NULL
            && ngx_http_promotions_check_readable(cf, &reader,
                                       files[i].directive, files[i].file)
               != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (pmcf->git.ssh_key != NULL
        && ngx_http_promotions_check_key(cf, &reader, pmcf->git.ssh_key)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (pmcf->git.ca_file != NULL
        && pm_certificate_check(pmcf->git.ca_file, &err) != 0)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"promotions_trusted_certificate\": %s", err.message);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/*
 * A master that is root has workers of another user.  nginx fills in its
 * default user only after the whole configuration has been read.
 */

static void
ngx_http_promotions_check_reader(ngx_conf_t *cf,
    ngx_http_promotions_reader_t *reader)
{
    struct group     *grp;
    struct passwd    *pwd;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                           ngx_core_module);

    reader->name = NULL;
    reader->user = geteuid();
    reader->group = getegid();
    reader->other = 0;

    if (reader->user != 0 || ccf->master == 0) {
        return;
    }

    if (ccf->user != (uid_t) NGX_CONF_UNSET_UINT) {
        reader->name = ccf->username;
        reader->user = ccf->user;
        reader->group = ccf->group;

    } else {
        pwd = getpwnam(NGX_USER);
        grp = getgrnam(NGX_GROUP);

        if (pwd == NULL || grp == NULL) {
            return;
        }

        reader->name = NGX_USER;
        reader->user = pwd->pw_uid;
        reader->group = grp->gr_gid;
    }

    reader->other = (reader->user != 0);
}


static ngx_int_t
ngx_http_promotions_check_readable(ngx_conf_t *cf,
    ngx_http_promotions_reader_t *reader, const char *directive,
    const char *file)
{
    int  err;

    err = ngx_http_promotions_check_open(file);

    if (err != 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, err, "\"%s\": cannot read \"%s\"",
                      directive, file);
        return NGX_ERROR;
    }

    if (!reader->other) {
        return NGX_OK;
    }

    err = ngx_http_promotions_check_open_as(reader, file);

    if (err != 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, err,
                      "\"%s\": the workers' user \"%s\" cannot read \"%s\"",
                      directive, reader->name, file);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* An errno, 0: it opens.  Nothing that a pipe or a device would block. */

static int
ngx_http_promotions_check_open(const char *file)
{
    int          fd, err;
    struct stat  sb;

    fd = open(file, O_RDONLY|O_NONBLOCK|O_CLOEXEC);
    if (fd == -1) {
        return ngx_errno;
    }

    err = 0;

    if (fstat(fd, &sb) == 0 && S_ISDIR(sb.st_mode)) {
        err = EISDIR;
    }

    (void) close(fd);

    return err;
}


/*
 * The kernel is asked with the worker's user and groups, so that folders on
 * the way and access lists count.  Only what concerns files is changed: root
 * stays root.
 */

static int
ngx_http_promotions_check_open_as(ngx_http_promotions_reader_t *reader,
    const char *file)
{
    int     n, err;
    gid_t  *groups;

    n = getgroups(0, NULL);
    if (n < 0) {
        return ngx_errno;
    }

    groups = ngx_alloc((n + 1) * sizeof(gid_t), ngx_cycle->log);
    if (groups == NULL) {
        return ENOMEM;
    }

    n = getgroups(n, groups);

    if (n < 0 || initgroups(reader->name, reader->group) == -1) {
        err = ngx_errno;
        ngx_free(groups);
        return err;
    }

    (void) setfsgid(reader->group);
    (void) setfsuid(reader->user);

    err = ngx_http_promotions_check_open(file);

    (void) setfsuid(geteuid());
    (void) setfsgid(getegid());

    if (setgroups(n, groups) == -1 && err == 0) {
        err = ngx_errno;
    }

    ngx_free(groups);

    return err;
}


/* ssh does not use a key of its own user that others may read, and the answer
 * of a promotion could only say that the host refused it. */

static ngx_int_t
ngx_http_promotions_check_key(ngx_conf_t *cf,
    ngx_http_promotions_reader_t *reader, const char *file)
{
    struct stat  sb;

    if (stat(file, &sb) == -1) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      "\"promotions_ssh_key\": stat() \"%s\" failed", file);
        return NGX_ERROR;
    }

    if (sb.st_uid == reader->user && (sb.st_mode & 077) != 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"promotions_ssh_key\": ssh refuses \"%s\": its mode "
                      "lets others use it: chmod 600 it",
                      file);
        return NGX_ERROR;
    }

    return NGX_OK;
}
