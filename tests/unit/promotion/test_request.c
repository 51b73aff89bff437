/*
 * Bodies of promotion requests: what is read, and the text of every fault.
 * Single quotes in the tables stand for double ones.
 */

#include "promotion/pm_request.h"
#include "promotion/pm_request_field.h"

#include <stdarg.h>
#include <stdio.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>


#define COMMIT   PM_REQUEST_COMMIT
#define PREVIEW  PM_REQUEST_PREVIEW
#define PULL     PM_REQUEST_PULL_REQUEST
#define REVERT   PM_REQUEST_REVERT
#define PRODUCT  PM_REQUEST_PRODUCT

#define SRC   "'srcAppId':{'runtime':'codefresh','namespace':'orders'," \
              "'name':'orders-qa'}"
#define DEST  "'destAppId':{'runtime':'codefresh','namespace':'orders'," \
              "'name':'orders-prod'}"
#define MSG   "'message':'bumped version'"
#define BASE  SRC "," DEST "," MSG
#define ENVS  "'srcEnvironment':'dev','destEnvironment':'qa'"
#define TWO(more)  SRC ",'destAppIds':[{'runtime':'r','namespace':'n'," \
                   "'name':'a'},{'runtime':'r','namespace':'n','name':'b'" \
                   more "}]"
#define PR    SRC "," DEST ",'head':'main','title':'Merge'"

#define TRAILER  "must not contain a line that begins with Promotion-Id:, " \
                 "Promotion-Reverts:, Promoted-From:, Promoted-To: or " \
                 "Promoted-By:"
#define CONTROL  "must not contain control characters other than newline " \
                 "and tab"
#define DIGEST   "0123456789abcdef0123456789abcdef" \
                 "0123456789abcdef0123456789abcdef"


typedef struct {
    const char         *name;
    pm_request_kind_t   kind;
    const char         *body;
    const char         *faults;      /* one a line; NULL: it is valid */
} test_case_t;


static const test_case_t  test_faults[] = {

    /* whole bodies */

    { "an empty object names everything", COMMIT, "{}",
      "srcAppId must be an object\n"
      "destAppId must be an object\n"
      "message should not be empty\n"
      "message must be a string" },
    { "an empty preview", PREVIEW, "{}",
      "srcAppId must be an object\n"
      "destAppId must be an object" },
    { "an empty pull request", PULL, "{}",
      "srcAppId must be an object\n"
      "destAppId must be an object\n"
      "head should not be empty\n"
      "head must be a string\n"
      "title should not be empty\n"
      "title must be a string" },
    { "a valid commit", COMMIT, "{" BASE "}", NULL },
    { "a valid preview", PREVIEW, "{" SRC "," DEST "}", NULL },
    { "a valid pull request", PULL, "{" PR "}", NULL },
    { "a revert needs nothing", REVERT, "{}", NULL },
    { "a valid revert", REVERT,
      "{" MSG ",'description':'why','override':true}", NULL },
    { "a revert does not look at applications", REVERT,
      "{'srcAppId':1,'destAppIds':[],'srcAppCommitSha':0}", NULL },
    { "every fault of a revert", REVERT,
      "{'message':1,'description':'a\\u0001','override':1,"
      "'expectedDigest':0,'dryRun':1}",
      "message must be a string\n"
      "description " CONTROL "\n"
      "expectedDigest must be 64 hexadecimal digits\n"
      "dryRun must be a boolean\n"
      "override must be a boolean" },
    { "a revert must not forge what it reverts", REVERT,
      "{'message':'x\\nPromotion-Reverts: 1'}",
      "message " TRAILER },
    { "a valid product", PRODUCT, "{" ENVS "," MSG "}", NULL },
    { "an empty product", PRODUCT, "{}",
      "srcEnvironment should not be empty\n"
      "srcEnvironment must be a string\n"
      "destEnvironment should not be empty\n"
      "destEnvironment must be a string\n"
      "message should not be empty\n"
      "message must be a string" },
    { "every fault of a product", PRODUCT,
      "{'srcEnvironment':1,'destEnvironment':' ','message':'m',"
      "'expectedDigest':'" DIGEST "','dryRun':1,'override':1}",
      "srcEnvironment must be a string\n"
      "destEnvironment should not be empty\n"
      "expectedDigest goes with one destination, not with a product\n"
      "dryRun must be a boolean\n"
      "override must be a boolean" },
    { "a product does not look at applications", PRODUCT,
      "{" ENVS "," MSG ",'srcAppId':1,'destAppIds':[],'srcAppCommitSha':1}",
      NULL },
    { "unknown properties are ignored", COMMIT,
      "{" BASE ",'srcPromotionId':7,'x':{'y':[null]}}", NULL },
    { "a preview does not look at message", PREVIEW,
      "{" SRC "," DEST ",'message':7}", NULL },
    { "order of the text does not matter", COMMIT,
      "{'dryRun':1,'message':'','destAppId':1,'srcAppId':2}",
      "srcAppId must be an object\n"
      "destAppId must be an object\n"
      "message should not be empty\n"
      "dryRun must be a boolean" },
    { "every fault at once", COMMIT,
      "{'srcAppId':{'runtime':'','name':5},'destAppId':{'namespace':null,"
      "'name':'x'},'srcAppCommitSha':'xyz','expectedDigest':'0',"
      "'dryRun':'yes','override':0}",
      "srcAppId.runtime should not be empty\n"
      "srcAppId.namespace should not be empty\n"
      "srcAppId.namespace must be a string\n"
      "srcAppId.name must be a string\n"
      "destAppId.runtime should not be empty\n"
      "destAppId.runtime must be a string\n"
      "destAppId.namespace should not be empty\n"
      "destAppId.namespace must be a string\n"
      "message should not be empty\n"
      "message must be a string\n"
      "srcAppCommitSha must be 7 to 40 hexadecimal digits\n"
      "expectedDigest must be 64 hexadecimal digits\n"
      "dryRun must be a boolean\n"
      "override must be a boolean" },

    /* application ids */

    { "srcAppId is null", COMMIT, "{'srcAppId':null," DEST "," MSG "}",
      "srcAppId must be an object" },
    { "srcAppId is a string", COMMIT, "{'srcAppId':'a'," DEST "," MSG "}",
      "srcAppId must be an object" },
    { "srcAppId is an array", COMMIT, "{'srcAppId':[]," DEST "," MSG "}",
      "srcAppId must be an object" },
    { "srcAppId is empty", COMMIT, "{'srcAppId':{}," DEST "," MSG "}",
      "srcAppId.runtime should not be empty\n"
      "srcAppId.runtime must be a string\n"
      "srcAppId.namespace should not be empty\n"
      "srcAppId.namespace must be a string\n"
      "srcAppId.name should not be empty\n"
      "srcAppId.name must be a string" },
    { "a name of blanks is empty", COMMIT,
      "{'srcAppId':{'runtime':'r','namespace':'n','name':'  '},"
      DEST "," MSG "}",
      "srcAppId.name should not be empty" },
    { "a name of another type", COMMIT,
      "{'srcAppId':{'runtime':true,'namespace':[],'name':{}},"
      DEST "," MSG "}",
      "srcAppId.runtime must be a string\n"
      "srcAppId.namespace must be a string\n"
      "srcAppId.name must be a string" },
    { "destAppId is a number", COMMIT, "{" SRC ",'destAppId':1," MSG "}",
      "destAppId must be an object" },
    { "destAppId without a name", COMMIT,
      "{" SRC ",'destAppId':{'runtime':'r','namespace':'n'}," MSG "}",
      "destAppId.name should not be empty\n"
      "destAppId.name must be a string" },

    /* destAppIds */

    { "destAppIds", COMMIT,
      "{" SRC ",'destAppIds':[{'runtime':'r','namespace':'n','name':'a'},"
      "{'runtime':'r','namespace':'n','name':'b'}]," MSG "}", NULL },
    { "destAppIds is no array", COMMIT, "{" SRC ",'destAppIds':{}," MSG "}",
      "destAppIds must be an array" },
    { "destAppIds is empty", COMMIT, "{" SRC ",'destAppIds':[]," MSG "}",
      "destAppIds should not be empty" },
    { "destAppIds is null: destAppId is missing", COMMIT,
      "{" SRC ",'destAppIds':null," MSG "}",
      "destAppId must be an object" },
    { "destAppIds with destAppId", COMMIT,
      "{" SRC "," DEST ",'destAppIds':[{'runtime':'r','namespace':'n',"
      "'name':'a'}]," MSG "}",
      "destAppId must not be given together with destAppIds" },
    { "items of destAppIds", COMMIT,
      "{" SRC ",'destAppIds':[7,{'runtime':'r','namespace':'','name':'a'}],"
      MSG "}",
      "destAppIds.0 must be an object\n"
      "destAppIds.1.namespace should not be empty" },
    { "the same twice in destAppIds", COMMIT,
      "{" SRC ",'destAppIds':[{'runtime':'r','namespace':'n','name':'a'},"
      "{'runtime':'r','namespace':'n','name':'b'},"
      "{'runtime':'r','namespace':'n','name':'a'}]," MSG "}",
      "destAppIds.2 is the same as destAppIds.0" },
    { "destAppIds means nothing to a pull request", PULL,
      "{" SRC ",'destAppIds':[],'head':'main','title':'t'}",
      "destAppId must be an object" },

    /* message and description */

    { "message is empty", COMMIT, "{" SRC "," DEST ",'message':''}",
      "message should not be empty" },
    { "message is blank", COMMIT, "{" SRC "," DEST ",'message':' \\n\\t'}",
      "message should not be empty" },
    { "message is null", COMMIT, "{" SRC "," DEST ",'message':null}",
      "message should not be empty\nmessage must be a string" },
    { "message is a number", COMMIT, "{" SRC "," DEST ",'message':1}",
      "message must be a string" },
    { "message with an escape character", COMMIT,
      "{" SRC "," DEST ",'message':'a\\u001b[31m'}", "message " CONTROL },
    { "message with a C1 control", COMMIT,
      "{" SRC "," DEST ",'message':'a\\u0085b'}", "message " CONTROL },
    { "message with a lone CR", COMMIT,
      "{" SRC "," DEST ",'message':'a\\rb'}", "message " CONTROL },
    { "message with CRLF, tab and newline", COMMIT,
      "{" SRC "," DEST ",'message':'a\\r\\nb\\n\\tc'}", NULL },
    { "message that forges our trailer", COMMIT,
      "{" SRC "," DEST ",'message':'a\\n\\nPromotion-Id: 1'}",
      "message " TRAILER },
    { "in any case, with blanks", COMMIT,
      "{" SRC "," DEST ",'message':'a\\r\\n \\tproMoted-BY \\t: me'}",
      "message " TRAILER },
    { "on the first line", COMMIT,
      "{" SRC "," DEST ",'message':'Promoted-From: a/b@1'}",
      "message " TRAILER },
    { "the word within a line is nothing special", COMMIT,
      "{" SRC "," DEST ",'message':'see Promotion-Id: 1\\nPromotion-Ids: "
      "2\\nPromotion-Id 3'}", NULL },
    { "description is a number", COMMIT, "{" BASE ",'description':1}",
      "description must be a string" },
    { "description may be empty", COMMIT, "{" BASE ",'description':''}",
      NULL },
    { "description that forges our trailer", COMMIT,
      "{" BASE ",'description':'x\\nPromotion-Id: 2'}",
      "description " TRAILER },

    /* the rest */

    { "srcAppCommitSha of 7", COMMIT,
      "{" BASE ",'srcAppCommitSha':'0a1b2c3'}", NULL },
    { "srcAppCommitSha of 6", COMMIT,
      "{" BASE ",'srcAppCommitSha':'0a1b2c'}",
      "srcAppCommitSha must be 7 to 40 hexadecimal digits" },
    { "srcAppCommitSha of 41", COMMIT,
      "{" BASE ",'srcAppCommitSha':"
      "'0123456789012345678901234567890123456789a'}",
      "srcAppCommitSha must be 7 to 40 hexadecimal digits" },
    { "srcAppCommitSha is a number", COMMIT,
      "{" BASE ",'srcAppCommitSha':1234567}",
      "srcAppCommitSha must be 7 to 40 hexadecimal digits" },
    { "srcAppCommitSha is no revision", COMMIT,
      "{" BASE ",'srcAppCommitSha':'HEAD~1234'}",
      "srcAppCommitSha must be 7 to 40 hexadecimal digits" },
    { "expectedDigest", COMMIT, "{" BASE ",'expectedDigest':'" DIGEST "'}",
      NULL },
    { "a digest of each destination", COMMIT,
      "{" TWO(",'expectedDigest':'" DIGEST "'") "," MSG "}", NULL },
    { "which is no digest", COMMIT,
      "{" TWO(",'expectedDigest':'abc'") "," MSG "}",
      "destAppIds.1.expectedDigest must be 64 hexadecimal digits" },
    { "one digest of two destinations", COMMIT,
      "{" TWO("") "," MSG ",'expectedDigest':'" DIGEST "'}",
      "expectedDigest goes with one destination: give each of destAppIds its "
      "own" },
    { "expectedDigest is too short", PREVIEW,
      "{" SRC "," DEST ",'expectedDigest':'abcdef0'}",
      "expectedDigest must be 64 hexadecimal digits" },
    { "booleans", COMMIT, "{" BASE ",'dryRun':true,'override':false}", NULL },
    { "dryRun is a string", COMMIT, "{" BASE ",'dryRun':'true'}",
      "dryRun must be a boolean" },

    /* pull requests */

    { "head and title are empty", PULL,
      "{" SRC "," DEST ",'head':'','title':''}",
      "head should not be empty\ntitle should not be empty" },
    { "head and title of another type", PULL,
      "{" SRC "," DEST ",'head':1,'title':2}",
      "head must be a string\ntitle must be a string" },
    { "head is no branch name: ..", PULL,
      "{" SRC "," DEST ",'head':'a..b','title':'t'}",
      "head must be a valid branch name" },
    { "head is no branch name: blank", PULL,
      "{" SRC "," DEST ",'head':'a b','title':'t'}",
      "head must be a valid branch name" },
    { "title of two lines", PULL,
      "{" SRC "," DEST ",'head':'main','title':'a\\nb'}",
      "title must be a single line" },
    { "title that forges our trailer", PULL,
      "{" SRC "," DEST ",'head':'main','title':'Promotion-Id: x'}",
      "title " TRAILER },
    { "description of a pull request may have any line", PULL,
      "{" PR ",'description':'Promotion-Id: x'}", NULL },
    { "commitMessage and commitDescription may not", PULL,
      "{" PR ",'commitMessage':'Promotion-Id: x','commitDescription':"
      "'Promoted-By: x'}",
      "commitMessage " TRAILER "\ncommitDescription " TRAILER },
    { "draft, labels, reviewers", PULL,
      "{" PR ",'draft':true,'labels':['a','b'],'reviewers':['c']}", NULL },
    { "draft, labels, reviewers of another type", PULL,
      "{" PR ",'draft':1,'labels':'a','reviewers':{}}",
      "draft must be a boolean\n"
      "labels must be an array of at most 100 strings\n"
      "reviewers must be an array of at most 100 strings" },
    { "a label that is no string", PULL, "{" PR ",'labels':['a',1]}",
      "each value in labels must be a string of 1 to 255 characters without "
      "control characters" },
};


/* Bodies that are not JSON: one text. */

typedef struct {
    const char  *name;
    const char  *body;
    const char  *token;          /* after "Unexpected token " */
} test_json_t;


static const test_json_t  test_malformed[] = {
    { "nothing", "", "end of input at line 1 column 1" },
    { "blanks", " \n ", "end of input at line 2 column 2" },
    { "an array", "[]", "[ at line 1 column 1" },
    { "a string", "'a'", "\"a\" at line 1 column 1" },
    { "a number", " 12.5e3 ", "12.5e3 at line 1 column 2" },
    { "null", "null", "null at line 1 column 1" },
    { "a word", "hello world", "hello at line 1 column 1" },
    { "the documented place", "{'a': }", "} at line 1 column 7" },
    { "cut", "{'a':", "end of input at line 1 column 6" },
    { "cut in a string", "{'a", "end of input at line 1 column 4" },
    { "cut in an escape", "{'a\\", "end of input at line 1 column 5" },
    { "no quotes", "{a:1}", "a at line 1 column 2" },
    { "other quotes", "{`a`:1}", "` at line 1 column 2" },
    { "no colon", "{'a' 'b'}", "\"b\" at line 1 column 6" },
    { "no comma", "{'a':1 'b':2}", "\"b\" at line 1 column 8" },
    { "two commas", "{'a':1,,'b':2}", ", at line 1 column 8" },
    { "only a comma", "{,}", ", at line 1 column 2" },
    { "a trailing comma", "{'a':1,}", "} at line 1 column 8" },
    { "a trailing comma in an array", "{'a':[1,]}", "] at line 1 column 9" },
    { "the wrong bracket", "{'a':[1}", "} at line 1 column 8" },
    { "more after the end", "{}\n {}", "{ at line 2 column 2" },
    { "a stray quote after the end", "{}'", "\" at line 1 column 3" },
    { "a comment", "{/**/}", "/ at line 1 column 2" },
    { "True", "{'a':True}", "True at line 1 column 6" },
    { "NaN", "{'a':NaN}", "NaN at line 1 column 6" },
    { "-Infinity", "{'a':-Infinity}", "-Infinity at line 1 column 6" },
    { "a leading zero", "{'a':012}", "012 at line 1 column 6" },
    { "a plus", "{'a':+1}", "+1 at line 1 column 6" },
    { "no digits after the point", "{'a':1.}", "1. at line 1 column 6" },
    { "no exponent", "{'a':1e}", "1e at line 1 column 6" },
    { "hexadecimal", "{'a':0x1}", "0x1 at line 1 column 6" },
    { "a newline in a string", "{'a\nb':1}",
      "U+000A (in a string) at line 1 column 4" },
    { "an unknown escape", "{'a\\q':1}",
      "\\q (unknown escape) at line 1 column 4" },
    { "an escaped character of three bytes", "{'a\\\xe2\x82\xac':1}",
      "\\\xe2\x82\xac (unknown escape) at line 1 column 4" },
    { "a malformed escape with one", "{'a\\u12\xe2\x82\xac':1}",
      "\\u12\xe2\x82\xac (malformed escape) at line 1 column 4" },
    { "a malformed escape and a newline", "{'a\\u1\n':1}",
      "\\u1 (malformed escape) at line 1 column 4" },
    { "a malformed escape", "{'a\\u12g4':1}",
      "\\u12g4 (malformed escape) at line 1 column 4" },
    { "an escaped NUL", "{'a':'\\u0000'}",
      "\\u0000 (NUL is not allowed) at line 1 column 7" },
    { "half a pair", "{'a':'\\ud800x'}",
      "\\ud800 (half of a surrogate pair) at line 1 column 7" },
    { "the other half", "{'a':'\\udc00'}",
      "\\udc00 (half of a surrogate pair) at line 1 column 7" },
    { "two first halves", "{'a':'\\ud800\\ud800'}",
      "\\ud800 (half of a surrogate pair) at line 1 column 7" },
    { "a byte order mark", "\xef\xbb\xbf{}", "U+FEFF at line 1 column 1" },
    { "Latin-1", "{'a':'\xe9'}", "0xe9 (not UTF-8) at line 1 column 7" },
    { "an overlong form", "{'a':'\xc0\xaf'}",
      "0xc0 (not UTF-8) at line 1 column 7" },
    { "columns are characters", "{'\xc3\xa9\xe2\x82\xac':x}",
      "x at line 1 column 7" },
    { "a character of four bytes", "{\xf0\x9f\x9a\x80}",
      "\xf0\x9f\x9a\x80 at line 1 column 2" },
    { "a long token is cut",
      "{'a' 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}",
      "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa at line 1 column 6" },
    { "a duplicate key", "{'a':1,\n  'a':2}",
      "\"a\" (duplicate key) at line 2 column 3" },
    { "a duplicate key in another spelling", "{'message':1,'\\u006dessage':2}",
      "\"\\u006dessage\" (duplicate key) at line 1 column 14" },
    { "a duplicate key with quotes", "{'a\\'b\\\\':1, 'a\\'b\\\\':2}",
      "\"a\\\"b\\\\\" (duplicate key) at line 1 column 14" },
    { "a duplicate key below", "{'x':[{'a':1,'a':2}]}",
      "\"a\" (duplicate key) at line 1 column 14" },
    { "a number out of range", "{'a':1e999}",
      "1e999 (out of range) at line 1 column 6" },
};


/* What a fault in any form looks like, one a line. */

static const char *
test_joined(pm_arena_t *arena, const pm_request_faults_t *faults)
{
    size_t       i;
    const char  *text;

    text = faults->n ? faults->messages[0] : "";

    for (i = 1; i < faults->n; i++) {
        text = pm_arena_printf(arena, "%s\n%s", text, faults->messages[i]);
        assert_non_null(text);
    }

    return text;
}


static char *
test_quoted(const char *text)
{
    char  *copy, *p;

    copy = strdup(text);
    assert_non_null(copy);

    for (p = copy; *p != '\0'; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    return copy;
}


/* Parses and compares the faults; the request is the arena's. */

static pm_request_t
test_parse(pm_arena_t *arena, const char *name, pm_request_kind_t kind,
    const char *text, int commas, const char *expected)
{
    int                  rc;
    char                *body;
    size_t               len;
    pm_request_t         request;
    const char          *found;
    pm_request_faults_t  faults;

    body = test_quoted(text);
    len = strlen(body);

    /* a copy without the NUL: reading past the end is seen by ASan */

    body = realloc(body, len ? len : 1);
    assert_non_null(body);

    rc = pm_request_parse(arena, body, len, kind, commas, &request, &faults);

    free(body);

    found = test_joined(arena, &faults);

    if (strcmp(found, expected ? expected : "") != 0
        || rc != (expected ? PM_INVALID : 0))
    {
        fail_msg("%s: %d: %s", name, rc, found);
    }

    return request;
}


static void
test_every_fault_has_its_text(void **state)
{
    size_t       i;
    pm_arena_t  *arena;

    for (i = 0; i < sizeof(test_faults) / sizeof(test_faults[0]); i++) {
        arena = pm_arena_create();
        (void) test_parse(arena, test_faults[i].name, test_faults[i].kind,
                          test_faults[i].body, 0, test_faults[i].faults);
        pm_arena_destroy(arena);
    }
}


static void
test_malformed_json_names_the_token(void **state)
{
    int                  rc;
    char                *body;
    size_t               i;
    pm_arena_t          *arena;
    const char          *expected;
    pm_request_t         request;
    pm_request_faults_t  faults;

    for (i = 0; i < sizeof(test_malformed) / sizeof(test_malformed[0]); i++) {
        arena = pm_arena_create();
        body = test_quoted(test_malformed[i].body);
        expected = pm_arena_printf(arena, "Unexpected token %s",
                                   test_malformed[i].token);

        rc = pm_request_parse(arena, body, strlen(body), COMMIT, 0, &request,
                              &faults);

        if (rc != PM_INVALID || faults.n != 1 || !faults.single
            || strcmp(faults.messages[0], expected) != 0)
        {
            fail_msg("%s: %d: %s", test_malformed[i].name, rc,
                     faults.n ? faults.messages[0] : "accepted");
        }

        free(body);
        pm_arena_destroy(arena);
    }
}


static void
test_a_nul_byte_is_refused(void **state)
{
    pm_arena_t           *arena;
    pm_request_t          request;
    pm_request_faults_t   faults;

    static const char  body[] = "{\"message\":\"a\0b\"}";

    arena = pm_arena_create();

    assert_int_equal(pm_request_parse(arena, body, sizeof(body) - 1, COMMIT, 0,
                                      &request, &faults), PM_INVALID);
    assert_string_equal(faults.messages[0],
                        "Unexpected token U+0000 at line 1 column 14");

    pm_arena_destroy(arena);
}


/* {"x": [[…]]}, n containers in all */

static char *
test_nested(size_t n)
{
    char  *body, *p;

    body = malloc(2 * n + 16);
    assert_non_null(body);

    p = body + sprintf(body, "{\"x\":");
    memset(p, '[', n - 1);
    p += n - 1;
    memset(p, ']', n - 1);
    p += n - 1;
    strcpy(p, "}");

    return body;
}


static void
test_depth_is_bounded(void **state)
{
    char                 *body;
    pm_arena_t           *arena;
    pm_request_t          request;
    pm_request_faults_t   faults;

    arena = pm_arena_create();

    body = test_nested(64);
    assert_int_equal(pm_request_parse(arena, body, strlen(body), COMMIT, 0,
                                      &request, &faults), PM_INVALID);
    assert_false(faults.single);
    free(body);

    body = test_nested(65);
    assert_int_equal(pm_request_parse(arena, body, strlen(body), COMMIT, 0,
                                      &request, &faults), PM_INVALID);
    assert_true(faults.single);
    assert_string_equal(faults.messages[0], "Unexpected token [ (nested too "
                        "deep) at line 1 column 69");
    free(body);

    /* a million brackets cost a scan of 64 of them */

    body = test_nested(1000000);
    assert_int_equal(pm_request_parse(arena, body, strlen(body), COMMIT, 0,
                                      &request, &faults), PM_INVALID);
    assert_true(faults.single);
    free(body);

    pm_arena_destroy(arena);
}


static void
test_trailing_commas_where_allowed(void **state)
{
    pm_arena_t    *arena;
    pm_request_t   request;

    arena = pm_arena_create();

    request = test_parse(arena, "commas", COMMIT,
                         "{" SRC "," DEST " , 'labels':[1,2 , ],\n"
                         "'message':'a,}b,]',\n}", 1, NULL);
    assert_string_equal(request.message, "a,}b,]");

    (void) test_parse(arena, "two commas", COMMIT, "{" BASE ",,}", 1,
                      "Unexpected token , at line 1 column 182");
    (void) test_parse(arena, "only a comma", COMMIT, "{,}", 1,
                      "Unexpected token , at line 1 column 2");

    pm_arena_destroy(arena);
}


static void
test_documented_commit(void **state)
{
    pm_arena_t    *arena;
    pm_request_t   request;

    arena = pm_arena_create();

    request = test_parse(arena, "commit", COMMIT,
        "{\n"
        "    'srcAppId': {\n"
        "        'runtime': 'codefresh',\n"
        "        'namespace': 'orders',\n"
        "        'name': 'orders-qa-us-east'\n"
        "    },\n"
        "    'destAppId': {\n"
        "        'runtime': 'codefresh',\n"
        "        'namespace': 'orders',\n"
        "        'name': 'orders-prod-us-east'\n"
        "    },\n"
        "        'message': 'Update image tag and bump version'\n"
        "}", 0, NULL);

    assert_string_equal(request.source.runtime, "codefresh");
    assert_string_equal(request.source.namespace, "orders");
    assert_string_equal(request.source.name, "orders-qa-us-east");
    assert_int_equal(request.ndestinations, 1);
    assert_false(request.grouped);
    assert_string_equal(request.destinations[0].runtime, "codefresh");
    assert_string_equal(request.destinations[0].namespace, "orders");
    assert_string_equal(request.destinations[0].name, "orders-prod-us-east");
    assert_string_equal(request.message, "Update image tag and bump version");
    assert_null(request.description);
    assert_null(request.source_commit);
    assert_null(request.expected_digest);

    pm_arena_destroy(arena);
}


static const char  test_documented_pull[] =
    "{\n"
    "        'srcAppId': {\n"
    "            'runtime': 'codefresh',\n"
    "            'namespace': 'membership',\n"
    "            'name': 'membership-staging'\n"
    "        },\n"
    "        'destAppId': {\n"
    "            'runtime': 'codefresh',\n"
    "            'namespace': 'membership',\n"
    "            'name': 'membership-prod'\n"
    "        },\n"
    "        'head': 'main',\n"
    "        'title': 'Merge new-accounts',\n"
    "        'description': 'Added new accounts and git sources',\n"
    "        'commitMessage': 'Merge new-accounts',\n"
    "        'commitDescription': 'Approved new accounts and git sources',\n"
    "    }";


static void
test_documented_pull_request(void **state)
{
    pm_arena_t    *arena;
    pm_request_t   request;

    arena = pm_arena_create();

    (void) test_parse(arena, "strict", PULL, test_documented_pull, 0,
                      "Unexpected token } at line 17 column 5");

    request = test_parse(arena, "with commas", PULL, test_documented_pull, 1,
                         NULL);

    assert_string_equal(request.destinations[0].name, "membership-prod");
    assert_string_equal(request.head, "main");
    assert_string_equal(request.title, "Merge new-accounts");
    assert_string_equal(request.description,
                        "Added new accounts and git sources");
    assert_string_equal(request.commit_message, "Merge new-accounts");
    assert_string_equal(request.commit_description,
                        "Approved new accounts and git sources");
    assert_null(request.message);

    pm_arena_destroy(arena);
}


static void
test_title_is_the_message_where_none_is_given(void **state)
{
    pm_arena_t    *arena;
    pm_request_t   request;

    arena = pm_arena_create();

    request = test_parse(arena, "no message", PULL, "{" PR "}", 0, NULL);
    assert_string_equal(request.commit_message, "Merge");

    request = test_parse(arena, "empty", PULL, "{" PR ",'commitMessage':''}",
                         0, NULL);
    assert_string_equal(request.commit_message, "Merge");

    pm_arena_destroy(arena);
}


static void
test_the_rest_is_read(void **state)
{
    pm_arena_t    *arena;
    pm_request_t   request;

    arena = pm_arena_create();

    request = test_parse(arena, "commit", COMMIT,
        "{" SRC ",'destAppIds':[{'runtime':'r','namespace':'n','name':'a'},"
        "{'runtime':'r','namespace':'n','name':'b','expectedDigest':"
        "'ABCDEF6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'"
        "}],'message':'m','description':'d','srcAppCommitSha':'ABCDEF0',"
        "'dryRun':true,'override':true}",
        0, NULL);

    assert_int_equal(request.ndestinations, 2);
    assert_true(request.grouped);
    assert_string_equal(request.destinations[1].name, "b");
    assert_string_equal(request.description, "d");
    assert_string_equal(request.source_commit, "abcdef0");
    assert_null(request.expected_digest);
    assert_null(request.digests[0]);
    assert_string_equal(request.digests[1], "abcdef6789abcdef0123456789ab"
                        "cdef0123456789abcdef0123456789abcdef");
    assert_true(request.dry_run);
    assert_true(request.override);

    request = test_parse(arena, "product", PRODUCT,
        "{" ENVS "," MSG ",'description':'d','dryRun':true}", 0, NULL);

    assert_string_equal(request.source_environment, "dev");
    assert_string_equal(request.destination_environment, "qa");
    assert_string_equal(request.message, "bumped version");
    assert_string_equal(request.description, "d");
    assert_true(request.dry_run);
    assert_null(request.expected_digest);

    request = test_parse(arena, "pull", PULL,
        "{" PR ",'draft':true,'labels':['a','b'],'reviewers':['c']}",
        0, NULL);

    assert_true(request.draft);
    assert_int_equal(request.nlabels, 2);
    assert_string_equal(request.labels[1], "b");
    assert_int_equal(request.nreviewers, 1);
    assert_string_equal(request.reviewers[0], "c");
    assert_false(request.dry_run);

    pm_arena_destroy(arena);
}


/* {…, "<key>": "<n times unit>"} */

static char *
test_long(const char *before, const char *unit, size_t n, const char *after)
{
    char    *text, *p;
    size_t   i;

    text = malloc(strlen(before) + n * strlen(unit) + strlen(after) + 1);
    assert_non_null(text);

    p = text + sprintf(text, "%s", before);

    for (i = 0; i < n; i++) {
        p += sprintf(p, "%s", unit);
    }

    strcpy(p, after);

    return text;
}


static void
test_lengths_count_characters(void **state)
{
    char        *text;
    size_t       i;
    pm_arena_t  *arena;

    const struct {
        pm_request_kind_t   kind;
        const char         *before;
        const char         *after;
        const char         *unit;
        size_t              limit;
        const char         *fault;
    } cases[] = {
        { COMMIT, "{" SRC "," DEST ",'message':'", "'}", "\xe2\x82\xac", 65536,
          "message must be shorter than or equal to 65536 characters" },
        { COMMIT, "{" BASE ",'description':'", "'}", "x", 65536,
          "description must be shorter than or equal to 65536 characters" },
        { COMMIT, "{" DEST "," MSG ",'srcAppId':{'runtime':'r','namespace':'n'"
          ",'name':'", "'}}", "\xc3\xa9", 253,
          "srcAppId.name must be shorter than or equal to 253 characters" },
        { COMMIT, "{" SRC "," MSG ",'destAppId':{'name':'r','namespace':'n'"
          ",'runtime':'", "'}}", "x", 253,
          "destAppId.runtime must be shorter than or equal to 253 "
          "characters" },
        { PULL, "{" SRC "," DEST ",'head':'main','title':'", "'}", "x", 1024,
          "title must be shorter than or equal to 1024 characters" },
        { PULL, "{" SRC "," DEST ",'title':'t','head':'", "'}", "x", 244,
          "head must be shorter than or equal to 244 characters" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        arena = pm_arena_create();

        text = test_long(cases[i].before, cases[i].unit, cases[i].limit,
                         cases[i].after);
        (void) test_parse(arena, cases[i].fault, cases[i].kind, text, 0, NULL);
        free(text);

        text = test_long(cases[i].before, cases[i].unit, cases[i].limit + 1,
                         cases[i].after);
        (void) test_parse(arena, cases[i].fault, cases[i].kind, text, 0,
                          cases[i].fault);
        free(text);

        pm_arena_destroy(arena);
    }
}


static void
test_lists_are_bounded(void **state)
{
    char        *text;
    pm_arena_t  *arena;

    arena = pm_arena_create();

    text = test_long("{" SRC "," MSG ",'destAppIds':[1", ",1", 100, "]}");
    (void) test_parse(arena, "destAppIds", COMMIT, text, 0,
                      "destAppIds must contain no more than 100 elements");
    free(text);

    text = test_long("{" PR ",'labels':['a'", ",'a'", 100, "]}");
    (void) test_parse(arena, "labels", PULL, text, 0,
                      "labels must be an array of at most 100 strings");
    free(text);

    pm_arena_destroy(arena);
}


static void
test_branch_names(void **state)
{
    size_t  i;

    static const char *const  good[] = {
        "main", "feature/x", "a.b", "release-1.0", "locks", "a.lockx",
        "\xc3\xa9t\xc3\xa9", "x@y", "a/b/c", "promote/ns/app/src.app",
        "refs/heads/main", "refs", "refs.x/y", "a/refs/tags/x",
        "0123456789abcdef0123456789abcdef0123456",
        "0123456789abcdef0123456789abcdef0123456x"
    };
    static const char *const  bad[] = {
        "@", "-a", "/a", "a/", "a//b", "a.", ".a", "a/.b", "a..b", "a.lock",
        "a.lock/b", "a@{b", "a b", "a\tb", "a~b", "a^b", "a:b", "a?b", "a*b",
        "a[b", "a\\b", "a\177b", "a\nb", "refs/tags/x", "refs/x",
        "refs/heads/", "refs/heads/-a", "refs/heads/refs/tags/x",
        "refs/heads/refs/heads/a", "refs/pull/1/head",
        "0123456789abcdef0123456789abcdef01234567",
        "refs/heads/0123456789abcdef0123456789abcdef01234567"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!pm_request_is_branch(good[i])) {
            fail_msg("refused: %s", good[i]);
        }
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (pm_request_is_branch(bad[i])) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_every_fault_has_its_text),
        cmocka_unit_test(test_malformed_json_names_the_token),
        cmocka_unit_test(test_a_nul_byte_is_refused),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_trailing_commas_where_allowed),
        cmocka_unit_test(test_documented_commit),
        cmocka_unit_test(test_documented_pull_request),
        cmocka_unit_test(test_title_is_the_message_where_none_is_given),
        cmocka_unit_test(test_the_rest_is_read),
        cmocka_unit_test(test_lengths_count_characters),
        cmocka_unit_test(test_lists_are_bounded),
        cmocka_unit_test(test_branch_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
