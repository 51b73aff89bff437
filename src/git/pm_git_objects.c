#include "git/pm_git_objects_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


/* Largest blob that is copied from one repository to another. */
#define PM_GIT_COPY_LIMIT  (64 * 1024 * 1024)


static void pm_git_objects_free(pm_git_made_t *made);
static int pm_git_objects_grow(pm_git_objects_t *objects);
static void pm_git_objects_fill(pm_git_objects_t *objects);
static size_t pm_git_objects_slot(const pm_git_objects_t *objects,
    const pm_oid_t *id);
static int pm_git_objects_name(pm_git_objects_t *objects, git_object_t type,
    const void *data, size_t len, pm_oid_t *id);


int
pm_git_objects_create(pm_git_mirror_t *mirror, pm_git_objects_t **objects,
    pm_error_t *err)
{
    pm_git_objects_t  *o;

    *objects = NULL;

    o = calloc(1, sizeof(pm_git_objects_t));
    if (o == NULL) {
        return pm_error_memory(err);
    }

    o->hash = pm_hash_create(PM_SHA1);
    if (o->hash == NULL) {
        free(o);
        return pm_error_memory(err);
    }

    /*
     * On top of the mirror, but not as a backend of its odb: libgit2's cache
     * would still give objects that were never pushed after these are gone.
     */

    o->mirror = mirror;
    o->next = mirror->objects;
    mirror->objects = o;

    *objects = o;

    return 0;
}


void
pm_git_objects_destroy(pm_git_objects_t *objects)
{
    size_t              i;
    pm_git_objects_t  **p;

    if (objects == NULL) {
        return;
    }

    for (p = &objects->mirror->objects; *p != NULL; p = &(*p)->next) {
        if (*p == objects) {
            *p = objects->next;
            break;
        }
    }

    for (i = 0; i < objects->n; i++) {
        pm_git_objects_free(objects->made[i]);
    }

    free(objects->made);
    free(objects->slots);
    pm_hash_destroy(objects->hash);
    free(objects);
}


static void
pm_git_objects_free(pm_git_made_t *made)
{
    free(made->data);
    free(made->delta);
    free(made);
}


void
pm_git_objects_rollback(pm_git_objects_t *objects, size_t count)
{
    if (objects->n <= count) {
        return;
    }

    while (objects->n > count) {
        pm_git_objects_free(objects->made[--objects->n]);
    }

    pm_git_objects_fill(objects);
}


size_t
pm_git_objects_count(const pm_git_objects_t *objects)
{
    return objects->n;
}


const pm_git_made_t *
pm_git_objects_own(const pm_git_objects_t *objects, const pm_oid_t *id)
{
    size_t  slot;

    if (objects->n == 0) {
        return NULL;
    }

    slot = pm_git_objects_slot(objects, id);

    return objects->slots[slot] != 0
           ? objects->made[objects->slots[slot] - 1] : NULL;
}


const pm_git_made_t *
pm_git_objects_find(const pm_git_objects_t *objects, const pm_oid_t *id)
{
    const pm_git_made_t  *made;

    for ( /* void */ ; objects != NULL; objects = objects->next) {
        made = pm_git_objects_own(objects, id);

        if (made != NULL) {
            return made;
        }
    }

    return NULL;
}


/* Where id is, or would be put. */

static size_t
pm_git_objects_slot(const pm_git_objects_t *objects, const pm_oid_t *id)
{
    size_t    slot;
    uint32_t  key;

    memcpy(&key, id->id, sizeof(key));

    for (slot = key & (objects->nslots - 1);
         objects->slots[slot] != 0;
         slot = (slot + 1) & (objects->nslots - 1))
    {
        if (pm_oid_equal(&objects->made[objects->slots[slot] - 1]->id, id)) {
            break;
        }
    }

    return slot;
}


static int
pm_git_objects_grow(pm_git_objects_t *objects)
{
    size_t           size;
    uint32_t        *slots;
    pm_git_made_t  **made;

    if (objects->n < objects->size) {
        return 0;
    }

    size = objects->size ? objects->size * 2 : 16;

    if (size > UINT32_MAX / 4) {
        return -1;
    }

    made = realloc(objects->made, size * sizeof(pm_git_made_t *));
    if (made == NULL) {
        return -1;
    }

    objects->made = made;

    slots = calloc(size * 2, sizeof(uint32_t));
    if (slots == NULL) {
        return -1;
    }

    free(objects->slots);
    objects->slots = slots;
    objects->nslots = size * 2;
    objects->size = size;

    pm_git_objects_fill(objects);

    return 0;
}


static void
pm_git_objects_fill(pm_git_objects_t *objects)
{
    size_t  i, slot;

    memset(objects->slots, 0, objects->nslots * sizeof(uint32_t));

    for (i = 0; i < objects->n; i++) {
        slot = pm_git_objects_slot(objects, &objects->made[i]->id);
        objects->slots[slot] = (uint32_t) i + 1;
    }
}


/* The name of an object: SHA-1 over "<type> <length>\0" and its bytes. */

static int
pm_git_objects_name(pm_git_objects_t *objects, git_object_t type,
    const void *data, size_t len, pm_oid_t *id)
{
    int   n;
    char  header[64];

    n = snprintf(header, sizeof(header), "%s %zu",
                 git_object_type2string(type), len);

    if (pm_hash_update(objects->hash, header, (size_t) n + 1) != 0
        || pm_hash_update(objects->hash, data, len) != 0
        || pm_hash_final(objects->hash, id->id) != 0)
    {
        return -1;
    }

    return 0;
}


int
pm_git_objects_add(pm_git_objects_t *objects, git_object_t type,
    unsigned char *data, size_t len, pm_git_made_t **made, pm_error_t *err)
{
    size_t          slot;
    pm_oid_t        id;
    pm_git_made_t  *m;

    if (pm_git_objects_name(objects, type, data, len, &id) != 0) {
        free(data);
        return pm_error_set(err, PM_INTERNAL, "SHA-1 is not available");
    }

    if (pm_git_objects_grow(objects) != 0) {
        free(data);
        return pm_error_memory(err);
    }

    slot = pm_git_objects_slot(objects, &id);

    if (objects->slots[slot] != 0) {
        free(data);
        *made = objects->made[objects->slots[slot] - 1];
        return 0;
    }

    m = calloc(1, sizeof(pm_git_made_t));
    if (m == NULL) {
        free(data);
        return pm_error_memory(err);
    }

    m->id = id;
    m->type = type;
    m->data = data;
    m->len = len;

    objects->made[objects->n++] = m;
    objects->slots[slot] = (uint32_t) objects->n;
    *made = m;

    return 0;
}


int
pm_git_objects_blob(pm_git_objects_t *objects, const void *data, size_t len,
    pm_oid_t *id, pm_error_t *err)
{
    int             rc;
    pm_git_made_t  *made;
    unsigned char  *copy;

    copy = malloc(len ? len : 1);
    if (copy == NULL) {
        return pm_error_memory(err);
    }

    if (len > 0) {
        memcpy(copy, data, len);
    }

    rc = pm_git_objects_add(objects, GIT_OBJECT_BLOB, copy, len, &made, err);

    if (rc == 0) {
        *id = made->id;
    }

    return rc;
}


int
pm_git_objects_copy(pm_git_objects_t *objects, pm_git_mirror_t *from,
    const pm_oid_t *id, pm_error_t *err)
{
    int           rc;
    pm_oid_t      copy;
    pm_git_raw_t  raw;

    if (pm_git_objects_find(objects, id) != NULL) {
        return 0;
    }

    rc = pm_git_raw_read(from, id, GIT_OBJECT_BLOB, PM_GIT_COPY_LIMIT, &raw,
                         err);
    if (rc != 0) {
        return rc;
    }

    rc = pm_git_objects_blob(objects, raw.data, raw.len, &copy, err);
    pm_git_raw_release(&raw);

    return rc;
}
