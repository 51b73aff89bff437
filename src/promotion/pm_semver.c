#include "promotion/pm_semver.h"

#include <ctype.h>
#include <string.h>


/* One to three numbers of a version; a wildcard, if those are wanted, ends
 * them: what comes after it says nothing. */

static int
pm_semver_numbers(const char **text, int wildcards, pm_semver_t *version)
{
    int          wild;
    unsigned     i;
    uint64_t    *number;
    const char  *p;

    p = *text;
    wild = 0;

    for (i = 0; i < 3; i++) {
        number = &version->number[i];

        if (wildcards && *p != '\0' && strchr("xX*", *p) != NULL) {
            wild = 1;
            p++;

        } else if (!isdigit((unsigned char) *p)) {
            return -1;

        } else {
            for ( /* void */ ; isdigit((unsigned char) *p); p++) {

                if (__builtin_mul_overflow(*number, 10, number)
                    || __builtin_add_overflow(*number, *p - '0', number))
                {
                    return -1;
                }
            }

            if (wild) {
                *number = 0;

            } else {
                version->numbers++;
            }
        }

        if (i == 2 || *p != '.') {
            break;
        }

        p++;
    }

    *text = p;

    return 0;
}


/* Of identifiers with dots between; numbers of a prerelease have no zeros
 * before them (semver.org, 9 and 10). */

static int
pm_semver_identifiers(const char **text, int prerelease)
{
    size_t       len;
    const char  *p;

    static const char  set[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ-";

    for (p = *text; /* void */ ; p++) {
        len = strspn(p, set);

        if (len == 0
            || (prerelease && len > 1 && *p == '0'
                && strspn(p, "0123456789") >= len))
        {
            return -1;
        }

        p += len;

        if (*p != '.') {
            *text = p;
            return 0;
        }
    }
}


int
pm_semver_read(const char **text, int wildcards, pm_semver_t *version)
{
    memset(version, 0, sizeof(pm_semver_t));

    if (**text == 'v') {
        (*text)++;
    }

    if (pm_semver_numbers(text, wildcards, version) != 0) {
        return -1;
    }

    if (**text == '-') {
        version->pre = ++*text;

        if (pm_semver_identifiers(text, 1) != 0) {
            return -1;
        }

        version->pre_len = (size_t) (*text - version->pre);
    }

    if (**text == '+') {
        (*text)++;
        return pm_semver_identifiers(text, 0);
    }

    return 0;
}


int
pm_semver_parse(const char *text, pm_semver_t *version)
{
    if (strnlen(text, PM_SEMVER_LENGTH + 1) > PM_SEMVER_LENGTH
        || pm_semver_read(&text, 0, version) != 0 || *text != '\0')
    {
        return -1;
    }

    version->numbers = 3;

    return 0;
}


/* Longer numbers are larger, since none has zeros before it; a number is less
 * than a word. */

static int
pm_semver_compare_identifier(const char *a, size_t alen, const char *b,
    size_t blen)
{
    int     rc, anumber, bnumber;
    size_t  len;

    anumber = (strspn(a, "0123456789") >= alen);
    bnumber = (strspn(b, "0123456789") >= blen);

    if (anumber != bnumber) {
        return bnumber - anumber;
    }

    if (anumber && alen != blen) {
        return alen < blen ? -1 : 1;
    }

    len = alen < blen ? alen : blen;
    rc = memcmp(a, b, len);

    if (rc != 0 || alen == blen) {
        return rc;
    }

    return alen < blen ? -1 : 1;
}


static int
pm_semver_compare_prerelease(const pm_semver_t *a, const pm_semver_t *b)
{
    int          rc;
    size_t       alen, blen;
    const char  *p, *q, *pend, *qend;

    if (a->pre == NULL || b->pre == NULL) {
        return (a->pre == NULL) - (b->pre == NULL);
    }

    p = a->pre;
    q = b->pre;
    pend = p + a->pre_len;
    qend = q + b->pre_len;

    for ( ;; ) {

        if (p >= pend || q >= qend) {
            return (p < pend) - (q < qend);
        }

        alen = strcspn(p, ".");
        alen = alen < (size_t) (pend - p) ? alen : (size_t) (pend - p);
        blen = strcspn(q, ".");
        blen = blen < (size_t) (qend - q) ? blen : (size_t) (qend - q);

        rc = pm_semver_compare_identifier(p, alen, q, blen);
        if (rc != 0) {
            return rc;
        }

        p += alen + 1;
        q += blen + 1;
    }
}


int
pm_semver_compare_numbers(const pm_semver_t *a, const pm_semver_t *b,
    unsigned n)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (a->number[i] != b->number[i]) {
            return a->number[i] < b->number[i] ? -1 : 1;
        }
    }

    return 0;
}


int
pm_semver_compare(const pm_semver_t *a, const pm_semver_t *b)
{
    int  rc;

    rc = pm_semver_compare_numbers(a, b, 3);

    return rc ? rc : pm_semver_compare_prerelease(a, b);
}
