#include "git/pm_git_objects_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>


static int pm_git_commit_check(const pm_git_signature_t *signature,
    const char *what, pm_error_t *err);
static int pm_git_commit_word(const char *word);


int
pm_git_objects_commit(pm_git_objects_t *objects, const pm_oid_t *tree,
    const pm_oid_t *parent, const pm_git_signature_t *author,
    const pm_git_signature_t *committer, const char *message, pm_oid_t *id,
    pm_error_t *err)
{
    int             rc;
    char            hex[PM_GIT_HEX_SIZE + 1];
    size_t          len;
    pm_buffer_t     commit = {0};
    pm_git_made_t  *made;

    rc = pm_git_commit_check(author, "author", err);

    if (rc == 0) {
        rc = pm_git_commit_check(committer, "committer", err);
    }

    if (rc != 0) {
        return rc;
    }

    pm_oid_hex(hex, tree);
    pm_buffer_printf(&commit, "tree %s\n", hex);

    if (!pm_oid_is_zero(parent)) {
        pm_oid_hex(hex, parent);
        pm_buffer_printf(&commit, "parent %s\n", hex);
    }

    pm_buffer_printf(&commit, "author %s <%s> %" PRId64 " +0000\n",
                     author->name, author->email, author->time);
    pm_buffer_printf(&commit, "committer %s <%s> %" PRId64 " +0000\n\n",
                     committer->name, committer->email, committer->time);

    len = strlen(message);

    while (len > 0 && message[len - 1] == '\n') {
        len--;
    }

    pm_buffer_append(&commit, message, len);
    pm_buffer_putc(&commit, '\n');

    if (commit.failed) {
        pm_buffer_free(&commit);
        return pm_error_memory(err);
    }

    rc = pm_git_objects_add(objects, GIT_OBJECT_COMMIT,
                            (unsigned char *) commit.data, commit.len, &made,
                            err);
    if (rc == 0) {
        *id = made->id;
    }

    return rc;
}


/*
 * What stands in a commit's header decides how the rest of it is read: names
 * come from the outside, and are checked here whoever checked them before.
 */

static int
pm_git_commit_check(const pm_git_signature_t *signature, const char *what,
    pm_error_t *err)
{
    if (!pm_git_commit_word(signature->name)) {
        return pm_error_set(err, PM_INVALID,
                            "the %s's name must be UTF-8 that is not empty, "
                            "without control characters, \"<\" and \">\"",
                            what);
    }

    if (!pm_git_commit_word(signature->email)) {
        return pm_error_set(err, PM_INVALID,
                            "the %s's email must be UTF-8 that is not empty, "
                            "without control characters, \"<\" and \">\"",
                            what);
    }

    if (signature->time < 0) {
        return pm_error_set(err, PM_INTERNAL, "the %s's time is before 1970",
                            what);
    }

    return 0;
}


static int
pm_git_commit_word(const char *word)
{
    size_t                len;
    const unsigned char  *p;

    len = strlen(word);

    if (len == 0 || word[0] == ' ' || pm_utf8_valid(word, len) != len) {
        return 0;
    }

    for (p = (const unsigned char *) word; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f || *p == '<' || *p == '>') {
            return 0;
        }
    }

    return 1;
}
