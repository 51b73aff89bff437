#include "store/pm_store_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>


static pm_arena_t  *arena;


static int
setup(void **state)
{
    arena = pm_arena_create();

    return arena != NULL ? 0 : -1;
}


static int
teardown(void **state)
{
    pm_arena_destroy(arena);

    return 0;
}


static int
parse(const char *text, pm_store_key_t *key, pm_error_t *err)
{
    memset(key, 0xa5, sizeof(pm_store_key_t));
    memset(err, 0, sizeof(pm_error_t));

    return pm_store_grants_parse(arena, text, strlen(text), key, err);
}


static void
test_grants_are_read(void **state)
{
    size_t          i;
    pm_error_t      err;
    pm_store_key_t  key;

    static const struct {
        const char  *permission;
        unsigned     operations;
        const char  *environment;
    } grants[] = {
        { "PROMOTE_TO", 0x0f, "qa" },
        { "PROMOTE_PR", 0x0f, "*" },
        { "APPLICATION", PM_STORE_READ, "dev" },
        { "API_DEFINITION", PM_STORE_UPDATE, "8f0c-1" },
        { "ENVIRONMENT_API", PM_STORE_CREATE|PM_STORE_UPDATE, "a:b" },
        { "ENVIRONMENT_AUDIT", PM_STORE_DELETE|PM_STORE_READ, "Prüfung" },
        { "ORGANIZATION_AUDIT", 0x0f, "*" }
    };

    assert_int_equal(parse("  PROMOTE_TO@qa PROMOTE_PR@*   APPLICATION:R@dev "
                           "API_DEFINITION:U@8f0c-1 ENVIRONMENT_API:CU@a:b "
                           "ENVIRONMENT_AUDIT:DR@Prüfung "
                           "ORGANIZATION_AUDIT:UDRC@* ", &key, &err), 0);

    assert_int_equal(key.admin, 0);
    assert_int_equal(key.ngrants, 7);

    for (i = 0; i < 7; i++) {
        assert_string_equal(key.grants[i].permission, grants[i].permission);
        assert_int_equal(key.grants[i].operations, grants[i].operations);
        assert_string_equal(key.grants[i].environment, grants[i].environment);
    }
}


static void
test_somewhere(void **state)
{
    size_t          i;
    pm_error_t      err;
    pm_store_key_t  key;

    static const struct {
        const char  *grants;
        int          commits;
        int          pulls;
    } tests[] = {
        { "", 0, 0 },
        { "admin", 1, 1 },
        { "APPLICATION:R@dev ENVIRONMENT_API@*", 0, 0 },
        { "PROMOTE_PR@qa", 0, 1 },
        { "APPLICATION:R@dev PROMOTE_TO@qa", 1, 1 },
        { "PROMOTE_TO@*", 1, 1 },
        { "PROMOTE_TO:RUD@qa PROMOTE_PR:R@*", 0, 0 },
        { "PROMOTE_TO:RUD@qa PROMOTE_TO:C@prod", 1, 1 }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        assert_int_equal(parse(tests[i].grants, &key, &err), 0);
        assert_int_equal(pm_store_key_allows_somewhere(&key, "PROMOTE_TO",
                                                       PM_STORE_CREATE),
                         tests[i].commits);
        assert_int_equal(pm_store_key_allows_somewhere(&key, "PROMOTE_PR",
                                                       PM_STORE_CREATE),
                         tests[i].pulls);
    }
}


static void
test_admin_and_nothing(void **state)
{
    pm_error_t      err;
    pm_store_key_t  key;

    assert_int_equal(parse("", &key, &err), 0);
    assert_int_equal(key.admin, 0);
    assert_int_equal(key.ngrants, 0);

    assert_int_equal(pm_store_grants_parse(arena, NULL, 0, &key, &err), 0);
    assert_int_equal(key.ngrants, 0);

    assert_int_equal(parse("    ", &key, &err), 0);
    assert_int_equal(key.ngrants, 0);

    assert_int_equal(parse("admin", &key, &err), 0);
    assert_int_equal(key.admin, 1);
    assert_int_equal(key.ngrants, 0);

    assert_int_equal(parse("PROMOTE_TO@qa admin", &key, &err), 0);
    assert_int_equal(key.admin, 1);
    assert_int_equal(key.ngrants, 1);
}


/* One faulty grant, and the text grants nothing, not even what precedes. */

static void
test_faulty_grants(void **state)
{
    size_t          i;
    pm_error_t      err;
    pm_store_key_t  key;

    static const struct {
        const char  *text;
        const char  *named;              /* what the message must hold */
    } tests[] = {
        { "FLY@qa", "\"FLY@qa\" has an unknown permission" },
        { "promote_to@qa", "unknown permission" },
        { "PROMOTE_TO_@qa", "unknown permission" },
        { "PROMOTE_T@qa", "unknown permission" },
        { "@qa", "unknown permission" },
        { ":R@qa", "unknown permission" },
        { "Admin", "names no environment" },
        { "admin@qa", "unknown permission" },
        { "admin:R@qa", "unknown permission" },
        { "PROMOTE_TO", "names no environment" },
        { "APPLICATION:R", "names no environment" },
        { "PROMOTE_TO @qa", "\"PROMOTE_TO\" names no environment" },
        { "APPLICATION:@qa", "faulty operations" },
        { "APPLICATION:X@qa", "\"APPLICATION:X@qa\" has faulty operations" },
        { "APPLICATION:r@qa", "faulty operations" },
        { "APPLICATION:RR@qa", "faulty operations" },
        { "APPLICATION:CRUDC@qa", "faulty operations" },
        { "APPLICATION:R:U@qa", "faulty operations" },
        { "APPLICATION:R@", "faulty environment" },
        { "APPLICATION@", "faulty environment" },
        { "APPLICATION:R@qa@prod", "faulty environment" },
        { "APPLICATION:R@@qa", "faulty environment" },
        { "APPLICATION@qa*", "faulty environment" },
        { "APPLICATION@**", "faulty environment" },
        { "APPLICATION@qa\tPROMOTE_TO@qa", "control characters" },
        { "APPLICATION@qa\nadmin", "control characters" },
        { "APPLICATION@qa\x7f", "control characters" },
        { "APPLICATION@\xff", "UTF-8" },
        { "APPLICATION@\xc0\xaf", "UTF-8" }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        char  text[256];

        (void) snprintf(text, sizeof(text), "admin PROMOTE_TO@* %s",
                        tests[i].text);

        if (parse(text, &key, &err) != PM_INVALID
            || strstr(err.message, tests[i].named) == NULL)
        {
            fail_msg("%s: %s", tests[i].text, err.message);
        }

        assert_int_equal(key.admin, 0);
        assert_int_equal(key.ngrants, 0);
        assert_null(key.grants);
    }

    /* a NUL is a control character, not an end */

    assert_int_equal(pm_store_grants_parse(arena, "admin\0", 6, &key, &err),
                     PM_INVALID);
    assert_int_equal(key.admin, 0);
}


static void
test_limits(void **state)
{
    char            text[PM_STORE_KEY_GRANTS_TEXT + 2];
    size_t          i;
    pm_error_t      err;
    pm_store_key_t  key;

    /* the environment: 256 bytes, and one more */

    memset(text, 'e', sizeof(text));
    memcpy(text, "APPLICATION@", 12);

    text[12 + 256] = '\0';
    assert_int_equal(parse(text, &key, &err), 0);

    text[12 + 256] = 'e';
    text[12 + 257] = '\0';
    assert_int_equal(parse(text, &key, &err), PM_INVALID);
    assert_non_null(strstr(err.message, "\"... has a faulty environment"));

    /* the number of grants: 512, and one more */

    for (i = 0; i < 512; i++) {
        memcpy(text + i * 14, "APPLICATION@a ", 14);
    }

    text[512 * 14] = '\0';
    assert_int_equal(parse(text, &key, &err), 0);
    assert_int_equal(key.ngrants, 512);

    strcpy(text + 512 * 14, "admin");
    assert_int_equal(parse(text, &key, &err), PM_INVALID);
    assert_int_equal(key.admin, 0);

    /* the text as a whole */

    memset(text, ' ', sizeof(text));
    memcpy(text, "admin", 5);

    assert_int_equal(pm_store_grants_parse(arena, text,
                     PM_STORE_KEY_GRANTS_TEXT, &key, &err), 0);
    assert_int_equal(key.admin, 1);

    assert_int_equal(pm_store_grants_parse(arena, text,
                     PM_STORE_KEY_GRANTS_TEXT + 1, &key, &err), PM_INVALID);
    assert_int_equal(key.admin, 0);
}


static void
test_allows(void **state)
{
    size_t          i;
    pm_error_t      err;
    pm_store_key_t  key;

    static const struct {
        const char  *grants;
        const char  *permission;
        unsigned     operations;
        const char  *name;
        const char  *id;
        int          allowed;
    } tests[] = {
        { "", "PROMOTE_TO", 0, "qa", "1", 0 },
        { "admin", "PROMOTE_TO", 0, "qa", "1", 1 },
        { "admin", "APPLICATION", PM_STORE_DELETE, NULL, NULL, 1 },

        { "PROMOTE_TO@qa", "PROMOTE_TO", 0, "qa", "1", 1 },
        { "PROMOTE_TO@1", "PROMOTE_TO", 0, "qa", "1", 1 },
        { "PROMOTE_TO@qa", "PROMOTE_TO", 0, NULL, "qa", 1 },
        { "PROMOTE_TO@qa", "PROMOTE_TO", 0, "prod", "2", 0 },
        { "PROMOTE_TO@qa", "PROMOTE_TO", 0, "QA", "2", 0 },
        { "PROMOTE_TO@qa", "PROMOTE_TO", 0, "q", "qaa", 0 },
        { "PROMOTE_TO@qa", "APPLICATION", 0, "qa", "1", 0 },

        { "PROMOTE_TO@qa", "PROMOTE_PR", 0, "qa", "1", 1 },
        { "PROMOTE_TO@qa", "PROMOTE_PR", 0, "prod", "2", 0 },
        { "PROMOTE_PR@qa", "PROMOTE_PR", 0, "qa", "1", 1 },
        { "PROMOTE_PR@qa", "PROMOTE_TO", 0, "qa", "1", 0 },

        { "PROMOTE_TO@qa", "PROMOTE_TO", 0, NULL, NULL, 0 },
        { "PROMOTE_TO@*", "PROMOTE_TO", 0, NULL, NULL, 1 },
        { "PROMOTE_TO@*", "PROMOTE_TO", 0, "prod", "2", 1 },
        { "PROMOTE_PR@*", "PROMOTE_TO", 0, NULL, NULL, 0 },

        { "APPLICATION:R@dev", "APPLICATION", PM_STORE_READ, "dev", NULL, 1 },
        { "APPLICATION:R@dev", "APPLICATION", PM_STORE_UPDATE, "dev", NULL,
          0 },
        { "APPLICATION:R@dev", "APPLICATION",
          PM_STORE_READ|PM_STORE_UPDATE, "dev", NULL, 0 },
        { "APPLICATION:R@dev", "APPLICATION", 0, "dev", NULL, 0 },
        { "APPLICATION:R@dev APPLICATION:U@dev", "APPLICATION",
          PM_STORE_READ|PM_STORE_UPDATE, "dev", NULL, 1 },
        { "APPLICATION:R@dev APPLICATION:U@*", "APPLICATION",
          PM_STORE_READ|PM_STORE_UPDATE, "dev", NULL, 1 },
        { "APPLICATION:R@dev APPLICATION:U@qa", "APPLICATION",
          PM_STORE_READ|PM_STORE_UPDATE, "dev", NULL, 0 },
        { "APPLICATION:R@dev ENVIRONMENT_API:U@dev", "APPLICATION",
          PM_STORE_READ|PM_STORE_UPDATE, "dev", NULL, 0 },
        { "APPLICATION@dev", "APPLICATION", PM_STORE_DELETE, "dev", NULL, 1 },
        { "PROMOTE_TO:R@qa", "PROMOTE_TO", 0, "qa", "1", 0 },

        { "APPLICATION@dev", "", 0, "dev", NULL, 0 },
        { "APPLICATION@dev", "UNKNOWN", 0, "dev", NULL, 0 },

        /* an environment that is called "*" in a request is none */
        { "PROMOTE_TO@qa", "PROMOTE_TO", 0, "*", "*", 0 }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        assert_int_equal(parse(tests[i].grants, &key, &err), 0);

        if (pm_store_key_allows(&key, tests[i].permission,
                                tests[i].operations, tests[i].name,
                                tests[i].id)
            != tests[i].allowed)
        {
            fail_msg("row %zu: %s, %s", i, tests[i].grants,
                     tests[i].permission);
        }
    }
}


static void
test_sees(void **state)
{
    size_t          i;
    pm_error_t      err;
    pm_store_key_t  key;

    static const struct {
        const char  *grants;
        const char  *name;
        const char  *id;
        int          seen;
    } tests[] = {
        { "", "qa", "1", 0 },
        { "admin", "qa", "1", 1 },
        { "admin", NULL, NULL, 1 },
        { "APPLICATION:R@qa", "qa", "1", 1 },
        { "APPLICATION:R@1", "qa", "1", 1 },
        { "APPLICATION:R@qa", "dev", "2", 0 },
        { "PROMOTE_PR@dev ENVIRONMENT_AUDIT:D@qa", "qa", "1", 1 },
        { "APPLICATION:R@*", "qa", "1", 1 },
        { "APPLICATION:R@*", NULL, NULL, 1 },
        { "APPLICATION:R@qa", NULL, NULL, 0 }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        assert_int_equal(parse(tests[i].grants, &key, &err), 0);

        if (pm_store_key_sees(&key, tests[i].name, tests[i].id)
            != tests[i].seen)
        {
            fail_msg("row %zu: %s", i, tests[i].grants);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_grants_are_read, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_somewhere, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_admin_and_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_faulty_grants, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_allows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sees, setup, teardown)
    };

    return cmocka_run_group_tests_name("store/grant", tests, NULL, NULL);
}
