#include "promotion/pm_request_field.h"

#include "promotion/pm_message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>


#define PM_REQUEST_WORD   255            /* a label, a reviewer */
#define PM_REQUEST_WORDS  100
#define PM_REQUEST_COMMIT  40            /* hexadecimal digits */


void
pm_request_fault(pm_request_reader_t *reader, const char *fmt, ...)
{
    char                  text[512];
    size_t                size;
    va_list               args;
    const char          **messages;
    pm_request_faults_t  *faults;

    faults = reader->faults;

    if (faults->n == reader->size) {
        size = reader->size ? reader->size * 2 : 16;

        messages = pm_arena_alloc(reader->arena, size * sizeof(char *));
        if (messages == NULL) {
            reader->failed = 1;
            return;
        }

        if (faults->n > 0) {
            memcpy(messages, faults->messages, faults->n * sizeof(char *));
        }

        faults->messages = messages;
        reader->size = size;
    }

    va_start(args, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    faults->messages[faults->n] = pm_arena_strdup(reader->arena, text);

    if (faults->messages[faults->n] == NULL) {
        reader->failed = 1;
        return;
    }

    faults->n++;
}


/* Missing and null are the same. */

const json_t *
pm_request_get(const json_t *object, const char *key)
{
    const json_t  *value;

    value = json_object_get(object, key);

    return json_is_null(value) ? NULL : value;
}


static size_t
pm_request_characters(const char *text)
{
    size_t  n;

    for (n = 0; *text != '\0'; text++) {
        n += ((*text & 0xc0) != 0x80);
    }

    return n;
}


/*
 * The string at key, or NULL where there is none or it is at fault.  name is
 * what it is called in a fault: "srcAppId.runtime".
 */

const char *
pm_request_string(pm_request_reader_t *reader, const json_t *object,
    const char *key, const char *name, const pm_request_rule_t *rule)
{
    char          *copy;
    const char    *text, *fault;
    const json_t  *value;

    value = pm_request_get(object, key);

    if (value == NULL) {
        if (rule->required) {
            pm_request_fault(reader, "%s should not be empty", name);
            pm_request_fault(reader, "%s must be a string", name);
        }

        return NULL;
    }

    if (!json_is_string(value)) {
        pm_request_fault(reader, "%s must be a string", name);
        return NULL;
    }

    text = json_string_value(value);

    if (text[strspn(text, " \t\r\n")] == '\0') {
        if (rule->required) {
            pm_request_fault(reader, "%s should not be empty", name);
        }

        return NULL;
    }

    if (pm_request_characters(text) > rule->limit) {
        pm_request_fault(reader,
                         "%s must be shorter than or equal to %zu characters",
                         name, rule->limit);
        return NULL;
    }

    if (rule->text) {
        fault = pm_message_fault(text, rule->trailers);
        if (fault != NULL) {
            pm_request_fault(reader, "%s %s", name, fault);
            return NULL;
        }
    }

    copy = pm_arena_strdup(reader->arena, text);
    if (copy == NULL) {
        reader->failed = 1;
    }

    return copy;
}


/* What git takes for something else than the branch of that name: another
 * kind of ref, or a commit. */

static int
pm_request_is_other(const char *name)
{
    return strncmp(name, "refs/", 5) == 0
           || (strlen(name) == PM_REQUEST_COMMIT
               && strspn(name, "0123456789abcdef") == PM_REQUEST_COMMIT);
}


int
pm_request_is_branch(const char *name)
{
    size_t       len;
    const char  *p;

    static const char  prefix[] = "refs/heads/";

    len = strlen(name);

    if (len > PM_REQUEST_BRANCH) {
        return 0;
    }

    if (strncmp(name, prefix, sizeof(prefix) - 1) == 0) {
        name += sizeof(prefix) - 1;
        len -= sizeof(prefix) - 1;
    }

    if (len == 0 || pm_request_is_other(name) || name[0] == '-'
        || strcmp(name, "@") == 0
        || name[len - 1] == '/' || name[len - 1] == '.'
        || strstr(name, "..") != NULL || strstr(name, "@{") != NULL)
    {
        return 0;
    }

    for (p = name; *p != '\0'; p++) {

        if ((unsigned char) *p <= 0x20 || *p == 0x7f
            || strchr("~^:?*[\\", *p) != NULL)
        {
            return 0;
        }

        /* where a component begins or ends */

        if ((p == name || p[-1] == '/') && (*p == '.' || *p == '/')) {
            return 0;
        }

        if (strncmp(p, ".lock", 5) == 0 && (p[5] == '/' || p[5] == '\0')) {
            return 0;
        }
    }

    return 1;
}


/* At fault: NULL, one line. */

const char *
pm_request_hex(pm_request_reader_t *reader, const json_t *object,
    const char *key, const char *name, size_t min, size_t max)
{
    char          *copy, *p;
    size_t         len;
    const char    *text;
    const json_t  *value;

    value = pm_request_get(object, key);

    if (value == NULL) {
        return NULL;
    }

    text = json_string_value(value);
    len = (text != NULL) ? strlen(text) : 0;

    if (len < min || len > max
        || strspn(text, "0123456789abcdefABCDEF") != len)
    {
        if (min == max) {
            pm_request_fault(reader, "%s must be %zu hexadecimal digits",
                             name, min);
        } else {
            pm_request_fault(reader,
                             "%s must be %zu to %zu hexadecimal digits",
                             name, min, max);
        }

        return NULL;
    }

    copy = pm_arena_strdup(reader->arena, text);
    if (copy == NULL) {
        reader->failed = 1;
        return NULL;
    }

    for (p = copy; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'F') {
            *p |= 0x20;
        }
    }

    return copy;
}


unsigned
pm_request_boolean(pm_request_reader_t *reader, const json_t *root,
    const char *key)
{
    const json_t  *value;

    value = pm_request_get(root, key);

    if (value != NULL && !json_is_boolean(value)) {
        pm_request_fault(reader, "%s must be a boolean", key);
    }

    return json_is_true(value) ? 1 : 0;
}


/* An array of words: labels, reviewers. */

const char **
pm_request_words(pm_request_reader_t *reader, const json_t *root,
    const char *key, size_t *nwords)
{
    size_t          i, n;
    const char     *text, **words;
    const json_t   *value;

    *nwords = 0;
    value = pm_request_get(root, key);

    if (value == NULL) {
        return NULL;
    }

    n = json_array_size(value);

    if (!json_is_array(value) || n > PM_REQUEST_WORDS) {
        pm_request_fault(reader, "%s must be an array of at most %d strings",
                         key, PM_REQUEST_WORDS);
        return NULL;
    }

    words = pm_arena_alloc(reader->arena, (n + 1) * sizeof(char *));
    if (words == NULL) {
        reader->failed = 1;
        return NULL;
    }

    for (i = 0; i < n; i++) {
        text = json_string_value(json_array_get(value, i));

        if (text == NULL || *text == '\0'
            || pm_request_characters(text) > PM_REQUEST_WORD
            || strpbrk(text, "\r\n\t") != NULL
            || pm_message_fault(text, 0) != NULL)
        {
            pm_request_fault(reader, "each value in %s must be a string of 1 "
                             "to %d characters without control characters",
                             key, PM_REQUEST_WORD);
            return NULL;
        }

        words[i] = pm_arena_strdup(reader->arena, text);
        if (words[i] == NULL) {
            reader->failed = 1;
            return NULL;
        }
    }

    *nwords = n;

    return words;
}
