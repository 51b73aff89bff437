#include "forge/pm_forge_text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>


/* n digits at text, or -1. */

static int
pm_forge_time_digits(const char *text, size_t n)
{
    int     value;
    size_t  i;

    for (i = 0, value = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }

        value = value * 10 + (text[i] - '0');
    }

    return value;
}


/* "Z", " UTC", "+02:00" or "+0200": 0, and the seconds to take off. */

static int
pm_forge_time_zone(const char *text, int *offset)
{
    int     hours, minutes;
    size_t  colon;

    *offset = 0;

    if (strcmp(text, "Z") == 0 || strcmp(text, " UTC") == 0) {
        return 0;
    }

    if (text[0] != '+' && text[0] != '-') {
        return -1;
    }

    hours = pm_forge_time_digits(text + 1, 2);
    colon = (hours >= 0 && text[3] == ':');
    minutes = (hours >= 0) ? pm_forge_time_digits(text + 3 + colon, 2) : -1;

    if (hours > 23 || minutes < 0 || minutes > 59 || text[5 + colon] != '\0') {
        return -1;
    }

    *offset = (hours * 60 + minutes) * 60;
    *offset = (text[0] == '-') ? -*offset : *offset;

    return 0;
}


int64_t
pm_forge_time(const char *text)
{
    int         offset;
    time_t      seconds;
    struct tm   tm;

    /* 2024-05-02T10:00:00 */

    if (strlen(text) < 20 || text[4] != '-' || text[7] != '-'
        || (text[10] != 'T' && text[10] != ' ') || text[13] != ':'
        || text[16] != ':')
    {
        return 0;
    }

    memset(&tm, 0, sizeof(struct tm));

    tm.tm_year = pm_forge_time_digits(text, 4) - 1900;
    tm.tm_mon = pm_forge_time_digits(text + 5, 2) - 1;
    tm.tm_mday = pm_forge_time_digits(text + 8, 2);
    tm.tm_hour = pm_forge_time_digits(text + 11, 2);
    tm.tm_min = pm_forge_time_digits(text + 14, 2);
    tm.tm_sec = pm_forge_time_digits(text + 17, 2);

    if (tm.tm_year < 70 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1
        || tm.tm_mday > 31 || tm.tm_hour < 0 || tm.tm_hour > 23
        || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
    {
        return 0;
    }

    text += 19;

    if (*text == '.') {
        text += 1 + strspn(text + 1, "0123456789");
    }

    if (pm_forge_time_zone(text, &offset) != 0) {
        return 0;
    }

    seconds = timegm(&tm) - offset;

    return (seconds > 0) ? seconds : 0;
}


int64_t
pm_forge_json_time(json_t *json, const char *path)
{
    const char  *text;

    text = pm_forge_json_string(json, path);

    return (text != NULL) ? pm_forge_time(text)
                          : pm_forge_json_number(json, path) / 1000;
}
