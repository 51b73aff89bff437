#include "base/pm_hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <limits.h>
#include <stdlib.h>


struct pm_hash_s {
    EVP_MD_CTX    *ctx;
    const EVP_MD  *md;
};


pm_hash_t *
pm_hash_create(pm_hash_kind_t kind)
{
    pm_hash_t  *hash;

    hash = calloc(1, sizeof(pm_hash_t));
    if (hash == NULL) {
        return NULL;
    }

    hash->md = (kind == PM_SHA1) ? EVP_sha1() : EVP_sha256();
    hash->ctx = EVP_MD_CTX_new();

    if (hash->ctx == NULL
        || EVP_DigestInit_ex(hash->ctx, hash->md, NULL) != 1)
    {
        pm_hash_destroy(hash);
        return NULL;
    }

    return hash;
}


int
pm_hash_update(pm_hash_t *hash, const void *data, size_t len)
{
    return EVP_DigestUpdate(hash->ctx, data, len) == 1 ? 0 : -1;
}


int
pm_hash_final(pm_hash_t *hash, unsigned char *digest)
{
    if (EVP_DigestFinal_ex(hash->ctx, digest, NULL) != 1) {
        return -1;
    }

    /* a NULL type keeps the one that is set: no second look-up */

    return EVP_DigestInit_ex(hash->ctx, NULL, NULL) == 1 ? 0 : -1;
}


void
pm_hash_destroy(pm_hash_t *hash)
{
    if (hash == NULL) {
        return;
    }

    EVP_MD_CTX_free(hash->ctx);
    free(hash);
}


int
pm_sha256(const void *data, size_t len, unsigned char digest[PM_SHA256_SIZE])
{
    return EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) == 1
           ? 0 : -1;
}


int
pm_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
    unsigned char digest[PM_SHA256_SIZE])
{
    unsigned  size;

    if (key_len > INT_MAX) {
        return -1;
    }

    size = 0;

    if (HMAC(EVP_sha256(), key, (int) key_len, data, len, digest, &size)
        == NULL)
    {
        return -1;
    }

    return size == PM_SHA256_SIZE ? 0 : -1;
}


void
pm_hex(char *text, const void *data, size_t len)
{
    size_t                i;
    const unsigned char  *p;

    static const char  digits[] = "0123456789abcdef";

    p = data;

    for (i = 0; i < len; i++) {
        *text++ = digits[p[i] >> 4];
        *text++ = digits[p[i] & 0xf];
    }

    *text = '\0';
}


static int
pm_unhex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }

    return -1;
}


int
pm_unhex(void *data, const char *text, size_t len)
{
    int             high, low;
    unsigned char  *p;

    for (p = data; len > 0; len--, text += 2) {
        high = pm_unhex_digit(text[0]);
        low = (high < 0) ? -1 : pm_unhex_digit(text[1]);

        if (low < 0) {
            return -1;
        }

        *p++ = (unsigned char) (high << 4 | low);
    }

    return 0;
}


int
pm_compare_secret(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len);
}
