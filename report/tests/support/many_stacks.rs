//! Recordings with very many distinct stacks.

use recording::Recording;
use recording::stacks::{SampleMode, StackFrame, StacksBuilder};
use recording::vocabulary::{CodePlace, RegionClass};

/// Distinct stacks of each recording.
pub const STACKS: u64 = 20_000;
/// Frames of each.
const DEPTH: u64 = 24;

/// Gives a recording stacks with long names, few of which share more than their outer frames.
pub fn fill(recording: &mut Recording) {
    let mut builder = StacksBuilder::default();
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
        builder.add((0, SampleMode::User, false), frames, 1 + stack % 7);
    }
    recording.stacks = builder.done();
    recording.threads[0].samples.user = recording.stacks.samples;
    analysis::annotate(recording);
}
