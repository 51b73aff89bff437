/*
 * pm_message.h: the text of a promotion's commit.
 *
 *     message
 *
 *     description                      where there is one
 *
 *     Promotion-Id: <id>
 *     Promoted-From: <namespace>/<name>@<40 hex>
 *     Promoted-By: <key name>
 *     Co-authored-by: <name> <<address>>   of one that was asked for by
 *                                          somebody else
 *
 * That of a revert has, in place of where it came from, what it undoes:
 *
 *     Promotion-Id: <id of the revert>
 *     Promotion-Reverts: <40 hex>
 *     Promoted-By: <key name>
 *
 * That of a pull request says where it leads, too: a head branch is replaced
 * only where its last commit is the gateway's own for this destination:
 *
 *     Promotion-Id: <id>
 *     Promoted-From: <namespace>/<name>@<40 hex>
 *     Promoted-To: <runtime>/<namespace>/<name>
 *     Promoted-By: <key name>
 *
 * The trailers are how a promotion is found again after an unclear push
 * (durability.md, 2): nobody else may write them.
 */

#ifndef PM_MESSAGE_H
#define PM_MESSAGE_H


#include "promotion/pm_promotion.h"


/*
 * What is wrong with a text that becomes part of a commit message, to be put
 * after its name ("must not contain …"), or NULL: control characters (C0, DEL,
 * C1) other than newline, tab and the CR of a CRLF; if trailers is 1, also a
 * line that begins like one of our trailers.
 */
const char *pm_message_fault(const char *text, int trailers);

/*
 * The whole message, the arena's; source is the revision promoted, or the
 * commit that is reverted.  CRLF
 * becomes LF; empty lines around message and description are cut.
 * PM_INVALID: a text that pm_message_fault() refuses (a record is not trusted
 * to have been checked), or a name that is empty or has control characters.
 */
int pm_message_create(pm_arena_t *arena, const pm_promotion_t *promotion,
    const pm_oid_t *source, const char **message, pm_error_t *err);

/*
 * 1 if the message's last paragraph has the trailers of a pull request's
 * commit that leads to id, 0 if not, -1: out of memory.
 */
int pm_message_leads_to(const char *message, const pm_application_id_t *id);

/* The message without its trailers, its last paragraph; the arena's.  NULL:
 * out of memory. */
const char *pm_message_text(pm_arena_t *arena, const char *message);


#endif /* PM_MESSAGE_H */
