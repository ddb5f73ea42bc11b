use super::*;
use recording::Stacks;
use recording::stacks::{SampleMode, StacksBuilder};
use recording::testing::Build;

/// The owner of a stack of functions in files: `PACKAGE|FUNCTION|FILE`, the outermost first.
fn owner(arm: &str, stack: &[&str]) -> (PackageKind, String) {
    let mut builder = StacksBuilder::default();
    let frames: Vec<StackFrame> = stack
        .iter()
        .map(|text| {
            let mut parts = text.split('|');
            let mut part = || parts.next().unwrap_or_default().to_owned();
            let (package, function, file) = (part(), part(), part());
            StackFrame {
                package,
                function,
                place: CodePlace::Region(match file.is_empty() {
                    true => RegionClass::JitCode,
                    false => RegionClass::BinaryText,
                }),
                module: (!file.is_empty()).then(|| builder.module(&file, "")),
                ..StackFrame::default()
            }
        })
        .collect();
    builder.add((0, SampleMode::User, false), frames, 1);
    let build = Build::arm(arm).with(|recording| {
        recording.stacks = builder.done();
        recording.target.cmdline = vec!["/srv/my-server".into()];
    });
    let recording = build.done();
    let owner = Owners::of(&recording).own(recording.stacks.counts[0].node);
    (owner.kind, owner.name)
}

#[test]
fn charges_standard_libraries_to_their_callers() {
    use PackageKind::{Application, Package, Runtime};
    for (arm, stack, expected) in [
        (
            "go",
            &[
                "net/http|net/http.(*conn).serve|s",
                "main|main.answer|s",
                "runtime|runtime.mallocgc|s",
            ][..],
            (Application, "application"),
        ),
        (
            "go",
            &[
                "github.com/a/b|github.com/a/b.F|s",
                "encoding/json|encoding/json.Marshal|s",
            ],
            (Package, "github.com/a/b"),
        ),
        (
            "go",
            &["vendor/golang.org/x/net|vendor/golang.org/x/net.F|s"],
            (Runtime, "Go runtime and standard library"),
        ),
        (
            "rust",
            &[
                "hyper|hyper::poll|s",
                "alloc|<alloc::vec::Vec<T> as Drop>::drop|s",
            ],
            (Package, "hyper"),
        ),
        (
            "rust",
            &["my_server|my_server::main|s"],
            (Application, "application"),
        ),
        (
            "rust",
            &["core|core::fmt::write|s"],
            (Runtime, "Rust standard library"),
        ),
        // A package of another language may have such a name.
        (
            "node",
            &["core|JS:*f node_modules/core/a.js:1:1|"],
            (Package, "core"),
        ),
        (
            "deno",
            &["v8|v8::internal::Heap|deno"],
            (Runtime, "V8 and Deno"),
        ),
    ] {
        let (kind, name) = owner(arm, stack);
        assert_eq!((kind, &*name), expected, "{stack:?}");
    }
}

#[test]
fn charges_modules_of_the_jdk_to_their_callers() {
    use PackageKind::{Package, Runtime};
    for (arm, stack, expected) in [
        (
            "java",
            &[
                "work-lib|long demo.Work.busy(int)|",
                "java.base|java.lang.String java.lang.Integer.toString(int)|",
            ][..],
            (Package, "work-lib"),
        ),
        (
            "java",
            &["jdk.httpserver|void sun.net.httpserver.ServerImpl.run()|"],
            (Runtime, "JVM and class library"),
        ),
    ] {
        let (kind, name) = owner(arm, stack);
        assert_eq!((kind, &*name), expected, "{stack:?}");
    }
}

#[test]
fn names_what_has_no_package() {
    use PackageKind::{Library, Runtime, Unknown};
    for (arm, stack, expected) in [
        (
            "python",
            "|PyDict_SetItem|libpython3.12.so.1.0",
            (Runtime, "CPython and its standard library"),
        ),
        (
            "python",
            "|scan|_json.cpython-312-x86_64-linux-gnu.so",
            (Runtime, "CPython and its standard library"),
        ),
        ("python", "|memcpy|libc.so.6", (Library, "libc")),
        ("python", "|SSL_read|libssl.so.3", (Library, "libssl")),
        ("node", "|v8::f|node", (Runtime, "V8 and Node.js")),
        (
            "node",
            "||",
            (Unknown, "JavaScript without a known package"),
        ),
        ("java", "|f|libjvm.so", (Runtime, "JVM and class library")),
        ("cpp", "|main|server", (Runtime, "the program")),
    ] {
        let (kind, name) = owner(arm, &[stack]);
        assert_eq!((kind, &*name), expected, "{stack}");
    }
}

#[test]
fn survives_a_damaged_recording() {
    let mut recording = Build::arm("node").done();
    recording.stacks = Stacks {
        nodes: vec![recording::stacks::StackNode {
            parent: Some(7),
            frame: 9,
        }],
        ..Stacks::default()
    };
    let owners = Owners::of(&recording);
    assert_eq!(owners.own(Some(0)).kind, PackageKind::Runtime);
    assert_eq!(owners.own(Some(44)).kind, PackageKind::Runtime);
}
