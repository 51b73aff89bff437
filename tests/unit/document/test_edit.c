#include "document/pm_edit_internal.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>


#define FOLDER     "tests/unit/document/data/edit"
#define SELECTORS  64


/*
 * A case is a folder:
 *
 *   source.yaml destination.yaml     or .json
 *   selectors.txt                    one a line; "! " before an exclusion
 *   expected.yaml                    valid: the result, byte for byte
 *   expected.txt                     invalid: the message
 *   properties.txt                   if there: the properties, and what was
 *                                    skipped, in this order
 */

typedef struct {
    char    path[512];
    char    name[64];
    char   *text;
    size_t  len;
} test_file_t;


typedef struct {
    const char     *folder;
    const char     *name;
    pm_arena_t     *arena;
    test_file_t     source;
    test_file_t     destination;
    test_file_t     selectors;
    test_file_t     expected;
    pm_jsonpath_t  *paths[SELECTORS];
    size_t          npaths;
    pm_jsonpath_t  *excludes[SELECTORS];
    size_t          nexcludes;
} test_case_t;


static int
test_read(pm_arena_t *arena, const char *path, char **text, size_t *len)
{
    FILE  *file;
    long   size;

    file = fopen(path, "rb");
    if (file == NULL) {
        return -1;
    }

    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_int_equal(fseek(file, 0, SEEK_SET), 0);

    *len = (size_t) size;
    *text = pm_arena_alloc(arena, *len + 1);
    assert_non_null(*text);
    assert_int_equal(fread(*text, 1, *len, file), *len);
    (*text)[*len] = '\0';

    fclose(file);

    return 0;
}


/* name.yaml, name.json or name.txt of a case. */

static int
test_find(test_case_t *c, const char *name, test_file_t *file)
{
    size_t                    i;

    static const char *const  ends[] = { "yaml", "json", "txt" };

    for (i = 0; i < 3; i++) {
        snprintf(file->name, sizeof(file->name), "%s.%s", name, ends[i]);
        snprintf(file->path, sizeof(file->path), "%s/%s/%s", c->folder,
                 c->name, file->name);

        if (test_read(c->arena, file->path, &file->text, &file->len) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
test_load(test_case_t *c)
{
    char        *line, *next;
    size_t       len;
    pm_error_t   err;

    if (!test_find(c, "source", &c->source)
        || !test_find(c, "destination", &c->destination)
        || !test_find(c, "selectors", &c->selectors)
        || !test_find(c, "expected", &c->expected))
    {
        fail_msg("%s/%s: a file is missing", c->folder, c->name);
    }

    for (line = c->selectors.text; *line != '\0'; line = next) {
        len = strcspn(line, "\n");
        next = line + len + (line[len] == '\n');

        assert_true(c->npaths < SELECTORS && c->nexcludes < SELECTORS);

        if (pm_jsonpath_compile(c->arena, line[0] == '!' ? line + 2 : line,
                                line[0] == '!' ? len - 2 : len,
                                line[0] == '!' ? &c->excludes[c->nexcludes++]
                                               : &c->paths[c->npaths++], &err)
            != 0)
        {
            fail_msg("%s: %s", c->selectors.path, err.message);
        }
    }
}


static int
test_edit(test_case_t *c, const pm_string_t *destination,
    pm_edit_result_t *result, pm_error_t *err)
{
    int             rc;
    pm_document_t  *from, *to;

    rc = pm_edit_parse(c->arena, PM_EDIT_SOURCE, c->source.name,
                       c->source.text, c->source.len, &from, err);

    if (rc == 0) {
        rc = pm_edit_parse(c->arena, PM_EDIT_DESTINATION,
                           c->destination.name, destination->data,
                           destination->len, &to, err);
    }

    return rc ? rc : pm_edit(c->arena, from, to,
                             (const pm_jsonpath_t *const *) c->paths,
                             c->npaths,
                             (const pm_jsonpath_t *const *) c->excludes,
                             c->nexcludes, result, err);
}


/* The ranges turn the destination into the result. */

static void
test_ranges(const test_case_t *c, const pm_edit_result_t *result)
{
    char    *text;
    size_t   i, at, len;

    at = 0;
    len = 0;
    text = malloc(c->destination.len + result->text.len + 1);
    assert_non_null(text);

    for (i = 0; i < result->nranges; i++) {
        assert_true(result->ranges[i].start >= at);
        assert_true(result->ranges[i].end >= result->ranges[i].start);

        memcpy(text + len, c->destination.text + at,
               result->ranges[i].start - at);
        len += result->ranges[i].start - at;
        memcpy(text + len, result->ranges[i].text.data,
               result->ranges[i].text.len);
        len += result->ranges[i].text.len;
        at = result->ranges[i].end;
    }

    memcpy(text + len, c->destination.text + at, c->destination.len - at);
    len += c->destination.len - at;

    assert_int_equal(len, result->text.len);
    assert_memory_equal(text, result->text.data, len);

    free(text);
}


static void
test_properties(test_case_t *c, const pm_edit_result_t *result)
{
    char          text[8192];
    size_t        i, len;
    test_file_t   file;

    if (!test_find(c, "properties", &file)) {
        return;
    }

    for (i = 0, len = 0; i < result->nproperties; i++) {
        len += (size_t) snprintf(text + len, sizeof(text) - len,
                                 "%zu %s: %s -> %s\n",
                                 result->properties[i].document,
                                 result->properties[i].path,
                                 result->properties[i].from
                                 ? result->properties[i].from : "nothing",
                                 result->properties[i].to);
    }

    for (i = 0; i < result->nskipped; i++) {
        len += (size_t) snprintf(text + len, sizeof(text) - len,
                                 "skipped %s\n", result->skipped[i]);
    }

    text[len] = '\0';

    if (strcmp(text, file.text) != 0) {
        fail_msg("%s: got\n%s", file.path, text);
    }
}


static void
test_valid(test_case_t *c)
{
    pm_error_t        err;
    pm_string_t       text;
    pm_edit_result_t  result, again;

    text.data = c->destination.text;
    text.len = c->destination.len;

    if (test_edit(c, &text, &result, &err) != 0) {
        fail_msg("%s/%s: %s", c->folder, c->name, err.message);
    }

    if (result.text.len != c->expected.len
        || memcmp(result.text.data, c->expected.text, c->expected.len) != 0)
    {
        fail_msg("%s: got\n%.*s", c->expected.path, (int) result.text.len,
                 result.text.data);
    }

    assert_int_equal(result.changed, text.len != result.text.len
                                     || memcmp(text.data, result.text.data,
                                               text.len) != 0);
    assert_true(result.changed == (result.nproperties > 0));

    test_ranges(c, &result);
    test_properties(c, &result);

    /* what has been promoted is equal */

    if (test_edit(c, &result.text, &again, &err) != 0 || again.changed) {
        fail_msg("%s/%s: a second time: %s", c->folder, c->name,
                 again.changed ? again.text.data : err.message);
    }
}


static void
test_invalid(test_case_t *c)
{
    int               rc;
    char              message[PM_ERROR_SIZE + 1];
    pm_error_t        err;
    pm_string_t       text;
    pm_edit_result_t  result;

    text.data = c->destination.text;
    text.len = c->destination.len;

    memset(&err, 0, sizeof(pm_error_t));

    rc = test_edit(c, &text, &result, &err);

    if (rc == 0) {
        fail_msg("%s/%s: no error, but\n%.*s", c->folder, c->name,
                 (int) result.text.len, result.text.data);
    }

    snprintf(message, sizeof(message), "%s\n", err.message);

    if (strcmp(message, c->expected.text) != 0) {
        fail_msg("%s: got\n%s", c->expected.path, message);
    }

    assert_int_equal(rc, PM_UNPROCESSABLE);
    assert_int_equal(err.code, PM_UNPROCESSABLE);
}


static void
test_case(void **state)
{
    test_case_t  c;
    const char  *name;

    name = *state;

    memset(&c, 0, sizeof(test_case_t));

    c.arena = pm_arena_create();
    assert_non_null(c.arena);
    c.name = strchr(name, '/') + 1;

    if (name[0] == 'v') {
        c.folder = FOLDER "/valid";
        test_load(&c);
        test_valid(&c);

    } else {
        c.folder = FOLDER "/invalid";
        test_load(&c);
        test_invalid(&c);
    }

    pm_arena_destroy(c.arena);
}


/* What the verification says about a result that the edit never makes. */

typedef struct {
    const char  *what;
    const char  *result;
    size_t       start;          /* the one range that it claims */
    size_t       end;
    const char  *text;
    const char  *message;        /* NULL: it is right */
} test_forgery_t;


static const char  test_forged_source[] = "a: 2\nn: {x: 1}\nl: [1]\n";
static const char  test_forged[] = "a: 1 # c\nb: 3\nl: [0, 9]\n";


static const test_forgery_t  test_forgeries[] = {
    { "right", "a: 2 # c\nb: 3\nl: [1]\nn: {x: 1}\n", 3, 24,
      "2 # c\nb: 3\nl: [1]\nn: {x: 1}\n", NULL },
    { "another value", "a: 3 # c\nb: 3\nl: [1]\nn: {x: 1}\n", 3, 24,
      "3 # c\nb: 3\nl: [1]\nn: {x: 1}\n", "d.yaml:1:4: " },
    { "another kind", "a: '2'\nb: 3\nl: [1]\nn: {x: 1}\n", 3, 24,
      "'2'\nb: 3\nl: [1]\nn: {x: 1}\n", "d.yaml:1:4: " },
    { "another spelling", "a: 2.0\nb: 3\nl: [1]\nn: {x: 1}\n", 3, 24,
      "2.0\nb: 3\nl: [1]\nn: {x: 1}\n", "d.yaml:1:4: " },
    { "a value not selected", "a: 2\nb: 4\nl: [1]\nn: {x: 1}\n", 3, 24,
      "2\nb: 4\nl: [1]\nn: {x: 1}\n", "d.yaml:1:4: " },
    { "a key lost", "a: 2\nl: [1]\nn: {x: 1}\n", 3, 24,
      "2\nl: [1]\nn: {x: 1}\n", "d.yaml:1:4: " },
    { "a key not inserted", "a: 2\nb: 3\nl: [1]\n", 3, 24,
      "2\nb: 3\nl: [1]\n", "d.yaml:3:4: " },
    { "a key too much", "a: 2\nb: 3\nl: [1]\nn: {x: 1}\no: 1\n", 3, 24,
      "2\nb: 3\nl: [1]\nn: {x: 1}\no: 1\n", "d.yaml:3:4: " },
    { "an item too much", "a: 2\nb: 3\nl: [1, 9]\nn: {x: 1}\n", 3, 24,
      "2\nb: 3\nl: [1, 9]\nn: {x: 1}\n", "d.yaml:3:4: " },
    { "an inserted value", "a: 2\nb: 3\nl: [1]\nn: {x: 2}\n", 3, 24,
      "2\nb: 3\nl: [1]\nn: {x: 2}\n", "d.yaml:3:4: " },
    { "a document too much", "a: 2\nb: 3\nl: [1]\nn: {x: 1}\n---\n", 3, 24,
      "2\nb: 3\nl: [1]\nn: {x: 1}\n---\n", "d.yaml:1:1: " },
    { "a comment lost", "a: 2\nb: 3\nl: [1]\nn: {x: 1}\n", 3, 4, "2",
      "d.yaml: the edit would change bytes" },
    { "a range beyond", "a: 2\nb: 3\nl: [1]\nn: {x: 1}\n", 3, 99,
      "2\nb: 3\nl: [1]\nn: {x: 1}\n", "d.yaml: the edit would change" },
    { "a range that says another text", "a: 2\nb: 3\nl: [1]\nn: {x: 1}\n",
      3, 24, "3\nb: 3\nl: [1]\nn: {x: 1}\n",
      "d.yaml: the edit would change" },
    { "no YAML", "a: [\n", 3, 24, "[\n", "d.yaml: the edited text could" }
};


static void
test_verification(void **state)
{
    int                rc;
    size_t             i;
    pm_arena_t        *arena;
    pm_error_t         err;
    pm_document_t     *source, *destination;
    pm_jsonpath_t     *path;
    pm_edit_pair_t     pair;
    pm_edit_range_t    range;
    pm_edit_result_t   result;

    arena = pm_arena_create();
    assert_non_null(arena);
    memset(&pair, 0, sizeof(pm_edit_pair_t));

    assert_int_equal(pm_document_parse(arena, "s.yaml", test_forged_source,
                                       strlen(test_forged_source), &source,
                                       &err), 0);
    assert_int_equal(pm_document_parse(arena, "d.yaml", test_forged,
                                       strlen(test_forged), &destination,
                                       &err), 0);
    assert_int_equal(pm_jsonpath_compile(arena, "$", 1, &path, &err), 0);
    assert_int_equal(pm_picks_collect(arena,
                                      (const pm_jsonpath_t *const *) &path, 1,
                                      source->roots[0], NULL,
                                      &pair.frame.selected, &err), 0);

    for (i = 0; i < sizeof(test_forgeries) / sizeof(test_forgeries[0]); i++) {
        memset(&result, 0, sizeof(pm_edit_result_t));

        result.changed = 1;
        result.text.data = test_forgeries[i].result;
        result.text.len = strlen(result.text.data);
        result.ranges = &range;
        result.nranges = 1;
        range.start = test_forgeries[i].start;
        range.end = test_forgeries[i].end;
        range.text.data = test_forgeries[i].text;
        range.text.len = strlen(range.text.data);

        rc = pm_edit_verify(arena, source, destination, &pair, 1, &result,
                            &err);

        if (test_forgeries[i].message == NULL) {
            assert_int_equal(rc, 0);

        } else if (rc != PM_UNPROCESSABLE
                   || strncmp(err.message, test_forgeries[i].message,
                              strlen(test_forgeries[i].message)) != 0)
        {
            fail_msg("%s: %d, %s", test_forgeries[i].what, rc, err.message);
        }
    }

    pm_arena_destroy(arena);
}


static int
test_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}


/* One test for each folder below the one named; room for one more. */

static struct CMUnitTest *
test_folder(const char *kind, struct CMUnitTest *tests, size_t *n)
{
    int              i, found;
    char             path[256], *name;
    size_t           size;
    struct dirent  **names;

    snprintf(path, sizeof(path), "%s/%s", FOLDER, kind);

    found = scandir(path, &names, test_visible, alphasort);

    if (found <= 0) {
        fprintf(stderr, "%s: no cases\n", path);
        exit(1);
    }

    tests = realloc(tests, (*n + (size_t) found + 1)
                           * sizeof(struct CMUnitTest));

    for (i = 0; tests != NULL && i < found; i++) {
        size = strlen(kind) + strlen(names[i]->d_name) + 2;
        name = malloc(size);

        if (name == NULL) {
            exit(1);
        }

        snprintf(name, size, "%s/%s", kind, names[i]->d_name);
        free(names[i]);

        memset(&tests[*n], 0, sizeof(struct CMUnitTest));
        tests[*n].name = name;
        tests[*n].test_func = test_case;
        tests[*n].initial_state = name;
        (*n)++;
    }

    free(names);

    return tests;
}


int
main(void)
{
    int                 rc;
    size_t              i, n;
    struct CMUnitTest  *tests;

    n = 0;
    tests = test_folder("valid", NULL, &n);
    tests = tests ? test_folder("invalid", tests, &n) : NULL;

    if (tests == NULL) {
        return 1;
    }

    memset(&tests[n], 0, sizeof(struct CMUnitTest));
    tests[n].name = "verification";
    tests[n].test_func = test_verification;

    rc = _cmocka_run_group_tests("edit", tests, n + 1, NULL, NULL);

    for (i = 0; i < n; i++) {
        free((void *) tests[i].name);
    }

    free(tests);

    return rc;
}
