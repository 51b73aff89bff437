/*
 * The pack of the objects that were made (gitformat-pack(5)): "PACK", version
 * 2, the number of entries; each entry its type and length, the base's name
 * where it is a delta, and its bytes deflated; SHA-1 over all of it.
 */

#include "git/pm_git_objects_internal.h"

#include <string.h>
#include <zlib.h>


static int pm_git_pack_write(const pm_git_objects_t *objects, int thin,
    z_stream *stream, pm_buffer_t *pack);
static int pm_git_pack_entry(const pm_git_made_t *made, int delta,
    z_stream *stream, pm_buffer_t *pack);
static int pm_git_pack_delta(const pm_git_objects_t *objects, int thin,
    const pm_git_made_t *made);


int
pm_git_objects_pack(const pm_git_objects_t *objects, int thin,
    pm_buffer_t *pack, pm_error_t *err)
{
    int        rc;
    char      *trailer;
    size_t     start;
    z_stream   stream;

    memset(&stream, 0, sizeof(z_stream));

    if (deflateInit(&stream, Z_DEFAULT_COMPRESSION) != Z_OK) {
        return pm_error_memory(err);
    }

    start = pack->len;
    rc = pm_git_pack_write(objects, thin, &stream, pack);
    (void) deflateEnd(&stream);

    trailer = pm_buffer_reserve(pack, PM_SHA1_SIZE);

    if (rc != 0 || trailer == NULL) {
        return pm_error_memory(err);
    }

    if (pm_hash_update(objects->hash, pack->data + start, pack->len - start)
        != 0
        || pm_hash_final(objects->hash, (unsigned char *) trailer) != 0)
    {
        return pm_error_set(err, PM_INTERNAL, "SHA-1 is not available");
    }

    pack->len += PM_SHA1_SIZE;

    return 0;
}


static int
pm_git_pack_write(const pm_git_objects_t *objects, int thin,
    z_stream *stream, pm_buffer_t *pack)
{
    int       i;
    size_t    k;
    uint32_t  n;

    n = (uint32_t) objects->n;

    pm_buffer_append(pack, "PACK\0\0\0\2", 8);

    for (i = 24; i >= 0; i -= 8) {
        pm_buffer_putc(pack, (char) (n >> i));
    }

    /* in the order of making: a base comes before what builds on it */

    for (k = 0; k < objects->n; k++) {
        if (pm_git_pack_entry(objects->made[k],
                              pm_git_pack_delta(objects, thin,
                                                objects->made[k]),
                              stream, pack)
            != 0)
        {
            return -1;
        }
    }

    return 0;
}


/*
 * A base may be in this pack or, in a thin one, at the receiver: but not in
 * memory somewhere else.
 */

static int
pm_git_pack_delta(const pm_git_objects_t *objects, int thin,
    const pm_git_made_t *made)
{
    const pm_git_made_t  *base;

    if (made->delta == NULL) {
        return 0;
    }

    base = pm_git_objects_own(objects, &made->base);

    if (base != NULL) {
        return 1;
    }

    return thin
           && pm_git_objects_find(objects->mirror->objects, &made->base)
              == NULL;
}


static int
pm_git_pack_entry(const pm_git_made_t *made, int delta, z_stream *stream,
    pm_buffer_t *pack)
{
    char                 *out;
    uInt                  room;
    size_t                len, rest, bound;
    unsigned              byte;
    const unsigned char  *data;

    data = delta ? made->delta : made->data;
    len = delta ? made->delta_len : made->len;

    /* three bits of type, four of the length; then seven a byte */

    byte = (unsigned) (delta ? GIT_OBJECT_REF_DELTA : made->type) << 4
           | (unsigned) (len & 0x0f);

    for (rest = len >> 4; rest > 0; rest >>= 7) {
        pm_buffer_putc(pack, (char) (byte | 0x80));
        byte = (unsigned) (rest & 0x7f);
    }

    pm_buffer_putc(pack, (char) byte);

    if (delta) {
        pm_buffer_append(pack, made->base.id, PM_GIT_OID_SIZE);
    }

    bound = deflateBound(stream, len);

    if (deflateReset(stream) != Z_OK || bound > UINT32_MAX) {
        return -1;
    }

    out = pm_buffer_reserve(pack, bound);
    if (out == NULL) {
        return -1;
    }

    room = (uInt) bound;

    stream->next_in = (Bytef *) data;
    stream->avail_in = (uInt) len;
    stream->next_out = (Bytef *) out;
    stream->avail_out = room;

    if (deflate(stream, Z_FINISH) != Z_STREAM_END) {
        return -1;
    }

    pack->len += room - stream->avail_out;

    return 0;
}
