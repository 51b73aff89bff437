/*
 * The texts of pull requests: names of head branches, Markdown, records.
 */

#include "batch.h"

#include "promotion/pm_message.h"
#include "promotion/pm_pull_body.h"
#include "promotion/pm_pull_head.h"
#include "promotion/pm_pull_text.h"
#include "promotion/pm_record.h"
#include "promotion/pm_request_field.h"


static void
test_name(pm_arena_t *arena, const pm_promotion_t *promotion,
    const char *base, const char *expected)
{
    const char  *name;

    name = pm_pull_head(arena, promotion, base);
    assert_non_null(name);

    if (strcmp(name, expected) != 0) {
        fail_msg("%s\nexpected: %s", name, expected);
    }
}


static void
test_heads(void **state)
{
    size_t              i;
    pm_arena_t         *arena;
    pm_promotion_t      promotion;
    pm_pull_request_t   pull;

    static const struct {
        const char  *to[2];
        const char  *from[2];
        const char  *name;
    } cases[] = {
        { { "orders", "prod" }, { "orders", "dev" },
          "promote/orders/prod/orders.dev" },
        { { "orders", "prod" }, { "orders", "dev.v2" },
          "promote/orders/prod/orders.dev.v2" },
        { { "orders", "prod" }, { "or.ders", "dev" },
          "promote/orders/prod/or%2Eders.dev" },
        { { "a.lock", ".prod" }, { "a", "b.lock" },
          "promote/a%2Elock/%2Eprod/a.b%2Elock" },
        { { "a", "b" }, { "a", "lock" }, "promote/a/b/a.%6Cock" },
        { { "a", "b..c" }, { "a", ".b." },
          "promote/a/b.%2Ec/a.%2Eb%2E" },
        { { "a b", "c~d" }, { "a^", "b:c?*[\\" },
          "promote/a%20b/c%7Ed/a%5E.b%3Ac%3F%2A%5B%5C" },
        { { "a", "b/c" }, { "%", "a%b" },
          "promote/a/b%2Fc/%25.a%25b" },
        { { "a", "@{" }, { "@", "@" }, "promote/a/%40{/@.@" },
        { { "a", "\x01\x7f\n" }, { "a", "b" },
          "promote/a/%01%7F%0A/a.b" },
        { { "-", "-" }, { "-", "-" }, "promote/-/-/-.-" },
        { { "a", "\xc3\xa9" }, { "a", "b" }, "promote/a/\xc3\xa9/a.b" }
    };

    arena = pm_arena_create();
    memset(&promotion, 0, sizeof(pm_promotion_t));
    memset(&pull, 0, sizeof(pm_pull_request_t));
    promotion.pull = &pull;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        promotion.destination.namespace = cases[i].to[0];
        promotion.destination.name = cases[i].to[1];
        promotion.source.namespace = cases[i].from[0];
        promotion.source.name = cases[i].from[1];

        pull.head = "main";
        test_name(arena, &promotion, "main", cases[i].name);
        assert_true(pm_request_is_branch(cases[i].name));
    }

    /* the other reading */

    pull.head = "feature/x";
    test_name(arena, &promotion, "main", "feature/x");
    pull.head = "refs/heads/feature/x";
    test_name(arena, &promotion, "main", "feature/x");
    test_name(arena, &promotion, "feature/x", "promote/a/\xc3\xa9/a.b");

    pm_arena_destroy(arena);
    (void) state;
}


static void
test_long_heads(void **state)
{
    char                one[260], two[260];
    pm_arena_t         *arena;
    const char         *a, *b;
    pm_promotion_t      promotion;
    pm_pull_request_t   pull;

    arena = pm_arena_create();
    memset(&promotion, 0, sizeof(pm_promotion_t));
    memset(&pull, 0, sizeof(pm_pull_request_t));

    memset(one, 'x', sizeof(one));
    one[253] = '\0';
    memcpy(two, one, sizeof(one));
    two[252] = 'y';

    promotion.pull = &pull;
    pull.head = "main";
    promotion.destination.namespace = "orders";
    promotion.destination.name = one;
    promotion.source.namespace = "orders";
    promotion.source.name = one;

    a = pm_pull_head(arena, &promotion, "main");
    promotion.source.name = two;
    b = pm_pull_head(arena, &promotion, "main");

    assert_int_equal(strlen(a), 244);
    assert_int_equal(strlen(b), 244);
    assert_string_not_equal(a, b);
    assert_memory_equal(a, b, 227);
    assert_true(pm_request_is_branch(a));

    /* not within a character */

    memset(one, 0xc3, sizeof(one));
    one[253] = '\0';

    for (a = one; a - one < 252; a += 2) {
        one[a - one + 1] = (char) 0xa9;
    }

    one[252] = '\0';
    a = pm_pull_head(arena, &promotion, "main");
    assert_int_equal(pm_utf8_valid(a, strlen(a)), strlen(a));

    pm_arena_destroy(arena);
    (void) state;
}


static void
test_code(void **state)
{
    size_t       i;
    pm_buffer_t  text;

    static const struct {
        const char  *in;
        const char  *out;
    } cases[] = {
        { "", "" },
        { "a", "`a`" },
        { "a|b", "`a\\|b`" },
        { "a\nb\tc\r", "`a b c `" },
        { "a`b", "``a`b``" },
        { "`", "`` ` ``" },
        { "``a`", "``` ``a` ```" },
        { " a", "`  a `" },
        { "@team #1 [x](y) <b>", "`@team #1 [x](y) <b>`" },
        { "\xc3\xa9\xc2\x85x", "`\xc3\xa9 x`" },
        { "\xff\xc3", "`\xef\xbf\xbd\xef\xbf\xbd`" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&text, 0, sizeof(pm_buffer_t));
        pm_pull_text_code(&text, cases[i].in);

        if (text.len != strlen(cases[i].out)
            || (text.len > 0
                && memcmp(text.data, cases[i].out, text.len) != 0))
        {
            fail_msg("%zu: %.*s", i, (int) text.len, text.data);
        }

        pm_buffer_free(&text);
    }

    (void) state;
}


/* Cut between characters, and marked. */

static void
test_long_texts(void **state)
{
    char         long_text[1024];
    size_t       i;
    pm_buffer_t  text;

    for (i = 0; i < 512; i++) {
        memcpy(long_text + 2 * i, "\xc3\xa9", 2);
    }

    long_text[1023] = '\0';

    memset(&text, 0, sizeof(pm_buffer_t));
    pm_pull_text_code(&text, long_text + 1);
    assert_int_equal(pm_utf8_valid(text.data, text.len), text.len);
    assert_true(text.len < 220);
    assert_memory_equal(text.data + text.len - 4, "`\xe2\x80\xa6", 4);
    pm_buffer_free(&text);

    pm_pull_text_cut(&text, long_text, 101);
    assert_int_equal(text.len, 103);
    assert_int_equal(pm_utf8_valid(text.data, text.len), text.len);
    pm_buffer_free(&text);

    pm_pull_text_cut(&text, "short", 5);
    assert_int_equal(text.len, 5);
    pm_buffer_free(&text);

    assert_true(pm_pull_text_is_plain("# a\n\n*b* `c` @d"));
    assert_false(pm_pull_text_is_plain("a\n```\nb"));
    assert_false(pm_pull_text_is_plain("~~~~"));
    assert_false(pm_pull_text_is_plain("<!-- "));

    (void) state;
}


/* The text of what dev/values.yaml and others bring to prod. */

static const char *
test_text(test_t *t, pm_promotion_t *promotion, size_t limit)
{
    pm_oid_t               head;
    pm_plan_t              plan;
    const char            *text;
    pm_source_t           *source;
    pm_pull_body_t         body;
    pm_git_objects_t      *objects;

    head = test_mirror(t, "main");

    source = pm_arena_zalloc(t->arena, sizeof(pm_source_t));
    source->mirror = t->mirror;
    source->commit = head;
    test_ok(t, pm_git_mirror_tree(t->mirror, &head, &source->tree, &t->err));
    test_ok(t, pm_git_objects_create(t->mirror, &objects, &t->err));

    test_ok(t, pm_plan(promotion, source, objects, t->mirror, &source->tree, 1,
                       t->arena, &plan, &t->err));

    body.promotion = promotion;
    body.plan = &plan;
    body.mirror = t->mirror;
    body.source = &head;
    body.destination = &head;
    body.base = "main";
    body.limit = limit;

    test_ok(t, pm_pull_body(t->arena, &body, &text, &t->err));
    pm_git_objects_destroy(objects);

    return text;
}


static void
test_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("%s\nlacks: %s", text, part);
    }
}


static pm_promotion_t
test_request(test_t *t, const char *description)
{
    pm_promotion_t  promotion;

    promotion = test_promotion(t, 1, "dev", "prod");
    promotion.kind = PM_PROMOTION_PULL_REQUEST;
    promotion.pull = pm_arena_zalloc(t->arena, sizeof(pm_pull_request_t));
    promotion.pull->head = "main";
    promotion.pull->title = "t";
    promotion.pull->description = description;
    promotion.source_environment = "dev";

    return promotion;
}


/* Of values.yaml only these values move. */

static const pm_template_t *
test_template(test_t *t)
{
    pm_template_t         *template;
    pm_jsonpath_t         *path;
    pm_template_file_t    *file;

    template = pm_arena_zalloc(t->arena, sizeof(pm_template_t));
    file = pm_arena_zalloc(t->arena, sizeof(pm_template_file_t));
    file->paths = pm_arena_zalloc(t->arena, sizeof(pm_jsonpath_t *));

    test_ok(t, pm_jsonpath_compile(t->arena, "$.image", 7, &path, &t->err));
    file->pattern = "values.yaml";
    file->paths[0] = path;
    file->npaths = 1;

    template->name = "t";
    template->files = file;
    template->nfiles = 1;

    return template;
}


static void
test_body(void **state)
{
    test_t          *t;
    const char      *text;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev prod && "
                "printf 'image:\\n  tag: \"1.2 | x\"\\n  new: 2\\n' "
                "> dev/values.yaml && "
                "printf 'image:\\n  tag: 1.1\\nother: 1\\n' "
                "> prod/values.yaml && "
                "printf 'a\\0b' > dev/binary && printf 'a\\n' > prod/only && "
                "printf 'b\\nc\\n' > 'dev/a|`b' && "
                "head -c 2000000 /dev/zero | tr '\\0' x > dev/large");

    promotion = test_request(t, "Please **look**.");
    text = test_text(t, &promotion, 60000);

    assert_memory_equal(text, "Please **look**.\n\n- Source: `orders/dev` in "
                        "`dev` at ", 49);
    test_has(text, "\n- Destination: `orders/prod`, branch `main` at ");
    test_has(text, "\n- Requested by: `A U Thor <author@example.com>`, key "
             "`ci`\n");
    test_has(text, "\n- Promotion: `01890a5d-ac96-774b-bcce-000000000001`\n");
    test_has(text, "\n| ``prod/a\\|`b`` | added | +2 -0 |\n");
    test_has(text, "\n| `prod/binary` | added | |\n");
    test_has(text, "\n| `prod/large` | added | |\n");
    test_has(text, "\n| `prod/values.yaml` | modified | +2 -2 |\n");
    test_has(text, "\n4 files changed.\n");

    /* values, where a template says which */

    promotion.template = test_template(t);
    text = test_text(t, &promotion, 60000);
    test_has(text, "\n| File | Property | From | To |\n|---|---|---|---|\n"
             "| `prod/values.yaml` | `/image/tag` | `1.1` | `1.2 \\| x` |\n");
    test_has(text, "| `prod/values.yaml` | `/image/new` |  | `2` |\n");
    test_has(text, "\n1 file changed: 2 lines added, 1 removed.\n");

    /* what might swallow the rest comes last */

    promotion = test_request(t, "```\nnever closed");
    text = test_text(t, &promotion, 60000);
    assert_memory_equal(text, "- Source: ", 10);
    test_has(text, ".\n\n---\n\n```\nnever closed");

    promotion = test_request(t, NULL);
    text = test_text(t, &promotion, 60000);
    assert_memory_equal(text, "- Source: ", 10);
    assert_null(strstr(text, "---\n\n"));
}


static void
test_large_bodies(void **state)
{
    char            *description;
    test_t          *t;
    size_t           limit;
    const char      *text;
    pm_promotion_t   promotion;

    t = *state;

    test_commit(t, "mkdir dev prod && cd dev && "
                "for i in $(seq 1000); do echo $i > file-$i; done");

    description = pm_arena_alloc(t->arena, 65537);
    memset(description, 'x', 65536);
    description[65536] = '\0';

    for (limit = 3800; limit <= 60000; limit *= 2) {
        promotion = test_request(t, description);
        text = test_text(t, &promotion, limit);
        assert_true(strlen(text) <= limit);
        test_has(text, "\xe2\x80\xa6\n\n- Source: ");
        test_has(text, "- Promotion: `");
        test_has(text, "\n1000 files changed, of which ");

        promotion = test_request(t, "<b>");
        text = test_text(t, &promotion, limit);
        assert_true(strlen(text) <= limit);
        test_has(text, "\n1000 files changed, of which ");
    }
}


static void
test_record(void **state)
{
    test_t          *t;
    pm_string_t      record, again;
    pm_promotion_t   promotion, decoded;

    static const char  *labels[] = { "a", "b c" };
    static const char  *reviewers[] = { "sam" };

    t = *state;

    promotion = test_request(t, "why");
    test_ok(t, pm_record_encode(t->arena, &promotion, &record, &t->err));
    test_ok(t, pm_record_decode(t->arena, promotion.id, record.data,
                                record.len, &decoded, &t->err));
    assert_int_equal(decoded.kind, PM_PROMOTION_PULL_REQUEST);
    assert_int_equal(decoded.pull->nlabels, 0);

    promotion.pull->labels = labels;
    promotion.pull->nlabels = 2;
    promotion.pull->reviewers = reviewers;
    promotion.pull->nreviewers = 1;
    promotion.pull->draft = 1;

    test_ok(t, pm_record_encode(t->arena, &promotion, &record, &t->err));
    test_ok(t, pm_record_decode(t->arena, promotion.id, record.data,
                                record.len, &decoded, &t->err));
    assert_string_equal(decoded.pull->head, "main");
    assert_string_equal(decoded.pull->title, "t");
    assert_string_equal(decoded.pull->description, "why");
    assert_string_equal(decoded.pull->labels[1], "b c");
    assert_string_equal(decoded.pull->reviewers[0], "sam");
    assert_true(decoded.pull->draft);

    test_ok(t, pm_record_encode(t->arena, &decoded, &again, &t->err));
    assert_string_equal(record.data, again.data);

    /* Redis is not trusted */

    promotion.pull->head = "a..b";
    test_ok(t, pm_record_encode(t->arena, &promotion, &record, &t->err));
    assert_int_equal(pm_record_decode(t->arena, promotion.id, record.data,
                                      record.len, &decoded, &t->err),
                     PM_INTERNAL);
}


/* All pull requests of one repository have one lane, which no branch has. */

static void
test_lanes(void **state)
{
    char             one[17], two[17], commit[17];
    test_t          *t;
    pm_promotion_t   promotion;

    t = *state;
    promotion = test_request(t, NULL);

    assert_int_equal(pm_promotion_lane(&promotion, one), 0);
    promotion.parts[0].destination.branch = "other";
    assert_int_equal(pm_promotion_lane(&promotion, two), 0);
    assert_string_equal(one, two);
    assert_string_equal(pm_promotion_kind(&promotion), "pullRequest");

    promotion.kind = PM_PROMOTION_COMMIT;
    assert_int_equal(pm_promotion_lane(&promotion, commit), 0);
    assert_string_not_equal(one, commit);

    test_location(t, &promotion.parts[0].destination, "two.git", "main", "p");
    promotion.kind = PM_PROMOTION_PULL_REQUEST;
    assert_int_equal(pm_promotion_lane(&promotion, two), 0);
    assert_string_not_equal(one, two);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_long_heads),
        cmocka_unit_test(test_code),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test_setup_teardown(test_body, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_large_bodies, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_record, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_lanes, test_setup,
                                        test_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
