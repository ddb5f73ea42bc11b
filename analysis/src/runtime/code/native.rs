//! Code that any native program may be linked with: the C library, allocators, TLS, compression and
//! parsers.

use super::{Rule, first};
use recording::vocabulary::CodeCategory::{
    self, Allocation, Compression, Copying, Crypto, Http, Json, Parsing, SyscallWrapper, Text,
    Timers, Zeroing,
};

const LIBRARIES: [Rule; 3] = [
    (
        Crypto,
        &["libssl", "libcrypto", "libgnutls", "_ssl.", "_hashlib."],
    ),
    (Compression, &["libz.", "libbrotli", "libzstd"]),
    (Parsing, &["libexpat"]),
];

const FUNCTIONS: [Rule; 12] = [
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
    (Text, &["simdutf"]),
    (Parsing, &["ada::"]),
];

/// Whole names of the C library's wrappers.
const WRAPPERS: [&str; 12] = [
    "read", "write", "readv", "writev", "recv", "send", "recvfrom", "sendto", "recvmsg", "sendmsg",
    "poll", "ioctl",
];

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
