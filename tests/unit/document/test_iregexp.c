/*
 * I-Regexp (RFC 9485): the whole grammar, and what it refuses.
 */

#include "document/pm_iregexp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>


typedef struct {
    const char   *regexp;
    const char   *subject;
    int           whole;       /* does the subject match? */
    int           search;      /* does a part of it? */
} test_match_t;


static const test_match_t  test_matches[] = {

    /* characters */

    { "", "", 1, 1 },
    { "", "a", 0, 1 },
    { "a", "a", 1, 1 },
    { "a", "A", 0, 0 },
    { "abc", "abc", 1, 1 },
    { "abc", "xabcx", 0, 1 },
    { "\xc3\xa4", "\xc3\xa4", 1, 1 },
    { "\xc3\xa4", "a\xcc\x88", 0, 0 },
    { "\xf0\x9d\x84\x9e", "\xf0\x9d\x84\x9e", 1, 1 },
    { "a b", "a b", 1, 1 },
    { "a#b", "a#b", 1, 1 },
    { "-,/:;<=>@_`~!\"%&'", "-,/:;<=>@_`~!\"%&'", 1, 1 },
    { "a\nb", "a\nb", 1, 1 },

    /* ^ and $ match themselves, or the ends */

    { "^a$", "a", 1, 1 },
    { "^a$", "^a$", 1, 1 },
    { "^a", "xa", 0, 0 },
    { "a$", "ax", 0, 0 },
    { "a^", "a^", 1, 1 },
    { "$a", "$a", 1, 1 },
    { "a$", "a\n", 0, 0 },
    { "^*a", "^^a", 1, 1 },

    /* the dot: all but the ends of lines */

    { ".", "a", 1, 1 },
    { ".", "\xf0\x9d\x84\x9e", 1, 1 },
    { ".", "\n", 0, 0 },
    { ".", "\r", 0, 0 },
    { ".", "\xe2\x80\xa8", 1, 1 },
    { ".", "\xc2\x85", 1, 1 },
    { ".", "", 0, 0 },
    { "a.c", "a\nc", 0, 0 },

    /* quantifiers */

    { "a*", "", 1, 1 },
    { "a*", "aaa", 1, 1 },
    { "a*", "aab", 0, 1 },
    { "a+", "", 0, 0 },
    { "a+", "a", 1, 1 },
    { "a+", "aaa", 1, 1 },
    { "a+b", "b", 0, 0 },
    { "a+b", "aab", 1, 1 },
    { "a?", "", 1, 1 },
    { "a?", "a", 1, 1 },
    { "a?", "aa", 0, 1 },
    { "a{2}", "a", 0, 0 },
    { "a{2}", "aa", 1, 1 },
    { "a{2}", "aaa", 0, 1 },
    { "a{2,}", "a", 0, 0 },
    { "a{2,}", "aaaa", 1, 1 },
    { "a{1,}", "", 0, 0 },
    { "a{1,}", "aaaa", 1, 1 },
    { "a{0,}", "", 1, 1 },
    { "a{2,3}", "a", 0, 0 },
    { "a{2,3}", "aa", 1, 1 },
    { "a{2,3}", "aaa", 1, 1 },
    { "a{2,3}", "aaaa", 0, 1 },
    { "a{0}", "", 1, 1 },
    { "a{0}", "a", 0, 1 },
    { "a{0,0}b", "b", 1, 1 },
    { "a{02}", "aa", 1, 1 },
    { "(ab){2}", "abab", 1, 1 },
    { "(ab)+", "ababab", 1, 1 },
    { "(ab)*c", "c", 1, 1 },
    { "(ab)?", "", 1, 1 },
    { "(a*)*", "aaa", 1, 1 },
    { "(a+)+b", "aaaab", 1, 1 },
    { "(|a)+", "", 1, 1 },
    { "[ab]+", "abba", 1, 1 },
    { "[ab]+", "", 0, 0 },
    { ".+", "abc", 1, 1 },
    { "\\.+", "...", 1, 1 },
    { "\\p{L}+", "ab\xc3\xa4", 1, 1 },
    { "\xc3\xa4+", "\xc3\xa4\xc3\xa4", 1, 1 },

    /* alternatives and groups */

    { "a|b", "a", 1, 1 },
    { "a|b", "b", 1, 1 },
    { "a|b", "c", 0, 0 },
    { "a|b", "ab", 0, 1 },
    { "ab|cd", "abd", 0, 1 },
    { "ab|cd", "cd", 1, 1 },
    { "a|", "", 1, 1 },
    { "|a", "a", 1, 1 },
    { "|", "", 1, 1 },
    { "a|ab", "ab", 1, 1 },
    { "(a|b)c", "bc", 1, 1 },
    { "a(b|c)d", "acd", 1, 1 },
    { "()", "", 1, 1 },
    { "((a))", "a", 1, 1 },
    { "(a|(b|c))", "c", 1, 1 },

    /* escapes */

    { "\\(\\)\\*\\+\\-\\.\\?\\[\\\\\\]\\^\\{\\|\\}",
      "()*+-.?[\\]^{|}", 1, 1 },
    { "\\n\\r\\t", "\n\r\t", 1, 1 },
    { "a\\.c", "abc", 0, 0 },
    { "\\^a", "a", 0, 0 },

    /* classes */

    { "[abc]", "b", 1, 1 },
    { "[abc]", "d", 0, 0 },
    { "[a-c]", "b", 1, 1 },
    { "[a-c]", "-", 0, 0 },
    { "[^a-c]", "d", 1, 1 },
    { "[^a-c]", "b", 0, 0 },
    { "[^a]", "\n", 1, 1 },
    { "[-a]", "-", 1, 1 },
    { "[a-]", "-", 1, 1 },
    { "[-]", "-", 1, 1 },
    { "[--]", "-", 1, 1 },
    { "[^-]", "-", 0, 0 },
    { "[^-]", "a", 1, 1 },
    { "[-a-]", "a", 1, 1 },
    { "[a^]", "^", 1, 1 },
    { "[^^]", "^", 0, 0 },
    { "[.]", ".", 1, 1 },
    { "[.]", "a", 0, 0 },
    { "[$()*+?{|}]", "|", 1, 1 },
    { "[\\]\\[\\\\\\^\\-]", "]", 1, 1 },
    { "[\\]\\[\\\\\\^\\-]", "-", 1, 1 },
    { "[\\n\\t]", "\t", 1, 1 },
    { "[\\t-\\r]", "\n", 1, 1 },
    { "[a-a]", "a", 1, 1 },
    { "[ -~]", "Z", 1, 1 },
    { "[\xce\xb1-\xcf\x89]", "\xce\xb2", 1, 1 },
    { "[\xf0\x9f\x98\x80-\xf0\x9f\x99\x8f]", "\xf0\x9f\x98\x81", 1, 1 },
    { "[a-cx-z0]", "y", 1, 1 },
    { "[a&&b]", "&", 1, 1 },
    { "[#x]", "#", 1, 1 },

    /* categories */

    { "\\p{Lu}", "A", 1, 1 },
    { "\\p{Lu}", "a", 0, 0 },
    { "\\p{Lu}", "\xc3\x84", 1, 1 },
    { "\\P{Lu}", "a", 1, 1 },
    { "\\P{Lu}", "A", 0, 0 },
    { "\\p{L}", "\xe4\xb8\xad", 1, 1 },
    { "\\p{Nd}", "7", 1, 1 },
    { "\\p{Nd}", "\xd9\xa3", 1, 1 },
    { "\\p{N}", "\xc2\xbd", 1, 1 },
    { "\\p{Zs}", " ", 1, 1 },
    { "\\p{P}", "!", 1, 1 },
    { "\\p{Pf}", "\xc2\xbb", 1, 1 },
    { "\\p{Sc}", "$", 1, 1 },
    { "\\p{Mn}", "\xcc\x88", 1, 1 },
    { "\\p{Cc}", "\x01", 1, 1 },
    { "\\p{C}", "\x01", 1, 1 },
    { "[\\p{L}\\p{Nd}_]", "_", 1, 1 },
    { "[^\\p{L}]", "1", 1, 1 },
    { "[\\P{L}a]", "a", 1, 1 },
    { "[\\P{L}a]", "b", 0, 0 },
    { "[\\p{Lu}-]", "-", 1, 1 },

    /* as it is used */

    { "1974-05-..", "1974-05-01", 1, 1 },
    { "[BR]ob", "Robert", 0, 1 },
    { "v?[0-9]+(\\.[0-9]+){2}(-[0-9a-z.\\-]+)?", "v1.20.3-rc.1", 1, 1 },
    { "Europe/.*", "Europe/Berlin", 1, 1 },
};


typedef struct {
    const char   *regexp;
    unsigned      column;
    const char   *message;
} test_fault_t;


static const test_fault_t  test_faults[] = {
    { "*", 1, "something before them" },
    { "+a", 1, "something before them" },
    { "?", 1, "something before them" },
    { "a|*", 3, "something before them" },
    { "(*a)", 2, "something before them" },
    { "a**", 3, "something before them" },
    { "a+?", 3, "something before them" },
    { "a?+", 3, "something before them" },
    { "a{2}{3}", 5, "something before them" },
    { "a{2}*", 5, "something before them" },
    { "{2}", 1, "something before them" },
    { "a}", 2, "something before them" },
    { "a]", 2, "something before them" },
    { "a{", 3, "a digit" },
    { "a{}", 3, "a digit" },
    { "a{,2}", 3, "a digit" },
    { "a{x}", 3, "a digit" },
    { "a{-1}", 3, "a digit" },
    { "a{1", 4, ", or }" },
    { "a{1,", 5, "a digit" },
    { "a{1,2", 6, ", or }" },
    { "a{1,x}", 5, "a digit" },
    { "a{1;2}", 4, ", or }" },
    { "a{ 1}", 3, "a digit" },
    { "a{2,1}", 7, "end is before" },
    { "(", 2, "without its )" },
    { "(a", 3, "without its )" },
    { "(a|b", 5, "without its )" },
    { ")", 1, "without its (" },
    { "a)", 2, "without its (" },
    { "(?:a)", 2, "something before them" },
    { "(?i)a", 2, "something before them" },
    { "(?=a)", 2, "something before them" },
    { "(*UCP)", 2, "something before them" },
    { "\\", 2, "after \\" },
    { "\\d", 2, "after \\" },
    { "\\w", 2, "after \\" },
    { "\\s", 2, "after \\" },
    { "\\b", 2, "after \\" },
    { "\\1", 2, "after \\" },
    { "\\$", 2, "after \\" },
    { "\\/", 2, "after \\" },
    { "\\x41", 2, "after \\" },
    { "\\u0041", 2, "after \\" },
    { "\\R", 2, "after \\" },
    { "\\Qa\\E", 2, "after \\" },
    { "\\A", 2, "after \\" },
    { "\\C", 2, "after \\" },
    { "\\p", 3, "a category" },
    { "\\pL", 3, "a category" },
    { "\\p{", 4, "a category" },
    { "\\p{}", 4, "a category" },
    { "\\p{L", 5, "a category" },
    { "\\p{lu}", 4, "a category" },
    { "\\p{Lx}", 5, "a category" },
    { "\\p{Cs}", 5, "a category" },
    { "\\p{L&}", 5, "a category" },
    { "\\p{^L}", 4, "a category" },
    { "\\p{Luu}", 6, "a category" },
    { "\\p{IsBasicLatin}", 4, "a category" },
    { "\\p{Greek}", 4, "a category" },
    { "[", 2, "without its ]" },
    { "[a", 3, "without its ]" },
    { "[^", 3, "without its ]" },
    { "[a-", 4, "without its ]" },
    { "[]", 2, "need a \\" },
    { "[^]", 3, "need a \\" },
    { "[]a]", 2, "need a \\" },
    { "[[a]]", 2, "need a \\" },
    { "[a-c-e]", 6, "expected ]" },
    { "[a--]", 4, "need a \\" },
    { "[---]", 4, "expected ]" },
    { "[a-z-[b]]", 6, "expected ]" },
    { "[c-a]", 5, "end is before" },
    { "[\\d]", 3, "after \\" },
    { "[a-\\d]", 5, "after \\" },
    { "[a-\\p{L}]", 5, "after \\" },
    { "[\\p{L}-z]", 8, "expected ]" },
    { "[\\$]", 3, "after \\" },
    { "[[:alpha:]]", 2, "need a \\" },
    { "\xc3\xa4\xc3\xa4*\\d", 5, "after \\" },
    { "a\xff", 1, "not UTF-8" },
    { "\xed\xa0\x80", 1, "not UTF-8" },
};


static int
test_matching(const char *regexp, const char *subject, size_t len, int search)
{
    int            rc, matched;
    pm_error_t     err;
    pm_iregexp_t  *compiled;

    rc = pm_iregexp_compile(regexp, strlen(regexp), search, &compiled, &err);
    if (rc != 0) {
        fail_msg("%s: %s", regexp, err.message);
    }

    rc = pm_iregexp_match(compiled, subject, len, &matched, &err);
    if (rc != 0) {
        fail_msg("%s on %s: %s", regexp, subject, err.message);
    }

    pm_iregexp_free(compiled);

    return matched;
}


static void
test_all_matches(void **state)
{
    size_t               i;
    const test_match_t  *test;

    for (i = 0; i < sizeof(test_matches) / sizeof(test_matches[0]); i++) {
        test = &test_matches[i];

        if (test_matching(test->regexp, test->subject, strlen(test->subject),
                          0) != test->whole
            || test_matching(test->regexp, test->subject,
                             strlen(test->subject), 1) != test->search)
        {
            fail_msg("%s on \"%s\"", test->regexp, test->subject);
        }
    }
}


static void
test_all_faults(void **state)
{
    size_t               i;
    pm_error_t           err;
    pm_iregexp_t        *compiled;
    const test_fault_t  *test;

    for (i = 0; i < sizeof(test_faults) / sizeof(test_faults[0]); i++) {
        test = &test_faults[i];

        if (pm_iregexp_compile(test->regexp, strlen(test->regexp), 0,
                               &compiled, &err)
            != PM_INVALID
            || compiled != NULL || err.column != test->column
            || strstr(err.message, test->message) == NULL)
        {
            fail_msg("%s: %s", test->regexp, err.message);
        }
    }
}


static void
test_zero_bytes(void **state)
{
    int            matched;
    pm_error_t     err;
    pm_iregexp_t  *compiled;

    assert_int_equal(test_matching("a.b", "a\0b", 3, 0), 1);
    assert_int_equal(test_matching("a", "a\0b", 3, 0), 0);
    assert_int_equal(test_matching("b", "a\0b", 3, 1), 1);

    assert_int_equal(pm_iregexp_compile("a\0b", 3, 0, &compiled, &err), 0);
    assert_int_equal(pm_iregexp_match(compiled, "a\0b", 3, &matched, &err),
                     0);
    assert_int_equal(matched, 1);
    assert_int_equal(pm_iregexp_match(compiled, "a", 1, &matched, &err), 0);
    assert_int_equal(matched, 0);
    pm_iregexp_free(compiled);
}


static void
test_subject_that_is_not_utf8(void **state)
{
    assert_int_equal(test_matching(".*", "a\xff", 2, 0), 0);
    assert_int_equal(test_matching("a", "a\xed\xa0\x80", 4, 1), 0);
}


static void
test_refused(const char *before, const char *middle, size_t n,
    const char *after, pm_code_t code)
{
    char          *text, *p;
    pm_error_t     err;
    pm_iregexp_t  *compiled;

    text = malloc(strlen(before) + n * strlen(middle) + strlen(after) + 1);
    assert_non_null(text);
    p = stpcpy(text, before);

    while (n-- > 0) {
        p = stpcpy(p, middle);
    }

    p = stpcpy(p, after);

    assert_int_equal(pm_iregexp_compile(text, (size_t) (p - text), 1,
                                        &compiled, &err), code);
    assert_true((compiled == NULL) == (code != 0));

    pm_iregexp_free(compiled);
    free(text);
}


static void
test_bounds(void **state)
{
    test_refused("", "a", 1999, "", 0);
    test_refused("", "a", 2000, "", PM_UNPROCESSABLE);
    test_refused("[", "a", 4094, "]", 0);
    test_refused("[", "a", 4095, "]", PM_UNPROCESSABLE);

    test_refused("a{1999}", "", 0, "", 0);
    test_refused("a{2000}", "", 0, "", PM_UNPROCESSABLE);
    test_refused("a{1998,}", "", 0, "", 0);
    test_refused("a{0,1999}", "", 0, "", 0);
    test_refused("a{0,99999999999999999999}", "", 0, "", PM_UNPROCESSABLE);
    test_refused("a{99999999999999999999,1}", "", 0, "", PM_INVALID);
    test_refused("((a{40}){40}){40}", "", 0, "", PM_UNPROCESSABLE);
    test_refused("(((((a{9}){9}){9}){9}){9})", "", 0, "", PM_UNPROCESSABLE);
    test_refused("(((a{10}){10}){10})", "", 0, "", 0);

    test_refused("", "(", 32, "a))))))))))))))))))))))))))))))))", 0);
    test_refused("", "(", 33, "a)))))))))))))))))))))))))))))))))",
                 PM_UNPROCESSABLE);
    test_refused("", "(", 4096, "", PM_UNPROCESSABLE);
    test_refused("", "(a)", 500, "", 0);
}


/* What takes others exponential time, or one state for each character. */

static void
test_hostile_expressions(void **state)
{
    char    *text;
    size_t   i;

    enum { SIZE = 20000 };

    static const char  *hostile[] = {
        "(a+)+b", "(a*)*b", "(a|a)*b", "(a|aa)+b", "(a+a+)+b", "([a]+)*b",
        "(.*)*b", ".*.*.*.*.*b", "((((a*)*)*)*)*b", "(\\p{L}+)+b",
        "([^b]{1,})+b", "a*a*a*a*a*a*a*a*b", "(|a|a*)*b"
    };

    text = malloc(SIZE);
    assert_non_null(text);
    memset(text, 'a', SIZE);

    for (i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        text[SIZE - 1] = 'a';
        assert_int_equal(test_matching(hostile[i], text, SIZE, 0), 0);
        assert_int_equal(test_matching(hostile[i], text, SIZE, 1), 0);

        text[SIZE - 1] = 'b';
        assert_int_equal(test_matching(hostile[i], text, SIZE, 0), 1);
        assert_int_equal(test_matching(hostile[i], text, SIZE, 1), 1);
    }

    free(text);
}


static void
test_cost_grows(void **state)
{
    pm_error_t     err;
    pm_iregexp_t  *light, *heavy;

    assert_int_equal(pm_iregexp_compile("a", 1, 0, &light, &err), 0);
    assert_int_equal(pm_iregexp_compile("a{1000}", 7, 0, &heavy, &err), 0);

    assert_true(pm_iregexp_cost(light, 0) > 0);
    assert_true(pm_iregexp_cost(light, 100000) > pm_iregexp_cost(light, 100));
    assert_true(pm_iregexp_cost(heavy, 1000)
                > 1000 * pm_iregexp_cost(light, 1000));
    assert_true(pm_iregexp_cost(heavy, SIZE_MAX) == SIZE_MAX);

    pm_iregexp_free(light);
    pm_iregexp_free(heavy);
    pm_iregexp_free(NULL);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_all_matches),
        cmocka_unit_test(test_all_faults),
        cmocka_unit_test(test_zero_bytes),
        cmocka_unit_test(test_subject_that_is_not_utf8),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_hostile_expressions),
        cmocka_unit_test(test_cost_grows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
