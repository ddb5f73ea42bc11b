//! Categories of functions without a symbol, from the evidence that their file has of them.
//!
//! Rules match source files and texts of any program; none is about one binary. Texts of several
//! categories are counted, since code of one function is often inlined into another.

use super::Rule;
use recording::code_hint::CodeHint;
use recording::vocabulary::CodeCategory::{
    self, Allocation, Compression, Copying, Crypto, Engine, EventLoop, Gc, Http, JavaScript, Jit,
    Json, Promises, Scheduler, Streams, Text, Timers, Zeroing,
};

/// Parts of paths of source files, in small letters. The first rule that fits decides.
const SOURCES: &[Rule] = &[
    // JavaScriptCore parses JSON in LiteralParser.cpp.
    (Json, &["json", "literalparser"]),
    (
        Crypto,
        &[
            "boringssl",
            "openssl",
            "mbedtls",
            "rustls",
            "/crypto/",
            "/ssl/",
        ],
    ),
    (
        Compression,
        &["zlib", "brotli", "zstd", "libdeflate", "lz4", "snappy"],
    ),
    (
        Http,
        &[
            "usockets",
            "uwebsockets",
            "/uws",
            "http",
            "nghttp2",
            "hpack",
        ],
    ),
    (Timers, &["timer"]),
    (Promises, &["microtask", "promise", "asyncfunction"]),
    (
        Streams,
        &[
            "stream",
            "arraybuffer",
            "typedarray",
            "textdecoder",
            "textencoder",
        ],
    ),
    (
        Allocation,
        &["alloc", "subspace", "libpas", "slab", "freelist"],
    ),
    (
        Jit,
        &[
            "/dfg/",
            "/ftl/",
            "/b3/",
            "/jit/",
            "/bytecompiler/",
            "/assembler/",
            "/maglev/",
            "/turboshaft/",
            "inlinecachecompiler",
            "javascriptcore/parser/",
            "/src/compiler/",
        ],
    ),
    (
        Gc,
        &[
            "/heap/",
            "/gc/",
            "garbage",
            "scaveng",
            "mark-compact",
            "marksweep",
        ],
    ),
    (JavaScript, &["/llint/"]),
    (
        Scheduler,
        &[
            "/lock",
            "jslock",
            "mutex",
            "parkinglot",
            "threadpool",
            "scheduler",
        ],
    ),
    (
        Text,
        &[
            "simdutf", "/text/", "encoding", "utf8", "/icu/", "string", "latin1",
        ],
    ),
    (
        EventLoop,
        &[
            "event_loop",
            "eventloop",
            "libuv",
            "/epoll",
            "reactor",
            "/mio-",
        ],
    ),
    (
        Engine,
        &[
            "javascriptcore/runtime/",
            "javascriptcore/interpreter/",
            "javascriptcore/bytecode/",
            "/bindings/",
        ],
    ),
];

/// Parts of texts.
const TEXTS: &[Rule] = &[
    // The error and the escape table of every JSON parser and writer in JavaScriptCore.
    (Json, &["JSON", "Unrecognized token '", "uuuuuuuubtnufr"]),
    (
        Http,
        &[
            "HTTP/1.",
            "ransfer-Encoding",
            "ransfer-encoding",
            "ontent-Length",
            "ontent-length",
            "chunked",
            "200 OK",
            " GMT",
        ],
    ),
    (
        Promises,
        &[
            "handler is not a function",
            "icrotask",
            "QueuedTask",
            "Promise",
            "|then|",
        ],
    ),
    (
        Streams,
        &[
            "ReadableStream",
            "WritableStream",
            "TransformStream",
            "ArrayBufferView",
        ],
    ),
    (
        Text,
        &[
            "TextDecoder",
            "TextEncoder",
            "Latin1Character",
            "char16_t",
            "StringImpl",
        ],
    ),
    (
        Jit,
        &[
            "JSC::DFG",
            "JSC::FTL",
            "JSC::B3",
            "InlineCache",
            "CallLinkStatus",
            "GetByStatus",
        ],
    ),
    (
        Gc,
        &["SlotVisitor", "MarkStack", "MarkedBlock", "CollectionScope"],
    ),
    (
        Engine,
        &[
            "JSC::JSObject",
            "JSC::Structure",
            "JSC::JSArray",
            "iterator",
            "is not a function",
        ],
    ),
];

/// Returns the category of a function that no symbol names; `None` without evidence of its work.
pub(super) fn category(hint: &CodeHint) -> Option<CodeCategory> {
    if hint.clearing > 0 && 2 * hint.clearing >= hint.innermost {
        return Some(Zeroing);
    }
    if hint.copying > 0 && 2 * hint.copying >= hint.innermost {
        return Some(Copying);
    }
    if hint.takes_block {
        return Some(Allocation);
    }
    let own = hint.neighbours.is_none();
    let by_source = || of_source(&hint.source);
    let by_own_source = own.then(by_source).flatten();
    let by_texts = of_texts(&hint.texts);
    // Any function of an engine may refer to its objects, which says less than its file.
    let by_texts_of_work = by_texts.filter(|category| *category != Engine);
    let is_file = !hint.source.ends_with('/');
    let by_file = is_file.then(by_source).flatten();
    by_own_source
        .or(by_texts_of_work)
        .or(by_file)
        .or(by_texts)
        .or_else(by_source)
        .or(hint.examines_objects.then_some(Engine))
}

/// Returns the category of a source file or of a folder of sources.
fn of_source(path: &str) -> Option<CodeCategory> {
    // Folders stand between slashes, also the first.
    let path = format!("/{}", path.to_ascii_lowercase());
    let fits = |(_, words): &&Rule| words.iter().any(|word| path.contains(word));
    SOURCES.iter().find(fits).map(|(category, _)| *category)
}

/// Returns the category that most texts have.
fn of_texts(texts: &[String]) -> Option<CodeCategory> {
    let count = |(_, words): &Rule| {
        let fits = |text: &&String| words.iter().any(|word| text.contains(word));
        texts.iter().filter(fits).count()
    };
    let most = TEXTS.iter().rev().max_by_key(|rule| count(rule))?;
    (count(most) > 0).then_some(most.0)
}
