//! What every native program is linked with: the C library, allocators, TLS, compression and parsers.

use super::{ALLOCATING, AROUND_CALLS, COPYING, CRYPTO, PARSING, first};

const LIBRARIES: [(&str, &[&str]); 2] = [
    (
        CRYPTO,
        &["libssl", "libcrypto", "libgnutls", "_ssl.", "_hashlib."],
    ),
    (PARSING, &["libz.", "libbrotli", "libzstd", "libexpat"]),
];

const FUNCTIONS: [(&str, &[&str]); 6] = [
    (
        COPYING,
        &[
            "memcpy", "memmove", "memset", "memcmp", "memchr", "__mem", "_mem", "__str", "strlen",
        ],
    ),
    (
        ALLOCATING,
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
            "__rust_alloc",
            "__rust_dealloc",
            "__rdl_",
        ],
    ),
    (
        AROUND_CALLS,
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
        AROUND_CALLS,
        &["__read", "__write", "__send", "__recv", "__futex"],
    ),
    (
        CRYPTO,
        &[
            "EVP_", "SSL_", "ssl_", "AES_", "aes_", "aesni_", "SHA1", "SHA256", "SHA512", "sha1_",
            "sha256_", "sha512_", "BN_", "ChaCha20", "poly1305", "ossl_", "CRYPTO_",
        ],
    ),
    (
        PARSING,
        &[
            "llhttp_",
            "http_parser_",
            "inflate",
            "deflate",
            "simdutf",
            "simdjson",
            "ada::",
            "nghttp2_",
        ],
    ),
];

/// Names of the C library's wrappers, each whole.
const WRAPPERS: [&str; 12] = [
    "read", "write", "readv", "writev", "recv", "send", "recvfrom", "sendto", "recvmsg", "sendmsg",
    "poll", "ioctl",
];

/// By the file alone.
pub(super) fn library(file: &str) -> Option<&'static str> {
    first(&LIBRARIES, file)
}

/// By the function, whatever the runtime.
pub(super) fn function(name: &str) -> Option<&'static str> {
    if WRAPPERS.contains(&name) {
        return Some(AROUND_CALLS);
    }
    first(&FUNCTIONS, name)
}
