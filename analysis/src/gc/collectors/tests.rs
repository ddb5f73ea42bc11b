use super::*;
use recording::gc::GcPart::{Assist, Pause, Sweep, Worker};
use recording::stacks::StacksBuilder;
use recording::testing::Build;
use recording::vocabulary::{CodePlace, RegionClass, Runtime};

fn recording(runtime: Runtime, names: &[&str]) -> Recording {
    let frame = |name: &&str| StackFrame {
        function: (*name).into(),
        module: None,
        address: 0,
        place: CodePlace::Region(RegionClass::BinaryText),
        ..StackFrame::default()
    };
    let mut builder = StacksBuilder::default();
    let key = (0, recording::stacks::SampleMode::User, false);
    builder.add(key, names.iter().map(frame), 1);
    let build = Build::arm("x").with(|recording| {
        recording.target.runtime = runtime;
        recording.stacks = builder.done();
    });
    build.done()
}

fn part(runtime: Runtime, name: &str) -> Option<GcPart> {
    let roots = roots(&recording(runtime, &[name]))?;
    roots.first().map(|root| root.part)
}

#[test]
fn names_the_part_of_functions_of_each_collector() {
    for (runtime, name, expected) in [
        (Runtime::Go, "runtime.gcBgMarkWorker.func2", Some(Worker)),
        (Runtime::Go, "runtime.gcAssistAlloc1", Some(Assist)),
        (Runtime::Go, "runtime.(*sweepLocked).sweep", Some(Sweep)),
        (Runtime::Go, "runtime.gcMarkTermination.func1", Some(Pause)),
        (Runtime::Go, "runtime.mallocgc", None),
        (
            Runtime::Node,
            "v8::internal::Heap::CollectGarbage(v8::internal::AllocationSpace)",
            Some(Pause),
        ),
        (
            Runtime::Node,
            "void v8::internal::Scavenger::ScavengeObject<v8::internal::Object>(int)",
            Some(Pause),
        ),
        (
            Runtime::Node,
            "v8::internal::(anonymous namespace)::PageEvacuation",
            None,
        ),
        (
            Runtime::Node,
            "v8::internal::Heap::AllocateRawWithRetryOrFailSlowPath(v8::internal::Heap::Scavenge)",
            None,
        ),
        (
            Runtime::Deno,
            "v8::internal::ConcurrentMarking::Run(int)",
            Some(Worker),
        ),
        (Runtime::Python, "gc_collect_main", Some(Pause)),
        (Runtime::Python, "dict_traverse.part.0", Some(Pause)),
        (Runtime::Python, "visit_decref", Some(Pause)),
        (Runtime::Python, "unicode_hash", None),
        (
            Runtime::Java,
            "VM_G1CollectForAllocation::doit()",
            Some(Pause),
        ),
        (Runtime::Php, "zend_gc_collect_cycles", Some(Pause)),
    ] {
        assert_eq!(part(runtime, name), expected, "{name}");
    }
}

#[test]
fn knows_nothing_where_functions_have_no_names() {
    let found = |runtime, name| roots(&recording(runtime, &[name]));
    assert_eq!(found(Runtime::Go, ""), None);
    assert_eq!(found(Runtime::Python, "PyObject_Call"), None, "exported");
    assert_eq!(found(Runtime::Rust, "main"), None);
    assert_eq!(found(Runtime::Go, "runtime.futex"), Some(vec![]));
}

#[test]
fn takes_parameters_and_return_types_off_names() {
    for (name, expected) in [
        ("runtime.(*mspan).sweep", "runtime.(*mspan).sweep"),
        (
            "runtime.(*mspan).sweep.func1(…)",
            "runtime.(*mspan).sweep.func1",
        ),
        ("unsigned long a::b<int, (a)1>(int)", "a::b<int, "),
        (
            "a::(anonymous namespace)::b()",
            "a::(anonymous namespace)::b",
        ),
        ("", ""),
    ] {
        assert_eq!(bare(name), expected);
    }
}
