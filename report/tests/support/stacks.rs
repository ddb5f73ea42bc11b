//! Call stacks for the example.

use recording::Recording;
use recording::stacks::{SampleMode, StackFrame, Stacks, StacksBuilder};
use recording::vocabulary::{CodePlace, RegionClass};

/// Adds call stacks to recordings of the example.
pub fn add(recordings: &mut [(String, Recording)]) {
    for (noise, (_, recording)) in (0..).zip(recordings) {
        recording.stacks = stacks(recording, noise);
        analysis::annotate(recording);
    }
}

/// Returns stacks below `main` for each function that samples found, and one in the kernel for the
/// first calls of each thread.
fn stacks(recording: &Recording, noise: u64) -> Stacks {
    let mut builder = StacksBuilder::default();
    let module = builder.module("server", &recording.target.arm);
    let user = |function: &str, address: u64| StackFrame {
        function: function.into(),
        module: Some(module),
        address,
        place: CodePlace::Region(RegionClass::BinaryText),
        ..StackFrame::default()
    };
    let kernel = |function: String| StackFrame {
        function,
        module: None,
        address: 0,
        place: CodePlace::Kernel,
        ..StackFrame::default()
    };
    for (address, code) in recording.code.iter().enumerate() {
        let address = 0x1000 * (1 + address as u64);
        let frames = [
            user("start", 1),
            user("main", 2),
            StackFrame {
                package: "package".into(),
                ..user(&code.function, address)
            },
        ];
        let samples = code.samples + noise % 2;
        builder.add((code.thread, SampleMode::User, false), frames, samples);
    }
    for (index, thread) in recording.threads.iter().enumerate() {
        for call in thread.syscalls.iter().take(2) {
            let entry = kernel(format!("__x64_sys_{}", call.name));
            let frames = [
                user("start", 1),
                user("main", 2),
                entry,
                kernel("do_work".into()),
            ];
            builder.add((index, SampleMode::Syscall, false), frames, 40 + noise);
        }
    }
    builder.done()
}
