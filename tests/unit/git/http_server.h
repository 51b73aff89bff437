/*
 * http_server.h: a small HTTP server for tests: a child process, a thread a
 * connection, git's own http-backend behind it, and faults by path.
 *
 *   /git/REPOSITORY/…      git http-backend
 *   /auth/REPOSITORY/…     the same for "user:p@ss" only
 *   /move/REPOSITORY/…     redirects to /git/ on this host
 *   /away/…                redirects to another host
 *   /loop/…                redirects to itself
 *   /status/NNN/…          that status, text/plain "because"
 *   /dumb/ /silent/ /drip/ /headers/ /refs/ /cut/ /huge/
 *   /push-cut/ /push-403/ /push-408/ /push-500/ /push-silent/
 *                          http-backend for GET, a fault for POST
 *   /close/                http-backend, then the connection is closed
 *   /push-acks/            the same; endless ACKs for POST
 *   /push-chat/            the same; endless progress for POST
 *   /push-lies/            the same; a pack of nothing for POST
 */

#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H


#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>


/* What the test looks at: memory that both processes see. */

typedef struct {
    int    connections;
    int    requests;
    char   authorization[256];      /* of the last request, or "" */
    char   expect[64];
    char   encoding[64];            /* Content-Encoding */
} http_server_log_t;


typedef struct {
    pid_t               pid;
    int                 port;
    int                 fd;
    const char         *root;
    http_server_log_t  *log;
} http_server_t;


typedef struct {
    int                   fd;
    const http_server_t  *server;
    char                  head[16384];
    char                 *body;
    size_t                length;
    char                  method[8];
    char                  path[1024];
    char                  query[1024];
    char                  type[128];
} http_server_request_t;


static pthread_mutex_t  http_server_mutex = PTHREAD_MUTEX_INITIALIZER;


static void
http_server_send(int fd, const char *data, size_t len)
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
http_server_answer(int fd, const char *status, const char *headers,
    const char *body, size_t len)
{
    char  head[8192];

    (void) snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n%sContent-Length: "
                    "%zu\r\n\r\n", status, headers, len);

    http_server_send(fd, head, strlen(head));
    http_server_send(fd, body, len);
}


static void
http_server_header(const char *head, const char *name, char *value,
    size_t size)
{
    const char  *p;

    value[0] = '\0';

    for (p = strstr(head, "\r\n"); p != NULL; p = strstr(p, "\r\n")) {
        p += 2;

        if (strncasecmp(p, name, strlen(name)) == 0
            && p[strlen(name)] == ':')
        {
            p += strlen(name) + 1;
            p += strspn(p, " ");
            (void) snprintf(value, size, "%.*s", (int) strcspn(p, "\r"), p);
            return;
        }
    }
}


/* 0, or -1 at the end of the connection */

static int
http_server_read(http_server_request_t *r)
{
    char     *end, length[32];
    size_t    len, got;
    ssize_t   n;

    len = 0;
    end = NULL;

    while (end == NULL) {
        n = recv(r->fd, r->head + len, sizeof(r->head) - 1 - len, 0);

        if (n <= 0) {
            return -1;
        }

        if (r->head[0] == 0x16) {

            /* a TLS hello */

            http_server_send(r->fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
            return -1;
        }

        len += (size_t) n;
        r->head[len] = '\0';
        end = strstr(r->head, "\r\n\r\n");
    }

    got = len - (size_t) (end + 4 - r->head);

    r->query[0] = '\0';

    if (sscanf(r->head, "%7s %1023[^? ]?%1023[^ ]", r->method, r->path,
               r->query) < 2)
    {
        return -1;
    }

    http_server_header(r->head, "Content-Length", length, sizeof(length));
    http_server_header(r->head, "Content-Type", r->type, sizeof(r->type));

    r->length = strtoul(length, NULL, 10);
    r->body = malloc(r->length + 1);

    if (r->body == NULL || got > r->length) {
        return -1;
    }

    memcpy(r->body, end + 4, got);

    for ( ; got < r->length; got += (size_t) n) {
        n = recv(r->fd, r->body + got, r->length - got, 0);

        if (n <= 0) {
            return -1;
        }
    }

    (void) pthread_mutex_lock(&http_server_mutex);

    r->server->log->requests++;
    http_server_header(r->head, "Authorization",
                       r->server->log->authorization, 256);
    http_server_header(r->head, "Expect", r->server->log->expect, 64);
    http_server_header(r->head, "Content-Encoding",
                       r->server->log->encoding, 64);

    (void) pthread_mutex_unlock(&http_server_mutex);

    return 0;
}


/* rest: "/REPOSITORY/…" */

static void
http_server_backend(http_server_request_t *r, const char *rest)
{
    char         command[8192], file[256], *out, *body, *p;
    char         headers[1024], status[64];
    FILE        *pipe;
    size_t       len, size;

    (void) snprintf(file, sizeof(file), "%s/body-%d", r->server->root, r->fd);

    pipe = fopen(file, "w");
    (void) fwrite(r->body, 1, r->length, pipe);
    (void) fclose(pipe);

    (void) snprintf(command, sizeof(command),
                    "GIT_PROJECT_ROOT='%s' GIT_HTTP_EXPORT_ALL=1 "
                    "REMOTE_USER=x REQUEST_METHOD=%s PATH_INFO='%s' "
                    "QUERY_STRING='%s' CONTENT_TYPE='%s' CONTENT_LENGTH=%zu "
                    "git http-backend <%s 2>/dev/null", r->server->root,
                    r->method, rest, r->query, r->type, r->length, file);

    pipe = popen(command, "r");
    size = 64 * 1024 * 1024;
    out = malloc(size);
    len = fread(out, 1, size - 1, pipe);
    out[len] = '\0';
    (void) pclose(pipe);
    (void) unlink(file);

    body = strstr(out, "\r\n\r\n");

    if (body == NULL) {
        http_server_answer(r->fd, "500 Backend", "", "", 0);
        free(out);
        return;
    }

    body[2] = '\0';
    body += 4;

    (void) snprintf(status, sizeof(status), "200 OK");
    headers[0] = '\0';

    if (strncmp(out, "Status: ", 8) == 0) {
        p = strstr(out, "\r\n");
        (void) snprintf(status, sizeof(status), "%.*s",
                        (int) (p - out) - 8, out + 8);
        (void) snprintf(headers, sizeof(headers), "%s", p + 2);

    } else {
        (void) snprintf(headers, sizeof(headers), "%s", out);
    }

    http_server_answer(r->fd, status, headers, body,
                       len - (size_t) (body - out));
    free(out);
}


static void
http_server_stream(http_server_request_t *r, const char *head,
    const char *data, int pause)
{
    http_server_send(r->fd, head, strlen(head));

    while (send(r->fd, data, strlen(data), MSG_NOSIGNAL) > 0) {
        if (pause) {
            (void) usleep((useconds_t) pause * 1000);
        }
    }
}


static const char  http_server_ok[] =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: application/x-git-upload-pack-advertisement\r\n";


static const char  http_server_result[] =
    "HTTP/1.1 200 OK\r\nConnection: close\r\n"
    "Content-Type: application/x-git-upload-pack-result\r\n";


/* NAK; a pack without objects on band 1 (gitformat-pack(5)); flush */

static const char  http_server_pack[] =
    "0008NAK\n"
    "0025\x01PACK\0\0\0\2\0\0\0\0"
    "\x02\x9d\x08\x82\x3b\xd8\xa8\xea\xb5\x10"
    "\xad\x6a\xc7\x5c\x82\x3c\xfd\x3e\xd3\x1e"
    "0000";


static void
http_server_refs(http_server_request_t *r)
{
    int   i;
    char  line[128];

    static const char  first[] =
        "\r\n001e# service=git-upload-pack\n0000"
        "003eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa refs/heads/0\0ofs\n";

    http_server_send(r->fd, http_server_ok, strlen(http_server_ok));
    http_server_send(r->fd, first, sizeof(first) - 1);

    for (i = 0; i < 250000; i++) {
        (void) snprintf(line, sizeof(line), "003f%040x refs/heads/%07d",
                        i + 1, i);
        http_server_send(r->fd, line, strlen(line));
    }
}


/* 1: the connection goes on */

static int
http_server_serve(http_server_request_t *r)
{
    int    port;
    char   headers[4096], first[64], *rest;

    port = r->server->port;
    rest = strchr(r->path + 1, '/');

    if (rest == NULL) {
        http_server_answer(r->fd, "404 Not Found", "", "", 0);
        return 1;
    }

    (void) snprintf(first, sizeof(first), "%.*s",
                    (int) (rest - r->path) - 1, r->path + 1);

    if (strcmp(first, "git") == 0
        || (strncmp(first, "push-", 5) == 0 && strcmp(r->method, "GET") == 0))
    {
        http_server_backend(r, rest);
        return 1;
    }

    if (strcmp(first, "close") == 0) {
        http_server_backend(r, rest);
        return 0;
    }

    if (strcmp(first, "auth") == 0) {

        /* user:p@ss */

        http_server_header(r->head, "Authorization", headers, 256);

        if (strcmp(headers, "Basic dXNlcjpwQHNz") == 0) {
            http_server_backend(r, rest);

        } else {
            http_server_answer(r->fd, "401 Unauthorized",
                               "WWW-Authenticate: Basic realm=x\r\n"
                               "Content-Type: text/plain\r\n",
                               "bad credentials\n", 16);
        }

        return 1;
    }

    if (strcmp(first, "move") == 0) {
        (void) snprintf(headers, sizeof(headers),
                        "Location: /git%s?%s\r\n", rest, r->query);
        http_server_answer(r->fd, "301 Moved", headers, "moved", 5);
        return 1;
    }

    if (strcmp(first, "away") == 0) {
        (void) snprintf(headers, sizeof(headers), "Location: "
                        "http://127.0.0.2:%d/git%s?%s\r\n", port, rest,
                        r->query);
        http_server_answer(r->fd, "302 Found", headers, "", 0);
        return 1;
    }

    if (strcmp(first, "loop") == 0) {
        (void) snprintf(headers, sizeof(headers), "Location: %s?%s\r\n",
                        r->path, r->query);
        http_server_answer(r->fd, "302 Found", headers, "", 0);
        return 1;
    }

    if (strcmp(first, "status") == 0) {
        (void) snprintf(headers, sizeof(headers), "%.3s Because", rest + 1);
        http_server_answer(r->fd, headers, "Retry-After: 7\r\n"
                           "Content-Type: text/plain\r\n", "because\n", 8);
        return 1;
    }

    if (strcmp(first, "dumb") == 0) {
        http_server_answer(r->fd, "200 OK", "Content-Type: text/plain\r\n",
                           "aaaa\trefs/heads/main\n", 21);
        return 1;
    }

    if (strcmp(first, "silent") == 0 || strcmp(first, "push-silent") == 0) {
        (void) recv(r->fd, headers, 1, 0);
        return 0;
    }

    if (strcmp(first, "drip") == 0) {
        (void) snprintf(headers, sizeof(headers), "%s\r\n", http_server_ok);
        http_server_stream(r, headers, "0", 400);
        return 0;
    }

    if (strcmp(first, "headers") == 0) {
        http_server_stream(r, http_server_ok, "X-Y: aaaaaaaaaaaaaaaaaa\r\n",
                           0);
        return 0;
    }

    if (strcmp(first, "refs") == 0) {
        http_server_refs(r);
        return 0;
    }

    if (strcmp(first, "cut") == 0) {
        (void) snprintf(headers, sizeof(headers), "%sContent-Length: "
                        "1000\r\n\r\n001e#", http_server_ok);
        http_server_send(r->fd, headers, strlen(headers));
        return 0;
    }

    if (strcmp(first, "push-acks") == 0) {
        (void) snprintf(headers, sizeof(headers), "%s\r\n",
                        http_server_result);
        http_server_stream(r, headers, "0038ACK aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                           "aaaaaaaaaa common\n", 0);
        return 0;
    }

    if (strcmp(first, "push-chat") == 0) {
        (void) snprintf(headers, sizeof(headers), "%s\r\n",
                        http_server_result);
        http_server_stream(r, headers, "000a\002chat\n", 0);
        return 0;
    }

    if (strcmp(first, "push-lies") == 0) {
        (void) snprintf(headers, sizeof(headers), "%s\r\n",
                        http_server_result);
        http_server_send(r->fd, headers, strlen(headers));
        http_server_send(r->fd, http_server_pack,
                         sizeof(http_server_pack) - 1);
        return 0;
    }

    if (strcmp(first, "push-cut") == 0) {
        return 0;
    }

    if (strncmp(first, "push-", 5) == 0) {
        (void) snprintf(headers, sizeof(headers), "%.3s Because", first + 5);
        http_server_answer(r->fd, headers, "", "", 0);
        return 1;
    }

    http_server_answer(r->fd, "404 Not Found", "", "", 0);

    return 1;
}


static void *
http_server_connection(void *request)
{
    int                     goes_on;
    http_server_request_t  *r;

    r = request;

    while (http_server_read(r) == 0) {
        goes_on = http_server_serve(r);
        free(r->body);

        if (!goes_on) {
            break;
        }
    }

    (void) close(r->fd);
    free(r);

    return NULL;
}


static void
http_server_run(const http_server_t *server)
{
    pthread_t               thread;
    http_server_request_t  *r;

    for ( ;; ) {
        r = calloc(1, sizeof(http_server_request_t));
        r->server = server;
        r->fd = accept(server->fd, NULL, NULL);

        if (r->fd == -1) {
            _exit(1);
        }

        __sync_add_and_fetch(&server->log->connections, 1);
        (void) pthread_create(&thread, NULL, http_server_connection, r);
        (void) pthread_detach(thread);
    }
}


/* root: the folder of the repositories.  0, or -1. */

static int
http_server_start(http_server_t *server, const char *root)
{
    socklen_t           len;
    struct sockaddr_in  address;

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    len = sizeof(address);

    server->root = root;
    server->log = mmap(NULL, sizeof(http_server_log_t), PROT_READ|PROT_WRITE,
                       MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    server->fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);

    if (server->log == MAP_FAILED || server->fd == -1
        || bind(server->fd, (struct sockaddr *) &address, len) == -1
        || listen(server->fd, 64) == -1
        || getsockname(server->fd, (struct sockaddr *) &address, &len) == -1)
    {
        return -1;
    }

    server->port = ntohs(address.sin_port);
    server->pid = fork();

    if (server->pid == 0) {
        http_server_run(server);
    }

    (void) close(server->fd);

    return server->pid > 0 ? 0 : -1;
}


static void
http_server_stop(http_server_t *server)
{
    (void) kill(server->pid, SIGKILL);
    (void) waitpid(server->pid, NULL, 0);
    (void) munmap(server->log, sizeof(http_server_log_t));
}


#endif /* HTTP_SERVER_H */
