#include "promotion/pm_semver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>


static void
test_order(void **state)
{
    size_t       i, j, n;
    pm_semver_t  a, b;

    /* semver.org, 11, and what is more than 64 bits or one digit */

    static const char *const  order[] = {
        "0.0.0-0", "0.0.0", "0.0.1", "0.9.9", "1.0.0-9", "1.0.0-10",
        "1.0.0-99999999999999999999999", "1.0.0-alpha", "1.0.0-alpha.1",
        "1.0.0-alpha.beta", "1.0.0-alpha-1", "1.0.0-beta", "1.0.0-beta.2",
        "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0",
        "10.0.0", "18446744073709551615.0.0"
    };

    n = sizeof(order) / sizeof(order[0]);

    for (i = 0; i < n; i++) {
        assert_int_equal(pm_semver_parse(order[i], &a), 0);

        for (j = 0; j < n; j++) {
            assert_int_equal(pm_semver_parse(order[j], &b), 0);

            if ((pm_semver_compare(&a, &b) > 0) != (i > j)
                || (pm_semver_compare(&a, &b) < 0) != (i < j))
            {
                fail_msg("%s and %s", order[i], order[j]);
            }
        }
    }

    assert_int_equal(pm_semver_parse("v1.2+build.7", &a), 0);
    assert_int_equal(pm_semver_parse("1.2.0", &b), 0);
    assert_int_equal(pm_semver_compare(&a, &b), 0);
}


static void
test_no_versions(void **state)
{
    char         text[PM_SEMVER_LENGTH + 2];
    size_t       i;
    pm_semver_t  version;

    static const char *const  none[] = {
        "", "v", "main", "release-1.2", "1.", "1.2.", ".1", "1.2.3.4", "1.x",
        "*", "V1", "vv1", "-1", "1.2.3-", "1.2.3-a..b", "1.2.3-01",
        "1.2.3-a_b", "1.2.3+", "1.2.3 ", " 1.2.3", "1.2.3/a", "1.-2",
        "18446744073709551616", "99999999999999999999999.0.0"
    };

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        if (pm_semver_parse(none[i], &version) == 0) {
            fail_msg("\"%s\" is a version", none[i]);
        }
    }

    memset(text, 'a', sizeof(text));
    memcpy(text, "1.0.0-", 6);
    text[PM_SEMVER_LENGTH] = '\0';
    assert_int_equal(pm_semver_parse(text, &version), 0);
    text[PM_SEMVER_LENGTH] = 'a';
    text[PM_SEMVER_LENGTH + 1] = '\0';
    assert_int_equal(pm_semver_parse(text, &version), -1);
}


static void
test_no_ranges(void **state)
{
    char               text[PM_SEMVER_LENGTH + 2];
    size_t             i;
    pm_semver_range_t  range;

    /* a version by itself is a name */

    static const char *const  none[] = {
        "", " ", "main", "release/1.x", "feature-x", "v1.2.3", "1.2", "1",
        ">=", ">= ", ">=main", "1.x,", ",1.x", "1.x ||", "|| 1.x",
        "1.x | 2.x", "1.x,,2.x", ">=1.2<2", "1.x.", "1.x.x.x", "^^1", "1.2 -2",
        ">=1 - 2", "1.2 - ", "1.2 - main", "1.x-", "1.x-01", "==1", "<>1",
        ">=18446744073709551616", "x", "X", "vx", "x.1", "x-ray", "v"
    };

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        if (pm_semver_range(none[i], &range) == 0) {
            fail_msg("\"%s\" is a range", none[i]);
        }
    }

    /* no more than there is room for */

    for (i = 0; i < PM_SEMVER_ITEMS; i++) {
        memcpy(text + 3 * i, ">0 ", 4);
    }

    assert_int_equal(pm_semver_range(text, &range), 0);
    assert_int_equal(range.n, PM_SEMVER_ITEMS);
    memcpy(text + 3 * i, ">0 ", 4);
    assert_int_equal(pm_semver_range(text, &range), -1);
    memcpy(text + 3 * i, "0 - 1", 6);
    assert_int_equal(pm_semver_range(text, &range), -1);

    memset(text, ' ', sizeof(text));
    memcpy(text, "1.x", 3);
    text[PM_SEMVER_LENGTH] = '\0';
    assert_int_equal(pm_semver_range(text, &range), 0);
    text[PM_SEMVER_LENGTH] = ' ';
    text[PM_SEMVER_LENGTH + 1] = '\0';
    assert_int_equal(pm_semver_range(text, &range), -1);
}


static void
test_ranges(void **state)
{
    int                matches;
    char               versions[256], *version, *next;
    size_t             i;
    pm_semver_t        parsed;
    pm_semver_range_t  range;

    static const struct {
        const char  *range;
        const char  *in;
        const char  *out;
    } cases[] = {
        { "*", "0.0.0 0.0.1 1.2.3 v9", "1.2.3-rc.1" },
        { "*-0", "0.0.1 1.2.3 1.2.3-rc.1", "" },
        { "1.x", "1.0.0 v1.2.3 1.99.0", "0.9.9 2.0.0 1.2.3-rc" },
        { "v1.X", "1.0.0 v1.2.3", "0.9.9 2.0.0" },
        { "1.*", "1.0.0 1.2.3", "0.9.9 2.0.0 10.0.0" },
        { "1.x.3", "1.0.0 1.2.0", "2.0.0" },
        { "1.2.*", "1.2.0 1.2.3 v1.2", "1.1.9 1.3.0 1.2.3-rc" },
        { "1.2.x-0", "1.2.0 1.2.3 1.2.3-rc 1.2.0-0", "1.1.9 1.3.0" },
        { "=1.2.3", "1.2.3 1.2.3+7", "1.2.4 1.2.2" },
        { "= 1.2", "1.2.0 1.2.9", "1.3.0" },
        { "!=1.2.3", "1.2.2 1.2.4", "1.2.3 v1.2.3" },
        { "!=1.2.x", "1.1.9 1.3.0 2.2.0", "1.2.0 1.2.3" },
        { "!=1", "0.9.0 2.0.0", "1.0.0 1.9.9" },
        { ">1.2.3", "1.2.4 1.3.0 2.0.0", "1.2.3 1.2.2" },
        { ">1.2", "1.3.0 2.0.0", "1.2.3 1.2.0" },
        { ">11", "12.0.0", "11.1.0 10.0.0" },
        { ">=1.2.3", "1.2.3 1.2.4 9.0.0", "1.2.2 1.3.0-rc" },
        { "=>1.2", "1.2.0 1.3.0", "1.1.9" },
        { ">= 1.2.3-beta", "1.2.3-beta 1.2.3-rc 1.2.3 1.3.0-alpha",
          "1.2.3-alpha 1.2.2" },
        { "<1.2.3", "1.2.2 0.0.0", "1.2.3 1.2.3-rc" },
        { "<1.2", "1.1.9", "1.2.0 1.2.1" },
        { "<1.2.3-rc", "1.2.2 1.2.3-beta", "1.2.3 1.2.3-rc" },
        { "<=1.2.3", "1.2.3 1.2.2", "1.2.4" },
        { "=<1.2", "1.2.9 1.1.0", "1.3.0 2.0.0" },
        { "<=1", "1.9.9 0.1.0", "2.0.0" },
        { "~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0" },
        { "~> 1.2", "1.2.0 1.2.9", "1.1.9 1.3.0" },
        { "~1", "1.0.0 1.9.9", "2.0.0 0.9.9" },
        { "~1.2.3-rc", "1.2.3-rc 1.2.3 1.2.4-a", "1.2.3-beta 1.3.0-a" },
        { "^1.2.3", "1.2.3 1.9.9", "1.2.2 2.0.0" },
        { "^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0 1.0.0" },
        { "^0.0.3", "0.0.3", "0.0.2 0.0.4 0.1.0" },
        { "^0.0", "0.0.0 0.0.9", "0.1.0" },
        { "^0", "0.0.1 0.9.9", "1.0.0" },
        { "^1", "1.0.0 1.9.9", "2.0.0" },
        { "^*", "0.1.0 3.0.0", "" },
        { "1.2 - 2.3", "1.2.0 2.0.0 2.3.9", "1.1.9 2.4.0" },
        { "v1.2.3  -  2.3.4", "1.2.3 2.3.4", "1.2.2 2.3.5" },
        { ">=1.2.0 <1.3.0", "1.2.0 1.2.9", "1.1.9 1.3.0" },
        { ">=1.2.0,<1.3.0", "1.2.0 1.2.9", "1.1.9 1.3.0" },
        { " >= 1.2.0 , != 1.2.5 ,<1.3.0 ", "1.2.0 1.2.9", "1.2.5 1.3.0" },
        { ">=1.2.0-0, <2", "1.3.0-rc 1.2.0-alpha", "2.0.0" },
        { "1.x || 3.x", "1.2.3 3.0.0", "2.0.0 4.0.0" },
        { "1.x||>=3.1.0 <4||5.0.0", "1.2.3 3.1.0 5.0.0", "3.0.0 4.0.0 5.0.1" },

        /* prereleases of one group are not those of another */

        { "1.x-0 || 2.x", "1.2.3-rc 2.0.0", "2.1.0-rc" },
        { ">0.9223372036854775807.0", "1.0.0", "0.9.0" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (pm_semver_range(cases[i].range, &range) != 0) {
            fail_msg("\"%s\" is no range", cases[i].range);
        }

        for (matches = 1; matches >= 0; matches--) {
            (void) strcpy(versions, matches ? cases[i].in : cases[i].out);

            for (version = strtok_r(versions, " ", &next);
                 version != NULL;
                 version = strtok_r(NULL, " ", &next))
            {
                assert_int_equal(pm_semver_parse(version, &parsed), 0);

                if (pm_semver_matches(&range, &parsed) != matches) {
                    fail_msg("%s is %s in \"%s\"", version,
                             matches ? "not" : "", cases[i].range);
                }
            }
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_no_versions),
        cmocka_unit_test(test_no_ranges),
        cmocka_unit_test(test_ranges)
    };

    return cmocka_run_group_tests_name("semver", tests, NULL, NULL);
}
