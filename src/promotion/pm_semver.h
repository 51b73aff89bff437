/*
 * pm_semver.h: versions and ranges of versions, as Argo CD reads a
 * targetRevision of git (docs/user-guide/tracking_strategies.md): the
 * constraints of github.com/Masterminds/semver over the names of tags.
 *
 *     range  = group *( "||" group )             one of them must hold
 *     group  = item *( [","] item )              all of them
 *     item   = [ op ] version | version " - " version
 *     op     = "=" "!=" ">" "<" ">=" "=>" "<=" "=<" "~" "~>" "^"
 *     version = [v]1[.2[.3]][-pre][+build]       x, X, * for any number
 *
 *     1.2, 1.2.x, ~1.2.3   the first two numbers are these
 *     1, 1.x, ^1.2.3       the first is (^0.2.3: two, ^0.0.3: all three)
 *     1.2 - 2.3            >=1.2, <=2.3
 *
 * A prerelease (semver.org, 9) is in a group only if one of its items has
 * one: >=1.2.0-0 is all of them.  Build metadata does not count.
 */

#ifndef PM_SEMVER_H
#define PM_SEMVER_H


#include <stddef.h>
#include <stdint.h>


#define PM_SEMVER_LENGTH  256            /* bytes of a version or a range */
#define PM_SEMVER_ITEMS   32             /* of a range */


typedef struct {
    uint64_t     number[3];
    unsigned     numbers;        /* how many were given: 0 (*) to 3 */
    const char  *pre;            /* the text's; or NULL */
    size_t       pre_len;
} pm_semver_t;


typedef enum {
    PM_SEMVER_EQUAL,
    PM_SEMVER_OTHER,
    PM_SEMVER_GREATER,
    PM_SEMVER_LESS,
    PM_SEMVER_NOT_LESS,
    PM_SEMVER_NOT_GREATER,
    PM_SEMVER_TILDE,
    PM_SEMVER_CARET
} pm_semver_operator_t;


typedef struct {
    pm_semver_t           version;
    pm_semver_operator_t  operator;
    unsigned              group;
} pm_semver_item_t;


typedef struct {
    pm_semver_item_t  items[PM_SEMVER_ITEMS];
    size_t            n;
} pm_semver_range_t;


/* A version with all that is missing as 0: v1 is 1.0.0.  0, or -1: it is
 * none.  text must outlive it. */
int pm_semver_parse(const char *text, pm_semver_t *version);

/* The version at *text, which is moved behind it.  wildcards: x, X and * are
 * numbers, too. */
int pm_semver_read(const char **text, int wildcards, pm_semver_t *version);

/* <0, 0, >0: semver.org, 11; and the same of the first n numbers alone. */
int pm_semver_compare(const pm_semver_t *a, const pm_semver_t *b);
int pm_semver_compare_numbers(const pm_semver_t *a, const pm_semver_t *b,
    unsigned n);

/* 0, or -1: it is no range, which a version by itself is not either, nor what
 * begins with x: that is what a branch may be called.  text must outlive it. */
int pm_semver_range(const char *text, pm_semver_range_t *range);

/* 1 if the version is in the range. */
int pm_semver_matches(const pm_semver_range_t *range,
    const pm_semver_t *version);


#endif /* PM_SEMVER_H */
