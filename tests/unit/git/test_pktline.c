/*
 * What a server says, without a server: pkt-lines, advertisements, reports
 * and words, well-formed and hostile.
 */

#include "git/pm_git_advertisement.h"
#include "git/pm_git_report.h"
#include "git/pm_git_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define A  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define Z  "0000000000000000000000000000000000000000"


/* Bytes that are served in pieces of at most "step". */

typedef struct {
    pm_buffer_t   bytes;
    size_t        pos;
    size_t        step;
    int           fails;       /* PM_TIMEOUT instead of the end */
} source_t;


static source_t            source;
static pm_arena_t         *arena;
static pm_error_t          err;
static pm_git_pktline_t   *lines;


static int
pull(void *data, char *buffer, size_t size, size_t *n, pm_error_t *error)
{
    source_t  *s;

    s = data;

    *n = s->bytes.len - s->pos;

    if (*n > size) {
        *n = size;
    }

    if (*n > s->step) {
        *n = s->step;
    }

    if (*n == 0 && s->fails) {
        return pm_error_set(error, PM_TIMEOUT, "silence");
    }

    if (*n > 0) {
        memcpy(buffer, s->bytes.data + s->pos, *n);
        s->pos += *n;
    }

    return 0;
}


static int
setup(void **state)
{
    memset(&source, 0, sizeof(source));
    source.step = SIZE_MAX;

    arena = pm_arena_create();
    lines = malloc(sizeof(pm_git_pktline_t));
    assert_non_null(arena);
    assert_non_null(lines);

    return 0;
}


static int
teardown(void **state)
{
    pm_buffer_free(&source.bytes);
    pm_arena_destroy(arena);
    free(lines);

    return 0;
}


static void
start(uint64_t limit)
{
    source.pos = 0;
    memset(&err, 0, sizeof(err));
    pm_git_pktline_init(lines, pull, &source, "https://h/r", limit);
}


static void
raw(const char *text)
{
    pm_buffer_puts(&source.bytes, text);
}


static void
pkt_bytes(const char *data, size_t len)
{
    pm_git_pktline_append(&source.bytes, data, len);
    assert_false(source.bytes.failed);
}


static void
pkt(const char *text)
{
    pkt_bytes(text, strlen(text));
}


static void
band(int number, const char *data, size_t len)
{
    char  text[65536];

    text[0] = (char) number;
    memcpy(text + 1, data, len);
    pkt_bytes(text, len + 1);
}


/* ---- pkt-lines ---- */

static void
test_pktlines(void **state)
{
    char             large[PM_GIT_PKTLINE_MAX];
    pm_git_packet_t  packet;

    memset(large, 'x', sizeof(large));

    for (source.step = 1; source.step < 9; source.step += 3) {
        source.bytes.len = 0;

        pkt("hello\n");
        raw("0004");
        raw("0000");
        pkt_bytes(large, PM_GIT_PKTLINE_MAX - 4);
        raw("000aABCDEF");

        start(UINT64_MAX);

        assert_int_equal(pm_git_pktline_read(lines, &packet, &err), 0);
        assert_int_equal(packet.kind, PM_GIT_PACKET_DATA);
        assert_int_equal(packet.len, 6);
        assert_memory_equal(packet.data, "hello\n", 6);

        assert_int_equal(pm_git_pktline_read(lines, &packet, &err), 0);
        assert_int_equal(packet.kind, PM_GIT_PACKET_DATA);
        assert_int_equal(packet.len, 0);

        assert_int_equal(pm_git_pktline_read(lines, &packet, &err), 0);
        assert_int_equal(packet.kind, PM_GIT_PACKET_FLUSH);

        assert_int_equal(pm_git_pktline_read(lines, &packet, &err), 0);
        assert_int_equal(packet.len, PM_GIT_PKTLINE_MAX - 4);
        assert_int_equal(packet.data[packet.len - 1], 'x');

        assert_int_equal(pm_git_pktline_read(lines, &packet, &err), 0);
        assert_int_equal(packet.len, 6);

        assert_int_equal(pm_git_pktline_read(lines, &packet, &err), 0);
        assert_int_equal(packet.kind, PM_GIT_PACKET_END);
    }
}


static void
test_pktlines_malformed(void **state)
{
    size_t           i;
    pm_git_packet_t  packet;

    static const char *const  texts[] = {
        "0001", "0002", "0003", "-001", "+005a", " 005a", "0x05a", "fff1",
        "ffff", "<html>", "HTTP/1.1 200 OK", "00", "0005", "0009done",
        "00g0"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        source.bytes.len = 0;
        raw(texts[i]);
        start(UINT64_MAX);

        if (pm_git_pktline_read(lines, &packet, &err) != PM_REMOTE) {
            fail_msg("accepted: %s", texts[i]);
        }

        assert_non_null(strstr(err.message, "remote https://h/r: "));
    }
}


static void
test_pktlines_limit(void **state)
{
    int              i, rc;
    pm_git_packet_t  packet;

    for (i = 0; i < 100; i++) {
        pkt("0123456789");
    }

    start(100);

    for (i = 0; i < 100; i++) {
        rc = pm_git_pktline_read(lines, &packet, &err);
        if (rc != 0) {
            break;
        }
    }

    assert_int_equal(rc, PM_REMOTE);
    assert_int_equal(i, 7);
    assert_int_equal(source.pos, 100);
    assert_non_null(strstr(err.message, "too large"));
}


static void
test_pktline_append(void **state)
{
    pm_buffer_t  buffer;

    static const char  large[PM_GIT_PKTLINE_MAX];

    memset(&buffer, 0, sizeof(buffer));

    pm_git_pktline_append(&buffer, "abc", 3);
    assert_int_equal(buffer.len, 7);
    assert_memory_equal(buffer.data, "0007abc", 7);

    pm_git_pktline_append(&buffer, large, PM_GIT_PKTLINE_MAX - 3);
    assert_true(buffer.failed);

    pm_buffer_free(&buffer);
}


/* ---- advertisements ---- */

static int
advertise(int announced, pm_git_advertisement_t **adv)
{
    start(PM_GIT_ADVERTISEMENT_SIZE);

    return pm_git_advertisement_read(lines, PM_GIT_RECEIVE_PACK, announced,
                                     arena, adv, &err);
}


static void
first(const char *name, const char *capabilities)
{
    char  text[1024];
    int   n;

    n = snprintf(text, sizeof(text), "%s %s%c%s\n",
                 strcmp(name, "capabilities^{}") == 0 ? Z : A, name, 0,
                 capabilities);
    pkt_bytes(text, (size_t) n);
}


static void
test_advertisement(void **state)
{
    char                     hex[41];
    pm_git_advertisement_t  *adv;

    pkt("# service=git-receive-pack\n");
    raw("0000");
    first("refs/heads/b", "report-status side-band-64k atomic ofs-delta "
          "quiet no-thin object-format=sha1 agent=git/2.39 "
          "symref=HEAD:refs/heads/main");
    pkt(B " refs/heads/a\n");
    pkt(B " refs/tags/v1");
    pkt(A " refs/tags/v1^{}\n");
    pkt(A " .have\n");
    pkt(A " HEAD\n");
    pkt(A " refs/heads/a b\n");
    pkt(A " refs/heads/../x\n");
    pkt(Z " refs/heads/zero\n");
    pkt("shallow " A "\n");
    raw("0000");

    for (source.step = 1; source.step < 200; source.step *= 5) {
        assert_int_equal(advertise(1, &adv), 0);

        assert_int_equal(adv->nrefs, 3);
        assert_string_equal(adv->refs[0].name, "refs/heads/a");
        assert_string_equal(adv->refs[1].name, "refs/heads/b");
        assert_string_equal(adv->refs[2].name, "refs/tags/v1");

        pm_oid_hex(hex, &pm_git_advertisement_ref(adv, "refs/heads/b")->id);
        assert_string_equal(hex, A);
        assert_null(pm_git_advertisement_ref(adv, "refs/heads/zero"));
        assert_null(pm_git_advertisement_ref(adv, "HEAD"));

        assert_string_equal(adv->head, "refs/heads/main");
        assert_true(adv->report_status && adv->side_band_64k && adv->atomic
                    && adv->ofs_delta && adv->quiet && adv->no_thin);
    }
}


static void
test_advertisement_empty(void **state)
{
    pm_git_advertisement_t  *adv;

    /* a repository without refs, new and old servers */

    first("capabilities^{}", " report-status  delete-refs ");
    raw("0000");
    assert_int_equal(advertise(0, &adv), 0);
    assert_int_equal(adv->nrefs, 0);
    assert_true(adv->report_status);
    assert_false(adv->atomic);
    assert_null(pm_git_advertisement_ref(adv, "refs/heads/main"));

    source.bytes.len = 0;
    raw("0000");
    assert_int_equal(advertise(0, &adv), 0);
    assert_int_equal(adv->nrefs, 0);
    assert_string_equal(adv->capabilities, "");

    /* version 1 says so */

    source.bytes.len = 0;
    pkt("version 1\n");
    first("refs/heads/a", "report-status");
    raw("0000");
    assert_int_equal(advertise(0, &adv), 0);
    assert_int_equal(adv->nrefs, 1);
}


static void
test_advertisement_capability_names(void **state)
{
    pm_git_advertisement_t  *adv;

    first("refs/heads/a", "report-status-v2 xatomic atomic2 "
          "side-band-64kx symref=HEAD:refs/tags/x symref=X:refs/heads/x");
    raw("0000");

    assert_int_equal(advertise(0, &adv), 0);
    assert_false(adv->report_status);
    assert_false(adv->atomic);
    assert_false(adv->side_band_64k);
    assert_null(adv->head);
}


static void
advertisement_fails(int announced, int code, const char *reason)
{
    pm_git_advertisement_t  *adv;

    assert_int_equal(advertise(announced, &adv), code);

    if (strstr(err.message, reason) == NULL) {
        fail_msg("%s", err.message);
    }

    source.bytes.len = 0;
}


static void
test_advertisement_refused(void **state)
{
    char  text[256];
    int   n;

    first("refs/heads/a", "report-status object-format=sha256");
    raw("0000");
    advertisement_fails(0, PM_UNPROCESSABLE, "repository https://h/r uses "
                        "object format sha256, which is not supported");

    n = snprintf(text, sizeof(text), "%s%.24s refs/heads/a%c"
                 "object-format=sha256\n", A, A, 0);
    pkt_bytes(text, (size_t) n);
    raw("0000");
    advertisement_fails(0, PM_UNPROCESSABLE, "sha256");

    pkt("ERR access denied\n");
    advertisement_fails(0, PM_REMOTE, "remote https://h/r: access denied");

    pkt("version 2\n");
    raw("0000");
    advertisement_fails(0, PM_REMOTE, "not a list of refs");

    pkt(A " refs/heads/a\n");
    advertisement_fails(0, PM_REMOTE, "not a list of refs");

    first("refs/heads/a", "x");
    first("refs/heads/b", "x");
    advertisement_fails(0, PM_REMOTE, "not a list of refs");

    first("refs/heads/a", "x");
    pkt("aaaa refs/heads/b\n");
    advertisement_fails(0, PM_REMOTE, "not a list of refs");

    first("refs/heads/a", "x");
    pkt(A "\n");
    advertisement_fails(0, PM_REMOTE, "not a list of refs");

    first("refs/heads/a", "x");
    raw("0004");
    advertisement_fails(0, PM_REMOTE, "not a list of refs");

    first("refs/heads/a", "x");
    advertisement_fails(0, PM_REMOTE, "ended early");

    first("refs/heads/a", "x");
    raw("00");
    advertisement_fails(0, PM_REMOTE, "ended early");

    advertisement_fails(0, PM_REMOTE, "ended early");

    /* smart HTTP */

    pkt("# service=git-upload-pack\n");
    raw("0000");
    advertisement_fails(1, PM_REMOTE, "not a list of refs");

    pkt("# service=git-receive-pack\n");
    first("refs/heads/a", "x");
    advertisement_fails(1, PM_REMOTE, "not a list of refs");

    raw("0000");
    advertisement_fails(1, PM_REMOTE, "not a list of refs");

    pkt("# serv");
    advertisement_fails(1, PM_REMOTE, "not a list of refs");
}


static void
test_advertisement_many_refs(void **state)
{
    int                      i;
    char                     name[128];
    pm_git_advertisement_t  *adv;

    first("refs/heads/0", "report-status");

    for (i = 1; i < PM_GIT_ADVERTISEMENT_REFS; i++) {
        (void) snprintf(name, sizeof(name), A " refs/heads/%d", i);
        pkt(name);
    }

    raw("0000");
    assert_int_equal(advertise(0, &adv), 0);
    assert_int_equal(adv->nrefs, PM_GIT_ADVERTISEMENT_REFS);
    assert_non_null(pm_git_advertisement_ref(adv, "refs/heads/123456"));

    source.bytes.len -= 4;
    pkt(A " refs/heads/x");
    raw("0000");
    advertisement_fails(0, PM_REMOTE, "more than 200000 refs");
}


/* ---- reports ---- */

static pm_git_command_t  commands[3];
static pm_git_report_t   report;


static int
read_report(int side_band, size_t ncommands)
{
    size_t  i;

    memset(&report, 0, sizeof(report));
    memset(commands, 0, sizeof(commands));

    commands[0].ref = "refs/heads/a";
    commands[1].ref = "refs/heads/b";
    commands[2].ref = "refs/heads/c";

    for (i = 0; i < 3; i++) {
        commands[i].ok = 0;
    }

    start(PM_GIT_ANSWER_SIZE);

    return pm_git_report_read(lines, side_band, commands, ncommands, arena,
                              &report, &err);
}


static int
result(size_t ncommands)
{
    return pm_git_report_result(&report, "https://h/r", commands, ncommands,
                                &err);
}


static void
test_report_plain(void **state)
{
    pkt("unpack ok\n");
    pkt("ok refs/heads/a\n");
    pkt("ng refs/heads/b non-fast-forward\n");
    pkt("ok refs/heads/unknown\n");
    raw("0000");

    assert_int_equal(read_report(0, 3), 0);
    assert_true(report.reported);
    assert_string_equal(report.unpack, "ok");
    assert_null(report.messages);
    assert_true(commands[0].ok);
    assert_false(commands[1].ok);
    assert_string_equal(commands[1].reason, "non-fast-forward");
    assert_false(commands[2].ok);
    assert_null(commands[2].reason);

    assert_int_equal(result(1), 0);
    assert_int_equal(result(2), PM_REMOTE);
    assert_string_equal(err.message,
                        "remote rejected refs/heads/b: non-fast-forward");

    /* what was not reported did not happen */

    commands[1].ok = 1;
    assert_int_equal(result(3), PM_REMOTE);
    assert_string_equal(err.message,
                        "remote rejected refs/heads/c: not reported");
}


static void
test_report_side_band(void **state)
{
    char    inner[512];
    size_t  i, len;

    len = (size_t) snprintf(inner, sizeof(inner),
                            "000eunpack ok\n"
                            "0014ok refs/heads/a\n"
                            "%04x%s0000", 4 + 42,
                            "ng refs/heads/b pre-receive hook declined\n");

    band(2, "Checking 10%\rChecking 99%\rChecked\n", 34);

    /* in pieces, as no server sends it */

    for (i = 0; i < len; i++) {
        band(1, inner + i, 1);
    }

    band(1, "", 0);
    band(2, "no pushes on Sun", 16);
    band(2, "days\n\n  come back\n", 18);
    raw("0000");

    for (source.step = 1; source.step < 100; source.step += 33) {
        assert_int_equal(read_report(1, 2), 0);
        assert_true(report.reported);
        assert_true(commands[0].ok);
        assert_string_equal(commands[1].reason, "pre-receive hook declined");
        assert_string_equal(report.messages,
                            "Checked; no pushes on Sundays; come back");
    }

    assert_int_equal(result(2), PM_REMOTE);
    assert_string_equal(err.message, "remote rejected refs/heads/b: "
                        "pre-receive hook declined: Checked; no pushes on "
                        "Sundays; come back");
}


static const char  good[] = "000eunpack ok\n0014ok refs/heads/a\n0000";


/* The report is final from its flush on. */

static void
test_report_then_trouble(void **state)
{
    band(1, good, sizeof(good) - 1);

    assert_int_equal(read_report(1, 1), 0);
    assert_true(report.reported);
    assert_int_equal(result(1), 0);

    source.fails = 1;
    assert_int_equal(read_report(1, 1), 0);
    assert_true(report.reported);

    raw("zzzz");
    assert_int_equal(read_report(1, 1), 0);

    source.bytes.len -= 4;
    band(3, "post-receive died", 17);
    assert_int_equal(read_report(1, 1), 0);
    assert_true(commands[0].ok);
}


static void
test_report_cut(void **state)
{
    size_t  i;

    for (i = 0; i < sizeof(good) - 1; i++) {
        source.bytes.len = 0;

        if (i > 0) {
            band(1, good, i);
        }

        source.fails = 0;
        assert_int_equal(read_report(1, 1), PM_REMOTE);
        assert_false(report.reported);

        source.fails = 1;
        assert_int_equal(read_report(1, 1), PM_TIMEOUT);
        assert_false(report.reported);

        source.fails = 0;
        raw("0000");
        assert_int_equal(read_report(1, 1), PM_REMOTE);
        assert_false(report.reported);

        source.bytes.len = 0;
        pm_buffer_append(&source.bytes, good, i);
        assert_int_equal(read_report(0, 1), PM_REMOTE);
        assert_false(report.reported);
    }
}


static void
report_fails(int side_band, const char *reason)
{
    assert_int_equal(read_report(side_band, 1), PM_REMOTE);
    assert_false(report.reported);

    if (strstr(err.message, reason) == NULL) {
        fail_msg("%s", err.message);
    }

    source.bytes.len = 0;
}


static void
test_report_malformed(void **state)
{
    int  i;

    static char  line[60000];

    memset(line, 'x', sizeof(line));
    memcpy(line, "ea60ok ", 7);

    band(3, "fatal: disk\nfull", 16);
    report_fails(1, "remote https://h/r: fatal: disk full");

    band(4, "x", 1);
    report_fails(1, "not a report");

    raw("0004");
    report_fails(1, "not a report");

    band(1, "0003", 4);
    report_fails(1, "not a report");

    band(1, "zzzz", 4);
    report_fails(1, "not a report");

    band(1, "0009hello0000", 13);
    report_fails(1, "not a report");

    band(1, "000cok a\0b\n0000", 15);
    report_fails(1, "not a report");

    pkt("hello\n");
    report_fails(0, "not a report");

    pkt("ERR go away\n");
    report_fails(0, "go away");

    raw("0004");
    report_fails(0, "not a report");

    /* endless reports, endless messages */

    for (i = 0; i < 20; i++) {
        band(1, line, sizeof(line));
    }

    report_fails(1, "the report is too large");

    for (i = 0; i < 300; i++) {
        band(2, line, sizeof(line));
    }

    report_fails(1, "the answer is too large");
}


static void
test_report_lies(void **state)
{
    /* once refused is refused; a ref without "unpack" is no success */

    pkt("ng refs/heads/a no\n");
    pkt("ok refs/heads/a\n");
    raw("0000");
    assert_int_equal(read_report(0, 1), 0);
    assert_false(commands[0].ok);
    assert_int_equal(result(1), PM_REMOTE);
    assert_non_null(strstr(err.message, "unpack not reported"));

    source.bytes.len = 0;
    pkt("unpack ok\n");
    pkt("ok refs/heads/a\n");
    pkt("ng refs/heads/a no\n");
    pkt("ng refs/heads/b \x1b[31mno\xff\n");
    raw("0000");
    assert_int_equal(read_report(0, 2), 0);
    assert_false(commands[0].ok);
    assert_string_equal(commands[1].reason, " [31mno?");
    assert_int_equal(result(2), PM_REMOTE);
    assert_string_equal(err.message, "remote rejected refs/heads/a: no");

    source.bytes.len = 0;
    pkt("unpack index-pack abnormal exit\n");
    pkt("ok refs/heads/a\n");
    pkt("unpack ok\n");
    raw("0000");
    assert_int_equal(read_report(0, 1), 0);
    assert_int_equal(result(1), PM_REMOTE);
    assert_string_equal(err.message, "remote https://h/r rejected the pack: "
                        "unpack index-pack abnormal exit");

    /* the cause before its echoes */

    source.bytes.len = 0;
    pkt("unpack ok\n");
    pkt("ng refs/heads/a atomic transaction failed\n");
    pkt("ng refs/heads/b hook declined\n");
    raw("0000");
    assert_int_equal(read_report(0, 2), 0);
    assert_int_equal(result(2), PM_REMOTE);
    assert_string_equal(err.message,
                        "remote rejected refs/heads/b: hook declined");
}


/* ---- words ---- */

static void
test_words(void **state)
{
    int              i;
    const char      *text;
    pm_git_words_t  *words;

    words = calloc(1, sizeof(pm_git_words_t));
    assert_null(pm_git_words_text(words, arena));

    pm_git_words_add(words, "\n \n\r\n", 5);
    assert_null(pm_git_words_text(words, arena));

    pm_git_words_add(words, "one\r\ntwo  \n\tthree\xff\n", 20);
    assert_string_equal(pm_git_words_text(words, arena),
                        "one; two; three?");

    pm_git_words_add(words, "progress 1\rprogress 2\r", 22);
    pm_git_words_add(words, "done", 4);
    assert_string_equal(pm_git_words_text(words, arena),
                        "one; two; three?; done");

    pm_git_words_add(words, "\n", 1);

    for (i = 0; i < 100000; i++) {
        pm_git_words_add(words, i % 79 == 78 ? "\n" : "x", 1);
    }

    text = pm_git_words_text(words, arena);
    assert_true(strlen(text) <= 2 * PM_GIT_WORDS_SIZE);
    assert_memory_equal(text, "one; two; three?; done; xxx", 27);

    free(words);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_pktlines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pktlines_malformed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_pktlines_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pktline_append, setup, teardown),
        cmocka_unit_test_setup_teardown(test_advertisement, setup, teardown),
        cmocka_unit_test_setup_teardown(test_advertisement_empty, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_advertisement_capability_names,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_advertisement_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_advertisement_many_refs, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_report_plain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_side_band, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_report_then_trouble, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_report_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_malformed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_report_lies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words, setup, teardown)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
