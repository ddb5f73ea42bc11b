// A queue with room for one: the producer waits until the consumer has taken the last piece.
#include "waits.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turns, ms, full;

static NOINLINE void put_into_the_queue(void) {
    long long from = asleep_ns();
    pthread_mutex_lock(&lock);
    while (full) pthread_cond_wait(&changed, &lock);
    waited_ns += asleep_ns() - from;
    waits++;
    full = 1;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static NOINLINE void take_from_the_queue(void) {
    pthread_mutex_lock(&lock);
    while (!full) pthread_cond_wait(&changed, &lock);
    full = 0;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void *produce(void *unused) {
    for (int turn = 0; turn < turns; turn++) put_into_the_queue();
    return unused;
}

static void *consume(void *unused) {
    for (int turn = 0; turn < turns; turn++) {
        take_from_the_queue();
        work(ms);
    }
    return unused;
}

int main(int count, char **arguments) {
    turns = atoi(arguments[1]), ms = atoi(arguments[2]);
    pthread_t consumer = start(consume, "consumer"), producer = start(produce, "producer");
    pthread_join(producer, NULL);
    pthread_join(consumer, NULL);
    write_dose(arguments[count - 1]);
}
