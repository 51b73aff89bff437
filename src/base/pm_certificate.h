/*
 * pm_certificate.h: whether a file can serve as a bundle of certificates.
 */

#ifndef PM_CERTIFICATE_H
#define PM_CERTIFICATE_H


#include "base/pm_error.h"


/*
 * 0 if the file, in PEM, holds one certificate or more and nothing that does
 * not parse; PM_INVALID otherwise.  What libcurl does with a bundle that has
 * none shows only when a connection fails.
 */
int pm_certificate_check(const char *file, pm_error_t *err);


#endif /* PM_CERTIFICATE_H */
