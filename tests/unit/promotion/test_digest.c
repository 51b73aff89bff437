/*
 * The digest of a promotion's changes.  Expected values were made with
 * another implementation of SHA-256 over the documented text.
 */

#include "promotion/pm_digest.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>


#define A  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define Z  "0000000000000000000000000000000000000000"


static pm_git_change_t
test_change(const char *path, unsigned old_mode, const char *old,
    unsigned new_mode, const char *new)
{
    pm_git_change_t  change;

    change.path = path;
    change.old_mode = old_mode;
    change.new_mode = new_mode;
    assert_int_equal(pm_oid_parse(&change.old_id, old, 40), 0);
    assert_int_equal(pm_oid_parse(&change.new_id, new, 40), 0);

    return change;
}


static void
test_documented_form(void **state)
{
    char             digest[PM_DIGEST_SIZE];
    pm_error_t       err;
    pm_git_change_t  changes[3];

    changes[0] = test_change("qa/a.yaml", 0100644, A, 0100755, B);
    changes[1] = test_change("qa/new", 0, Z, 0100644, B);
    changes[2] = test_change("qa/old", 0120000, A, 0, Z);

    assert_int_equal(pm_digest(changes, 0, digest, &err), 0);
    assert_string_equal(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b"
                        "934ca495991b7852b855");

    assert_int_equal(pm_digest(changes, 1, digest, &err), 0);
    assert_string_equal(digest, "280e414f034df3296fe8cf9e4af172c876bfd518acd2"
                        "4a4e84f3822c6ad6431d");

    assert_int_equal(pm_digest(changes, 3, digest, &err), 0);
    assert_string_equal(digest, "3d21247184f64aec4625b96265df7a9908e039554fc8"
                        "b5736c10ce01672a98f0");
}


static void
test_everything_counts(void **state)
{
    char             digest[PM_DIGEST_SIZE], other[PM_DIGEST_SIZE];
    size_t           i;
    pm_error_t       err;
    pm_git_change_t  change;

    const pm_git_change_t  others[] = {
        test_change("b", 0100644, A, 0100644, B),
        test_change("a", 0100755, A, 0100644, B),
        test_change("a", 0100644, B, 0100644, B),
        test_change("a", 0100644, A, 0100755, B),
        test_change("a", 0100644, A, 0100644, A),
    };

    change = test_change("a", 0100644, A, 0100644, B);
    assert_int_equal(pm_digest(&change, 1, digest, &err), 0);

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(pm_digest(&others[i], 1, other, &err), 0);
        assert_string_not_equal(digest, other);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_documented_form),
        cmocka_unit_test(test_everything_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
