/*
 * Promotions by template, from manifests to commits: each case is a folder of
 * its own with "dev" and "prod", and a PromotionTemplate.
 */

#include "batch.h"

#include "promotion/pm_permission.h"
#include "promotion/pm_record.h"

#include <jansson.h>


#define EDITED(file)                                                          \
    "--- a/" file "\n+++ b/" file "\n"


typedef struct {
    const char  *name;
    const char  *files;          /* a shell command in the case's folder */
    const char  *template;       /* the spec's other fields; NULL: none */
    const char  *helm;           /* of both applications' sources */
    const char  *change;         /* what the commit shows; or */
    const char  *message;        /* why there is none */
    const char  *skipped;        /* in the preview; NULL: [] */
} test_case_t;


static const char  test_values[] =
    "mkdir -p dev prod && "
    "printf 'image:\\n  tag: \"2\"   # the tag\\nreplicas: 1\\n' "
    "> dev/values.yaml && "
    "printf '# prod\\nimage:\\n  tag: 1   # mine\\nreplicas: 9\\n' "
    "> prod/values.yaml";


static const test_case_t  test_cases[] = {

    { "one value",
      test_values,
      "  promotion: {values.yaml: {jsonPaths: [$.image.tag]}}\n", "",
      EDITED("prod/values.yaml") "-  tag: 1   # mine\n+  tag: \"2\"   # mine\n",
      NULL, NULL },

    { "several values, one missing in the source",
      test_values,
      "  promotion: {values.yaml: {jsonPaths: [$.image.tag, $.image.digest, "
      "$.replicas]}}\n", "",
      EDITED("prod/values.yaml")
      "-  tag: 1   # mine\n-replicas: 9\n+  tag: \"2\"   # mine\n"
      "+replicas: 1\n", NULL,
      "[{\"file\":\"values.yaml\",\"jsonPath\":\"$.image.digest\"}]" },

    { "a file that the source lacks",
      test_values,
      "  promotion: {values.yaml: {jsonPaths: [$.image.tag]}, "
      "Chart.yaml: {jsonPaths: [$.version]}, a.json: {jsonPaths: ['*']}}\n",
      "",
      EDITED("prod/values.yaml") "-  tag: 1   # mine\n+  tag: \"2\"   # mine\n",
      NULL, "[{\"file\":\"Chart.yaml\"},{\"file\":\"a.json\"}]" },

    { "a file that is equal, and what it lacks",
      "mkdir -p dev prod && printf 'a: 1\\n' | tee dev/a.yaml > prod/a.yaml "
      "&& echo 1 > dev/b && echo 2 > prod/b",
      "  promotion: {a.yaml: {jsonPaths: [$.a, $.b]}, b: {jsonPaths: ['*']}}"
      "\n", "",
      EDITED("prod/b") "-2\n+1\n", NULL,
      "[{\"file\":\"a.yaml\",\"jsonPath\":\"$.b\"}]" },

    { "whole files, new and old",
      "mkdir -p dev prod && echo new > dev/new && chmod 755 dev/new && "
      "echo 2 > dev/old && echo 1 > prod/old && echo x > dev/other",
      "  promotion: {new: {jsonPaths: ['*']}, old: {jsonPaths: ['*']}}\n", "",
      "new file mode 100755\n--- /dev/null\n+++ b/prod/new\n+new\n"
      EDITED("prod/old") "-1\n+2\n", NULL, NULL },

    { "an edit keeps the destination's mode",
      "mkdir -p dev prod && echo 'a: 2' > dev/a.yaml && chmod 755 dev/a.yaml "
      "&& echo 'a: 1' > prod/a.yaml && echo 'b: 2' > dev/b.yaml && "
      "echo 'b: 1' > prod/b.yaml && chmod 755 prod/b.yaml",
      "  promotion: {a.yaml: {jsonPaths: [$.a]}, b.yaml: {jsonPaths: [$.b]}}"
      "\n", "",
      EDITED("prod/a.yaml") "-a: 1\n+a: 2\n"
      EDITED("prod/b.yaml") "-b: 1\n+b: 2\n", NULL, NULL },

    { "values of a file in the source only",
      "mkdir -p dev prod && echo 'a: 2' > dev/a.yaml && touch prod/x",
      "  promotion: {a.yaml: {jsonPaths: [$.a]}}\n", "",
      NULL, "a.yaml exists in the source only", NULL },

    { "no values of a file in the source only",
      "mkdir -p dev prod && echo 'a: 2' > dev/a.yaml && touch prod/x && "
      "echo 1 > dev/b",
      "  promotion: {a.yaml: {jsonPaths: [$.b, $.c]}, b: {jsonPaths: ['*']}}"
      "\n", "",
      "new file mode 100644\n--- /dev/null\n+++ b/prod/b\n+1\n", NULL,
      "[{\"file\":\"a.yaml\",\"jsonPath\":\"$.b\"},"
      "{\"file\":\"a.yaml\",\"jsonPath\":\"$.c\"}]" },

    { "patterns",
      "mkdir -p dev/c/d prod/c && echo 1 > dev/a.json && echo 1 > dev/c/b.json "
      "&& echo 1 > dev/c/d/x && echo 'a: 2' > dev/c/v.yaml && "
      "echo 'a: 1' > prod/c/v.yaml && echo 1 > dev/x",
      "  promotion: {'*.json': {jsonPaths: ['*']}, c/d/**: {jsonPaths: ['*']}"
      ", '**/*.yaml': {jsonPaths: [$.a]}}\n", "",
      "new file mode 100644\n--- /dev/null\n+++ b/prod/a.json\n+1\n"
      "new file mode 100644\n--- /dev/null\n+++ b/prod/c/d/x\n+1\n"
      EDITED("prod/c/v.yaml") "-a: 1\n+a: 2\n", NULL, NULL },

    { "a name before a pattern",
      "mkdir -p dev prod && for f in a b; do printf 'a: 2\\nb: 2\\n' "
      "> dev/$f.yaml; printf 'a: 1\\nb: 1\\n' > prod/$f.yaml; done",
      "  promotion: {'*.yaml': {jsonPaths: [$.a]}, b.yaml: {jsonPaths: [$.b]"
      "}}\n", "",
      EDITED("prod/a.yaml") "-a: 1\n+a: 2\n"
      EDITED("prod/b.yaml") "-b: 1\n+b: 2\n", NULL, NULL },

    { "another name in the destination",
      "mkdir -p dev prod && echo 'a: 2' > dev/values-dev.yaml && "
      "echo 'a: 1' > prod/values-prod.yaml && echo 2 > dev/w",
      "  promotion: {values-dev.yaml: {jsonPaths: [$.a], to: values-prod.yaml"
      "}, w: {jsonPaths: ['*'], to: sub/w}}\n", "",
      "new file mode 100644\n--- /dev/null\n+++ b/prod/sub/w\n+2\n"
      EDITED("prod/values-prod.yaml") "-a: 1\n+a: 2\n", NULL, NULL },

    { "two names for one file",
      "mkdir -p dev prod && echo 1 > dev/a && echo 2 > dev/b",
      "  promotion: {a: {jsonPaths: ['*'], to: c}, b: {jsonPaths: ['*'], "
      "to: c}}\n", "",
      NULL, "/prod/c: two sources of the application write different", NULL },

    { "no promotion is every file",
      "mkdir -p dev prod && echo 1 > dev/a && echo 1 > prod/b",
      "  priority: 1\n", "",
      "new file mode 100644\n--- /dev/null\n+++ b/prod/a\n+1\n", NULL, NULL },

    { "excluded files",
      "mkdir -p dev/s/t prod && echo 1 > dev/a && echo 1 > dev/s/t/b && "
      "echo 1 > dev/secret.yaml",
      "  exclude: [s/**, secret.*]\n", "",
      "new file mode 100644\n--- /dev/null\n+++ b/prod/a\n+1\n", NULL, NULL },

    { "excluded by either name",
      "mkdir -p dev prod && echo 1 > dev/a && echo 1 > dev/b && echo 1 > dev/c",
      "  exclude: [a, y]\n  promotion: {a: {jsonPaths: ['*'], to: x}, "
      "b: {jsonPaths: ['*'], to: y}, c: {jsonPaths: ['*'], to: z}}\n", "",
      "new file mode 100644\n--- /dev/null\n+++ b/prod/z\n+1\n", NULL, NULL },

    { "excluded values",
      test_values,
      "  exclude: [$.replicas]\n"
      "  promotion: {values.yaml: {jsonPaths: [$]}}\n", "",
      EDITED("prod/values.yaml") "-  tag: 1   # mine\n+  tag: \"2\"   # mine\n",
      NULL, NULL },

    { "excluded values of whole files",
      "mkdir -p dev prod && for f in a b; do printf 'x: 2 # two\\ny: 2\\n' "
      "> dev/$f.yaml; printf 'x: 1 # one\\ny: 1\\n' > prod/$f.yaml; done && "
      "echo '{{ y }}' > dev/tpl && echo 'z: 2 # two' > dev/z.yaml && "
      "echo 'z: 1 # one' > prod/z.yaml",
      "  exclude: [{file: a*, jsonPaths: [$.y]}, {file: z.yaml, jsonPaths: "
      "[$.y]}]\n", "",
      EDITED("prod/a.yaml") "-x: 1 # one\n+x: 2 # one\n"
      EDITED("prod/b.yaml")
      "-x: 1 # one\n-y: 1\n+x: 2 # two\n+y: 2\n"
      "new file mode 100644\n--- /dev/null\n+++ b/prod/tpl\n+{{ y }}\n"
      EDITED("prod/z.yaml") "-z: 1 # one\n+z: 2 # two\n", NULL, NULL },

    { "excluded values of a whole file that cannot be read",
      "mkdir -p dev prod && printf 'a: {{ b }}\\n' > dev/t.yaml",
      "  exclude: [$.y]\n", "",
      NULL, "t.yaml:1:", NULL },

    { "excluded values of a new whole file",
      "mkdir -p dev prod && echo 'y: 1' > dev/t.yaml",
      "  exclude: [$.y]\n", "",
      NULL, "t.yaml exists in the source only, and values of it are excluded",
      NULL },

    { "deletions: keep",
      "mkdir -p dev prod && echo 1 > dev/a && echo 1 > prod/b",
      "  deletions: keep\n", "",
      "new file mode 100644\n--- /dev/null\n+++ b/prod/a\n+1\n", NULL, NULL },

    { "deletions: mirror",
      "mkdir -p dev prod/s && echo 1 > dev/a && echo 1 > prod/b && "
      "echo 1 > prod/s/c && echo 1 > prod/stays",
      "  deletions: mirror\n  exclude: [stays]\n", "",
      "new file mode 100644\n--- /dev/null\n+++ b/prod/a\n+1\n"
      "deleted file mode 100644\n--- a/prod/b\n+++ /dev/null\n-1\n"
      "deleted file mode 100644\n--- a/prod/s/c\n+++ /dev/null\n-1\n",
      NULL, NULL },

    { "mirrored are only whole files that are selected",
      "mkdir -p dev prod && echo 1 > dev/k && for f in a.json v.yaml n m x y;"
      " do echo 'a: 1' > prod/$f; done",
      "  deletions: mirror\n  promotion: {'*.json': {jsonPaths: ['*']}, "
      "'*.yaml': {jsonPaths: [$.a]}, n: {jsonPaths: ['*']}, "
      "m: {jsonPaths: [$.a]}, q: {jsonPaths: ['*'], to: y}}\n", "",
      "deleted file mode 100644\n--- a/prod/a.json\n+++ /dev/null\n-a: 1\n"
      "deleted file mode 100644\n--- a/prod/n\n+++ /dev/null\n-a: 1\n"
      "deleted file mode 100644\n--- a/prod/y\n+++ /dev/null\n-a: 1\n",
      NULL, "[{\"file\":\"m\"}]" },

    { "what is renamed to is not mirrored away",
      "mkdir -p dev prod && echo 2 > dev/v-dev && echo 1 > prod/v-prod",
      "  deletions: mirror\n  promotion: {'v*': {jsonPaths: ['*']}, "
      "v-dev: {jsonPaths: ['*'], to: v-prod}}\n", "",
      EDITED("prod/v-prod") "-1\n+2\n", NULL, NULL },

    { "a file in the place of a folder",
      "mkdir -p dev/a prod && echo 1 > dev/a/x && echo 1 > prod/a",
      "  promotion: {a/**: {jsonPaths: ['*']}, a: {jsonPaths: ['*']}}\n", "",
      NULL, "/dev/a is a folder; promote what is below it with", NULL },

    { "symbolic links whole",
      "mkdir -p dev prod && ln -s x dev/l && echo 1 > prod/l",
      "  promotion: {l: {jsonPaths: ['*']}}\n", "",
      "deleted file mode 100644\n--- a/prod/l\n+++ /dev/null\n-1\n"
      "new file mode 120000\n--- /dev/null\n+++ b/prod/l\n+x\n"
      "\\ No newline at end of file\n", NULL, NULL },

    { "values of a symbolic link",
      "mkdir -p dev prod && ln -s x dev/l && echo 'a: 1' > prod/l",
      "  promotion: {l: {jsonPaths: [$.a]}}\n", "",
      NULL, "l is a symbolic link in the source", NULL },

    { "values into a symbolic link",
      "mkdir -p dev prod && ln -s x prod/l && echo 'a: 1' > dev/l",
      "  promotion: {l: {jsonPaths: [$.a]}}\n", "",
      NULL, "l is a symbolic link in the destination", NULL },

    { "a source that cannot be read",
      "mkdir -p dev prod && printf 'a: 1\\nb: [\\n' > dev/a.yaml && "
      "echo 'a: 2' > prod/a.yaml",
      "  promotion: {a.yaml: {jsonPaths: [$.a]}}\n", "",
      NULL, "a.yaml:3:1: ", NULL },

    { "a destination that cannot be read",
      "mkdir -p dev prod && printf 'a: 1\\na: 1\\n' > prod/a.yaml && "
      "echo 'a: 2' > dev/a.yaml",
      "  promotion: {a.yaml: {jsonPaths: [$.a]}}\n", "",
      NULL, "a.yaml:2:1: ", NULL },

    { "a value behind an alias",
      "mkdir -p dev prod && printf 'x: &x {t: 1}\\ni: *x\\n' > prod/a.yaml &&"
      " printf 'i: {t: 2}\\n' > dev/a.yaml",
      "  promotion: {a.yaml: {jsonPaths: [$.i.t]}}\n", "",
      NULL, "a.yaml:2:4: ", NULL },

    { "a file over the limit",
      "mkdir -p dev prod && { echo 'a: 1' && yes '#############' | "
      "head -c 9000000; } > dev/a.yaml && echo 'a: 2' > prod/a.yaml",
      "  promotion: {a.yaml: {jsonPaths: [$.a]}}\n", "",
      NULL, "a.yaml has more than 8 MiB (in the source)", NULL },

    { "value files outside, named by both",
      "mkdir -p dev prod common && echo 'a: 2' > common.yaml && "
      "mkdir -p dev/a prod/a && echo 2 > dev/a/x && "
      "echo 'v: 2' > dev/v.yaml && echo 'v: 1' > prod/v.yaml",
      "  promotion: {../v.yaml: {jsonPaths: [$.v]}, "
      "../w.yaml: {jsonPaths: [$.v]}}\n",
      ", helm: {valueFiles: [../v.yaml]}",
      EDITED("prod/v.yaml") "-v: 1\n+v: 2\n", NULL,
      "[{\"file\":\"../w.yaml\"}]" },

    { "value files outside are no part of all files",
      "mkdir -p dev/a prod/a && echo 2 > dev/a/x && echo 'v: 2' > dev/v.yaml "
      "&& echo 'v: 1' > prod/v.yaml",
      "  promotion: {'**': {jsonPaths: ['*']}}\n",
      ", helm: {valueFiles: [../v.yaml]}",
      "new file mode 100644\n--- /dev/null\n+++ b/prod/a/x\n+2\n", NULL,
      NULL },

    { "a whole file with exclusions, empty in the source",
      "mkdir -p dev prod && echo '# nothing' > dev/a.yaml && "
      "echo 'y: 1' > prod/a.yaml && echo 1 > dev/b",
      "  exclude: [$.y]\n", "",
      "new file mode 100644\n--- /dev/null\n+++ b/prod/b\n+1\n", NULL,
      NULL },

    { "JSON",
      "mkdir -p dev prod && printf '{\"a\": 2, \"b\": 2}' > dev/a.json && "
      "printf '{\\n  \"b\": 1,\\n  \"a\": 1\\n}\\n' > prod/a.json",
      "  promotion: {a.json: {jsonPaths: [$.a]}}\n", "",
      EDITED("prod/a.json") "-  \"a\": 1\n+  \"a\": 2\n", NULL, NULL },

    { "nothing selected differs",
      test_values,
      "  promotion: {values.yaml: {jsonPaths: [$.nothing]}}\n", "",
      NULL, "no changes found", NULL }
};


/*
 * Value files in another source of the same branch: each case's applications
 * have a chart, or a folder, and these valueFiles.
 */

typedef struct {
    const char  *name;
    const char  *files;
    const char  *template;
    const char  *from;           /* its sources; $F: the case's folder, $R: the
                                    repository and its branch */
    const char  *to;
    const char  *change;
    const char  *message;
    const char  *skipped;
} test_value_case_t;


#define CHART(files)                                                          \
    "  - {repoURL: 'https://charts.example.com', chart: c, "             \
    "helm: {valueFiles: [" files "]}}\n  - {$R, ref: values}\n"

#define FOLDER(path, files)                                                   \
    "  - {$R, path: " path ", helm: {valueFiles: [" files "]}}\n"             \
    "  - {$R, ref: values}\n"

#define VALUES                                                                \
    "mkdir -p envs/qa envs/prod && echo 'a: common' > common.yaml && "        \
    "printf 'tag: 2 # qa\nhost: qa\n' > envs/qa/values.yaml && "              \
    "printf '# prod\ntag: 1 # prod\nhost: prod\n' > envs/prod/values.yaml"

#define QA    "$values/$F/common.yaml, $values/$F/envs/qa/values.yaml"
#define PROD  "$values/$F/common.yaml, $values/$F/envs/prod/values.yaml"

#define TAG_ONLY                                                              \
    EDITED("envs/prod/values.yaml") "-tag: 1 # prod\n+tag: 2 # prod\n"


static const test_value_case_t  test_value_cases[] = {

    { "a chart's value files, whole", VALUES, "", CHART(QA), CHART(PROD),
      EDITED("envs/prod/values.yaml")
      "-# prod\n-tag: 1 # prod\n-host: prod\n+tag: 2 # qa\n+host: qa\n",
      NULL, "[]" },

    { "values of them, by the manifest's name", VALUES,
      "  promotion: {'$values/**/values.yaml': {jsonPaths: [$.tag, $.no]}}\n",
      CHART(QA), CHART(PROD), TAG_ONLY, NULL,
      "[{\"file\":\"$values/$F/envs/qa/values.yaml\",\"jsonPath\":\"$.no\"}]" },

    { "by the name in the destination", VALUES,
      "  promotion: {'$values/$F/envs/prod/values.yaml': {jsonPaths: [$.tag]}}"
      "\n", CHART(QA), CHART(PROD), TAG_ONLY, NULL, "[]" },

    { "by the path in the repository", VALUES,
      "  promotion: {'$F/envs/*/values.yaml': {jsonPaths: [$.tag]}}\n",
      CHART(QA), CHART(PROD), TAG_ONLY, NULL, "[]" },

    { "by the last name, and names that none has", VALUES,
      "  promotion: {values.yaml: {jsonPaths: [$.tag]}, Chart.yaml: "
      "{jsonPaths: [$.version]}, $values/no.yaml: {jsonPaths: [$.a]}}\n",
      CHART(QA), CHART(PROD), TAG_ONLY, NULL,
      "[{\"file\":\"Chart.yaml\"},{\"file\":\"$values/no.yaml\"}]" },

    { "a file that both share", VALUES,
      "  promotion: {'$values/$F/common.yaml': {jsonPaths: [$.a]}, "
      "values.yaml: {jsonPaths: [$.tag]}}\n", CHART(QA), CHART(PROD), TAG_ONLY,
      NULL, "[]" },

    { "excluded values", VALUES, "  exclude: [$.host]\n", CHART(QA),
      CHART(PROD), TAG_ONLY, NULL, "[]" },

    { "excluded values of files by name", VALUES,
      "  exclude: [{file: '$values/$F/envs/qa/*', jsonPaths: [$.host]}, "
      "{file: other.yaml, jsonPaths: [$.tag]}]\n",
      CHART(QA), CHART(PROD), TAG_ONLY, NULL, "[]" },

    { "excluded files", VALUES, "  exclude: ['**/values.yaml']\n", CHART(QA),
      CHART(PROD), NULL, "no changes found", NULL },

    { "a file that the source lacks stays", VALUES " && rm "
      "envs/qa/values.yaml && echo 'b: 2' > envs/qa/more.yaml", "",
      CHART(QA ", $values/$F/envs/qa/more.yaml"),
      CHART(PROD ", $values/$F/envs/prod/more.yaml"),
      "new file mode 100644\n--- /dev/null\n+++ b/envs/prod/more.yaml\n"
      "+b: 2\n", NULL, "[{\"file\":\"$values/$F/envs/qa/values.yaml\"}]" },

    { "or is deleted", VALUES " && rm envs/qa/values.yaml",
      "  deletions: mirror\n", CHART(QA), CHART(PROD),
      "deleted file mode 100644\n--- a/envs/prod/values.yaml\n+++ /dev/null\n"
      "-# prod\n-tag: 1 # prod\n-host: prod\n", NULL, "[]" },

    { "values of a file in the source only", VALUES
      " && rm envs/prod/values.yaml",
      "  promotion: {values.yaml: {jsonPaths: [$.tag]}}\n", CHART(QA),
      CHART(PROD), NULL,
      "$values/$F/envs/prod/values.yaml exists in the source only", NULL },

    { "a file that cannot be edited", VALUES
      " && echo 'tag: {{ x }}' > envs/prod/values.yaml",
      "  promotion: {values.yaml: {jsonPaths: [$.tag]}}\n", CHART(QA),
      CHART(PROD), NULL, "$values/$F/envs/prod/values.yaml:1:", NULL },

    { "a folder where a file should be", VALUES, "",
      CHART("$values/$F/envs/qa/values.yaml"), CHART("$values/$F/envs/prod"),
      NULL, "/envs/prod is a folder", NULL },

    { "to: another one than the names tell", VALUES
      " && echo 'tag: 9' > envs/prod/b.yaml && echo 'tag: 8' > b-qa.yaml",
      "  promotion: {b-qa.yaml: {jsonPaths: [$.tag], to: values.yaml}, "
      "'$values/$F/envs/qa/values.yaml': {jsonPaths: [$.tag], to: "
      "'$values/$F/envs/prod/b.yaml'}}\n",
      CHART(QA ", $values/$F/b-qa.yaml"),
      CHART(PROD ", $values/$F/envs/prod/b.yaml"),
      EDITED("envs/prod/b.yaml") "-tag: 9\n+tag: 2\n"
      EDITED("envs/prod/values.yaml") "-tag: 1 # prod\n+tag: 8 # prod\n",
      NULL, "[]" },

    { "a folder that both have", VALUES " && mkdir chart && echo x > chart/x",
      "", FOLDER("$F/chart", QA), FOLDER("$F/chart", PROD),
      EDITED("envs/prod/values.yaml")
      "-# prod\n-tag: 1 # prod\n-host: prod\n+tag: 2 # qa\n+host: qa\n",
      NULL, "[]" },

    { "a folder and files", VALUES
      " && mkdir qa prod && echo 2 > qa/x && echo 1 > prod/x",
      "", FOLDER("$F/qa", QA), FOLDER("$F/prod", PROD),
      EDITED("envs/prod/values.yaml")
      "-# prod\n-tag: 1 # prod\n-host: prod\n+tag: 2 # qa\n+host: qa\n"
      EDITED("prod/x") "-1\n+2\n", NULL, "[]" },

    { "plain names are the folder's then", VALUES
      " && mkdir qa prod && echo 'tag: 5' > qa/values.yaml && "
      "echo 'tag: 4' > prod/values.yaml",
      "  promotion: {values.yaml: {jsonPaths: [$.tag]}}\n",
      FOLDER("$F/qa", QA), FOLDER("$F/prod", PROD),
      EDITED("prod/values.yaml") "-tag: 4\n+tag: 5\n", NULL, "[]" },

    { "and both by both names", VALUES
      " && mkdir qa prod && echo 'tag: 5' > qa/values.yaml && "
      "echo 'tag: 4' > prod/values.yaml",
      "  promotion: {values.yaml: {jsonPaths: [$.tag]}, '$*/**': "
      "{jsonPaths: [$.tag]}, $values/no: {jsonPaths: [$.a]}}\n",
      FOLDER("$F/qa", QA), FOLDER("$F/prod", PROD),
      TAG_ONLY EDITED("prod/values.yaml") "-tag: 4\n+tag: 5\n", NULL,
      "[{\"file\":\"$values/no\"}]" },

    { "a file inside of the folder counts once",
      "mkdir qa prod && echo 'tag: 5' > qa/values.yaml && "
      "echo 'tag: 4' > prod/values.yaml", "",
      FOLDER("$F/qa", "$values/$F/qa/values.yaml"),
      FOLDER("$F/prod", "$values/$F/prod/values.yaml"),
      EDITED("prod/values.yaml") "-tag: 4\n+tag: 5\n", NULL, "[]" },
};


/* $F and $R put in. */

static char *
test_expand(test_t *t, const char *text, size_t i)
{
    char        *expanded, *repository;
    pm_buffer_t  out;

    memset(&out, 0, sizeof(pm_buffer_t));
    repository = pm_arena_printf(t->arena, "repoURL: %s/remote.git, "
                                 "targetRevision: main", t->folder);

    for (/* void */; *text != '\0'; text++) {

        if (strncmp(text, "$F", 2) == 0) {
            pm_buffer_printf(&out, "v%zu", i);
            text++;

        } else if (strncmp(text, "$R", 2) == 0) {
            pm_buffer_puts(&out, repository);
            text++;

        } else {
            pm_buffer_append(&out, text, 1);
        }
    }

    expanded = pm_arena_strdup(t->arena, out.len ? pm_buffer_string(&out)
                                                 : "");
    pm_buffer_free(&out);

    return expanded;
}


/* The manifests of case i, resolved into a promotion, which has been through
 * its record. */

static pm_promotion_t
test_resolved_from(test_t *t, const char *manifests, const char *name,
    const char *id)
{
    char                *text;
    FILE                *file;
    pm_string_t          record;
    pm_catalog_t        *catalog;
    pm_request_t         request;
    pm_promotion_t       promotion, decoded;
    pm_application_id_t  prod;

    text = pm_arena_printf(t->arena, "%s/case.yaml", t->folder);
    file = fopen(text, "w");
    assert_non_null(file);
    fputs(manifests, file);
    fclose(file);

    catalog = pm_catalog_create(t->arena);
    test_ok(t, pm_catalog_read(catalog, "r", text, &t->err));
    test_ok(t, pm_catalog_finish(catalog, &t->err));

    memset(&request, 0, sizeof(pm_request_t));
    prod.runtime = "r";
    prod.namespace = "n";
    prod.name = "prod";
    request.source = prod;
    request.source.name = "dev";
    request.destinations = &prod;
    request.ndestinations = 1;
    request.message = name;

    test_ok(t, pm_promotion_resolve(t->arena, catalog, &request, &promotion,
                                    &t->err));

    promotion.author_name = "A";
    promotion.author_email = "a@example.org";
    promotion.key_name = "k";

    test_ok(t, pm_record_encode(t->arena, &promotion, &record, &t->err));
    test_ok(t, pm_record_decode(t->arena, id, record.data, record.len,
                                &decoded, &t->err));

    /* written once more, it is the same */

    test_ok(t, pm_record_encode(t->arena, &decoded, &record, &t->err));
    text = pm_arena_strdup(t->arena, record.data);
    test_ok(t, pm_record_encode(t->arena, &promotion, &record, &t->err));
    assert_string_equal(record.data, text);

    return decoded;
}


#define TEST_TEMPLATE                                                         \
    "apiVersion: codefresh.io/v1beta1\nkind: PromotionTemplate\n"             \
    "metadata: {name: t}\nspec:\n"                                            \
    "  applicationSourceSelector: {matchLabels: {a: b}}\n"


static pm_promotion_t
test_resolved_by(test_t *t, size_t i, const char *path, const char *template)
{
    char               *text;
    const test_case_t  *test;

    test = &test_cases[i];

    text = pm_arena_printf(t->arena,
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
            "metadata: {name: dev, namespace: n}\n"
            "spec: {source: {repoURL: %s/remote.git, targetRevision: main, "
            "path: c%zu/dev%s%s}}\n---\n"
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
            "metadata: {name: prod, namespace: n, labels: {a: b}}\n"
            "spec: {source: {repoURL: %s/remote.git, targetRevision: main, "
            "path: c%zu/prod%s%s}}\n---\n" TEST_TEMPLATE "%s",
            t->folder, i, path, test->helm, t->folder, i, path, test->helm,
            template);

    return test_resolved_from(t, text, test->name,
                              pm_arena_printf(t->arena, "0189%04zu", i));
}


static pm_promotion_t
test_value_files_resolved(test_t *t, size_t i)
{
    char                     *text;
    const test_value_case_t  *test;

    test = &test_value_cases[i];

    text = pm_arena_printf(t->arena,
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
            "metadata: {name: dev, namespace: n}\n"
            "spec:\n  sources:\n%s---\n"
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
            "metadata: {name: prod, namespace: n%s}\n"
            "spec:\n  sources:\n%s---\n" TEST_TEMPLATE "%s",
            test_expand(t, test->from, i),
            *test->template ? ", labels: {a: b}" : "",
            test_expand(t, test->to, i), test_expand(t, test->template, i));

    return test_resolved_from(t, text, test->name,
                              pm_arena_printf(t->arena, "018a%04zu", i));
}


static pm_promotion_t
test_resolved(test_t *t, size_t i, const char *path)
{
    return test_resolved_by(t, i, path, test_cases[i].template);
}


/* What the preview says: its digest, "" where it fails as the commit does. */

static const char *
test_previewed(test_t *t, const test_case_t *test,
    const pm_promotion_t *promotion)
{
    char                 *skipped;
    json_t               *root;
    pm_string_t           json;
    const char           *digest;
    pm_batch_settings_t   settings;

    settings = test_settings(t);

    if (pm_batch_preview(&settings, promotion, t->arena, &json, &t->err)
        != 0)
    {
        if (test->message == NULL
            || strstr(t->err.message, test->message) == NULL)
        {
            fail_msg("%s: %s", test->name, t->err.message);
        }

        assert_true(t->err.code == PM_UNPROCESSABLE);

        return "";
    }

    root = json_loadb(json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);

    digest = pm_arena_strdup(t->arena, json_string_value(
                                           json_object_get(root, "digest")));

    skipped = json_dumps(json_object_get(root, "skipped"), JSON_COMPACT);

    if (test->message == NULL
        && strcmp(skipped, test->skipped ? test->skipped : "[]") != 0)
    {
        fail_msg("%s: skipped %s", test->name, skipped);
    }

    free(skipped);
    json_decref(root);

    return digest;
}


static void
test_promotes(test_t *t, const test_case_t *test, const char *folder,
    pm_promotion_t promotion)
{
    char               *change;
    pm_batch_t         *batch;
    const char         *digest;
    const pm_result_t  *result;

    digest = test_previewed(t, test, &promotion);

    batch = test_batch(t, &promotion, 1);
    result = pm_batch_result(batch, 0);

    if (pm_batch_plan(batch) == PM_BATCH_READY) {
        test_pushes(batch, PM_BATCH_SETTLED);
    }

    if (test->message != NULL) {

        if (result->state != PM_RESULT_FAILED
            || strstr(result->error.message, test->message) == NULL)
        {
            fail_msg("%s: state %d: %s", test->name, result->state,
                     result->error.message);
        }

        pm_batch_destroy(batch);
        return;
    }

    if (result->state != PM_RESULT_LANDED) {
        fail_msg("%s: %s", test->name, result->error.message);
    }

    assert_string_equal(result->digest, digest);

    change = test_run(t, "git -C remote.git show --format= -U0 --no-renames "
                         "main | grep -v '^diff\\|^index\\|^@@\\|^$' | "
                         "sed 's|/%s/|/|'; echo .", folder);
    change[strlen(change) - 1] = '\0';

    if (strcmp(change, test->change) != 0) {
        fail_msg("%s: %s", test->name, change);
    }

    free(change);
    pm_batch_destroy(batch);
}


static void
test_case(test_t *t, size_t i)
{
    const test_case_t  *test;

    test = &test_cases[i];

    test_promotes(t, test, pm_arena_printf(t->arena, "c%zu", i),
               test_resolved(t, i, *test->helm ? "/a" : ""));
}


static void
test_value_case(test_t *t, size_t i)
{
    test_case_t               test;
    const test_value_case_t  *value;

    value = &test_value_cases[i];

    memset(&test, 0, sizeof(test_case_t));
    test.name = value->name;
    test.change = value->change;
    test.message = value->message ? test_expand(t, value->message, i) : NULL;
    test.skipped = value->skipped ? test_expand(t, value->skipped, i) : NULL;

    test_promotes(t, &test, pm_arena_printf(t->arena, "v%zu", i),
               test_value_files_resolved(t, i));
}


static void
test_value_files(void **state)
{
    size_t   i, n;
    test_t  *t;

    t = *state;
    n = sizeof(test_value_cases) / sizeof(test_value_cases[0]);

    for (i = 0; i < n; i++) {
        free(test_run(t, "mkdir -p work/v%zu && cd work/v%zu && %s", i, i,
                      test_value_cases[i].files));
    }

    test_commit(t, "true");

    for (i = 0; i < n; i++) {
        test_value_case(t, i);
    }

    test_prints(t, "git -C remote.git fsck --strict --no-dangling 2>&1", "");
}


static void
test_templates(void **state)
{
    size_t   i;
    test_t  *t;

    t = *state;

    for (i = 0; i < sizeof(test_cases) / sizeof(test_cases[0]); i++) {
        free(test_run(t, "mkdir -p work/c%zu && cd work/c%zu && %s", i, i,
                      test_cases[i].files));
    }

    test_commit(t, "true");

    for (i = 0; i < sizeof(test_cases) / sizeof(test_cases[0]); i++) {
        test_case(t, i);
    }

    test_prints(t, "git -C remote.git fsck --strict --no-dangling 2>&1", "");
}


/* The versions that a promotion brings; found again by who takes it over. */

static void
test_versions(void **state)
{
    test_t             *t;
    pm_oid_t            base;
    pm_batch_t         *batch;
    pm_promotion_t      promotion;
    const pm_result_t  *result;

    t = *state;

    free(test_run(t, "mkdir -p work/c0/dev work/c0/prod && cd work/c0 && "
                  "echo 'version: 2.0' > dev/Chart.yaml && "
                  "echo 'version: 1.0' > prod/Chart.yaml"));
    test_commit(t, "true");

    memset(&base, 0, sizeof(pm_oid_t));

    promotion = test_resolved_by(t, 0, "",
                                 "  versionSource: {file: Chart.yaml, "
                                 "jsonPath: $.version}\n");
    batch = test_batch(t, &promotion, 1);
    assert_int_equal(pm_batch_plan(batch), PM_BATCH_READY);
    base = *pm_batch_base(batch);
    test_pushes(batch, PM_BATCH_SETTLED);

    result = pm_batch_result(batch, 0);
    assert_int_equal(result->state, PM_RESULT_LANDED);
    assert_string_equal(result->version_source, "2.0");
    assert_string_equal(result->version_from, "1.0");
    assert_string_equal(result->version_to, "2.0");
    pm_batch_destroy(batch);

    batch = test_takeover(t, &promotion, 1, &base);
    assert_int_equal(pm_batch_plan(batch), PM_BATCH_SETTLED);

    result = pm_batch_result(batch, 0);
    assert_int_equal(result->state, PM_RESULT_LANDED);
    assert_string_equal(result->version_source, "");
    assert_string_equal(result->version_from, "1.0");
    assert_string_equal(result->version_to, "2.0");
    pm_batch_destroy(batch);
}


/* What Redis holds may be anything: each of these is one fault. */

static void
test_damaged_templates(void **state)
{
    size_t           i;
    test_t          *t;
    json_t          *root;
    char            *text;
    pm_promotion_t   promotion;

    static const char *const  templates[] = {
        "1", "[]", "{}",
        "{\"name\":\"a\"}",
        "{\"name\":\"a\",\"origin\":\"b\",\"files\":[{}]}",
        "{\"name\":\"a\",\"origin\":\"b\",\"files\":[{\"file\":\"f\"}]}",
        "{\"name\":\"a\",\"origin\":\"b\",\"manifests\":[1]}",
        "{\"name\":\"a\",\"origin\":\"b\",\"manifests\":"
            "[[\"k\",\"n\",\"f\",1]],\"files\":[{\"file\":\"f\","
            "\"from\":1}]}",
        "{\"name\":\"a\",\"origin\":\"b\",\"manifests\":"
            "[[\"k\",\"n\",\"f\",1]],\"files\":[{\"file\":\"f[\","
            "\"from\":0}]}",
        "{\"name\":\"a\",\"origin\":\"b\",\"manifests\":"
            "[[\"k\",\"n\",\"f\",1]],\"files\":[{\"from\":0,"
            "\"paths\":[\"$.a\"]}]}",
        "{\"name\":\"a\",\"origin\":\"b\",\"manifests\":"
            "[[\"k\",\"n\",\"f\",1]],\"files\":[{\"file\":\"f\",\"from\":0,"
            "\"paths\":[\"$.\"]}]}",
        "{\"name\":\"a\",\"origin\":\"b\",\"manifests\":"
            "[[\"k\",\"n\",\"f\",1]],\"files\":[{\"file\":\"f\",\"from\":0,"
            "\"paths\":[1]}]}",
        "{\"name\":\"a\",\"origin\":\"b\",\"manifests\":"
            "[[\"k\",\"n\",\"f\",1]],\"files\":[{\"file\":\"f\",\"from\":0,"
            "\"paths\":[]}]}",
        "{\"name\":\"a\",\"origin\":\"b\",\"manifests\":"
            "[[\"k\",\"n\",\"f\",1]],\"excludes\":[{\"from\":0}]}",
        "{\"name\":\"a\",\"origin\":\"b\",\"mirror\":true}",
        "{\"name\":\"a\",\"origin\":\"b\",\"version\":{\"file\":\"f\"}}"
    };

    t = *state;

    for (i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
        root = json_loads("{\"source\":{\"runtime\":\"r\",\"namespace\":\"n\""
                          ",\"name\":\"a\"},\"destination\":{\"runtime\":"
                          "\"r\",\"namespace\":\"n\",\"name\":\"b\"},"
                          "\"message\":\"m\",\"authorName\":\"a\","
                          "\"authorEmail\":\"e\",\"keyName\":\"k\","
                          "\"parts\":[{\"source\":{\"repository\":"
                          "\"https://h/r\",\"path\":\"a\"},\"destination\":"
                          "{\"repository\":\"https://h/r\",\"path\":\"b\"}}]"
                          "}", 0, NULL);
        assert_non_null(root);

        text = json_dumps(root, 0);
        test_ok(t, pm_record_decode(t->arena, "id", text, strlen(text),
                                    &promotion, &t->err));
        assert_null(promotion.template);
        free(text);

        json_object_set_new(root, "template",
                            json_loads(templates[i], JSON_DECODE_ANY, NULL));
        text = json_dumps(root, 0);
        json_decref(root);

        if (pm_record_decode(t->arena, "id", text, strlen(text), &promotion,
                             &t->err)
            != PM_INTERNAL)
        {
            fail_msg("%s", templates[i]);
        }

        free(text);
    }
}


/* Values as they are written: 1.10 is not 1.1. */

static void
test_properties(void **state)
{
    char                 *text;
    test_t               *t;
    json_t               *root, *file;
    pm_string_t           json;
    pm_promotion_t        promotion;
    pm_batch_settings_t   settings;

    t = *state;

    test_commit(t, "mkdir -p c0/dev c0/prod && printf 'image:\\n  tag: 1.10\\n"
                   "  n: 2\\n  s: \"3\"\\n  m: {a: [1, null]}\\n  b: true\\n"
                   "replicas: 1.5\\n' > c0/dev/values.yaml && "
                   "printf 'image:\\n  tag: 1.1\\n  n: null\\n  s: x\\n"
                   "replicas: 1\\n' > c0/prod/values.yaml");

    promotion = test_resolved_by(t, 0, "", "  promotion: {values.yaml: "
                                 "{jsonPaths: [$.image, $.replicas]}}\n");
    settings = test_settings(t);
    test_ok(t, pm_batch_preview(&settings, &promotion, t->arena, &json,
                                &t->err));

    root = json_loadb(json.data, json.len, 0, NULL);
    file = json_array_get(json_object_get(root, "files"), 0);
    text = json_dumps(json_object_get(file, "properties"),
                      JSON_COMPACT | JSON_REAL_PRECISION(15));

    assert_string_equal(text,
        "[{\"path\":\"/image/tag\",\"from\":1.1,\"to\":\"1.10\"},"
        "{\"path\":\"/image/n\",\"from\":null,\"to\":2},"
        "{\"path\":\"/image/s\",\"from\":\"x\",\"to\":\"3\"},"
        "{\"path\":\"/image/m\",\"from\":null,\"to\":{\"a\":[1,null]}},"
        "{\"path\":\"/image/b\",\"from\":null,\"to\":true},"
        "{\"path\":\"/replicas\",\"from\":1,\"to\":1.5}]");

    free(text);
    json_decref(root);
}


typedef struct {
    const char  *from;
    const char  *to;
    const char  *product;
    const char  *action;
    const char  *message;        /* NULL: permitted */
} test_permission_t;


static const char  test_policies[] =
    "apiVersion: promotions.nginx/v1\nkind: Environment\n"
    "metadata: {name: dev}\nspec: {organization: acme}\n---\n"
    "apiVersion: promotions.nginx/v1\nkind: Environment\n"
    "metadata: {name: qa}\nspec: {organization: acme, promotesTo: [prod]}\n"
    "---\n"
    "apiVersion: promotions.nginx/v1\nkind: Environment\n"
    "metadata: {name: prod}\n"
    "spec: {organization: acme, kind: PROD, promotesTo: []}\n---\n"
    "apiVersion: promotions.nginx/v1\nkind: Environment\n"
    "metadata: {name: other}\nspec: {organization: else}\n---\n"
    "apiVersion: codefresh.io/v1beta1\nkind: Product\n"
    "metadata: {name: free}\nspec: {}\n---\n"
    "apiVersion: codefresh.io/v1beta1\nkind: Product\n"
    "metadata: {name: frozen}\nspec: {}\n---\n"
    "apiVersion: codefresh.io/v1beta1\nkind: PromotionPolicy\n"
    "metadata: {name: gate}\nspec:\n  priority: 1\n"
    "  selector: {targetEnvironment: {types: [PROD]}}\n"
    "  policy: {action: pr}\n---\n"
    "apiVersion: codefresh.io/v1beta1\nkind: PromotionPolicy\n"
    "metadata: {name: open}\nspec:\n  priority: 2\n"
    "  selector: {product: {names: [free]}}\n"
    "  policy: {action: commit}\n---\n"
    "apiVersion: codefresh.io/v1beta1\nkind: PromotionPolicy\n"
    "metadata: {name: freeze}\nspec:\n  priority: 3\n"
    "  selector: {product: {names: [frozen]}}\n"
    "  policy: {action: none}\n";


static void
test_permissions(void **state)
{
    int                       rc;
    char                     *path;
    FILE                     *file;
    size_t                    i;
    test_t                   *t;
    pm_catalog_t             *catalog;
    pm_promotion_t            promotion;
    const test_permission_t  *test;

    static const test_permission_t  permissions[] = {
        { "dev", "qa", NULL, "commit", NULL },
        { "dev", "prod", NULL, "commit", "policy gate allows only pr" },
        { "dev", "prod", NULL, "pr", NULL },
        { "dev", "prod", "free", "commit", NULL },
        { "dev", "prod", "free", "pr", NULL },
        { "dev", "qa", "frozen", "commit",
          "policy freeze allows nothing but preview" },
        { "dev", "qa", "frozen", "pr",
          "policy freeze allows nothing but preview" },
        { "qa", "prod", NULL, "pr", NULL },
        { "qa", "dev", NULL, "commit",
          "environment qa does not promote to dev (promotesTo)" },
        { "qa", "qa", NULL, "commit",
          "environment qa does not promote to qa (promotesTo)" },
        { "prod", "dev", "free", "commit",
          "environment prod does not promote to dev (promotesTo)" },
        { "dev", "other", NULL, "commit",
          "environment dev does not promote to other, which is another "
          "organization's" },
        { NULL, "qa", NULL, "commit", NULL },
        { NULL, "prod", NULL, "commit", "policy gate allows only pr" },
        { "prod", NULL, NULL, "commit", NULL },
        { NULL, NULL, "frozen", "commit",
          "policy freeze allows nothing but preview" }
    };

    t = *state;
    path = pm_arena_printf(t->arena, "%s/policies.yaml", t->folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(test_policies, file);
    fclose(file);

    catalog = pm_catalog_create(t->arena);
    test_ok(t, pm_catalog_read(catalog, "r", path, &t->err));
    test_ok(t, pm_catalog_finish(catalog, &t->err));

    for (i = 0; i < sizeof(permissions) / sizeof(permissions[0]); i++) {
        test = &permissions[i];

        memset(&promotion, 0, sizeof(pm_promotion_t));
        promotion.source_environment = test->from;
        promotion.destination_environment = test->to;
        promotion.product = test->product;

        rc = pm_permission(catalog, &promotion, test->action, &t->err);

        if (rc != (test->message ? PM_FORBIDDEN : 0)
            || (rc != 0 && strcmp(t->err.message, test->message) != 0))
        {
            fail_msg("%zu: %d %s", i, rc, t->err.message);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_templates, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_value_files, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_versions, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_properties, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_damaged_templates, test_setup,
                                        test_teardown),
        cmocka_unit_test_setup_teardown(test_permissions, test_setup,
                                        test_teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
