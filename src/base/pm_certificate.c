#include "base/pm_certificate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>


int
pm_certificate_check(const char *file, pm_error_t *err)
{
    FILE           *fp;
    X509           *certificate;
    size_t          n;
    unsigned long   error;

    fp = fopen(file, "re");
    if (fp == NULL) {
        return pm_error_set(err, PM_INVALID, "cannot read \"%s\": %s", file,
                            strerror(errno));
    }

    ERR_clear_error();

    /* "AUX" takes trusted certificates as well, as a bundle may have them */

    for (n = 0; /* void */ ; n++) {

        certificate = PEM_read_X509_AUX(fp, NULL, NULL, NULL);
        if (certificate == NULL) {
            break;
        }

        X509_free(certificate);
    }

    (void) fclose(fp);

    error = ERR_peek_last_error();
    ERR_clear_error();

    if (ERR_GET_LIB(error) != ERR_LIB_PEM
        || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
    {
        return pm_error_set(err, PM_INVALID, "\"%s\": certificate %zu is "
                            "damaged", file, n + 1);
    }

    if (n == 0) {
        return pm_error_set(err, PM_INVALID, "\"%s\" holds no certificate in "
                            "PEM format", file);
    }

    return 0;
}
