//! Recordings with very many distinct stacks.

use recording::Recording;
use recording::stacks::{SampleMode, StackFrame, StacksBuilder};
use recording::vocabulary::{CodePlace, RegionClass};

/// Distinct stacks of each recording.
pub const STACKS: u64 = 20_000;
/// Frames of each.
const DEPTH: u64 = 24;

/// Gives the first threads of a recording stacks with long names, few of which share more than
/// their outer frames.
pub fn fill(recording: &mut Recording, threads: usize) {
    let mut builder = StacksBuilder::default();
    let mut found = vec![0; threads];
    let module = builder.module("server", "1");
    for stack in 0..STACKS {
        let frames = (0..DEPTH).map(|depth| {
            let branch = stack % (3 * depth * depth + 1);
            StackFrame {
                function: format!("namespace::of_{depth}::Class<Argument, {branch}>::method"),
                module: Some(module),
                address: depth << 32 | branch,
                place: CodePlace::Region(RegionClass::BinaryText),
                ..StackFrame::default()
            }
        });
        let (thread, samples) = (stack as usize % threads, 1 + stack % 7);
        builder.add((thread, SampleMode::User, false), frames, samples);
    }
    recording.stacks = builder.done();
    for count in &recording.stacks.counts {
        found[count.thread] += count.samples;
    }
    for (thread, found) in recording.threads.iter_mut().zip(found) {
        thread.samples.user = found;
    }
}
