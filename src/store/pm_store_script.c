#include "store/pm_store_script.h"
#include "base/pm_hash.h"

#include <string.h>


const pm_store_script_t *
pm_store_script(const char *name)
{
    const pm_store_script_t  *script;

    for (script = pm_store_scripts; script->name != NULL; script++) {
        if (strcmp(script->name, name) == 0) {
            return script;
        }
    }

    return NULL;
}


int
pm_store_script_sha1(const pm_store_script_t *script, char text[41])
{
    int             rc;
    pm_hash_t      *hash;
    unsigned char   digest[PM_SHA1_SIZE];

    hash = pm_hash_create(PM_SHA1);
    if (hash == NULL) {
        return -1;
    }

    rc = pm_hash_update(hash, script->text, script->len);

    if (rc == 0) {
        rc = pm_hash_final(hash, digest);
    }

    pm_hash_destroy(hash);

    if (rc == 0) {
        pm_hex(text, digest, sizeof(digest));
    }

    return rc;
}
