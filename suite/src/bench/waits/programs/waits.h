// Parts that all programs in C have: clocks, work, and the dose that is written at the end.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static inline long long clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static inline long long now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

// Time that this thread has neither run nor been runnable, by its clocks and the kernel's account.
static inline long long asleep_ns(void) {
    static __thread int account = -1;
    if (account < 0) account = open("/proc/thread-self/schedstat", O_RDONLY);
    char text[96];
    ssize_t size = pread(account, text, sizeof text - 1, 0);
    if (size <= 0) exit(1);
    text[size] = 0;
    long long ran, delayed;
    if (sscanf(text, "%lld %lld", &ran, &delayed) != 2) exit(1);
    return now_ns() - delayed - clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

// Works for some milliseconds on a CPU.
static NOINLINE void work(int ms) {
    long long end = now_ns() + ms * 1000000LL;
    while (now_ns() < end) __asm__ volatile("");
}

// Time that the program waited, and how often.
static long long waited_ns, waits;

// Writes the dose into the file that the last argument names.
static inline void write_dose(const char *path) {
    FILE *file = fopen(path, "w");
    if (!file) exit(1);
    fprintf(file, "%lld %lld\n", waited_ns, waits);
    fclose(file);
}

static inline pthread_t start(void *(*act)(void *), const char *name) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, act, NULL)) exit(1);
    pthread_setname_np(thread, name);
    return thread;
}
