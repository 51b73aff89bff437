#include "git/pm_git_advertisement.h"
#include "git/pm_git_report.h"
#include "git/pm_git_transport.h"

#include <string.h>


/*
 * "old new ref", the capabilities after the first one (gitprotocol-pack(5),
 * "Reference Update Request"), and a flush.
 */

static int
pm_git_push_commands(const pm_git_advertisement_t *advertisement,
    const pm_git_command_t *commands, size_t ncommands, pm_buffer_t *request,
    pm_error_t *err)
{
    char         old[PM_GIT_HEX_SIZE + 1], new[PM_GIT_HEX_SIZE + 1];
    size_t       i;
    pm_buffer_t  line;

    memset(&line, 0, sizeof(pm_buffer_t));

    for (i = 0; i < ncommands; i++) {
        pm_oid_hex(old, &commands[i].old);
        pm_oid_hex(new, &commands[i].new);

        line.len = 0;
        pm_buffer_printf(&line, "%s %s %s", old, new, commands[i].ref);

        if (i == 0) {
            pm_buffer_putc(&line, '\0');
            pm_buffer_puts(&line, " report-status");

            if (advertisement->side_band_64k) {
                pm_buffer_puts(&line, " side-band-64k");
            }

            if (advertisement->atomic && ncommands > 1) {
                pm_buffer_puts(&line, " atomic");
            }

            if (advertisement->ofs_delta) {
                pm_buffer_puts(&line, " ofs-delta");
            }

            if (advertisement->quiet) {
                pm_buffer_puts(&line, " quiet");
            }

            pm_buffer_puts(&line, " agent=" PM_GIT_AGENT);
        }

        if (line.failed) {
            request->failed = 1;
            break;
        }

        pm_git_pktline_append(request, line.data, line.len);
    }

    pm_buffer_free(&line);

    pm_buffer_puts(request, "0000");

    return request->failed ? pm_error_memory(err) : 0;
}


static int
pm_git_push_exchange(pm_git_remote_t *remote,
    const pm_git_advertisement_t *advertisement, pm_git_command_t *commands,
    size_t ncommands, const pm_string_t *parts, pm_arena_t *arena,
    pm_git_report_t *report, pm_error_t *err)
{
    int              rc;
    pm_git_source_t  source;

    rc = remote->transport->write(remote, PM_GIT_RECEIVE_PACK, parts, 2, err);
    if (rc != 0) {
        return rc;
    }

    source.remote = remote;
    source.service = PM_GIT_RECEIVE_PACK;

    pm_git_pktline_init(remote->lines, pm_git_remote_pull, &source,
                        remote->name, PM_GIT_ANSWER_SIZE);

    rc = pm_git_report_read(remote->lines, advertisement->side_band_64k,
                            commands, ncommands, arena, report, err);
    if (rc != 0) {
        return rc;
    }

    pm_git_remote_drain(remote, PM_GIT_RECEIVE_PACK);

    return pm_git_report_result(report, remote->name, commands, ncommands,
                                err);
}


int
pm_git_push(pm_git_remote_t *remote,
    const pm_git_advertisement_t *advertisement, pm_git_command_t *commands,
    size_t ncommands, const pm_buffer_t *pack, pm_arena_t *arena,
    pm_git_report_t *report, pm_error_t *err)
{
    int          rc;
    size_t       i;
    pm_string_t  parts[2];
    pm_buffer_t  request;

    memset(report, 0, sizeof(pm_git_report_t));
    memset(&request, 0, sizeof(pm_buffer_t));

    for (i = 0; i < ncommands; i++) {
        commands[i].ok = 0;
        commands[i].reason = NULL;

        if (!pm_git_ref_valid(commands[i].ref, strlen(commands[i].ref))) {
            return pm_error_set(err, PM_INVALID, "\"%.200s\" is not the name "
                                "of a ref", commands[i].ref);
        }
    }

    /* what cannot tell whether it worked is not asked to do it */

    if (!advertisement->report_status) {
        return pm_error_set(err, PM_REMOTE, "remote %s does not report what "
                            "becomes of a push (report-status)",
                            remote->name);
    }

    pm_git_remote_begin(remote);

    rc = pm_git_push_commands(advertisement, commands, ncommands, &request,
                              err);
    if (rc == 0) {
        parts[0].data = request.data;
        parts[0].len = request.len;
        parts[1].data = pack->data;
        parts[1].len = pack->len;

        rc = pm_git_push_exchange(remote, advertisement, commands, ncommands,
                                  parts, arena, report, err);

        report->pack_sent = (remote->sent > 0);
        report->reported |= remote->refused;
        report->too_large = remote->too_large;
    }

    /* a receive-pack takes one push */

    remote->transport->close(remote, PM_GIT_RECEIVE_PACK);

    pm_buffer_free(&request);

    return rc;
}
