#include "catalog/pm_glob.h"

#include <stdint.h>
#include <string.h>


#define PM_GLOB_WORDS  (PM_GLOB_SIZE / 64 + 1)


typedef enum {
    PM_GLOB_CHARACTER,
    PM_GLOB_ANY,                 /* ? */
    PM_GLOB_SET,                 /* [...] */
    PM_GLOB_STAR,                /* * */
    PM_GLOB_FOLDERS,             /* a leading part of "**" and "/": nothing, */
    PM_GLOB_INSIDE,              /*   or what ends with any later "/" */
    PM_GLOB_ALL,                 /* ** at the end */
    PM_GLOB_END
} pm_glob_kind_t;


typedef struct {
    uint32_t  first;
    uint32_t  last;
} pm_glob_range_t;


typedef struct {
    pm_glob_kind_t    kind;
    uint32_t          character;
    unsigned          negated:1;
    pm_glob_range_t  *ranges;
    size_t            nranges;
} pm_glob_token_t;


struct pm_glob_s {
    char            *prefix;     /* what every match begins with */
    size_t           len;        /* of it */
    size_t           n;          /* the last one is END */
    pm_glob_token_t  tokens[];
};


typedef struct {
    pm_arena_t  *arena;
    pm_glob_t   *glob;
    const char  *text;
    const char  *p;
    pm_error_t  *err;
} pm_glob_parser_t;


int
pm_glob_is(const char *text)
{
    return strpbrk(text, "*?[\\") != NULL;
}


/* The character at *p, which moves on; a byte that begins none is one of its
 * own, unlike all others. */

static uint32_t
pm_glob_character(const char **p)
{
    size_t                i, len;
    uint32_t              c;
    const unsigned char  *s;

    s = (const unsigned char *) *p;
    c = s[0];
    len = c < 0x80 ? 1 : (c & 0xe0) == 0xc0 ? 2 : (c & 0xf0) == 0xe0 ? 3
          : (c & 0xf8) == 0xf0 ? 4 : 0;

    if (len == 1) {
        (*p)++;
        return c;
    }

    c &= 0xffu >> (len + 1);

    for (i = 1; i < len && (s[i] & 0xc0) == 0x80; i++) {
        c = c << 6 | (s[i] & 0x3f);
    }

    if (len == 0 || i < len) {
        (*p)++;
        return 0x110000 + s[0];
    }

    *p += len;

    return c;
}


static int
pm_glob_fault(pm_glob_parser_t *parser, const char *at, const char *what)
{
    unsigned     column;
    const char  *p;

    for (p = parser->text, column = 1; p < at; p++) {
        column += ((unsigned char) *p & 0xc0) != 0x80;
    }

    (void) pm_error_set(parser->err, PM_INVALID,
                        "pattern \"%.64s\", column %u: %s", parser->text,
                        column, what);

    if (parser->err != NULL) {
        parser->err->column = column;
    }

    return PM_INVALID;
}


static pm_glob_token_t *
pm_glob_token(pm_glob_parser_t *parser, pm_glob_kind_t kind)
{
    pm_glob_token_t  *token;

    token = &parser->glob->tokens[parser->glob->n++];
    token->kind = kind;

    return token;
}


/* One character between brackets, perhaps after a "\". */

static int
pm_glob_member(pm_glob_parser_t *parser, const char *start, uint32_t *c)
{
    if (*parser->p == '\\') {
        parser->p++;
    }

    if (*parser->p == '\0') {
        return pm_glob_fault(parser, start, "the \"[\" has no \"]\"");
    }

    *c = pm_glob_character(&parser->p);

    return 0;
}


static int
pm_glob_set(pm_glob_parser_t *parser)
{
    int               rc;
    const char       *start, *at;
    pm_glob_range_t  *range;
    pm_glob_token_t  *token;

    start = parser->p++;
    token = pm_glob_token(parser, PM_GLOB_SET);
    token->ranges = pm_arena_alloc(parser->arena, strlen(start)
                                                  * sizeof(pm_glob_range_t));
    if (token->ranges == NULL) {
        return pm_error_memory(parser->err);
    }

    if (*parser->p == '!' || *parser->p == '^') {
        token->negated = 1;
        parser->p++;
    }

    /* a "]" that comes first is one of the characters */

    do {
        at = parser->p;
        range = &token->ranges[token->nranges++];

        rc = pm_glob_member(parser, start, &range->first);
        if (rc != 0) {
            return rc;
        }

        range->last = range->first;

        if (parser->p[0] == '-' && parser->p[1] != ']') {
            parser->p++;

            rc = pm_glob_member(parser, start, &range->last);
            if (rc != 0) {
                return rc;
            }
        }

        if (range->last < range->first) {
            return pm_glob_fault(parser, at, "the range ends before it "
                                 "begins");
        }

    } while (*parser->p != ']');

    parser->p++;

    return 0;
}


static void
pm_glob_star(pm_glob_parser_t *parser)
{
    int          whole;
    size_t       n;
    const char  *start;

    start = parser->p;
    n = strspn(start, "*");
    whole = n == 2 && (start == parser->text || start[-1] == '/');
    parser->p += n;

    if (whole && *parser->p == '/') {
        parser->p++;
        (void) pm_glob_token(parser, PM_GLOB_FOLDERS);
        (void) pm_glob_token(parser, PM_GLOB_INSIDE);

    } else if (whole && *parser->p == '\0') {
        (void) pm_glob_token(parser, PM_GLOB_ALL);

    } else {
        (void) pm_glob_token(parser, PM_GLOB_STAR);
    }
}


static int
pm_glob_next(pm_glob_parser_t *parser)
{
    switch (*parser->p) {

    case '*':
        pm_glob_star(parser);
        return 0;

    case '?':
        parser->p++;
        (void) pm_glob_token(parser, PM_GLOB_ANY);
        return 0;

    case '[':
        return pm_glob_set(parser);

    case '\\':
        parser->p++;

        if (*parser->p == '\0') {
            return pm_glob_fault(parser, parser->p - 1, "nothing follows the "
                                 "\"\\\"");
        }

        /* fall through */

    default:
        pm_glob_token(parser, PM_GLOB_CHARACTER)->character =
                                            pm_glob_character(&parser->p);
        return 0;
    }
}


int
pm_glob_compile(pm_arena_t *arena, const char *text, pm_glob_t **glob,
    pm_error_t *err)
{
    int               rc;
    size_t            len;
    pm_glob_parser_t  parser;

    len = strlen(text);

    parser.arena = arena;
    parser.text = text;
    parser.p = text;
    parser.err = err;

    if (len > PM_GLOB_SIZE) {
        return pm_glob_fault(&parser, text, "longer than 255 bytes");
    }

    /* no token comes of less than a byte, and two of three */

    parser.glob = pm_arena_zalloc(arena, sizeof(pm_glob_t)
                                         + (len + 1)
                                           * sizeof(pm_glob_token_t));
    if (parser.glob == NULL) {
        return pm_error_memory(err);
    }

    parser.glob->len = strcspn(text, "*?[\\");
    parser.glob->prefix = pm_arena_strndup(arena, text, parser.glob->len);

    if (parser.glob->prefix == NULL) {
        return pm_error_memory(err);
    }

    while (*parser.p != '\0') {
        rc = pm_glob_next(&parser);
        if (rc != 0) {
            return rc;
        }
    }

    (void) pm_glob_token(&parser, PM_GLOB_END);
    *glob = parser.glob;

    return 0;
}


/* Token i is waited at, and what can be reached from it by no character. */

static void
pm_glob_enter(const pm_glob_t *glob, uint64_t *states, size_t i)
{
    for ( ;; ) {

        switch (glob->tokens[i].kind) {

        case PM_GLOB_FOLDERS:
            states[(i + 1) / 64] |= (uint64_t) 1 << (i + 1) % 64;
            i += 2;
            break;

        case PM_GLOB_STAR:
        case PM_GLOB_ALL:
            states[i / 64] |= (uint64_t) 1 << i % 64;
            i++;
            break;

        default:
            states[i / 64] |= (uint64_t) 1 << i % 64;
            return;
        }
    }
}


static int
pm_glob_in_set(const pm_glob_token_t *token, uint32_t c)
{
    size_t  i;

    for (i = 0; i < token->nranges; i++) {
        if (c >= token->ranges[i].first && c <= token->ranges[i].last) {
            return !token->negated;
        }
    }

    return token->negated;
}


/* Where token i leads by character c. */

static void
pm_glob_step(const pm_glob_t *glob, uint64_t *states, size_t i, uint32_t c)
{
    const pm_glob_token_t  *token;

    token = &glob->tokens[i];

    switch (token->kind) {

    case PM_GLOB_CHARACTER:
        if (c == token->character) {
            pm_glob_enter(glob, states, i + 1);
        }

        break;

    case PM_GLOB_ANY:
        if (c != '/') {
            pm_glob_enter(glob, states, i + 1);
        }

        break;

    case PM_GLOB_SET:
        if (c != '/' && pm_glob_in_set(token, c)) {
            pm_glob_enter(glob, states, i + 1);
        }

        break;

    case PM_GLOB_STAR:
        if (c != '/') {
            pm_glob_enter(glob, states, i);
        }

        break;

    case PM_GLOB_ALL:
        pm_glob_enter(glob, states, i);
        break;

    case PM_GLOB_INSIDE:
        pm_glob_enter(glob, states, i);

        if (c == '/') {
            pm_glob_enter(glob, states, i + 1);
        }

        break;

    default:                     /* the end was too early */
        break;
    }
}


int
pm_glob_match(const pm_glob_t *glob, const char *path)
{
    size_t    i, word;
    uint32_t  c;
    uint64_t  bits, alive, states[PM_GLOB_WORDS], next[PM_GLOB_WORDS];

    /* most patterns are about another folder */

    if (strncmp(path, glob->prefix, glob->len) != 0) {
        return 0;
    }

    memset(states, 0, sizeof(states));
    pm_glob_enter(glob, states, 0);

    while (*path != '\0') {
        c = pm_glob_character(&path);
        memset(next, 0, sizeof(next));
        alive = 0;

        for (word = 0; word <= (glob->n - 1) / 64; word++) {

            for (bits = states[word]; bits != 0; bits &= bits - 1) {
                i = word * 64 + (size_t) __builtin_ctzll(bits);
                pm_glob_step(glob, next, i, c);
            }
        }

        for (word = 0; word < PM_GLOB_WORDS; word++) {
            alive |= next[word];
        }

        if (alive == 0) {
            return 0;
        }

        memcpy(states, next, sizeof(states));
    }

    i = glob->n - 1;

    return (states[i / 64] >> i % 64) & 1;
}
