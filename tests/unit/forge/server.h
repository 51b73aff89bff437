/*
 * server.h: a small HTTP server for tests, threads of the test's process: it
 * answers by rules, and notes what it was asked.
 */

#ifndef SERVER_H
#define SERVER_H


#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>


#define SERVER_REQUESTS  256


typedef enum {
    FINE = 0,
    CUT,             /* half of the body, then the connection ends */
    GONE,            /* not a byte, then the connection ends */
    SILENT,          /* not a byte */
    DRIP,            /* a byte a while */
    HUGE_BODY,       /* more than 1 MiB */
    HUGE_HEAD,
    SLOW             /* after 200 ms */
} fault_t;


/* The first rule that begins as the request line does, and is not used up. */

typedef struct {
    const char  *request;    /* "POST /repos/acme/apps/pulls" */
    const char  *status;
    const char  *body;
    const char  *headers;    /* "Retry-After: 7\r\n" */
    fault_t      fault;
    int          times;      /* 0: any number */
} rule_t;


typedef struct {
    char   line[2048];
    char   authorization[512];
    char   token[512];              /* PRIVATE-TOKEN */
    char   agent[128];
    char   type[128];
    char  *body;
} request_t;


typedef struct {
    int               fd;
    int               port;
    int               stopping;
    pthread_t         thread;
    pthread_t         peers[SERVER_REQUESTS];
    int               npeers;
    int               open[SERVER_REQUESTS];
    pthread_mutex_t   mutex;

    rule_t            rules[64];
    size_t            nrules;
    request_t         requests[SERVER_REQUESTS];
    size_t            nrequests;
    int               busy;         /* answered at once, now and at most */
    int               busiest;
    int               silent;       /* of these, that never will be */
} server_t;


typedef struct {
    server_t  *server;
    int        fd;
} peer_t;


static void
server_send(int fd, const char *data, size_t len)
{
    ssize_t  n;

    for ( ; len > 0; len -= (size_t) n, data += n) {
        n = send(fd, data, len, MSG_NOSIGNAL);

        if (n <= 0) {
            return;
        }
    }
}


static void
server_value(const char *head, const char *name, char *value, size_t size)
{
    const char  *p;

    value[0] = '\0';

    for (p = strstr(head, "\r\n"); p != NULL; p = strstr(p, "\r\n")) {
        p += 2;

        if (strncasecmp(p, name, strlen(name)) == 0 && p[strlen(name)] == ':')
        {
            p += strlen(name) + 1;
            p += strspn(p, " ");
            (void) snprintf(value, size, "%.*s", (int) strcspn(p, "\r"), p);
            return;
        }
    }
}


/* One request of the connection into *request: 0, or -1: it has ended. */

static int
server_read(int fd, request_t *request)
{
    char     head[65536], length[32], *end;
    size_t   len, want, have;
    ssize_t  n;

    memset(request, 0, sizeof(request_t));
    len = 0;
    end = NULL;

    while (end == NULL) {
        n = recv(fd, head + len, sizeof(head) - 1 - len, 0);

        if (n <= 0) {
            return -1;
        }

        len += (size_t) n;
        head[len] = '\0';
        end = strstr(head, "\r\n\r\n");
    }

    end += 4;
    have = len - (size_t) (end - head);

    (void) snprintf(request->line, sizeof(request->line), "%.*s",
                    (int) strcspn(head, "\r"), head);
    server_value(head, "Authorization", request->authorization,
                 sizeof(request->authorization));
    server_value(head, "PRIVATE-TOKEN", request->token,
                 sizeof(request->token));
    server_value(head, "User-Agent", request->agent, sizeof(request->agent));
    server_value(head, "Content-Type", request->type, sizeof(request->type));
    server_value(head, "Content-Length", length, sizeof(length));

    want = (size_t) atol(length);
    request->body = calloc(1, want + have + 1);

    memcpy(request->body, end, have);

    for ( ; have < want; have += (size_t) n) {
        n = recv(fd, request->body + have, want - have, 0);

        if (n <= 0) {
            free(request->body);
            return -1;
        }
    }

    return 0;
}


static rule_t *
server_rule(server_t *server, const char *line)
{
    size_t   i;
    rule_t  *rule;

    for (i = 0; i < server->nrules; i++) {
        rule = &server->rules[i];

        if (strncmp(line, rule->request, strlen(rule->request)) == 0
            && rule->times >= 0)
        {
            if (rule->times > 0 && --rule->times == 0) {
                rule->times = -1;
            }

            return rule;
        }
    }

    return NULL;
}


/* 0: the connection goes on. */

static int
server_answer(server_t *server, int fd, const rule_t *rule)
{
    int      i;
    char     head[1024], *more;
    size_t   len;

    len = rule->body ? strlen(rule->body) : 0;

    if (rule->fault == HUGE_BODY) {
        len = 2 * 1024 * 1024;
    }

    (void) snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Type: "
                    "application/json\r\nContent-Length: %zu\r\n%s\r\n",
                    rule->status, len, rule->headers ? rule->headers : "");

    switch (rule->fault) {

    case GONE:
        return -1;

    case SILENT:
        while (!server->stopping) {
            usleep(10000);
        }

        return -1;

    case CUT:
        server_send(fd, head, strlen(head));
        server_send(fd, rule->body, len / 2);
        return -1;

    case DRIP:
        for (i = 0; !server->stopping && head[i] != '\0'; i++) {
            server_send(fd, head + i, 1);
            usleep(50000);
        }

        return -1;

    case HUGE_BODY:
        more = malloc(len);
        memset(more, ' ', len);
        server_send(fd, head, strlen(head));
        server_send(fd, more, len);
        free(more);
        return -1;

    case HUGE_HEAD:
        server_send(fd, "HTTP/1.1 200 OK\r\n", 17);

        for (i = 0; i < 4096; i++) {
            server_send(fd, "X-Filler: 0123456789012345678901234567\r\n", 40);
        }

        return -1;

    case SLOW:
        usleep(200000);
        break;

    default:
        break;
    }

    server_send(fd, head, strlen(head));
    server_send(fd, rule->body, len);

    return 0;
}


static void *
server_peer(void *arg)
{
    int        rc;
    peer_t    *peer;
    rule_t     rule, *found;
    server_t  *server;
    request_t  request;

    static const rule_t  none = { "", "599 No Rule", "{}", NULL, FINE, 0 };

    peer = arg;
    server = peer->server;
    rc = 0;

    while (rc == 0 && server_read(peer->fd, &request) == 0) {

        (void) pthread_mutex_lock(&server->mutex);

        if (server->nrequests < SERVER_REQUESTS) {
            server->requests[server->nrequests++] = request;

        } else {
            free(request.body);
        }

        found = server_rule(server, request.line);
        rule = found ? *found : none;
        server->busy++;

        server->silent += (rule.fault == SILENT || rule.fault == DRIP);

        if (server->busy - server->silent > server->busiest) {
            server->busiest = server->busy - server->silent;
        }

        (void) pthread_mutex_unlock(&server->mutex);

        rc = server_answer(server, peer->fd, &rule);

        (void) pthread_mutex_lock(&server->mutex);
        server->busy--;
        (void) pthread_mutex_unlock(&server->mutex);
    }

    (void) shutdown(peer->fd, SHUT_RDWR);
    free(peer);

    return NULL;
}


static void *
server_listen(void *arg)
{
    int        fd;
    peer_t    *peer;
    server_t  *server;

    server = arg;

    while ((fd = accept(server->fd, NULL, NULL)) != -1) {

        if (server->npeers == SERVER_REQUESTS) {
            (void) close(fd);
            continue;
        }

        peer = malloc(sizeof(peer_t));
        peer->server = server;
        peer->fd = fd;

        server->open[server->npeers] = fd;
        (void) pthread_create(&server->peers[server->npeers], NULL,
                              server_peer, peer);
        server->npeers++;
    }

    return NULL;
}


static server_t *
server_start(void)
{
    server_t            *server;
    socklen_t            len;
    struct sockaddr_in   address;

    server = calloc(1, sizeof(server_t));
    (void) pthread_mutex_init(&server->mutex, NULL);

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    len = sizeof(address);

    server->fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(server->fd, (struct sockaddr *) &address, len) != 0
        || listen(server->fd, 64) != 0
        || getsockname(server->fd, (struct sockaddr *) &address, &len) != 0)
    {
        abort();
    }

    server->port = ntohs(address.sin_port);
    (void) pthread_create(&server->thread, NULL, server_listen, server);

    return server;
}


static void
server_add(server_t *server, const char *request, const char *status,
    const char *body)
{
    rule_t  *rule;

    rule = &server->rules[server->nrules++];

    rule->request = request;
    rule->status = status;
    rule->body = body;
}


/* Forgets rules and requests. */

static void
server_reset(server_t *server)
{
    size_t  i;

    (void) pthread_mutex_lock(&server->mutex);

    for (i = 0; i < server->nrequests; i++) {
        free(server->requests[i].body);
    }

    memset(server->rules, 0, sizeof(server->rules));
    server->nrules = 0;
    server->nrequests = 0;
    server->busiest = 0;

    (void) pthread_mutex_unlock(&server->mutex);
}


static void
server_stop(server_t *server)
{
    int  i;

    server->stopping = 1;
    (void) shutdown(server->fd, SHUT_RDWR);
    (void) pthread_join(server->thread, NULL);
    (void) close(server->fd);

    for (i = 0; i < server->npeers; i++) {
        (void) shutdown(server->open[i], SHUT_RDWR);
        (void) pthread_join(server->peers[i], NULL);
        (void) close(server->open[i]);
    }

    server_reset(server);
    (void) pthread_mutex_destroy(&server->mutex);
    free(server);
}


#endif /* SERVER_H */
