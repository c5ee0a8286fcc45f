/* tests/bench/slow_sync/slow_sync.c - preloaded into a server (LD_PRELOAD), makes every fsync and fdatasync take so many microseconds longer
 * as the environment variable QUOIT_SYNC_DELAY_US says, or, from one to the next, the file that QUOIT_SYNC_DELAY_FILE names. The same for
 * Quoit and for Redis; see tests/bench/run --sync-delay-us and tests/bench/slow_replica/run. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long delay_microseconds(void)
{
    const char *text = getenv("QUOIT_SYNC_DELAY_US");
    const char *name = getenv("QUOIT_SYNC_DELAY_FILE");
    long microseconds = text ? strtol(text, NULL, 10) : 0;
    FILE *file = name ? fopen(name, "re") : NULL;
    if (file) {
        if (fscanf(file, "%ld", &microseconds) != 1)
            microseconds = 0;
        fclose(file);
    }
    return microseconds;
}

static void delay(void)
{
    const long microseconds = delay_microseconds();
    struct timespec left = {microseconds / 1000000, microseconds % 1000000 * 1000};
    while (microseconds > 0 && nanosleep(&left, &left) != 0) {
    }
}

static int synced(const char *name, int file)
{
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    delay();
    return real(file);
}

int fsync(int file)
{
    return synced("fsync", file);
}

int fdatasync(int file)
{
    return synced("fdatasync", file);
}
