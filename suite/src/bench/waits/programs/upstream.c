// A server whose thread asks a peer in another process, and waits for each answer.
#include "waits.h"
#include <arpa/inet.h>
#include <sys/socket.h>

static int turns, upstream;

static NOINLINE void read_the_answer(void) {
    char answer[64];
    long long from = asleep_ns();
    if (read(upstream, answer, sizeof answer) <= 0) exit(1);
    waited_ns += asleep_ns() - from;
    waits++;
}

static void *serve(void *unused) {
    for (int turn = 0; turn < turns; turn++) {
        if (write(upstream, "ask", 3) != 3) exit(1);
        read_the_answer();
        work(1);
    }
    return unused;
}

int main(int count, char **arguments) {
    turns = atoi(arguments[1]);
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[3]))};
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    upstream = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(upstream, (void *)&peer, sizeof peer)) exit(1);
    pthread_join(start(serve, "server"), NULL);
    write_dose(arguments[count - 1]);
}
