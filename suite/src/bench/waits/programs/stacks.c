// Threads of which each waits in one function. The functions call the kernel themselves, since the
// C library keeps no frame pointers.
#include "waits.h"
#include <sys/syscall.h>

static volatile int ended;
static int pieces[2];

static inline long call(long number, long first, long second, long third) {
#ifdef __x86_64__
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second), "d"(third)
                     : "rcx", "r11", "memory");
    return result;
#else
    return syscall(number, first, second, third);
#endif
}

static inline void nap(long us) {
    struct timespec length = {us / 1000000, us % 1000000 * 1000};
    call(SYS_nanosleep, (long)&length, 0, 0);
}

static NOINLINE void nap_100us(void) { nap(100); }
static NOINLINE void nap_500us(void) { nap(500); }
static NOINLINE void nap_1ms(void) { nap(1000); }
static NOINLINE void nap_3ms(void) { nap(3000); }
static NOINLINE void nap_20ms(void) { nap(20000); }

static NOINLINE void read_a_pipe(void) {
    char piece;
    call(SYS_read, pieces[0], (long)&piece, 1);
}

static void *nap_briefly(void *unused) {
    while (!ended) nap_100us();
    return unused;
}

static void *nap_longer(void *unused) {
    while (!ended) nap_500us();
    return unused;
}

static void *nap_long(void *unused) {
    while (!ended) nap_3ms();
    return unused;
}

static void *nap_longest(void *unused) {
    while (!ended) nap_20ms();
    return unused;
}

static void *fill_a_pipe(void *unused) {
    while (!ended) {
        nap_1ms();
        if (write(pieces[1], "x", 1) != 1) exit(1);
    }
    close(pieces[1]);
    return unused;
}

static void *empty_a_pipe(void *unused) {
    while (!ended) read_a_pipe();
    return unused;
}

// Waits for a line before the threads run for some seconds, and for the end of stdin after that, so
// that observers see the process.
int main(int count, char **arguments) {
    int seconds = atoi(arguments[count - 1]);
    if (pipe(pieces)) exit(1);
    puts("ready");
    fflush(stdout);
    if (getchar() == EOF) exit(1);
    pthread_t threads[] = {
        start(nap_briefly, "nap_100us"), start(nap_longer, "nap_500us"),
        start(nap_long, "nap_3ms"),      start(nap_longest, "nap_20ms"),
        start(fill_a_pipe, "nap_1ms"),   start(empty_a_pipe, "read_a_pipe"),
    };
    sleep(seconds);
    ended = 1;
    for (size_t at = 0; at < sizeof threads / sizeof *threads; at++)
        pthread_join(threads[at], NULL);
    puts("done");
    fflush(stdout);
    while (getchar() != EOF) continue;
}
