#include "promotion/pm_digest.h"

#include "base/pm_hash.h"

#include <stdio.h>
#include <string.h>


int
pm_digest(const pm_git_change_t *changes, size_t n,
    char digest[PM_DIGEST_SIZE], pm_error_t *err)
{
    int             len, failed;
    char            old[PM_GIT_HEX_SIZE + 1], new[PM_GIT_HEX_SIZE + 1];
    char            line[2 * PM_GIT_HEX_SIZE + 64];
    size_t          i;
    pm_hash_t      *hash;
    unsigned char   bytes[PM_SHA256_SIZE];

    hash = pm_hash_create(PM_SHA256);
    if (hash == NULL) {
        return pm_error_memory(err);
    }

    failed = 0;

    for (i = 0; i < n; i++) {
        pm_oid_hex(old, &changes[i].old_id);
        pm_oid_hex(new, &changes[i].new_id);

        len = snprintf(line, sizeof(line), "%06o %s %06o %s\n",
                       changes[i].old_mode, old, changes[i].new_mode, new);

        failed |= pm_hash_update(hash, changes[i].path,
                                 strlen(changes[i].path) + 1);
        failed |= pm_hash_update(hash, line, (size_t) len);
    }

    failed |= pm_hash_final(hash, bytes);
    pm_hash_destroy(hash);

    if (failed) {
        return pm_error_set(err, PM_UNAVAILABLE, "SHA-256 failed");
    }

    pm_hex(digest, bytes, sizeof(bytes));

    return 0;
}
