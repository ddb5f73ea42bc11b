// A thread holds a mutex while it works, and another one waits for it.
#include "waits.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int turns, ms;

static NOINLINE void release_the_lock(void) { pthread_mutex_unlock(&lock); }

static NOINLINE void take_the_lock(void) {
    long long from = asleep_ns();
    pthread_mutex_lock(&lock);
    waited_ns += asleep_ns() - from;
    waits++;
    pthread_mutex_unlock(&lock);
}

static void *hold(void *unused) {
    for (int turn = 0; turn < turns; turn++) {
        pthread_mutex_lock(&lock);
        work(ms);
        release_the_lock();
        usleep(2000);
    }
    return unused;
}

static void *wait_for_it(void *unused) {
    for (int turn = 0; turn < turns; turn++) {
        usleep(1000);
        take_the_lock();
    }
    return unused;
}

int main(int count, char **arguments) {
    turns = atoi(arguments[1]), ms = atoi(arguments[2]);
    pthread_t holder = start(hold, "holder"), waiter = start(wait_for_it, "waiter");
    pthread_join(holder, NULL);
    pthread_join(waiter, NULL);
    write_dose(arguments[count - 1]);
}
