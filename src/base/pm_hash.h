/*
 * pm_hash.h: SHA-1 and SHA-256 over OpenSSL's EVP, and hexadecimal.
 *
 * SHA-1 names git objects (libgit2's own is several times slower); SHA-256
 * is used for secrets, lanes, mirrors and digests.
 */

#ifndef PM_HASH_H
#define PM_HASH_H


#include <stddef.h>


#define PM_SHA1_SIZE    20
#define PM_SHA256_SIZE  32


typedef enum {
    PM_SHA1,
    PM_SHA256
} pm_hash_kind_t;


typedef struct pm_hash_s  pm_hash_t;


/* An incremental hash.  create returns NULL when out of memory; final
 * writes the digest, and makes the hash ready for new input.  All return 0,
 * or -1 on failure of the library. */
pm_hash_t *pm_hash_create(pm_hash_kind_t kind);
int pm_hash_update(pm_hash_t *hash, const void *data, size_t len);
int pm_hash_final(pm_hash_t *hash, unsigned char *digest);
void pm_hash_destroy(pm_hash_t *hash);

/* One-shot.  0, or -1 on failure of the library. */
int pm_sha256(const void *data, size_t len,
    unsigned char digest[PM_SHA256_SIZE]);

/* HMAC-SHA-256 (RFC 2104) of data with key.  0, or -1 on failure of the
 * library. */
int pm_hmac_sha256(const void *key, size_t key_len, const void *data,
    size_t len, unsigned char digest[PM_SHA256_SIZE]);

/* 2 * len lower-case digits and a NUL. */
void pm_hex(char *text, const void *data, size_t len);

/* Digits of either case to len bytes.  0, or -1: a character that is none. */
int pm_unhex(void *data, const char *text, size_t len);

/* 0 if equal; takes the same time wherever the difference is. */
int pm_compare_secret(const void *a, const void *b, size_t len);


#endif /* PM_HASH_H */
