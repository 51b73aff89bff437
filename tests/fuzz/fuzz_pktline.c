/*
 * What a server says: advertisements and reports from arbitrary bytes.  The
 * first byte says how they are read, and in pieces of what size.
 */

#include "git/pm_git_advertisement.h"
#include "git/pm_git_report.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>


typedef struct {
    const uint8_t  *data;
    size_t          left;
    size_t          step;
} fuzz_source_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static int
fuzz_pull(void *source, char *buffer, size_t size, size_t *n, pm_error_t *err)
{
    fuzz_source_t  *s;

    s = source;

    *n = (s->left < size) ? s->left : size;
    *n = (s->step < *n) ? s->step : *n;

    if (*n > 0) {
        memcpy(buffer, s->data, *n);
    }

    s->data += *n;
    s->left -= *n;

    return 0;
}


/* What every caller relies on. */

static void
fuzz_advertisement(pm_git_pktline_t *lines, int announced, pm_arena_t *arena)
{
    size_t                   i;
    pm_error_t               err;
    pm_git_advertisement_t  *adv;

    if (pm_git_advertisement_read(lines, PM_GIT_UPLOAD_PACK, announced, arena,
                                  &adv, &err) != 0)
    {
        return;
    }

    for (i = 0; i < adv->nrefs; i++) {
        if (strncmp(adv->refs[i].name, "refs/", 5) != 0
            || pm_oid_is_zero(&adv->refs[i].id)
            || pm_git_advertisement_ref(adv, adv->refs[i].name) == NULL
            || (i > 0 && strcmp(adv->refs[i - 1].name, adv->refs[i].name)
                         > 0))
        {
            abort();
        }
    }
}


static void
fuzz_report(pm_git_pktline_t *lines, int side_band, pm_arena_t *arena)
{
    int               rc;
    pm_error_t        err;
    pm_git_report_t   report;
    pm_git_command_t  commands[2];

    memset(&report, 0, sizeof(report));
    memset(commands, 0, sizeof(commands));

    commands[0].ref = "refs/heads/a";
    commands[1].ref = "refs/heads/b";

    rc = pm_git_report_read(lines, side_band, commands, 2, arena, &report,
                            &err);

    if ((rc == 0) != report.reported) {
        abort();
    }

    rc = pm_git_report_result(&report, "r", commands, 2, &err);

    if (rc == 0
        && (!commands[0].ok || !commands[1].ok
            || strcmp(report.unpack, "ok") != 0))
    {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pm_arena_t        *arena;
    fuzz_source_t      source;
    pm_git_pktline_t  *lines;

    if (size < 1) {
        return 0;
    }

    source.data = data + 1;
    source.left = size - 1;
    source.step = (data[0] & 4) ? 1 : (data[0] & 8) ? 7 : SIZE_MAX;

    arena = pm_arena_create();
    lines = malloc(sizeof(pm_git_pktline_t));

    if (arena != NULL && lines != NULL) {
        pm_git_pktline_init(lines, fuzz_pull, &source, "r", 1024 * 1024);

        if (data[0] & 1) {
            fuzz_advertisement(lines, data[0] & 2, arena);

        } else {
            fuzz_report(lines, data[0] & 2, arena);
        }
    }

    free(lines);
    pm_arena_destroy(arena);

    return 0;
}
