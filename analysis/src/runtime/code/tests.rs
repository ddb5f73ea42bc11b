use super::*;

fn told(runtime: &str, function: &str) -> &'static str {
    let samples = CodeSamples {
        role: "any".into(),
        function: function.into(),
        class: "binary text".into(),
        ..CodeSamples::default()
    };
    doing(runtime, &samples)
}

#[test]
fn functions_of_each_runtime_are_told() {
    for (runtime, function, expected) in [
        ("go", "runtime.scanobject", COLLECTING),
        ("go", "runtime.(*gcWork).tryGet", COLLECTING),
        ("go", "runtime.mallocgc", ALLOCATING),
        ("go", "runtime.findRunnable", SCHEDULING),
        ("go", "runtime.netpoll", LOOPING),
        ("go", "runtime.memmove", COPYING),
        ("go", "runtime.mapaccess2_faststr", RUNTIME),
        (
            "go",
            "internal/runtime/syscall/linux.Syscall6",
            AROUND_CALLS,
        ),
        ("go", "encoding/json.(*decodeState).object", PARSING),
        ("go", "net/http.(*conn).serve", APPLICATION),
        ("go", "main.main.func1", APPLICATION),
        ("go", "indexbytebody", COPYING),
        (
            "rust",
            "tokio::runtime::scheduler::current_thread::run",
            SCHEDULING,
        ),
        ("rust", "mio::poll::Poll::poll", LOOPING),
        (
            "rust",
            "<chat::Answer as core::future::Future>::poll",
            APPLICATION,
        ),
        ("rust", "serde_json::de::from_str", PARSING),
        ("cpp", "asio::detail::epoll_reactor::run", LOOPING),
        ("cpp", "Server::answer", APPLICATION),
        (
            "node",
            "v8::internal::MarkCompactCollector::MarkLiveObjects",
            COLLECTING,
        ),
        (
            "node",
            "v8::internal::compiler::PipelineImpl::Run",
            COMPILING,
        ),
        ("node", "Builtins_LdaNamedPropertyHandler", APPLICATION),
        ("node", "uv__io_poll", LOOPING),
        ("node", "v8::internal::Isolate::Enter", RUNTIME),
        ("python", "_PyEval_EvalFrameDefault", APPLICATION),
        ("any", "memcpy", COPYING),
        ("any", "malloc", ALLOCATING),
        ("any", "read", AROUND_CALLS),
        ("any", "EVP_EncryptUpdate", CRYPTO),
        ("any", "something", UNKNOWN),
    ] {
        assert_eq!(told(runtime, function), expected, "{runtime}: {function}");
    }
}

#[test]
fn without_a_name_only_place_file_and_role_tell() {
    for runtime in ["go", "rust", "cpp", "node", "bun", "deno", "python", "any"] {
        assert_eq!(told(runtime, ""), UNKNOWN, "{runtime}");
    }
    let samples = |role: &str, class: &str, file: &str| {
        let [role, class, file] = [role, class, file].map(String::from);
        let samples = CodeSamples {
            role,
            class,
            file,
            ..CodeSamples::default()
        };
        doing("bun", &samples)
    };
    assert_eq!(samples("main loop", "jit code", ""), APPLICATION);
    assert_eq!(samples(JSC_HEAP_HELPER, "binary text", "bun"), COLLECTING);
    assert_eq!(samples("main loop", "libraries", "libcrypto.so.3"), CRYPTO);
    assert_eq!(samples("main loop", "binary text", "bun"), UNKNOWN);
}

#[test]
fn no_kind_of_user_code_reads_as_a_system_call() {
    for kind in EVERY {
        assert!(!work::is_call(kind), "{kind}");
        assert!(work::is_user_code(kind), "{kind}");
    }
}
