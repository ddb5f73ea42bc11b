//! Code that any native program may be linked with: the C library, allocators, TLS, compression and
//! parsers.

use super::{Rule, first};
use recording::vocabulary::CodeCategory::{
    self, Allocation, Compression, Copying, Crypto, Http, Json, Parsing, Regex, Runtime, Streams,
    SyscallWrapper, Text, Timers, Zeroing,
};

const LIBRARIES: [Rule; 5] = [
    (Json, &["libjansson", "libjson-c", "libcjson", "libyajl"]),
    (Regex, &["libpcre", "libonig", "libre2"]),
    (
        Crypto,
        &["libssl", "libcrypto", "libgnutls", "_ssl.", "_hashlib."],
    ),
    (Compression, &["libz.", "libbrotli", "libzstd"]),
    (Parsing, &["libexpat"]),
];

const FUNCTIONS: [Rule; 13] = [
    (
        Zeroing,
        &[
            "memset",
            "__memset",
            "wmemset",
            "bzero",
            "__bzero",
            "explicit_bzero",
        ],
    ),
    (
        Copying,
        &[
            "memcpy", "memmove", "memcmp", "memchr", "__mem", "_mem", "__str", "strlen",
        ],
    ),
    (
        Allocation,
        &[
            "malloc",
            "free",
            "calloc",
            "realloc",
            "_int_",
            "__libc_malloc",
            "__libc_free",
            "cfree",
            "operator new",
            "operator delete",
            "mi_",
            "_mi_",
            "je_",
            "mspace",
            "posix_memalign",
            "aligned_alloc",
            "sysmalloc",
            "unlink_chunk",
            "tcache_",
            "__rust_alloc",
            "__rust_dealloc",
            "__rdl_",
        ],
    ),
    (
        SyscallWrapper,
        &[
            "syscall",
            "__syscall",
            "epoll_",
            "__libc_read",
            "__libc_write",
            "__libc_recv",
            "__libc_send",
        ],
    ),
    (
        SyscallWrapper,
        &["__read", "__write", "__send", "__recv", "__futex"],
    ),
    // The C library has its own names for functions of the vDSO.
    (Timers, &["__vdso_", "clock_gettime", "gettimeofday"]),
    (
        Crypto,
        &[
            "EVP_", "SSL_", "ssl_", "AES_", "aes_", "aesni_", "SHA1", "SHA256", "SHA512", "sha1_",
            "sha256_", "sha512_", "BN_", "ChaCha20", "poly1305", "ossl_", "CRYPTO_",
        ],
    ),
    (Http, &["llhttp_", "http_parser_", "nghttp2_"]),
    (
        Compression,
        &[
            "inflate",
            "deflate",
            "BrotliDecoder",
            "BrotliEncoder",
            "ZSTD_",
        ],
    ),
    (Json, &["simdjson"]),
    (Regex, &["regexec", "regcomp", "pcre_", "pcre2_", "re2::"]),
    (Text, &["simdutf"]),
    (Parsing, &["ada::"]),
];

/// Names of the C library's files begin with one of these.
const C_LIBRARY: [&str; 6] = [
    "libc.so",
    "libc-2",
    "libm.so",
    "libpthread",
    "ld-linux",
    "ld-musl",
];

/// Functions inside of the GNU C library. Most have symbols only in a debug file.
const IN_C_LIBRARY: [Rule; 3] = [
    (
        Regex,
        &[
            "re_search",
            "re_acquire",
            "re_string",
            "re_node_set",
            "sift_",
            "transit_state",
            "build_trtable",
            "group_nodes_into",
            "check_matching",
            "check_node_accept",
            "check_halt",
            "check_arrival",
            "check_dst_limits",
            "set_regs",
            "proceed_next_node",
            "update_regs",
            "update_cur_sifted",
            "merge_state_",
            "match_ctx_",
            "get_subexp",
            "prune_impossible",
            "add_epsilon_src",
            "acquire_init_state",
            "build_wcs_",
            "extend_buffers",
        ],
    ),
    (
        Parsing,
        &[
            "printf",
            "snprintf",
            "vsnprintf",
            "sprintf",
            "__printf",
            "__snprintf",
            "___snprintf",
            "__vsnprintf",
            "___vsnprintf",
            "__vfprintf",
            "__asprintf",
            "_itoa",
            "__mpn_",
            "__strto",
            "____strto",
            "strto",
            "sscanf",
            "__vfscanf",
            "strftime",
            "__strftime",
        ],
    ),
    (Streams, &["_IO_", "__IO_", "fwrite", "fputs", "fread"]),
];

/// Whole names of the C library's wrappers.
const WRAPPERS: [&str; 12] = [
    "read", "write", "readv", "writev", "recv", "send", "recvfrom", "sendto", "recvmsg", "sendmsg",
    "poll", "ioctl",
];

/// Returns the category of a function of the C library; `None` for other files. One that no rule
/// describes is *other runtime code*.
pub(super) fn in_c_library(file: &str, name: &str) -> Option<CodeCategory> {
    let is_c_library = C_LIBRARY.iter().any(|begin| file.starts_with(begin));
    let known = || first(&IN_C_LIBRARY, name).unwrap_or(Runtime);
    (is_c_library && !name.is_empty()).then(known)
}

/// Returns the category of a library by its file name.
pub(super) fn library(file: &str) -> Option<CodeCategory> {
    first(&LIBRARIES, file)
}

/// Returns the category of a function that any program may have.
pub(super) fn function(name: &str) -> Option<CodeCategory> {
    if WRAPPERS.contains(&name) {
        return Some(SyscallWrapper);
    }
    first(&FUNCTIONS, name)
}
