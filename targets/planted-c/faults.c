// Faults inside user code, as in targets/planted-go/code.go. Each has a separate function, which the
// compiler must not inline.
#define _GNU_SOURCE
#include "planted.h"

#include <jansson.h>
#include <openssl/sha.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FAULT __attribute__((noinline)) static void

// Size of buffers which are copied, zeroed or hashed.
enum { SIZE = 64 << 10, MESSAGES = 20, PIECES = 64 };

static char *document;
static regex_t address;
static char searched[512];
static unsigned char source[SIZE];
static _Thread_local unsigned char copied[SIZE];
static _Thread_local char line[256];

static void die(const char *why) {
    fprintf(stderr, "%s\n", why);
    exit(1);
}

FAULT nothing(void) {}

// JSON is parsed and written once more than needed.
FAULT rewrite_json(void) {
    json_t *value = json_loads(document, 0, NULL);
    char *text = json_dumps(value, JSON_COMPACT);
    if (!text || strlen(text) != strlen(document)) die("JSON was not written as it was read");
    json_decref(value);
    free(text);
}

// A buffer is copied. The barrier lets no compiler leave it out.
FAULT copy_buffer(void) {
    memcpy(copied, source, SIZE);
    __asm__ volatile("" : : "r"(copied) : "memory");
}

// A buffer is allocated and zeroed.
FAULT zero_buffer(void) {
    char *fresh = malloc(SIZE);
    if (!fresh) die("no memory");
    memset(fresh, 0, SIZE);
    __asm__ volatile("" : : "r"(fresh) : "memory");
    free(fresh);
}

// A text is searched.
FAULT search_text(void) {
    regmatch_t found[4];
    if (regexec(&address, searched, 4, found, 0)) die("the text has no address");
}

// A line is formatted for a log that is kept nowhere.
FAULT log_line(void) {
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    int size = snprintf(line, sizeof line, "%04d-%02d-%02dT%02d:%02d:%02d stream %d of user \"%s\": token %d after %.3f ms",
                        parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                        parts.tm_sec, 7, "somebody", 12, 20.123);
    if (size <= 0) die("nothing was formatted");
}

// Memory is allocated in many pieces, and freed in another order.
FAULT storm(void) {
    void *pieces[PIECES];
    for (size_t made = 0; made < PIECES; made++) pieces[made] = malloc(1500 + 97 * made);
    for (size_t freed = 0; freed < PIECES; freed++) free(pieces[freed * 37 % PIECES]);
}

// A buffer is hashed.
FAULT hash_buffer(void) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (!SHA256(source, SIZE, digest)) die("the hash failed");
}

static void prepare(void) {
    json_t *asked = json_pack("{sss[]}", "model", "stub", "messages");
    for (int made = 0; made < MESSAGES; made++) {
        const char *content = "a word \"or\" two, a word \"or\" two, a word \"or\" two";
        json_array_append_new(json_object_get(asked, "messages"), json_pack("{ssss}", "role", "user", "content", content));
    }
    document = json_dumps(asked, JSON_COMPACT);
    json_decref(asked);
    if (!document) die("JSON was not written");
    for (int made = 0; made < 8; made++) strcat(searched, "write to some.body or any.one at all, ");
    strcat(searched, "not.to@nobody.example");
    const char *pattern = "([a-z]+)\\.([a-z]+)@([a-z]+)\\.example";
    if (regcomp(&address, pattern, REG_EXTENDED)) die("the expression is wrong");
}

void (*plant(const char *name))(void) {
    static const struct {
        const char *name;
        void (*run)(void);
    } faults[] = {
        {"", nothing},          {"json", rewrite_json}, {"copy", copy_buffer}, {"zero", zero_buffer},
        {"regex", search_text}, {"log", log_line},      {"storm", storm},      {"hash", hash_buffer},
    };
    prepare();
    for (size_t at = 0; at < sizeof faults / sizeof *faults; at++)
        if (!strcmp(faults[at].name, name)) return faults[at].run;
    die("no fault has this name");
    return NULL;
}
