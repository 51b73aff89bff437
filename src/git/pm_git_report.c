#include "git/pm_git_report.h"
#include "git/pm_git_words.h"

#include <stdlib.h>
#include <string.h>


#define PM_GIT_BAND_DATA      1
#define PM_GIT_BAND_MESSAGES  2
#define PM_GIT_BAND_ERROR     3


/* One reading. */

typedef struct {
    pm_git_pktline_t  *lines;
    pm_git_command_t  *commands;
    size_t             ncommands;
    size_t             next;          /* the command looked for first */
    pm_arena_t        *arena;
    pm_git_report_t   *report;
    pm_buffer_t        inner;         /* band 1: pkt-lines in pkt-lines */
    size_t             parsed;        /* how far inner was read */
    pm_git_words_t    *words;
    pm_error_t        *err;
} pm_git_report_reader_t;


static int
pm_git_report_malformed(pm_git_report_reader_t *reader)
{
    return pm_error_set(reader->err, PM_REMOTE, "remote %s: the answer is not "
                        "a report of a push", reader->lines->name);
}


/* Servers report in the order of the commands: found at the first look. */

static pm_git_command_t *
pm_git_report_command(pm_git_report_reader_t *reader, const char *ref,
    size_t len)
{
    size_t             i, k;
    pm_git_command_t  *command;

    for (i = 0; i < reader->ncommands; i++) {
        k = (reader->next + i) % reader->ncommands;
        command = &reader->commands[k];

        if (strlen(command->ref) == len
            && memcmp(command->ref, ref, len) == 0)
        {
            reader->next = k + 1;
            return command;
        }
    }

    return NULL;
}


static int
pm_git_report_status(pm_git_report_reader_t *reader, int ok, const char *text,
    size_t len)
{
    size_t             n;
    const char        *space, *reason;
    pm_git_command_t  *command;

    space = memchr(text, ' ', len);
    n = (space != NULL) ? (size_t) (space - text) : len;

    command = pm_git_report_command(reader, text, n);

    /* a ref that we did not name is none of ours; a refusal is final */

    if (command == NULL || command->reason != NULL) {
        return 0;
    }

    if (ok) {
        command->ok = 1;
        return 0;
    }

    reason = (space != NULL && n + 1 < len)
             ? pm_git_words_clean(reader->arena, space + 1, len - n - 1)
             : "refused";

    if (reason == NULL) {
        return pm_error_memory(reader->err);
    }

    command->ok = 0;
    command->reason = reason;

    return 0;
}


static int
pm_git_report_line(pm_git_report_reader_t *reader, const char *data,
    size_t len)
{
    if (len > 0 && data[len - 1] == '\n') {
        len--;
    }

    if (memchr(data, '\0', len) != NULL) {
        return pm_git_report_malformed(reader);
    }

    if (len > 7 && memcmp(data, "unpack ", 7) == 0) {

        if (reader->report->unpack == NULL) {
            reader->report->unpack = pm_git_words_clean(reader->arena,
                                                        data + 7, len - 7);
            if (reader->report->unpack == NULL) {
                return pm_error_memory(reader->err);
            }
        }

        return 0;
    }

    if (len > 3 && memcmp(data, "ok ", 3) == 0) {
        return pm_git_report_status(reader, 1, data + 3, len - 3);
    }

    if (len > 3 && memcmp(data, "ng ", 3) == 0) {
        return pm_git_report_status(reader, 0, data + 3, len - 3);
    }

    if (len > 4 && memcmp(data, "ERR ", 4) == 0) {
        data = pm_git_words_clean(reader->arena, data + 4, len - 4);

        return pm_error_set(reader->err, PM_REMOTE, "remote %s: %s",
                            reader->lines->name, data ? data : "error");
    }

    return pm_git_report_malformed(reader);
}


/* Every pkt-line that is whole in band 1's bytes. */

static int
pm_git_report_inner(pm_git_report_reader_t *reader)
{
    int           rc, len;
    size_t        left;
    const char   *p;
    pm_buffer_t  *inner;

    inner = &reader->inner;

    for ( ;; ) {
        left = inner->len - reader->parsed;

        if (left < 4 || reader->report->reported) {
            return 0;
        }

        p = inner->data + reader->parsed;
        len = pm_git_pktline_length(p);

        if (len == 0) {
            reader->report->reported = 1;
            return 0;
        }

        if (len < 4) {
            return pm_git_report_malformed(reader);
        }

        if ((size_t) len > left) {
            return 0;
        }

        rc = pm_git_report_line(reader, p + 4, (size_t) len - 4);
        if (rc != 0) {
            return rc;
        }

        reader->parsed += (size_t) len;
    }
}


static int
pm_git_report_band(pm_git_report_reader_t *reader, const char *data,
    size_t len)
{
    const char  *words;

    if (len == 0) {
        return pm_git_report_malformed(reader);
    }

    switch (data[0]) {

    case PM_GIT_BAND_DATA:

        if (reader->inner.len + len > PM_GIT_REPORT_SIZE) {
            return pm_error_set(reader->err, PM_REMOTE, "remote %s: the "
                                "report is too large", reader->lines->name);
        }

        pm_buffer_append(&reader->inner, data + 1, len - 1);

        if (reader->inner.failed) {
            return pm_error_memory(reader->err);
        }

        return pm_git_report_inner(reader);

    case PM_GIT_BAND_MESSAGES:
        pm_git_words_add(reader->words, data + 1, len - 1);
        return 0;

    case PM_GIT_BAND_ERROR:
        words = pm_git_words_clean(reader->arena, data + 1, len - 1);

        return pm_error_set(reader->err, PM_REMOTE, "remote %s: %s",
                            reader->lines->name, words ? words : "error");

    default:
        return pm_git_report_malformed(reader);
    }
}


static int
pm_git_report_packets(pm_git_report_reader_t *reader, int side_band)
{
    int              rc;
    pm_git_packet_t  packet;

    for ( ;; ) {
        rc = pm_git_pktline_read(reader->lines, &packet, reader->err);
        if (rc != 0) {
            return rc;
        }

        if (packet.kind == PM_GIT_PACKET_END) {
            return pm_error_set(reader->err, PM_REMOTE, "remote %s: the "
                                "answer ended before the report was complete",
                                reader->lines->name);
        }

        if (packet.kind == PM_GIT_PACKET_FLUSH) {

            if (!side_band) {
                reader->report->reported = 1;
            }

            return reader->report->reported
                   ? 0 : pm_git_report_malformed(reader);
        }

        rc = side_band
             ? pm_git_report_band(reader, packet.data, packet.len)
             : pm_git_report_line(reader, packet.data, packet.len);

        if (rc != 0) {
            return rc;
        }
    }
}


int
pm_git_report_read(pm_git_pktline_t *lines, int side_band,
    pm_git_command_t *commands, size_t ncommands, pm_arena_t *arena,
    pm_git_report_t *report, pm_error_t *err)
{
    int                     rc;
    pm_git_report_reader_t  reader;

    memset(&reader, 0, sizeof(pm_git_report_reader_t));

    reader.lines = lines;
    reader.commands = commands;
    reader.ncommands = ncommands;
    reader.arena = arena;
    reader.report = report;
    reader.err = err;

    reader.words = pm_arena_zalloc(arena, sizeof(pm_git_words_t));
    if (reader.words == NULL) {
        return pm_error_memory(err);
    }

    rc = pm_git_report_packets(&reader, side_band);

    /*
     * After the report come the messages of post-receive hooks: whatever
     * breaks there, the refs have been updated
     */

    if (report->reported) {
        rc = 0;
    }

    report->messages = pm_git_words_text(reader.words, arena);

    pm_buffer_free(&reader.inner);

    return rc;
}


/*
 * The refusal to tell about: of several, one that is not merely the echo of
 * another ("atomic push failure", "atomic transaction failed").
 */

static const pm_git_command_t *
pm_git_report_refused(const pm_git_command_t *commands, size_t ncommands)
{
    size_t                   i;
    const pm_git_command_t  *refused;

    refused = NULL;

    for (i = 0; i < ncommands; i++) {
        if (commands[i].ok) {
            continue;
        }

        if (refused == NULL) {
            refused = &commands[i];
        }

        if (commands[i].reason != NULL
            && strncmp(commands[i].reason, "atomic ", 7) != 0)
        {
            return &commands[i];
        }
    }

    return refused;
}


int
pm_git_report_result(const pm_git_report_t *report, const char *name,
    const pm_git_command_t *commands, size_t ncommands, pm_error_t *err)
{
    const char              *colon, *messages;
    const pm_git_command_t  *refused;

    colon = report->messages ? ": " : "";
    messages = report->messages ? report->messages : "";

    if (report->unpack == NULL || strcmp(report->unpack, "ok") != 0) {
        return pm_error_set(err, PM_REMOTE, "remote %s rejected the pack: "
                            "unpack %s%s%s", name,
                            report->unpack ? report->unpack : "not reported",
                            colon, messages);
    }

    refused = pm_git_report_refused(commands, ncommands);

    if (refused == NULL) {
        return 0;
    }

    return pm_error_set(err, PM_REMOTE, "remote rejected %s: %s%s%s",
                        refused->ref,
                        refused->reason ? refused->reason : "not reported",
                        colon, messages);
}
