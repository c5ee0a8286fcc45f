/* tests/bench/slow_sync/slow_sync.c - preloaded into a server (LD_PRELOAD), makes every fsync and fdatasync take so many microseconds longer
 * as the environment variable QUOIT_SYNC_DELAY_US says. The same for Quoit and for Redis; see tests/bench/run --sync-delay-us. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void delay(void)
{
    const char *text = getenv("QUOIT_SYNC_DELAY_US");
    const long microseconds = text ? strtol(text, NULL, 10) : 0;
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
