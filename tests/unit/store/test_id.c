#include "store/pm_store_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>


/* RFC 9562, A.6: rand_a 0xcc3, rand_b 0b01 and 0x8c4dc0c0c07398f. */

static void
test_the_example_of_the_rfc(void **state)
{
    char  text[PM_STORE_ID_LENGTH + 1];

    static const unsigned char  random[] = {
        0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f
    };

    pm_store_id_make(text, UINT64_C(0x017f22e279b0), random);

    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_int_equal(pm_store_id_valid(text, strlen(text)), 1);
}


/* Version and variant are set whatever the random bytes are. */

static void
test_extremes(void **state)
{
    char           text[PM_STORE_ID_LENGTH + 1];
    unsigned char  random[PM_STORE_ID_RANDOM];

    memset(random, 0xff, sizeof(random));
    pm_store_id_make(text, UINT64_MAX, random);

    assert_string_equal(text, "ffffffff-ffff-7fff-bfff-ffffffffffff");
    assert_int_equal(pm_store_id_valid(text, strlen(text)), 1);

    memset(random, 0, sizeof(random));
    pm_store_id_make(text, 0, random);

    assert_string_equal(text, "00000000-0000-7000-8000-000000000000");
    assert_int_equal(pm_store_id_valid(text, strlen(text)), 1);
}


static void
test_ids_sort_by_time(void **state)
{
    char           before[PM_STORE_ID_LENGTH + 1];
    char           after[PM_STORE_ID_LENGTH + 1];
    size_t         i;
    unsigned char  high[PM_STORE_ID_RANDOM], low[PM_STORE_ID_RANDOM];

    static const uint64_t  times[] = {
        0, 0xf, 0xff, 0xffff, UINT64_C(0xffffffff), UINT64_C(1700000000000),
        UINT64_C(0xfffffffffffe)
    };

    memset(high, 0xff, sizeof(high));
    memset(low, 0, sizeof(low));

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        pm_store_id_make(before, times[i], high);
        pm_store_id_make(after, times[i] + 1, low);
        assert_true(strcmp(before, after) < 0);
    }
}


static void
test_what_is_no_id(void **state)
{
    size_t  i;
    char    text[PM_STORE_ID_LENGTH + 1];

    static const char  id[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

    static const char *const  texts[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e279b07cc398c4dc0c0c07398f",
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398F",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-8cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-78c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-c8c4-dc0c0c07398f",
        "00000000-0000-0000-0000-000000000000",
        "../../../../etc/passwd-lorem-ipsum-d",
        "applications",
        "queued:*"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (pm_store_id_valid(texts[i], strlen(texts[i]))) {
            fail_msg("%s", texts[i]);
        }
    }

    /* any byte changed into one that does not belong there */

    for (i = 0; i < PM_STORE_ID_LENGTH; i++) {
        memcpy(text, id, sizeof(text));
        assert_int_equal(pm_store_id_valid(text, PM_STORE_ID_LENGTH), 1);

        text[i] = id[i] == '-' ? '0' : '-';
        assert_int_equal(pm_store_id_valid(text, PM_STORE_ID_LENGTH), 0);

        text[i] = 'g';
        assert_int_equal(pm_store_id_valid(text, PM_STORE_ID_LENGTH), 0);

        text[i] = '\0';
        assert_int_equal(pm_store_id_valid(text, PM_STORE_ID_LENGTH), 0);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_the_example_of_the_rfc),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_ids_sort_by_time),
        cmocka_unit_test(test_what_is_no_id)
    };

    return cmocka_run_group_tests_name("store/id", tests, NULL, NULL);
}
