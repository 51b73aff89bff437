/*
 * bench_edit.c: promoting selected values between manifests, as often as one
 * second holds: a chart's values, one Deployment, and 200 resources in one
 * file.  Source and destination are read, edited, and the result is read
 * again and compared.  Prints MB/s of processor time, counting the text of all
 * three, next to what libyaml alone takes to read these three; and how long it
 * takes to refuse 100 KB of "[".
 *
 * Fails below BENCH_LEAST.  Where libyaml alone falls short of BENCH_LIBYAML
 * (the machine is slow, or busy: others' work slows down caches and cores, not
 * only the clock on the wall), the least is less in proportion.
 */

#include "document/pm_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <yaml.h>


#define BENCH_LEAST    15       /* MB/s */
#define BENCH_LIBYAML  40       /* MB/s, where BENCH_LEAST is asked for */
#define BENCH_REFUSED  20       /* ms, to refuse what is hostile */
#define BENCH_SIZE     (1 << 20)
#define BENCH_SLICE    0.05     /* s: the two take turns */


typedef struct {
    const char  *name;
    int          resources;
    const char  *selectors[3];
    char        *source;
    char        *destination;
} bench_case_t;


static const char  bench_values[] =
    "# Default values for web.\n"
    "# This is a YAML-formatted file.\n"
    "\n"
    "replicaCount: %d   # pods\n"
    "\n"
    "image:\n"
    "  repository: registry.example.com/team/web\n"
    "  pullPolicy: IfNotPresent\n"
    "  # Overrides the image tag whose default is the chart appVersion.\n"
    "  tag: \"2.%d.1\"\n"
    "\n"
    "imagePullSecrets: []\n"
    "nameOverride: \"\"\n"
    "fullnameOverride: \"\"\n"
    "\n"
    "serviceAccount:\n"
    "  # Specifies whether a service account should be created\n"
    "  create: true\n"
    "  annotations: {}\n"
    "  name: \"\"\n"
    "\n"
    "podAnnotations: {}\n"
    "securityContext:\n"
    "  capabilities:\n"
    "    drop:\n"
    "    - ALL\n"
    "  readOnlyRootFilesystem: true\n"
    "  runAsNonRoot: true\n"
    "  runAsUser: 1000\n"
    "\n"
    "service:\n"
    "  type: ClusterIP\n"
    "  port: 80\n"
    "\n"
    "ingress:\n"
    "  enabled: true\n"
    "  className: nginx\n"
    "  hosts:\n"
    "    - host: web.example.com\n"
    "      paths:\n"
    "        - path: /\n"
    "          pathType: ImplementationSpecific\n"
    "  tls: []\n"
    "\n"
    "resources:\n"
    "  limits: {cpu: 100m, memory: 128Mi}\n"
    "  requests: {cpu: 100m, memory: 128Mi}\n"
    "\n"
    "sidecar:\n"
    "  image:\n"
    "    repository: registry.example.com/team/proxy\n"
    "    tag: 1.%d.3\n";


static const char  bench_deployment[] =
    "---\n"
    "apiVersion: apps/v1\n"
    "kind: Deployment\n"
    "metadata:\n"
    "  name: web-%d\n"
    "  labels:\n"
    "    app.kubernetes.io/name: web\n"
    "    app.kubernetes.io/managed-by: kustomize\n"
    "spec:\n"
    "  replicas: 3   # by hand\n"
    "  selector:\n"
    "    matchLabels:\n"
    "      app.kubernetes.io/name: web\n"
    "  template:\n"
    "    metadata:\n"
    "      annotations: {prometheus.io/scrape: \"true\"}\n"
    "      labels:\n"
    "        app.kubernetes.io/name: web\n"
    "    spec:\n"
    "      # the service itself\n"
    "      containers:\n"
    "        - name: web\n"
    "          image: registry.example.com/team/web:2.%d.1\n"
    "          args: [\"--listen\", \"0.0.0.0:8080\"]\n"
    "          ports:\n"
    "            - name: http\n"
    "              containerPort: 8080\n"
    "              protocol: TCP\n"
    "          env:\n"
    "            - name: LOG_LEVEL\n"
    "              value: \"info\"\n"
    "            - name: DATABASE_HOST\n"
    "              valueFrom:\n"
    "                secretKeyRef:\n"
    "                  name: database\n"
    "                  key: host\n"
    "          livenessProbe:\n"
    "            httpGet:\n"
    "              path: /healthz\n"
    "              port: http\n"
    "            initialDelaySeconds: 10\n"
    "          volumeMounts:\n"
    "            - name: configuration\n"
    "              mountPath: /etc/web\n"
    "      volumes:\n"
    "        - name: configuration\n"
    "          configMap:\n"
    "            name: web\n";


static bench_case_t  bench_cases[] = {
    { "values.yaml", 0, { "$..image", "$.replicaCount" }, NULL, NULL },
    { "deployment.yaml", 1, { "$..image" }, NULL, NULL },
    { "200 deployments", 200, { "$..containers[*].image" }, NULL, NULL }
};


static char *
bench_text(const bench_case_t *c, int version)
{
    int     i, n;
    char   *text;
    size_t  len;

    text = malloc(BENCH_SIZE);
    if (text == NULL) {
        exit(1);
    }

    if (c->resources == 0) {
        (void) snprintf(text, BENCH_SIZE, bench_values, version, version,
                        version);
        return text;
    }

    for (i = 0, len = 0; i < c->resources; i++) {
        n = snprintf(text + len, BENCH_SIZE - len, bench_deployment, i,
                     version);
        len += (size_t) n;
    }

    return text;
}


static double
bench_now(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);

    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}


static void
bench_check(int rc, const pm_error_t *err)
{
    if (rc != 0) {
        fprintf(stderr, "%s\n", err->message);
        exit(1);
    }
}


/* libyaml's events of a text, and nothing made of them. */

static void
bench_events(const char *text)
{
    int            done;
    yaml_event_t   event;
    yaml_parser_t  parser;

    if (!yaml_parser_initialize(&parser)) {
        exit(1);
    }

    yaml_parser_set_input_string(&parser, (const unsigned char *) text,
                                 strlen(text));

    do {
        if (!yaml_parser_parse(&parser, &event)) {
            exit(1);
        }

        done = (event.type == YAML_STREAM_END_EVENT);
        yaml_event_delete(&event);
    } while (!done);

    yaml_parser_delete(&parser);
}


/* The same three texts: the result is as long as the source. */

static size_t
bench_libyaml(const bench_case_t *c)
{
    bench_events(c->source);
    bench_events(c->destination);
    bench_events(c->source);

    return 2 * strlen(c->source) + strlen(c->destination);
}


/* One promotion: the bytes read. */

static size_t
bench_edit(const bench_case_t *c, const pm_jsonpath_t *const *paths, size_t n)
{
    size_t             bytes;
    pm_error_t         err;
    pm_arena_t        *arena;
    pm_document_t     *source, *destination;
    pm_edit_result_t   result;

    arena = pm_arena_create();
    if (arena == NULL) {
        exit(1);
    }

    bench_check(pm_edit_parse(arena, PM_EDIT_SOURCE, "values.yaml",
                              c->source, strlen(c->source), &source, &err),
                &err);
    bench_check(pm_edit_parse(arena, PM_EDIT_DESTINATION, "values.yaml",
                              c->destination, strlen(c->destination),
                              &destination, &err), &err);
    bench_check(pm_edit(arena, source, destination, paths, n, NULL, 0,
                        &result, &err), &err);

    if (!result.changed) {
        fprintf(stderr, "%s: nothing changed\n", c->name);
        exit(1);
    }

    bytes = source->text.len + destination->text.len + result.text.len;

    pm_arena_destroy(arena);

    return bytes;
}


/* What one of the two has done so far. */

typedef struct {
    double  time;
    size_t  bytes;
    size_t  rounds;
} bench_sum_t;


static void
bench_slice(const bench_case_t *c, const pm_jsonpath_t *const *paths,
    size_t n, bench_sum_t *sum)
{
    double  start, time;

    start = bench_now();

    do {
        sum->bytes += paths ? bench_edit(c, paths, n) : bench_libyaml(c);
        sum->rounds++;
        time = bench_now() - start;
    } while (time < BENCH_SLICE);

    sum->time += time;
}


/* 1 if it is fast enough. */

static int
bench_run(bench_case_t *c)
{
    double          speed, libyaml, least;
    size_t          n;
    pm_error_t      err;
    pm_arena_t     *arena;
    bench_sum_t     edit, events;
    pm_jsonpath_t  *paths[3];

    arena = pm_arena_create();
    if (arena == NULL) {
        exit(1);
    }

    for (n = 0; n < 3 && c->selectors[n] != NULL; n++) {
        bench_check(pm_jsonpath_compile(arena, c->selectors[n],
                                        strlen(c->selectors[n]), &paths[n],
                                        &err), &err);
    }

    c->source = bench_text(c, 4);
    c->destination = bench_text(c, 3);
    memset(&edit, 0, sizeof(bench_sum_t));
    memset(&events, 0, sizeof(bench_sum_t));

    while (edit.time < 1) {
        bench_slice(c, (const pm_jsonpath_t *const *) paths, n, &edit);
        bench_slice(c, NULL, 0, &events);
    }

    speed = (double) edit.bytes / edit.time / 1e6;
    libyaml = (double) events.bytes / events.time / 1e6;
    least = BENCH_LEAST * (libyaml < BENCH_LIBYAML ? libyaml / BENCH_LIBYAML
                                                   : 1);

    printf("edit %-16s %6.1f MB/s %9.3f ms, libyaml alone %6.1f MB/s: "
           "%.2f times its time\n", c->name, speed,
           edit.time * 1e3 / (double) edit.rounds, libyaml, libyaml / speed);

    if (speed < least) {
        fprintf(stderr, "%s: below %.1f MB/s\n", c->name, least);
    }

    free(c->source);
    free(c->destination);
    pm_arena_destroy(arena);

    return speed >= least;
}


/* 1 if it is fast enough; the best of some tries, as for a first one that
 * finds its memory cold. */

static int
bench_refuse(const char *name)
{
    int             i;
    char           *text;
    double          start, time, best;
    pm_error_t      err;
    pm_arena_t     *arena;
    pm_document_t  *document;

    text = malloc(BENCH_SIZE);
    if (text == NULL) {
        exit(1);
    }

    memset(text, '[', 100000);
    best = 1e3;

    for (i = 0; i < 5; i++) {
        arena = pm_arena_create();
        start = bench_now();

        if (arena == NULL
            || pm_document_parse(arena, name, text, 100000, &document, &err)
               != PM_INVALID)
        {
            fprintf(stderr, "%s: brackets were not refused\n", name);
            exit(1);
        }

        time = (bench_now() - start) * 1e3;
        best = time < best ? time : best;
        pm_arena_destroy(arena);
    }

    printf("refuse 100 KB of \"[\" in %s %.3f ms\n", name, best);
    free(text);

    return best <= BENCH_REFUSED;
}


int
main(void)
{
    int     rc;
    size_t  i;

    for (i = 0, rc = 0; i < sizeof(bench_cases) / sizeof(bench_cases[0]);
         i++)
    {
        if (!bench_run(&bench_cases[i])) {
            rc = 1;
        }
    }

    if (!bench_refuse("a.yaml") || !bench_refuse("a.json")) {
        fprintf(stderr, "more than %d ms\n", BENCH_REFUSED);
        rc = 1;
    }

    return rc;
}
