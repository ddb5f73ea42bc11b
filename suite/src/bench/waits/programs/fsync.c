// A thread writes tokens to a log, and syncs it each time.
#include "waits.h"

static int turns, ms;
static char path[4096];

static NOINLINE void sync_the_log(int log) {
    long long from = asleep_ns();
    fsync(log);
    waited_ns += asleep_ns() - from;
    waits++;
}

static void *serve(void *unused) {
    int log = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (log < 0) exit(1);
    static char tokens[4 << 20];
    memset(tokens, 'x', sizeof tokens);
    for (int turn = 0; turn < turns; turn++) {
        if (pwrite(log, tokens, sizeof tokens, 0) < 0) exit(1);
        sync_the_log(log);
        usleep(ms * 100);
    }
    return unused;
}

int main(int count, char **arguments) {
    turns = atoi(arguments[1]), ms = atoi(arguments[2]);
    snprintf(path, sizeof path, "%s.log", arguments[count - 1]);
    pthread_join(start(serve, "server"), NULL);
    write_dose(arguments[count - 1]);
}
