//! Time in which a runtime writes its own log.
//!
//! JavaScriptCore writes its log piece by piece while the program stands still, so that its pauses
//! contain the writing. The C library's `printf` keeps no frame pointers: the call stacks of the
//! writing end there, before the collector. So a recording has it outside of collection, except
//! where helper threads are awake at both ends of it.

use recording::Recording;
use recording::process::Thread;
use recording::stacks::StackCount;
use recording::vocabulary::{CodePlace, RegionClass, Role};

/// Parts of names of the C library's functions that format and write.
const WRITING: [&str; 4] = ["printf", "_IO_", "write", "outstring"];

/// Returns the wall-clock time of the main loop, while no helper thread is awake, in stacks that
/// end inside of the C library's functions for writing, ns.
pub fn elapsed_ns(recording: &Recording) -> f64 {
    let mut sum = 0.0;
    for (index, thread) in recording.threads.iter().enumerate() {
        if thread.role != Role::MainLoop {
            continue;
        }
        let counts = recording.stacks.counts.iter();
        let writing = counts.filter(|count| count.thread == index && writes(recording, count));
        let found: u64 = writing.map(|count| count.samples).sum();
        let samples = thread.samples.outside_syscalls() + thread.samples.syscall;
        sum += running_ns(thread) as f64 * found as f64 / samples.max(1) as f64;
    }
    sum
}

fn writes(recording: &Recording, count: &StackCount) -> bool {
    let frames = || recording.stacks.frames_of(count.node);
    let is_of_program = |place| match place {
        CodePlace::Region(class) => matches!(class, RegionClass::BinaryText | RegionClass::JitCode),
        CodePlace::Syscall | CodePlace::Kernel => false,
    };
    let is_writing = |function: &str| WRITING.iter().any(|part| function.contains(part));
    let mut user = frames().filter(|frame| matches!(frame.place, CodePlace::Region(_)));
    !count.in_gc
        && user.any(|frame| is_writing(&frame.function))
        && !frames().any(|frame| is_of_program(frame.place))
}

fn running_ns(thread: &Thread) -> u64 {
    thread.on_cpu_ns + thread.steal_ns + thread.preempted_ns.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::stacks::{SampleMode, StacksBuilder};
    use recording::testing::{Build, frame};

    #[test]
    fn counts_stacks_that_end_in_the_functions_that_write() {
        let program = CodePlace::Region(RegionClass::BinaryText);
        let library = CodePlace::Region(RegionClass::Libraries);
        let mut builder = StacksBuilder::default();
        let stacks = [
            (vec![frame("__vfprintf_internal", library)], 2),
            (
                vec![frame("send", program), frame("__libc_write", library)],
                3,
            ),
            (vec![frame("", library), frame("strlen", library)], 5),
        ];
        for (stack, samples) in stacks {
            builder.add((0, SampleMode::User, false), stack, samples);
        }
        let helped = vec![frame("__vfprintf_internal", library)];
        builder.add((0, SampleMode::User, true), helped, 4);
        let build = Build::arm("bun").thread(1, Role::MainLoop, |thread| thread.user(1_000, 1));
        let recording = build.with(|recording| {
            recording.stacks = builder.done();
            recording.threads[0].samples.user = 10;
        });
        let recording = recording.done();
        let whole = running_ns(&recording.threads[0]) as f64;
        assert_eq!(elapsed_ns(&recording), whole * 0.2);
    }
}
