use super::*;
use CodeCategory::*;
use recording::code_hint::{CodeHint, Neighbours};
use recording::stacks::{StackFrame, Stacks, StacksBuilder};
use recording::testing::Build;

mod instructions;
mod order_of_evidence;
mod regular_expressions;

/// Frames by their names: `js` is compiled code, a name in capitals one without a symbol, `k:…` of
/// the kernel.
fn frame(name: &str) -> StackFrame {
    let is_unnamed = name.chars().all(|letter| letter.is_ascii_uppercase());
    let function = name.strip_prefix("k:").unwrap_or(name);
    StackFrame {
        function: match name == "js" || is_unnamed {
            true => String::new(),
            false => function.into(),
        },
        module: None,
        address: name.bytes().map(u64::from).sum(),
        place: match name {
            "js" => CodePlace::Region(RegionClass::JitCode),
            name if name.starts_with("k:") => CodePlace::Kernel,
            _ => CodePlace::Region(RegionClass::BinaryText),
        },
        ..StackFrame::default()
    }
}

/// An event loop of Bun with samples of stacks, each given from the outermost frame inward, and
/// evidence of frames.
struct Loop {
    builder: StacksBuilder,
    hints: Vec<(&'static str, CodeHint)>,
}

impl Loop {
    fn new() -> Self {
        Loop {
            builder: StacksBuilder::default(),
            hints: Vec::new(),
        }
    }

    fn stack(mut self, mode: SampleMode, names: &str, samples: u64) -> Self {
        let frames = names.split_whitespace().map(frame);
        self.builder.add((0, mode, false), frames, samples);
        self
    }

    fn user(self, names: &str) -> Self {
        self.stack(SampleMode::User, names, 1)
    }

    fn source(mut self, name: &'static str, source: &str) -> Self {
        let hint = CodeHint {
            source: source.into(),
            ..CodeHint::default()
        };
        self.hints.push((name, hint));
        self
    }

    fn recording(self, role: Role) -> Recording {
        let mut stacks: Stacks = self.builder.done();
        for (name, mut hint) in self.hints {
            let index = stacks.frames.iter().position(|other| *other == frame(name));
            hint.frame = index.expect("the frame is in a stack");
            stacks.hints.push(hint);
        }
        let build = Build::arm("bun").thread(1, role, |thread| {
            thread.user(10, 1).call("sendto", 5, 5).call("futex", 5, 5)
        });
        build.with(|recording| recording.stacks = stacks).done()
    }

    /// Returns the categories of the samples in user code.
    fn categories(self) -> Vec<CodeCategory> {
        let recording = self.recording(Role::MainLoop);
        let categories = StackCategories::of(&recording);
        categories.in_user_code().map(|(_, found)| found).collect()
    }
}

#[test]
fn takes_code_without_a_name_as_work_for_its_caller() {
    let near = Loop::new()
        .user("main A B C D")
        .source("A", "heap/Allocator.cpp");
    assert_eq!(near.categories(), [Allocation]);
    let far = Loop::new()
        .user("main A B C D E")
        .source("A", "heap/Allocator.cpp");
    assert_eq!(far.categories(), [CalledFromLoop]);
    let dispatcher = Loop::new().user("main A B").source("A", "event_loop.zig");
    assert_eq!(dispatcher.categories(), [CalledFromLoop]);
}

#[test]
fn looks_at_callers_on_the_near_side_of_compiled_code() {
    let outside = Loop::new()
        .user("main A js B")
        .source("A", "heap/Allocator.cpp");
    assert_eq!(outside.categories(), [CalledFromJs]);
    let inside = Loop::new()
        .user("main js A B")
        .source("A", "JsonParser.cpp");
    assert_eq!(inside.categories(), [Json]);
    assert_eq!(Loop::new().user("main A js").categories(), [JavaScript]);
}

#[test]
fn takes_objects_of_an_engine_as_work_for_their_caller() {
    let object = |caller: &str| {
        let found = Loop::new().user("main A B");
        let found = found.source("A", caller);
        found.source("B", "JavaScriptCore/runtime/JSObject.cpp")
    };
    assert_eq!(object("JsonParser.cpp").categories(), [Json]);
    assert_eq!(object("event_loop.zig").categories(), [Engine]);
}

#[test]
fn prefers_the_symbol_of_the_innermost_function() {
    let named = Loop::new()
        .user("main A memcpy")
        .source("A", "JsonParser.cpp");
    assert_eq!(named.categories(), [Copying]);
    let wrapper = Loop::new().user("main A __libc_sendto");
    let wrapper = wrapper.source("A", "JsonParser.cpp");
    assert_eq!(wrapper.categories(), [SyscallWrapper]);
}

#[test]
fn recognises_a_compiled_regular_expression_by_its_caller() {
    let node = |stack: &str| {
        let mut recording = Loop::new().user(stack).recording(Role::MainLoop);
        recording.target.runtime = Build::arm("node").done().target.runtime;
        StackCategories::of(&recording).get(0)
    };
    let test = "Builtins_RegExpPrototypeTest";
    assert_eq!(node(&format!("main js {test} js")), Some(Regex));
    assert_eq!(node(&format!("main {test} js js")), Some(JavaScript));
    let replace = "Builtins_RegExpReplace";
    assert_eq!(node(&format!("main js {replace} js")), Some(JavaScript));
    assert_eq!(node(&format!("main js {replace}")), Some(Regex));
}

#[test]
fn takes_other_code_of_a_runtime_as_work_for_its_caller() {
    let go = |stack: &str| {
        let mut recording = Loop::new().user(stack).recording(Role::MainLoop);
        recording.target.runtime = Build::arm("go").done().target.runtime;
        let found = StackCategories::of(&recording).get(0);
        found.map(|category| category.label())
    };
    let mapping = go("main.serve runtime.mapassign");
    assert_eq!(mapping, Some("other runtime code"));
    assert_eq!(
        go("encoding/json.object runtime.mapassign"),
        Some(Json.label())
    );
    let allocating = go("encoding/json.object runtime.mallocgc");
    assert_eq!(allocating, Some(Allocation.label()));
}

#[test]
fn learns_functions_whose_work_is_one_class_of_system_calls() {
    let samples = |in_send, in_futex, in_user| {
        let found = Loop::new();
        let found = found.stack(SampleMode::Syscall, "main A B k:__x64_sys_sendto", in_send);
        let found = found.stack(SampleMode::Syscall, "main A B k:__x64_sys_futex", in_futex);
        let found = found.stack(SampleMode::User, "main A B C", in_user);
        found.categories()
    };
    assert_eq!(samples(20, 1, 10), [Sockets]);
    assert_eq!(samples(9, 0, 1), [CalledFromLoop], "too few samples");
    assert_eq!(samples(20, 10, 10), [CalledFromLoop], "several classes");
    assert_eq!(samples(20, 1, 30), [CalledFromLoop], "mostly other work");
}

#[test]
fn names_nothing_by_an_unknown_source_or_a_broken_index() {
    let unknown = Loop::new().user("main A").source("A", "things/Thing.cpp");
    assert_eq!(unknown.categories(), [CalledFromLoop]);
    let mut recording = Loop::new().user("main A").recording(Role::MainLoop);
    recording.stacks.hints.push(CodeHint {
        frame: 99,
        source: "heap/Heap.cpp".into(),
        ..CodeHint::default()
    });
    let categories = StackCategories::of(&recording);
    assert_eq!(categories.get(0), Some(CalledFromLoop));
    assert_eq!(categories.get(99), None);
}

#[test]
fn decides_by_the_only_work_of_a_thread() {
    for (role, expected) in [
        (Role::JscJit, Jit),
        (Role::HttpClient, Http),
        (Role::Pool, Unnamed),
    ] {
        let recording = Loop::new().user("main A B").recording(role);
        let categories = StackCategories::of(&recording);
        assert_eq!(categories.get(0), Some(expected));
    }
}

#[test]
fn categorises_evidence_of_functions() {
    let hint = CodeHint::default;
    let texts = |texts: &[&str]| CodeHint {
        texts: texts.iter().map(|text| (*text).into()).collect(),
        ..hint()
    };
    let source = |source: &str, neighbours| CodeHint {
        source: source.into(),
        neighbours,
        ..hint()
    };
    let neighbours = Some(Neighbours {
        tried: 30,
        right: 29,
    });
    let cases = [
        (source("JavaScriptCore/heap/Heap.cpp", None), Some(Gc)),
        (source("heap/", neighbours), Some(Gc)),
        (
            source("vendor/boringssl/ssl/tls_record.cc", None),
            Some(Crypto),
        ),
        (source("JavaScriptCore/dfg/DFGGraph.cpp", None), Some(Jit)),
        (source("main.cpp", None), None),
        (texts(&["Unrecognized token '"]), Some(Json)),
        (
            texts(&["200 OK", "Transfer-Encoding", "JSON.parse"]),
            Some(Http),
        ),
        (texts(&["no such thing"]), None),
        (texts(&[]), None),
        (
            CodeHint {
                clearing: 5,
                innermost: 9,
                ..source("heap/Heap.cpp", None)
            },
            Some(Zeroing),
        ),
        (
            CodeHint {
                clearing: 4,
                innermost: 9,
                ..source("heap/Heap.cpp", None)
            },
            Some(Gc),
        ),
        (
            CodeHint {
                copying: 9,
                innermost: 9,
                ..hint()
            },
            Some(Copying),
        ),
    ];
    for (hint, expected) in cases {
        assert_eq!(evidence::category(&hint), expected, "{hint:?}");
    }
}

#[test]
fn prefers_what_a_function_refers_to_over_its_neighbours() {
    let hint = CodeHint {
        source: "heap/".into(),
        neighbours: Some(Neighbours {
            tried: 30,
            right: 29,
        }),
        texts: vec!["chunked".into()],
        ..CodeHint::default()
    };
    assert_eq!(evidence::category(&hint), Some(Http));
}
