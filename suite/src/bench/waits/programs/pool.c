// A pool of one thread: two threads hand it jobs, and wait for the results.
#include "waits.h"

enum { CLIENTS = 2 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER, answered = PTHREAD_COND_INITIALIZER;
static int turns, ms, jobs, results, left = CLIENTS;

static NOINLINE void wait_for_the_result(void) {
    long long from = asleep_ns();
    while (!results) pthread_cond_wait(&answered, &lock);
    waited_ns += asleep_ns() - from;
    waits++;
    results--;
}

static void *client(void *unused) {
    pthread_mutex_lock(&lock);
    for (int turn = 0; turn < turns; turn++) {
        jobs++;
        pthread_cond_signal(&asked);
        wait_for_the_result();
    }
    left--;
    pthread_cond_signal(&asked);
    pthread_mutex_unlock(&lock);
    return unused;
}

static NOINLINE void finish_a_job(void) {
    pthread_mutex_lock(&lock);
    jobs--;
    results++;
    pthread_cond_signal(&answered);
    pthread_mutex_unlock(&lock);
}

static void *pool(void *unused) {
    for (;;) {
        pthread_mutex_lock(&lock);
        while (!jobs && left) pthread_cond_wait(&asked, &lock);
        int all_done = !jobs;
        pthread_mutex_unlock(&lock);
        if (all_done) return unused;
        work(ms);
        finish_a_job();
    }
}

int main(int count, char **arguments) {
    turns = atoi(arguments[1]), ms = atoi(arguments[2]);
    pthread_t worker = start(pool, "worker"), clients[CLIENTS];
    for (int at = 0; at < CLIENTS; at++) clients[at] = start(client, "client");
    for (int at = 0; at < CLIENTS; at++) pthread_join(clients[at], NULL);
    pthread_join(worker, NULL);
    write_dose(arguments[count - 1]);
}
