// The true cost of the fault, counted where it happens; see targets/planted/src/truth.rs.
#define _GNU_SOURCE
#include "planted.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *cause;
static uint64_t planted_dose;
static atomic_uint_fast64_t tokens, count, cpu_ns;

static uint64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void token(void (*fault)(void), uint64_t dose) {
    tokens++;
    uint64_t before = now(CLOCK_THREAD_CPUTIME_ID);
    for (uint64_t done = 0; done < dose; done++) fault();
    cpu_ns += now(CLOCK_THREAD_CPUTIME_ID) - before;
    count += dose;
}

// Appends a line ten times a second.
static void *write_log(void *given) {
    FILE *file = given;
    for (;;) {
        fprintf(file,
                "{\"cause\":\"%s\",\"dose\":%" PRIu64 ",\"unix_ns\":%" PRIu64 ",\"tokens\":%" PRIuFAST64
                ",\"count\":%" PRIuFAST64 ",\"cpu_ns\":%" PRIuFAST64
                ",\"wait_ns\":0,\"bytes\":0,\"run_delay_ns\":0,\"gc_ns\":0}\n",
                cause, planted_dose, now(CLOCK_REALTIME), tokens, count, cpu_ns);
        fflush(file);
        usleep(100000);
    }
    return NULL;
}

void keep_truth(const char *name, uint64_t dose) {
    cause = name;
    planted_dose = dose;
    const char *folder = getenv("PLANTED_LOG");
    if (!folder) return;
    mkdir(folder, 0755);
    char path[4096];
    snprintf(path, sizeof path, "%s/%d.jsonl", folder, getpid());
    FILE *file = fopen(path, "w");
    pthread_t thread;
    if (file && !pthread_create(&thread, NULL, write_log, file)) pthread_detach(thread);
}
