/*
 * The text of a promotion's commit.
 */

#include "promotion/pm_message.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>


#define TRAILERS                                                              \
    "Promotion-Id: 01890a5d-ac96-774b-bcce-b302099a8057\n"                    \
    "Promoted-From: orders/orders-qa@0123456789abcdef0123456789abcdef"        \
    "01234567\n"                                                              \
    "Promoted-By: ci\n"


static pm_promotion_t
test_promotion(const char *message, const char *description)
{
    pm_promotion_t  promotion;

    memset(&promotion, 0, sizeof(pm_promotion_t));

    promotion.id = "01890a5d-ac96-774b-bcce-b302099a8057";
    promotion.source.runtime = "codefresh";
    promotion.source.namespace = "orders";
    promotion.source.name = "orders-qa";
    promotion.message = message;
    promotion.description = description;
    promotion.author_name = "A U Thor";
    promotion.author_email = "author@example.com";
    promotion.key_name = "ci";

    return promotion;
}


static void
test_texts(void **state)
{
    size_t           i;
    pm_oid_t         source;
    pm_arena_t      *arena;
    pm_error_t       err;
    const char      *message;
    pm_promotion_t   promotion;

    static const struct {
        const char  *message;
        const char  *description;
        const char  *expected;
    } cases[] = {
        { "bumped version", NULL, "bumped version\n\n" TRAILERS },
        { "bumped version", "", "bumped version\n\n" TRAILERS },
        { "bumped version", " \n", "bumped version\n\n" TRAILERS },
        { "bumped version", "why\nand how",
          "bumped version\n\nwhy\nand how\n\n" TRAILERS },
        { "\n \nbumped\r\n\tversion \r\n\r\n", "\r\n  why\r\n",
          "bumped\n\tversion\n\n  why\n\n" TRAILERS },
        { "a\n\nb\n", "Signed-off-by: x <x@y>",
          "a\n\nb\n\nSigned-off-by: x <x@y>\n\n" TRAILERS },
        { "\xc3\xa9t\xc3\xa9 \xf0\x9f\x9a\x80", NULL,
          "\xc3\xa9t\xc3\xa9 \xf0\x9f\x9a\x80\n\n" TRAILERS },
    };

    assert_int_equal(pm_oid_parse(&source, "0123456789abcdef0123456789abcdef"
                                  "01234567", 40), 0);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        arena = pm_arena_create();
        promotion = test_promotion(cases[i].message, cases[i].description);

        assert_int_equal(pm_message_create(arena, &promotion, &source,
                                           &message, &err), 0);
        assert_string_equal(message, cases[i].expected);

        pm_arena_destroy(arena);
    }
}


/* A revert says what it undoes, not where it came from. */

static void
test_revert(void **state)
{
    pm_oid_t         source;
    pm_arena_t      *arena;
    pm_error_t       err;
    const char      *message;
    pm_promotion_t   promotion;

    arena = pm_arena_create();
    assert_int_equal(pm_oid_parse(&source, "0123456789abcdef0123456789abcdef"
                                  "01234567", 40), 0);

    promotion = test_promotion("Revert \"bumped version\"", NULL);
    promotion.revert_commit = "0123456789abcdef0123456789abcdef01234567";

    assert_int_equal(pm_message_create(arena, &promotion, &source, &message,
                                       &err), 0);
    assert_string_equal(message, "Revert \"bumped version\"\n\n"
                        "Promotion-Id: 01890a5d-ac96-774b-bcce-b302099a8057\n"
                        "Promotion-Reverts: 0123456789abcdef0123456789abcdef"
                        "01234567\nPromoted-By: ci\n");

    /* nobody else may */

    promotion.message = "x\n\npromotion-reverts : 0";
    assert_int_equal(pm_message_create(arena, &promotion, &source, &message,
                                       &err), PM_INVALID);

    pm_arena_destroy(arena);
}


/* A record is not trusted: what a request would be refused for is refused
 * here again. */

static void
test_refused_texts(void **state)
{
    size_t           i;
    pm_oid_t         source;
    pm_arena_t      *arena;
    pm_error_t       err;
    const char      *message;
    pm_promotion_t   promotion;

    static const struct {
        const char  *message;
        const char  *description;
    } cases[] = {
        { NULL, NULL },
        { "a\x1b[2J", NULL },
        { "a\rb", NULL },
        { "a\x7f", NULL },
        { "a\xc2\x9b" "b", NULL },
        { "a", "b\x01" },
        { "Promotion-Id: x", NULL },
        { "a\npromotion-id: x", NULL },
        { "a\n\tPROMOTED-BY : x", NULL },
        { "a\r\nPromoted-From:x", NULL },
        { "a", "\n\nPromotion-Id: x" },
    };

    memset(&source, 0, sizeof(pm_oid_t));
    arena = pm_arena_create();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        promotion = test_promotion(cases[i].message, cases[i].description);

        if (pm_message_create(arena, &promotion, &source, &message, &err)
            != PM_INVALID)
        {
            fail_msg("case %zu was accepted", i);
        }
    }

    pm_arena_destroy(arena);
}


static void
test_refused_names(void **state)
{
    size_t           i;
    pm_oid_t         source;
    pm_arena_t      *arena;
    pm_error_t       err;
    const char      *message, **field;
    pm_promotion_t   promotion;

    const char **const  fields[] = {
        &promotion.id, &promotion.source.namespace, &promotion.source.name,
        &promotion.key_name, &promotion.author_name, &promotion.author_email
    };

    memset(&source, 0, sizeof(pm_oid_t));
    arena = pm_arena_create();

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        field = fields[i];

        promotion = test_promotion("m", NULL);
        *field = "x\nPromotion-Id: 1";
        assert_int_equal(pm_message_create(arena, &promotion, &source,
                                           &message, &err), PM_INVALID);

        promotion = test_promotion("m", NULL);
        *field = NULL;
        assert_int_equal(pm_message_create(arena, &promotion, &source,
                                           &message, &err), PM_INVALID);

        promotion = test_promotion("m", NULL);
        *field = "";
        assert_int_equal(pm_message_create(arena, &promotion, &source,
                                           &message, &err), PM_INVALID);
    }

    pm_arena_destroy(arena);
}


static void
test_trailers_are_looked_for_only_where_asked(void **state)
{
    assert_null(pm_message_fault("Promotion-Id: x", 0));
    assert_non_null(pm_message_fault("Promotion-Id: x", 1));
    assert_null(pm_message_fault("Promotion-Ids: x\nXPromotion-Id: y", 1));
    assert_null(pm_message_fault("", 1));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_revert),
        cmocka_unit_test(test_refused_texts),
        cmocka_unit_test(test_refused_names),
        cmocka_unit_test(test_trailers_are_looked_for_only_where_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
