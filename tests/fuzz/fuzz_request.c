/*
 * Bodies of promotion requests.  The first byte says which kind, and whether
 * trailing commas are allowed.
 *
 * Besides what sanitizers see: a body is accepted whole or named at fault;
 * what is accepted has what its kind requires, and none of it can forge a
 * commit's trailers.
 */

#include "base/pm_string.h"
#include "promotion/pm_message.h"
#include "promotion/pm_request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
fuzz_expect(int condition)
{
    if (!condition) {
        abort();
    }
}


static void
fuzz_application(const pm_application_id_t *id)
{
    fuzz_expect(id->runtime != NULL && id->runtime[0] != '\0');
    fuzz_expect(id->namespace != NULL && id->namespace[0] != '\0');
    fuzz_expect(id->name != NULL && id->name[0] != '\0');
}


static void
fuzz_accepted(pm_arena_t *arena, const pm_request_t *request)
{
    size_t           i;
    pm_oid_t         source;
    pm_error_t       err;
    const char      *message;
    pm_promotion_t   promotion;

    if (request->kind == PM_REQUEST_PRODUCT) {
        fuzz_expect(request->source_environment != NULL
                    && request->destination_environment != NULL);

    } else {
        fuzz_application(&request->source);
        fuzz_expect(request->ndestinations > 0);
    }

    for (i = 0; i < request->ndestinations; i++) {
        fuzz_application(&request->destinations[i]);
    }

    if (request->kind == PM_REQUEST_PREVIEW) {
        return;
    }

    memset(&source, 0, sizeof(pm_oid_t));
    memset(&promotion, 0, sizeof(pm_promotion_t));

    promotion.id = "id";
    promotion.source.namespace = "namespace";
    promotion.source.name = "name";
    promotion.author_name = "author";
    promotion.author_email = "author@example.com";
    promotion.key_name = "key";

    if (request->kind != PM_REQUEST_PULL_REQUEST) {
        promotion.message = request->message;
        promotion.description = request->description;

    } else {
        fuzz_expect(request->head != NULL && request->title != NULL);
        promotion.message = request->commit_message;
        promotion.description = request->commit_description;
    }

    fuzz_expect(pm_message_create(arena, &promotion, &source, &message, &err)
                == 0);

    message = strstr(message, "\nPromotion-Id: ");
    fuzz_expect(message != NULL);
    fuzz_expect(strstr(message + 1, "\nPromotion-Id: ") == NULL);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                   rc;
    size_t                i;
    pm_arena_t           *arena;
    const char           *text;
    pm_request_t          request;
    pm_request_kind_t     kind;
    pm_request_faults_t   faults;

    if (size == 0) {
        return 0;
    }

    arena = pm_arena_create();
    if (arena == NULL) {
        return 0;
    }

    kind = (data[0] & 3) == 1 ? PM_REQUEST_PREVIEW
           : (data[0] & 3) == 2 ? PM_REQUEST_PULL_REQUEST
           : (data[0] & 3) == 3 ? PM_REQUEST_PRODUCT : PM_REQUEST_COMMIT;

    rc = pm_request_parse(arena, (const char *) data + 1, size - 1, kind,
                          (data[0] & 4) != 0, &request, &faults);

    if (rc == 0) {
        fuzz_expect(faults.n == 0);
        fuzz_accepted(arena, &request);

    } else {
        fuzz_expect(rc == PM_INVALID && faults.n > 0);
        fuzz_expect(!faults.single || faults.n == 1);
    }

    for (i = 0; i < faults.n; i++) {
        text = faults.messages[i];
        fuzz_expect(pm_utf8_valid(text, strlen(text)) == strlen(text));
    }

    pm_arena_destroy(arena);

    return 0;
}
