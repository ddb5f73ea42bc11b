// hooks MODE PID: attaches two programs to system calls, which return at once for processes other
// than PID, and for PID measure the time of the call. Runs until its input closes.
// MODE is `tracepoints` (BTF-typed sys_enter, sys_exit) or names of functions to attach to at entry
// and return (fentry, fexit): `__do_sys_getppid,__x64_sys_read`. `__x64_sys_*` stands for them all.
// After `multi:` or `session:` come names for kprobe.multi and kretprobe.multi, or kprobe.session.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST 4000
#define KPROBE_SESSION 56
static char btf[64 << 20];
static int map, files[2 * MOST], opened;
static double loading, attaching, slowest;

static const char *chosen[MOST];
static int functions, refused;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int bpf(int command, union bpf_attr *attr) {
    int result = syscall(SYS_bpf, command, attr, sizeof *attr);
    if (result < 0) {
        fprintf(stderr, "bpf command %d: %s\n", command, strerror(errno));
        exit(1);
    }
    return result;
}

static long memory(const char *key) {
    char line[200];
    long kib = 0;
    FILE *file = fopen("/proc/meminfo", "r");
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, key, strlen(key))) sscanf(line + strlen(key), ": %ld", &kib);
    fclose(file);
    return kib;
}

// Loads a program and attaches it to the type `id`, or to the chosen functions. The map has the
// time of the last entry, the sum of times and the number of calls.
static void attach(int kind, unsigned id, int pid, int returns) {
    struct bpf_insn code[30], *next = code;
#define ADD(...) *next++ = (struct bpf_insn){__VA_ARGS__}
    ADD(0x85, 0, 0, 0, BPF_FUNC_get_current_pid_tgid);
    ADD(0x77, 0, 0, 0, 32);                       // r0 >>= 32
    ADD(0x55, 0, 0, returns ? 14 : 10, pid);      // if r0 != pid goto end
    ADD(0x85, 0, 0, 0, BPF_FUNC_ktime_get_ns);
    ADD(0xbf, 6, 0, 0, 0);                        // r6 = r0
    ADD(0x62, 10, 0, -4, 0);                      // *(u32 *)(r10 - 4) = 0
    ADD(0x18, 1, BPF_PSEUDO_MAP_FD, 0, map);      // r1 = map
    ADD(0);
    ADD(0xbf, 2, 10, 0, 0);                       // r2 = r10
    ADD(0x07, 2, 0, 0, -4);                       // r2 += -4
    ADD(0x85, 0, 0, 0, BPF_FUNC_map_lookup_elem);
    ADD(0x15, 0, 0, returns ? 5 : 1, 0);          // if r0 == 0 goto end
    if (returns) {
        ADD(0x79, 1, 0, 0, 0);                    // r1 = *(u64 *)r0
        ADD(0x1f, 6, 1, 0, 0);                    // r6 -= r1
        ADD(0xdb, 0, 6, 8, 0);                    // atomic *(u64 *)(r0 + 8) += r6
        ADD(0xb7, 1, 0, 0, 1);                    // r1 = 1
        ADD(0xdb, 0, 1, 16, 0);                   // atomic *(u64 *)(r0 + 16) += r1
    } else {
        ADD(0x7b, 0, 6, 0, 0);                    // *(u64 *)r0 = r6
    }
    ADD(0xb7, 0, 0, 0, 0);                        // end: r0 = 0
    ADD(0x95, 0, 0, 0, 0);
    union bpf_attr attr = {0};
    int multi = kind == BPF_TRACE_KPROBE_MULTI || kind == KPROBE_SESSION;
    attr.prog_type = multi ? BPF_PROG_TYPE_KPROBE : BPF_PROG_TYPE_TRACING;
    attr.insns = (unsigned long)code;
    attr.insn_cnt = next - code;
    attr.license = (unsigned long)"GPL";
    attr.expected_attach_type = kind;
    attr.attach_btf_id = id;
    double start = now();
    int program = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
    double loaded = now();
    loading += loaded - start;
    if (program < 0) {
        refused++;
        return;
    }
    memset(&attr, 0, sizeof attr);
    if (multi) {
        attr.link_create.prog_fd = program;
        attr.link_create.attach_type = kind;
        attr.link_create.kprobe_multi.flags = returns && kind != KPROBE_SESSION;
        attr.link_create.kprobe_multi.cnt = functions;
        attr.link_create.kprobe_multi.syms = (unsigned long)chosen;
    } else {
        attr.raw_tracepoint.prog_fd = program;
    }
    int command = multi ? BPF_LINK_CREATE : BPF_RAW_TRACEPOINT_OPEN;
    int link = syscall(SYS_bpf, command, &attr, sizeof attr);
    double took = now() - loaded;
    attaching += took;
    if (link < 0) {
        refused++;
        close(program);
        return;
    }
    files[opened++] = link;
    files[opened++] = program;
    if (took > slowest) slowest = took;
}

// Whether a name is one of the list.
static int fits(const char *name, const char *list) {
    for (const char *end; *list; list = *end ? end + 1 : end) {
        end = strchrnul(list, ',');
        size_t length = end - list;
        int any = list[length - 1] == '*';
        if (!strncmp(name, list, length - any) && (any || !name[length])) return 1;
    }
    return 0;
}

// Bytes that follow a type in BTF.
static unsigned rest(unsigned kind, unsigned length) {
    switch (kind) {
    case BTF_KIND_INT: case BTF_KIND_VAR: case BTF_KIND_DECL_TAG: return 4;
    case BTF_KIND_ARRAY: return 12;
    case BTF_KIND_ENUM: case BTF_KIND_FUNC_PROTO: return 8 * length;
    case BTF_KIND_STRUCT: case BTF_KIND_UNION: case BTF_KIND_DATASEC: case BTF_KIND_ENUM64:
        return 12 * length;
    default: return 0;
    }
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    const char *mode = arguments[1];
    int pid = atoi(arguments[2]), tracepoints = !strcmp(mode, "tracepoints");
    int multi = !strncmp(mode, "multi:", 6), session = !strncmp(mode, "session:", 8);
    const char *list = multi ? mode + 6 : session ? mode + 8 : mode;
    struct rlimit limit = {3 * MOST, 3 * MOST};
    setrlimit(RLIMIT_NOFILE, &limit);
    int file = open("/sys/kernel/btf/vmlinux", O_RDONLY);
    size_t length = 0;
    for (ssize_t part; (part = read(file, btf + length, sizeof btf - length)) > 0;) length += part;
    union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY, .max_entries = 1};
    attr.key_size = 4;
    attr.value_size = 24;
    map = bpf(BPF_MAP_CREATE, &attr);
    struct btf_header *header = (void *)btf;
    char *types = btf + header->hdr_len + header->type_off;
    char *names = btf + header->hdr_len + header->str_off;
    const char *keys[] = {"MemFree", "Slab", "Percpu", "VmallocUsed"};
    long before[4];
    for (int i = 0; i < 4; i++) before[i] = memory(keys[i]);
    double start = now();
    unsigned id = 1;
    for (char *at = types; at < types + header->type_len; id++) {
        struct btf_type *type = (void *)at;
        unsigned kind = BTF_INFO_KIND(type->info);
        const char *name = names + type->name_off;
        at += sizeof *type + rest(kind, BTF_INFO_VLEN(type->info));
        if (tracepoints && kind == BTF_KIND_TYPEDEF && !strcmp(name, "btf_trace_sys_enter"))
            attach(BPF_TRACE_RAW_TP, id, pid, 0);
        if (tracepoints && kind == BTF_KIND_TYPEDEF && !strcmp(name, "btf_trace_sys_exit"))
            attach(BPF_TRACE_RAW_TP, id, pid, 1);
        if (tracepoints || kind != BTF_KIND_FUNC || !fits(name, list)) continue;
        chosen[functions++] = name;
        if (multi || session) continue;
        attach(BPF_TRACE_FENTRY, id, pid, 0);
        attach(BPF_TRACE_FEXIT, id, pid, 1);
    }
    if (multi) attach(BPF_TRACE_KPROBE_MULTI, 0, pid, 0);
    if (multi) attach(BPF_TRACE_KPROBE_MULTI, 0, pid, 1);
    // One program for both ends. It adds what a return program adds, at either.
    if (session) attach(KPROBE_SESSION, 0, pid, 1);
    printf("attached %d programs to %d functions, %d refused, in %.3f s ", opened / 2, functions,
           refused, now() - start);
    printf("(load %.3f s, attach %.3f s, slowest %.1f ms);", loading, attaching, slowest * 1e3);
    for (int i = 0; i < 4; i++)
        printf(" %s %+ld KiB", keys[i], memory(keys[i]) - before[i]);
    printf("\n");
    fflush(stdout);
    while (getchar() != EOF) {}
    unsigned long long value[3] = {0};
    unsigned key = 0;
    memset(&attr, 0, sizeof attr);
    attr.map_fd = map;
    attr.key = (unsigned long)&key;
    attr.value = (unsigned long)value;
    bpf(BPF_MAP_LOOKUP_ELEM, &attr);
    start = now();
    for (int i = 0; i < opened; i++) close(files[i]);
    printf("detached in %.3f s; %llu calls, %llu ns\n", now() - start, value[2], value[1]);
}
