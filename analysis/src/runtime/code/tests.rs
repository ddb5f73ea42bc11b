use super::*;
use CodeCategory::{
    Allocation, Application, Copying, Crypto, EventLoop, Gc, Http, JavaScript, Jit, Json, Parsing,
    Promises, Regex, Scheduler, Streams, SyscallWrapper, Text, Timers, Unnamed, Zeroing,
};

fn category_of(runtime: Runtime, function: &str) -> CodeCategory {
    let samples = CodeSamples {
        function: function.into(),
        class: RegionClass::BinaryText,
        ..CodeSamples::default()
    };
    category(runtime, &Role::Pool, &samples)
}

/// Functions of each runtime and their categories.
const FUNCTIONS: [(Runtime, &str, CodeCategory); 38] = [
    (Runtime::Go, "runtime.scanobject", Gc),
    (Runtime::Go, "runtime.(*gcWork).tryGet", Gc),
    (Runtime::Go, "runtime.mallocgc", Allocation),
    (Runtime::Go, "runtime.findRunnable", Scheduler),
    (Runtime::Go, "runtime.netpoll", EventLoop),
    (Runtime::Go, "runtime.memmove", Copying),
    (
        Runtime::Go,
        "runtime.mapaccess2_faststr",
        CodeCategory::Runtime,
    ),
    (
        Runtime::Go,
        "internal/runtime/syscall/linux.Syscall6",
        SyscallWrapper,
    ),
    (Runtime::Go, "encoding/json.(*decodeState).object", Json),
    (Runtime::Go, "net/http.(*conn).serve", Http),
    (Runtime::Go, "main.main.func1", Application),
    (Runtime::Go, "indexbytebody", Copying),
    (
        Runtime::Rust,
        "tokio::runtime::scheduler::current_thread::run",
        Scheduler,
    ),
    (Runtime::Rust, "mio::poll::Poll::poll", EventLoop),
    (
        Runtime::Rust,
        "<chat::Answer as core::future::Future>::poll",
        Application,
    ),
    (Runtime::Rust, "serde_json::de::from_str", Json),
    (Runtime::Cpp, "asio::detail::epoll_reactor::run", EventLoop),
    (Runtime::Cpp, "Server::answer", Application),
    (
        Runtime::Node,
        "v8::internal::MarkCompactCollector::MarkLiveObjects",
        Gc,
    ),
    (
        Runtime::Node,
        "v8::internal::compiler::PipelineImpl::Run",
        Jit,
    ),
    (
        Runtime::Node,
        "Builtins_LdaNamedPropertyHandler",
        JavaScript,
    ),
    (Runtime::Node, "uv__io_poll", EventLoop),
    (
        Runtime::Node,
        "v8::internal::Isolate::Enter",
        CodeCategory::Runtime,
    ),
    (Runtime::Python, "_PyEval_EvalFrameDefault", Application),
    (Runtime::Unknown, "memcpy", Copying),
    (Runtime::Unknown, "malloc", Allocation),
    (Runtime::Unknown, "read", SyscallWrapper),
    (Runtime::Unknown, "EVP_EncryptUpdate", Crypto),
    (Runtime::Unknown, "something", Application),
    (Runtime::Unknown, "memset", Zeroing),
    (Runtime::Unknown, "simdutf::validate_utf8", Text),
    (Runtime::Go, "runtime.memclrNoHeapPointers", Zeroing),
    (Runtime::Go, "runtime.(*timers).run", Timers),
    (Runtime::Go, "strconv.AppendInt", Parsing),
    (Runtime::Node, "Builtins_PromiseConstructor", Promises),
    (Runtime::Go, "regexp.(*Regexp).backtrack", Regex),
    (Runtime::Go, "log.(*Logger).Printf", Parsing),
    (Runtime::Go, "fmt.(*pp).doPrintf", Parsing),
];

#[test]
fn categorises_functions_of_each_runtime() {
    for (runtime, function, expected) in FUNCTIONS {
        assert_eq!(
            category_of(runtime, function),
            expected,
            "{runtime}: {function}"
        );
    }
}

#[test]
fn decides_by_place_file_and_role_where_there_is_no_name() {
    for runtime in Runtime::ALL {
        assert_eq!(category_of(*runtime, ""), Unnamed, "{runtime}");
    }
    let found = |role: Role, class: RegionClass, file: &str| {
        let samples = CodeSamples {
            class,
            file: file.into(),
            ..CodeSamples::default()
        };
        category(Runtime::Bun, &role, &samples)
    };
    let text = RegionClass::BinaryText;
    assert_eq!(found(Role::MainLoop, RegionClass::JitCode, ""), JavaScript);
    assert_eq!(found(Role::JscHeapHelper, text, "bun"), Gc);
    assert_eq!(found(Role::GoSysmon, text, "server"), Scheduler);
    let library = RegionClass::Libraries;
    assert_eq!(found(Role::MainLoop, library, "libcrypto.so.3"), Crypto);
    assert_eq!(found(Role::MainLoop, library, "libjansson.so.4"), Json);
    assert_eq!(found(Role::MainLoop, library, "libc.so.6"), Unnamed);
    assert_eq!(found(Role::MainLoop, text, "bun"), Unnamed);
}

#[test]
fn takes_code_of_the_c_library_for_no_application() {
    for (function, expected) in [
        ("__memmove_avx_unaligned_erms", Copying),
        ("tcache_get", Allocation),
        ("sift_states_backward", Regex),
        ("regexec", Regex),
        ("__vfprintf_internal", Parsing),
        ("_IO_default_xsputn", Streams),
        ("qsort_r", CodeCategory::Runtime),
    ] {
        let samples = |file: &str| CodeSamples {
            function: function.into(),
            file: file.into(),
            class: RegionClass::Libraries,
            ..CodeSamples::default()
        };
        let found = category(Runtime::C, &Role::Pool, &samples("libc.so.6"));
        assert_eq!(found, expected, "{function}");
        if expected == CodeCategory::Runtime {
            let own = category(Runtime::C, &Role::Pool, &samples("server"));
            assert_eq!(own, Application, "{function}");
        }
    }
}
