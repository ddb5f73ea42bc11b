use super::*;
use proptest::prelude::*;

#[test]
fn finds_packages_in_names_and_paths() {
    let native = "/opt/venv/lib/python3.12/site-packages/pydantic_core/_pydantic_core.so";
    let python = "py::BaseModel.validate:/venv/site-packages/pydantic/main.py";
    for (function, file, expected) in [
        ("", native, "pydantic_core"),
        ("core::fmt::write", native, "pydantic_core"),
        (python, "", "pydantic"),
        (
            "JS:*parse /srv/node_modules/a/node_modules/@scope/zod/t.js:1:2",
            "",
            "@scope/zod",
        ),
        (
            "JS:~get node_modules/hono/dist/router.js:1:13",
            "/usr/bin/node",
            "hono",
        ),
        (
            "JSC-DFG: parse#BmLY8t node_modules/@scope/zod/t.js",
            "/usr/bin/bun",
            "@scope/zod",
        ),
        ("main", "/usr/bin/node", ""),
        ("", "/srv/node_modules/node-24/bin/node", ""),
        (
            "",
            "/srv/node_modules/@scope/native/build/native.node",
            "@scope/native",
        ),
        ("", "/v/site-packages/numpy.libs/libopenblas.so.0", "numpy"),
    ] {
        let found = package(function, Some(Path::new(file)), Language::Other);
        assert_eq!(found, expected, "{function} {file}");
    }
    let long = format!("/site-packages/{}/x.py", "a".repeat(9_000));
    assert_eq!(package(&long, None, Language::Other).len(), LONGEST);
}

#[test]
fn finds_functions_of_the_program() {
    for function in [
        "py::answer:/srv/app/server.py",
        "py::answer:server.py",
        "py::<module>:/srv/lib/python/server.py",
        "JS:*answer server.ts:12:3",
        "JS:~ server.js:1:1",
        "LazyCompile:*get file:///srv/app.mjs:2:48",
        "JSC-FTL: hot#EqY6qN server.ts",
        "JSC-Baseline: #EqY6qN server.ts",
    ] {
        let found = package(function, None, Language::Other);
        assert_eq!(found, APPLICATION, "{function}");
    }
    for function in [
        "py::run:/usr/lib/python3.12/asyncio/runners.py",
        "py::run:lib/python3.12/asyncio/runners.py",
        "py::run:/usr/lib/python312.zip/asyncio/runners.py",
        "py::_find_and_load:<frozen importlib._bootstrap>",
        "py::nonsense",
        "JS:~afterWrite node:internal/streams/writable:701:20",
        "JS:*f ext:core/01_core.js:1:1",
        "JS:*f",
        "JSC-FTL: hot#EqY6qN",
        "JSC-FTL: hot#EqY6qN internal:streams",
        "JSC-Thunk: a b",
        "Builtin:ArrayMap",
        "RegExp:a/b:1:2",
    ] {
        assert_eq!(package(function, None, Language::Other), "", "{function}");
    }
}

#[test]
fn finds_modules_of_go_and_crates_of_rust() {
    for (function, expected) in [
        (
            "github.com/go-chi/chi/v5.(*Mux).ServeHTTP",
            "github.com/go-chi/chi",
        ),
        (
            "golang.org/x/net/http2.(*Framer).ReadFrame",
            "golang.org/x/net",
        ),
        ("gopkg.in/yaml.v3.Unmarshal", "gopkg.in/yaml"),
        ("net/http.(*conn).serve", "net/http"),
        ("runtime.mallocgc", "runtime"),
        ("main.total[...]", "main"),
        ("slices.Sort[github.com/a/b.T]", "slices"),
        ("_start", ""),
    ] {
        assert_eq!(
            package(function, None, Language::Go),
            expected,
            "{function}"
        );
    }
    for (function, expected) in [
        ("tokio::runtime::task::raw::poll", "tokio"),
        (
            "<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop",
            "alloc",
        ),
        (
            "<&mut hyper::proto::h1::Conn as core::fmt::Debug>::fmt",
            "hyper",
        ),
        ("v8::internal::Heap::CollectGarbage", "v8"),
        ("memcpy", ""),
    ] {
        assert_eq!(
            package(function, None, Language::Rust),
            expected,
            "{function}"
        );
    }
}

#[test]
fn finds_libraries_of_java() {
    for (function, expected) in [
        (
            "void org.springframework.web.servlet.FrameworkServlet.service(java.lang.Object)",
            "org.springframework",
        ),
        ("Lio/netty/channel/nio/NioEventLoop;::run", "io.netty"),
        (
            "int com.fasterxml.jackson.core.Parser$Inner.next()",
            "com.fasterxml.jackson",
        ),
        (
            "java.lang.String java.lang.String.concat(java.lang.String)",
            "",
        ),
        ("void sun.nio.ch.EPoll.wait(int)", ""),
        ("void Server.handle()", ""),
        ("StubRoutines (1)", ""),
        ("a(b", ""),
    ] {
        assert_eq!(
            package(function, None, Language::Other),
            expected,
            "{function}"
        );
    }
}

proptest! {
    #[test]
    fn accepts_any_name(function in ".*", path in ".*") {
        for language in [Language::Go, Language::Rust, Language::Other] {
            let _ = package(&function, Some(Path::new(&path)), language);
        }
    }

    #[test]
    fn shows_names_of_packages_only(name in "(py::|JS:|L|/site-packages/|pkg/mod/|registry/src/)?.*") {
        let found = package(&name, None, Language::Other);
        let is_name = |letter: char| letter.is_alphanumeric() || "@/_-.+~$()".contains(letter);
        prop_assert!(found.chars().all(is_name), "{}", found);
    }
}
