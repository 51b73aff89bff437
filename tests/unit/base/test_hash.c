/*
 * HMAC-SHA-256: the vectors of RFC 4231, 4.
 */

#include "base/pm_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>


static void
hmac(const void *key, size_t key_len, const void *data, size_t len,
    const char *expected)
{
    char           text[2 * PM_SHA256_SIZE + 1];
    unsigned char  digest[PM_SHA256_SIZE];

    assert_int_equal(pm_hmac_sha256(key, key_len, data, len, digest), 0);

    pm_hex(text, digest, sizeof(digest));
    assert_string_equal(text, expected);
}


static void
hmac_of_the_rfc(void **state)
{
    unsigned char  key[131], data[50];

    memset(key, 0x0b, 20);
    hmac(key, 20, "Hi There", 8,
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");

    hmac("Jefe", 4, "what do ya want for nothing?", 28,
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");

    memset(key, 0xaa, sizeof(key));
    memset(data, 0xdd, sizeof(data));
    hmac(key, 20, data, sizeof(data),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");

    hmac(key, sizeof(key),
         "Test Using Larger Than Block-Size Key - Hash Key First", 54,
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}


static void
hmac_of_nothing(void **state)
{
    hmac("key", 3, "", 0,
         "5d5d139563c95b5967b9bd9a8c9b233a9dedb45072794cd232dc1b74832607d0");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(hmac_of_the_rfc),
        cmocka_unit_test(hmac_of_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
