// calls CPU SECONDS: waits for a line, then prints the CPU time, ns, of three system calls, each
// the median of blocks of 5,000 calls in turns, and the number of blocks.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 5000
#define MOST 20000
static double took[3][MOST];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

static int by_size(const void *one, const void *other) {
    double more = *(double *)one - *(double *)other;
    return (more > 0) - (more < 0);
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(atoi(arguments[1]), &cpus);
    sched_setaffinity(0, sizeof cpus, &cpus);
    int zero = open("/dev/zero", O_RDONLY), blocks = 0;
    char byte;
    printf("ready\n");
    fflush(stdout);
    getchar();
    double end = now() + atof(arguments[2]) * 1e9;
    while (now() < end && blocks < MOST) {
        double start = now();
        for (int i = 0; i < BLOCK; i++) syscall(SYS_getppid);
        double second = now();
        for (int i = 0; i < BLOCK; i++)
            if (read(zero, &byte, 1) != 1) return 1;
        double third = now();
        for (int i = 0; i < BLOCK; i++) syscall(SYS_geteuid);
        double last = now();
        took[0][blocks] = second - start;
        took[1][blocks] = third - second;
        took[2][blocks++] = last - third;
    }
    for (int i = 0; i < 3; i++) {
        qsort(took[i], blocks, sizeof(double), by_size);
        printf("%.1f ", took[i][blocks / 2] / BLOCK);
    }
    printf("%d\n", blocks);
    fflush(stdout);
    getchar();
}
