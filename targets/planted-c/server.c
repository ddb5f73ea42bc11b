// A relay with a thread for each connection: POST /chat asks the model and streams its tokens.
#define _GNU_SOURCE
#include "planted.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IDLE = 1024, MOST = 1 << 20, NO_LENGTH = -1, CHUNKED = -2 };

static void (*fault)(void);
static uint64_t dose;
static uint16_t model_port;
static int idle[IDLE], idle_count;
static pthread_mutex_t idle_lock = PTHREAD_MUTEX_INITIALIZER;

// A growing text, with a 0 behind it.
struct text {
    char *bytes;
    size_t size, room;
};

// One side of the relay: a socket and what was received from it but not used.
struct peer {
    int socket, client; // The client of the model's answer, or -1.
    struct text in;
    size_t used;
};

static void append(struct text *text, const char *bytes, size_t size) {
    if (text->size + size + 1 > text->room) {
        text->room = 2 * (text->size + size + 1);
        text->bytes = realloc(text->bytes, text->room);
        if (!text->bytes) abort();
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = 0;
}

// Receives more. Returns false at the end, after an error, or once the client has left.
static bool fill(struct peer *peer) {
    char bytes[16384];
    struct pollfd ready[2] = {{peer->socket, POLLIN, 0}, {peer->client, POLLRDHUP, 0}};
    if (peer->client >= 0 && (poll(ready, 2, -1) < 0 || ready[1].revents)) return false;
    ssize_t size = recv(peer->socket, bytes, sizeof bytes, 0);
    if (size <= 0 || peer->in.size > MOST) return false;
    peer->in.size -= peer->used;
    memmove(peer->in.bytes, peer->in.bytes + peer->used, peer->in.size);
    peer->used = 0;
    append(&peer->in, bytes, (size_t)size);
    return true;
}

// Returns the next line without its end, or NULL. It is valid until the next call.
static char *read_line(struct peer *peer) {
    for (;;) {
        char *begin = peer->in.bytes + peer->used;
        size_t left = peer->in.size - peer->used;
        char *end = left ? memchr(begin, '\n', left) : NULL;
        if (end) {
            peer->used = (size_t)(end + 1 - peer->in.bytes);
            *end = 0;
            if (end > begin && end[-1] == '\r') end[-1] = 0;
            return begin;
        }
        if (!fill(peer)) return NULL;
    }
}

// Reads header fields up to the empty line, and returns the length of the body.
static bool read_fields(struct peer *peer, long *length) {
    char *line;
    *length = NO_LENGTH;
    while ((line = read_line(peer)) && *line) {
        if (!strncasecmp(line, "content-length:", 15)) *length = atol(line + 15);
        if (!strncasecmp(line, "transfer-encoding:", 18)) *length = CHUNKED;
    }
    return line != NULL;
}

// Appends so many bytes.
static bool read_bytes(struct peer *peer, size_t size, struct text *out) {
    while (size > 0) {
        size_t left = peer->in.size - peer->used, part = left < size ? left : size;
        append(out, peer->in.bytes + peer->used, part);
        peer->used += part;
        size -= part;
        if (size > 0 && !fill(peer)) return false;
    }
    return true;
}

static bool send_text(int socket, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t sent = send(socket, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

// Sends an event as a chunk of the body: an object with one text, or `value` itself without a key.
static bool send_event(int client, const char *key, const char *value) {
    json_t *event = key ? json_pack("{ss}", key, value) : NULL;
    char *data = event ? json_dumps(event, JSON_COMPACT) : strdup(value), *chunk = NULL;
    int size = data ? asprintf(&chunk, "%zx\r\ndata: %s\n\n\r\n", strlen(data) + 8, data) : -1;
    bool is_sent = size > 0 && send_text(client, chunk, (size_t)size);
    json_decref(event), free(data), free(chunk);
    return is_sent;
}

static bool refuse(int client, int status, const char *why) {
    char head[512];
    int body = snprintf(NULL, 0, "{\"error\":\"%s\"}", why);
    int size = snprintf(head, sizeof head,
                        "HTTP/1.1 %d Refused\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{\"error\":\"%s\"}",
                        status, body, why);
    return send_text(client, head, (size_t)size);
}

// Returns a connection to the model, used before or new.
static int model_socket(void) {
    pthread_mutex_lock(&idle_lock);
    int socket_of_model = idle_count ? idle[--idle_count] : -1;
    pthread_mutex_unlock(&idle_lock);
    char byte;
    // A connection that the model has closed meanwhile has an end to read.
    if (socket_of_model >= 0 && recv(socket_of_model, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0) return socket_of_model;
    if (socket_of_model >= 0) close(socket_of_model);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(model_port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int yes = 1, made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (!connect(made, (struct sockaddr *)&at, sizeof at)) return made;
    close(made);
    return -1;
}

static void keep_or_close(struct peer *model, bool is_done) {
    pthread_mutex_lock(&idle_lock);
    bool is_kept = is_done && model->used == model->in.size && idle_count < IDLE;
    if (is_kept) idle[idle_count++] = model->socket;
    pthread_mutex_unlock(&idle_lock);
    if (!is_kept && model->socket >= 0) close(model->socket);
    free(model->in.bytes);
}

// Handles a line of the model's stream. Returns what is wrong with it.
static const char *relay_line(char *line, int client, bool *done) {
    if (strncmp(line, "data:", 5) || *done) return NULL;
    char *data = line + 5 + strspn(line + 5, " ");
    if (!strcmp(data, "[DONE]")) return *done = true, NULL;
    json_t *chunk = json_loads(data, 0, NULL);
    if (!chunk) return "the model sent what is not JSON";
    json_t *delta = json_object_get(json_array_get(json_object_get(chunk, "choices"), 0), "delta");
    const char *content = json_string_value(json_object_get(delta, "content"));
    if (content && *content) {
        token(fault, dose);
        send_event(client, "content", content);
    }
    json_decref(chunk);
    return NULL;
}

// Relays whole lines, and keeps the rest.
static const char *relay(struct text *body, int client, bool *done) {
    char *begin = body->bytes, *end;
    const char *wrong = NULL;
    while (!wrong && (end = memchr(begin, '\n', body->size - (size_t)(begin - body->bytes)))) {
        *end = 0;
        if (end > begin && end[-1] == '\r') end[-1] = 0;
        wrong = relay_line(begin, client, done);
        begin = end + 1;
    }
    body->size -= (size_t)(begin - body->bytes);
    memmove(body->bytes, begin, body->size);
    return wrong;
}

// Relays the answer to its end. Returns whether the connection can be used again.
static bool relay_answer(struct peer *model, long length, bool *done, const char **wrong) {
    struct text body = {0};
    append(&body, "", 0);
    bool is_whole = false, goes_on = true;
    while (goes_on && !*wrong) {
        char *line = length == CHUNKED ? read_line(model) : NULL;
        size_t size = line ? strtoul(line, NULL, 16) : length > 0 ? (size_t)length : 0;
        goes_on = size > 0 && read_bytes(model, size, &body);
        is_whole = size == 0 && line && (line = read_line(model)) && !*line;
        goes_on = goes_on && length == CHUNKED && (line = read_line(model)) && !*line;
        *wrong = relay(&body, model->client, done);
    }
    free(body.bytes);
    return is_whole && !*wrong;
}

static bool chat(int client, const char *message) {
    json_t *asked = json_pack("{sssbs[{ssss}]}", "model", "stub", "stream", 1, "messages", "role", "user", "content", message);
    char *body = asked ? json_dumps(asked, JSON_COMPACT) : NULL, *request = NULL;
    int size = asprintf(&request,
                        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        model_port, body ? strlen(body) : 0, body ? body : "");
    json_decref(asked), free(body);
    struct peer model = {.socket = model_socket(), .client = client};
    append(&model.in, "", 0);
    bool is_sent = size > 0 && model.socket >= 0 && send_text(model.socket, request, (size_t)size);
    free(request);
    const char *line = is_sent ? read_line(&model) : NULL;
    bool is_good = line && !strncmp(line, "HTTP/1.1 200 ", 13);
    long length;
    if (!is_good || !read_fields(&model, &length)) {
        keep_or_close(&model, false);
        return refuse(client, 502, line ? "the model refused" : "the model cannot be reached");
    }
    const char *began = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    send_text(client, began, strlen(began));
    bool done = false;
    const char *wrong = NULL;
    keep_or_close(&model, relay_answer(&model, length, &done, &wrong));
    if (!wrong && !done) wrong = "the model broke off";
    bool is_told = wrong ? send_event(client, "error", wrong) : send_event(client, NULL, "[DONE]");
    return is_told && send_text(client, "0\r\n\r\n", 5);
}

// Answers one request. Returns whether the connection stays open.
static bool serve_request(struct peer *peer) {
    char *line = read_line(peer);
    if (!line) return false;
    bool is_chat = !strncmp(line, "POST /chat HTTP/", 16);
    struct text body = {0};
    append(&body, "", 0);
    long length;
    bool goes_on = read_fields(peer, &length) && length != CHUNKED && length <= MOST;
    goes_on = goes_on && read_bytes(peer, length > 0 ? (size_t)length : 0, &body);
    json_t *asked = goes_on && is_chat ? json_loadb(body.bytes, body.size, 0, NULL) : NULL;
    const char *message = json_string_value(json_object_get(asked, "message"));
    if (goes_on && !is_chat) {
        goes_on = refuse(peer->socket, 404, "there is only POST /chat");
    } else if (goes_on && (!message || !*message)) {
        goes_on = refuse(peer->socket, 400, asked ? "message is missing" : "the body is not JSON");
    } else if (goes_on) {
        goes_on = chat(peer->socket, message);
    }
    json_decref(asked);
    free(body.bytes);
    return goes_on;
}

static void *serve(void *given) {
    struct peer client = {.socket = (int)(intptr_t)given, .client = -1};
    append(&client.in, "", 0);
    while (serve_request(&client)) continue;
    close(client.socket);
    free(client.in.bytes);
    return NULL;
}

int main(int count, char **words) {
    const char *name = count > 2 ? words[1] : "", *port = getenv("PORT"), *upstream = getenv("UPSTREAM");
    const char *model = upstream ? strrchr(upstream, ':') : NULL;
    if (!port || !model) return fprintf(stderr, "PORT and UPSTREAM are missing\n"), 1;
    dose = count > 2 ? strtoull(words[2], NULL, 10) : 0;
    model_port = (uint16_t)atoi(model + 1);
    fault = plant(name);
    keep_truth(name, dose);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 1024)) return perror("cannot listen"), 1;
    for (;;) {
        int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0) continue;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)client)) close(client);
        else pthread_detach(thread);
    }
}
