/*
 * Runs a fuzzer's function once over each file of its corpus, without
 * libFuzzer: replay CORPUS.  Prints TAP.  A sanitizer's finding ends the
 * program, and the file at fault is the one named last.
 */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static int
replay_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}


static int
replay_file(const char *path)
{
    FILE     *file;
    long      size;
    uint8_t  *data;
    size_t    n;

    file = fopen(path, "rb");
    if (file == NULL) {
        return -1;
    }

    if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0
        || fseek(file, 0, SEEK_SET) != 0)
    {
        fclose(file);
        return -1;
    }

    /* exactly as large as the input, so that a byte too far is seen */

    data = malloc(size != 0 ? size : 1);
    if (data == NULL) {
        fclose(file);
        return -1;
    }

    n = fread(data, 1, size, file);
    fclose(file);

    if (n != (size_t) size) {
        free(data);
        return -1;
    }

    LLVMFuzzerTestOneInput(data, n);

    free(data);

    return 0;
}


int
main(int argc, char **argv)
{
    int              i, n, failed;
    char             path[4096];
    struct dirent  **names;

    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }

    n = scandir(argv[1], &names, replay_hidden, alphasort);
    if (n <= 0) {
        printf("not ok 1 - %s: no corpus\n", argv[1]);
        return 1;
    }

    failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("1..%d\n", n);

    for (i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/%s", argv[1], names[i]->d_name);
        printf("# %s\n", path);

        if (replay_file(path) != 0) {
            printf("not ok %d - %s\n", i + 1, names[i]->d_name);
            failed = 1;

        } else {
            printf("ok %d - %s\n", i + 1, names[i]->d_name);
        }

        free(names[i]);
    }

    free(names);

    return failed;
}
