#include "promotion/pm_message.h"

#include <string.h>
#include <strings.h>


#define PM_MESSAGE_ID       "Promotion-Id"
#define PM_MESSAGE_REVERTS  "Promotion-Reverts"
#define PM_MESSAGE_FROM     "Promoted-From"
#define PM_MESSAGE_TO       "Promoted-To"
#define PM_MESSAGE_BY       "Promoted-By"


static const char *const  pm_message_trailers[] = {
    PM_MESSAGE_ID,
    PM_MESSAGE_REVERTS,
    PM_MESSAGE_FROM,
    PM_MESSAGE_TO,
    PM_MESSAGE_BY,
    NULL
};


/* Whether a control character begins at p: C0, DEL, or C1 as UTF-8. */

static int
pm_message_is_control(const char *p)
{
    const unsigned char  *u;

    u = (const unsigned char *) p;

    return u[0] < 0x20 || u[0] == 0x7f
           || (u[0] == 0xc2 && u[1] >= 0x80 && u[1] <= 0x9f);
}


/* git reads a trailer's key in any case and allows blanks around it; so do
 * we, to refuse more rather than less. */

static int
pm_message_is_trailer(const char *line)
{
    size_t              len;
    const char         *p;
    const char *const  *trailer;

    line += strspn(line, " \t");

    for (trailer = pm_message_trailers; *trailer != NULL; trailer++) {
        len = strlen(*trailer);

        if (strncasecmp(line, *trailer, len) != 0) {
            continue;
        }

        p = line + len;
        p += strspn(p, " \t");

        if (*p == ':') {
            return 1;
        }
    }

    return 0;
}


const char *
pm_message_fault(const char *text, int trailers)
{
    const char  *p;

    for (p = text; *p != '\0'; p++) {

        if (trailers && (p == text || p[-1] == '\n')
            && pm_message_is_trailer(p))
        {
            return "must not contain a line that begins with "
                   PM_MESSAGE_ID ":, " PM_MESSAGE_REVERTS ":, "
                   PM_MESSAGE_FROM ":, " PM_MESSAGE_TO ": or "
                   PM_MESSAGE_BY ":";
        }

        if (*p == '\n' || *p == '\t' || (*p == '\r' && p[1] == '\n')) {
            continue;
        }

        if (pm_message_is_control(p)) {
            return "must not contain control characters other than newline "
                   "and tab";
        }
    }

    return NULL;
}


static int
pm_message_has_control(const char *text)
{
    for (/* void */; *text != '\0'; text++) {
        if (pm_message_is_control(text)) {
            return 1;
        }
    }

    return 0;
}


/* Appends text without the empty lines around it, CRLF as LF. */

static void
pm_message_block(pm_buffer_t *buffer, const char *text)
{
    size_t       len;
    const char  *p, *next;

    /* blanks before the first line's text stay: they may be meant */

    for (next = text; *next != '\0'; next++) {
        if (*next == '\n') {
            text = next + 1;

        } else if (*next != ' ' && *next != '\t' && *next != '\r') {
            break;
        }
    }

    len = strlen(text);

    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL) {
        len--;
    }

    for (p = text; p < text + len; p++) {
        if (*p != '\r') {
            pm_buffer_putc(buffer, *p);
        }
    }
}


static int
pm_message_check(const pm_promotion_t *promotion, pm_error_t *err)
{
    size_t       i, n;
    const char  *fault;

    const char *const  names[] = {
        promotion->id, promotion->source.namespace, promotion->source.name,
        promotion->key_name, promotion->author_name, promotion->author_email,
        promotion->destination.runtime, promotion->destination.namespace,
        promotion->destination.name
    };

    n = sizeof(names) / sizeof(names[0]);

    /* only a pull request's commit says where it leads */

    if (promotion->kind != PM_PROMOTION_PULL_REQUEST) {
        n -= 3;
    }

    if (promotion->message == NULL) {
        return pm_error_set(err, PM_INVALID, "message should not be empty");
    }

    fault = pm_message_fault(promotion->message, 1);
    if (fault != NULL) {
        return pm_error_set(err, PM_INVALID, "message %s", fault);
    }

    if (promotion->description != NULL) {
        fault = pm_message_fault(promotion->description, 1);
        if (fault != NULL) {
            return pm_error_set(err, PM_INVALID, "description %s", fault);
        }
    }

    if (promotion->requester_email != NULL
        && (promotion->requester_name == NULL
            || pm_message_has_control(promotion->requester_name)
            || pm_message_has_control(promotion->requester_email)))
    {
        return pm_error_set(err, PM_INVALID, "the name or address of who asked "
                            "for it has control characters");
    }

    for (i = 0; i < n; i++) {
        if (names[i] == NULL || names[i][0] == '\0'
            || pm_message_has_control(names[i]))
        {
            return pm_error_set(err, PM_INVALID,
                                "the promotion's id, its source, its "
                                "destination, its author or its key's name is "
                                "empty or has control characters");
        }
    }

    return 0;
}


int
pm_message_create(pm_arena_t *arena, const pm_promotion_t *promotion,
    const pm_oid_t *source, const char **message, pm_error_t *err)
{
    int          rc;
    char         hex[PM_GIT_HEX_SIZE + 1];
    pm_buffer_t  buffer;

    rc = pm_message_check(promotion, err);
    if (rc != 0) {
        return rc;
    }

    memset(&buffer, 0, sizeof(pm_buffer_t));
    pm_oid_hex(hex, source);

    pm_message_block(&buffer, promotion->message);

    if (promotion->description != NULL
        && promotion->description[strspn(promotion->description, " \t\r\n")]
           != '\0')
    {
        pm_buffer_puts(&buffer, "\n\n");
        pm_message_block(&buffer, promotion->description);
    }

    pm_buffer_printf(&buffer, "\n\n" PM_MESSAGE_ID ": %s\n", promotion->id);

    if (promotion->revert_commit != NULL) {
        pm_buffer_printf(&buffer, PM_MESSAGE_REVERTS ": %s\n", hex);

    } else {
        pm_buffer_printf(&buffer, PM_MESSAGE_FROM ": %s/%s@%s\n",
                         promotion->source.namespace, promotion->source.name,
                         hex);
    }

    if (promotion->kind == PM_PROMOTION_PULL_REQUEST) {
        pm_buffer_printf(&buffer, PM_MESSAGE_TO ": %s/%s/%s\n",
                         promotion->destination.runtime,
                         promotion->destination.namespace,
                         promotion->destination.name);
    }

    pm_buffer_printf(&buffer, PM_MESSAGE_BY ": %s\n", promotion->key_name);

    if (promotion->requester_email != NULL
        && strcmp(promotion->requester_email, promotion->author_email) != 0)
    {
        pm_buffer_printf(&buffer, "Co-authored-by: %s <%s>\n",
                         promotion->requester_name,
                         promotion->requester_email);
    }

    *message = NULL;

    if (!buffer.failed) {
        *message = pm_arena_strndup(arena, buffer.data, buffer.len);
    }

    pm_buffer_free(&buffer);

    return (*message != NULL) ? 0 : pm_error_memory(err);
}


/* The last paragraph of text: where the trailers are. */

static const char *
pm_message_last(const char *text)
{
    const char  *p, *last;

    for (last = text; (p = strstr(last, "\n\n")) != NULL; last = p + 2) {
        /* void */
    }

    return last;
}


/* 1 if a line of text is name, ": " and value (NULL: any value). */

static int
pm_message_line(const char *text, const char *name, const char *value)
{
    size_t       len;
    const char  *p;

    len = strlen(name);

    for (p = text; p != NULL; p = (*p != '\0') ? p + 1 : NULL) {

        if (strncmp(p, name, len) == 0 && p[len] == ':' && p[len + 1] == ' '
            && (value == NULL
                || (strncmp(p + len + 2, value, strlen(value)) == 0
                    && (p[len + 2 + strlen(value)] == '\n'
                        || p[len + 2 + strlen(value)] == '\0'))))
        {
            return 1;
        }

        p = strchrnul(p, '\n');
    }

    return 0;
}


int
pm_message_leads_to(const char *message, const pm_application_id_t *id)
{
    int          rc;
    pm_buffer_t  to;
    const char  *last;

    memset(&to, 0, sizeof(pm_buffer_t));

    pm_buffer_printf(&to, "%s/%s/%s", id->runtime, id->namespace, id->name);

    last = pm_message_last(message);

    rc = pm_buffer_string(&to) == NULL ? -1
         : pm_message_line(last, PM_MESSAGE_ID, NULL)
           && pm_message_line(last, PM_MESSAGE_FROM, NULL)
           && pm_message_line(last, PM_MESSAGE_TO, to.data);

    pm_buffer_free(&to);

    return rc;
}


const char *
pm_message_text(pm_arena_t *arena, const char *message)
{
    const char  *last;

    last = pm_message_last(message);

    /* two newlines are before it, if it is not all there is */

    return pm_arena_strndup(arena, message,
                            last > message ? (size_t) (last - message) - 2
                                           : 0);
}
