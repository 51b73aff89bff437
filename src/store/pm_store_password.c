#include "store/pm_store_address.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>


typedef struct {
    char    data[PM_STORE_PASSWORD + 3];  /* CR, LF, and one to see more */
    size_t  len;
} pm_store_password_t;


static void
pm_store_password_wipe(void *data)
{
    explicit_bzero(data, sizeof(pm_store_password_t));
}


/* Up to the end of the file, or until it is too long. */

static int
pm_store_password_fill(pm_store_password_t *password, int fd)
{
    ssize_t  n;

    while (password->len < sizeof(password->data)) {
        n = read(fd, password->data + password->len,
                 sizeof(password->data) - password->len);

        if (n == 0) {
            break;
        }

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }

            return -1;
        }

        password->len += (size_t) n;
    }

    return 0;
}


static int
pm_store_password_check(pm_store_password_t *password, const char *path,
    pm_error_t *err)
{
    size_t  i;

    if (password->len > 0 && password->data[password->len - 1] == '\n') {
        password->len--;

        if (password->len > 0 && password->data[password->len - 1] == '\r') {
            password->len--;
        }
    }

    if (password->len == 0) {
        return pm_error_set(err, PM_INVALID,
                            "password file %s holds no password", path);
    }

    if (password->len > PM_STORE_PASSWORD) {
        return pm_error_set(err, PM_INVALID, "password file %s: a password "
                            "has at most %d bytes", path, PM_STORE_PASSWORD);
    }

    for (i = 0; i < password->len; i++) {
        if ((unsigned char) password->data[i] < 0x20
            || password->data[i] == 0x7f)
        {
            return pm_error_set(err, PM_INVALID, "password file %s must hold "
                                "one line without control characters", path);
        }
    }

    return 0;
}


int
pm_store_password_read(pm_arena_t *arena, const char *path,
    pm_string_t *password, pm_error_t *err)
{
    int                   fd, rc, error;
    pm_store_password_t  *p;

    p = pm_arena_zalloc(arena, sizeof(pm_store_password_t));
    if (p == NULL || pm_arena_defer(arena, pm_store_password_wipe, p) != 0) {
        return pm_error_memory(err);
    }

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NOCTTY);
    if (fd == -1) {
        return pm_error_set(err, PM_INVALID, "password file %s: %s", path,
                            strerror(errno));
    }

    rc = pm_store_password_fill(p, fd);
    error = errno;

    (void) close(fd);

    if (rc != 0) {
        return pm_error_set(err, PM_INVALID, "password file %s: %s", path,
                            strerror(error));
    }

    rc = pm_store_password_check(p, path, err);
    if (rc != 0) {
        return rc;
    }

    password->data = p->data;
    password->len = p->len;

    return 0;
}
