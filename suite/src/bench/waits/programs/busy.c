// A thread works, and waits for its CPU meanwhile: another process works there too.
#include "waits.h"

static int turns, ms;

static long long delayed_ns(void) {
    long long ran, delayed;
    FILE *account = fopen("/proc/thread-self/schedstat", "r");
    if (!account || fscanf(account, "%lld %lld", &ran, &delayed) != 2) exit(1);
    fclose(account);
    return delayed;
}

static void *serve(void *unused) {
    long long from = delayed_ns(), end = turns * ms * 1000000LL;
    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end) work(1);
    waited_ns = delayed_ns() - from;
    waits = turns;
    return unused;
}

int main(int count, char **arguments) {
    turns = atoi(arguments[1]), ms = atoi(arguments[2]);
    pthread_join(start(serve, "server"), NULL);
    write_dose(arguments[count - 1]);
}
