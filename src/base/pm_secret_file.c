#include "base/pm_secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define PM_SECRET_FILE_SIZE  (1024 * 1024)


static int
pm_secret_file_open(const char *file, int *fd, pm_error_t *err)
{
    struct stat  st;

    /* not blocking: it might be a FIFO */

    *fd = open(file, O_RDONLY|O_CLOEXEC|O_NONBLOCK|O_NOCTTY);

    if (*fd == -1 || fstat(*fd, &st) == -1) {
        return pm_error_set(err, PM_INVALID, "%s: %s", file, strerror(errno));
    }

    if (!S_ISREG(st.st_mode)) {
        return pm_error_set(err, PM_INVALID, "%s: not a regular file", file);
    }

    if (st.st_mode & 077) {
        return pm_error_set(err, PM_INVALID, "%s: mode %04o lets others read "
                            "or write it; chmod 600 it", file,
                            (unsigned) (st.st_mode & 07777));
    }

    return 0;
}


static int
pm_secret_file_load(int fd, const char *file, pm_buffer_t *text,
    pm_error_t *err)
{
    char     *p;
    ssize_t   n;

    /* room for all of it at once: what grows would leave copies behind */

    p = pm_buffer_reserve(text, PM_SECRET_FILE_SIZE + 1);
    if (p == NULL) {
        return pm_error_memory(err);
    }

    do {
        n = read(fd, p + text->len, PM_SECRET_FILE_SIZE + 1 - text->len);

        if (n < 0 && errno != EINTR) {
            return pm_error_set(err, PM_INVALID, "%s: %s", file,
                                strerror(errno));
        }

        text->len += (n > 0) ? (size_t) n : 0;

    } while (n != 0 && text->len <= PM_SECRET_FILE_SIZE);

    if (text->len > PM_SECRET_FILE_SIZE) {
        return pm_error_set(err, PM_INVALID, "%s: larger than 1 MiB", file);
    }

    if (memchr(p, '\0', text->len) != NULL) {
        return pm_error_set(err, PM_INVALID, "%s: has a NUL byte", file);
    }

    p[text->len] = '\0';

    return 0;
}


int
pm_secret_file_read(const char *file, pm_buffer_t *text, pm_error_t *err)
{
    int  fd, rc;

    rc = pm_secret_file_open(file, &fd, err);

    if (rc == 0) {
        rc = pm_secret_file_load(fd, file, text, err);
    }

    if (fd != -1) {
        (void) close(fd);
    }

    return rc;
}


void
pm_secret_file_free(pm_buffer_t *text)
{
    if (text->data != NULL) {
        explicit_bzero(text->data, text->size);
    }

    pm_buffer_free(text);
}
