/*
 * pm_git_pktline.h: pkt-lines, as gitprotocol-common(5) defines them: four
 * hexadecimal digits that count themselves, then the data.  0000 is a flush,
 * 0001 a delimiter, 0002 the end of a response; 0003 is not defined.
 *
 * The reader pulls its bytes from anywhere, so it knows no network.  What it
 * reads is an attacker's: every length is checked, and the whole is bounded.
 *
 * Inside the git room only.
 */

#ifndef PM_GIT_PKTLINE_H
#define PM_GIT_PKTLINE_H


#include "base/pm_buffer.h"
#include "base/pm_error.h"

#include <stddef.h>
#include <stdint.h>


#define PM_GIT_PKTLINE_MAX  65520      /* the four digits included */


/*
 * Puts at most size bytes into buffer and their number into n; n = 0 is the
 * end.  0, or an error code with err set.
 */
typedef int (*pm_git_pull_pt)(void *data, char *buffer, size_t size,
    size_t *n, pm_error_t *err);


typedef enum {
    PM_GIT_PACKET_DATA,
    PM_GIT_PACKET_FLUSH,
    PM_GIT_PACKET_END        /* the bytes ended, between two pkt-lines */
} pm_git_packet_kind_t;


typedef struct {
    pm_git_packet_kind_t   kind;
    const char            *data;       /* valid until the next read */
    size_t                 len;        /* may be 0 */
} pm_git_packet_t;


typedef struct {
    pm_git_pull_pt   pull;
    void            *data;             /* pull's */
    const char      *name;             /* whose bytes; for messages */
    uint64_t         limit;            /* bytes that may still be pulled */
    size_t           pos;
    size_t           end;
    char             buffer[PM_GIT_PKTLINE_MAX];
} pm_git_pktline_t;


void pm_git_pktline_init(pm_git_pktline_t *lines, pm_git_pull_pt pull,
    void *data, const char *name, uint64_t limit);

/*
 * The next one.  0; PM_REMOTE if it is malformed, cut short, or past the
 * limit; or what pull returned.
 */
int pm_git_pktline_read(pm_git_pktline_t *lines, pm_git_packet_t *packet,
    pm_error_t *err);

/* What four digits say: 0 to 65535, or -1 if they are none. */
int pm_git_pktline_length(const char *digits);

/* Appends one with len bytes of data; more than fit make the buffer fail. */
void pm_git_pktline_append(pm_buffer_t *buffer, const void *data, size_t len);


#endif /* PM_GIT_PKTLINE_H */
