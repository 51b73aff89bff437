/*
 * pm_host.h: which hosts are this machine.
 */

#ifndef PM_HOST_H
#define PM_HOST_H


/* 1 for localhost, 127.0.0.0/8 and [::1]; host is lower-case, an IPv6 address
 * in brackets. */
int pm_host_loopback(const char *host);


#endif /* PM_HOST_H */
