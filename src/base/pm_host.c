#include "base/pm_host.h"

#include <arpa/inet.h>
#include <string.h>


int
pm_host_loopback(const char *host)
{
    char             text[INET6_ADDRSTRLEN];
    size_t           len;
    struct in_addr   v4;
    struct in6_addr  v6;

    if (strcmp(host, "localhost") == 0) {
        return 1;
    }

    if (inet_pton(AF_INET, host, &v4) == 1) {
        return (ntohl(v4.s_addr) >> 24) == 127;
    }

    len = strlen(host);

    if (len < 2 || host[0] != '[' || host[len - 1] != ']'
        || len - 2 >= sizeof(text))
    {
        return 0;
    }

    memcpy(text, host + 1, len - 2);
    text[len - 2] = '\0';

    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}
