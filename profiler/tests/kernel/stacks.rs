//! Call stacks of CPU samples.

use crate::support::{record, record_with};
use recording::Recording;
use recording::stacks::{SampleMode, StackCount};
use recording::vocabulary::CodePlace;

/// Samples whose stack has a function of this name, of those in one mode.
fn with_function(recording: &Recording, mode: SampleMode, part: &str) -> (u64, u64) {
    let stacks = &recording.stacks;
    let of_mode = stacks.counts.iter().filter(|count| count.mode == mode);
    of_mode.fold((0, 0), |(found, all), count| {
        let has = stacks
            .frames_of(count.node)
            .any(|frame| frame.function.contains(part));
        (found + u64::from(has) * count.samples, all + count.samples)
    })
}

/// Samples that the threads counted.
fn samples_of_threads(recording: &Recording) -> u64 {
    let threads = recording.threads.iter().map(|thread| thread.samples);
    threads
        .map(|samples| samples.outside_syscalls() + samples.syscall)
        .sum()
}

#[test]
fn keeps_a_stack_for_each_sample_and_names_busy_code() {
    let recording = record(&["burn", "500"]);
    let stacks = &recording.stacks;
    let samples = samples_of_threads(&recording);
    assert_eq!((stacks.samples, stacks.lost), (samples, 0));
    let counted: u64 = stacks.counts.iter().map(|count| count.samples).sum();
    assert_eq!(counted, samples);
    // The program is built without frame pointers, so only the innermost frame is sure.
    let user = stacks
        .counts
        .iter()
        .filter(|count| count.mode == SampleMode::User);
    let named = user.clone().filter(|count| {
        let innermost = stacks.frames_of(count.node).next();
        innermost.is_some_and(|frame| !frame.function.is_empty())
    });
    let sum = |counts: &mut dyn Iterator<Item = &StackCount>| -> u64 {
        counts.map(|count| count.samples).sum()
    };
    let (named, all) = (sum(&mut named.into_iter()), sum(&mut user.into_iter()));
    assert!(all > 0 && 10 * named >= 9 * all, "{named} of {all}");
}

#[test]
fn follows_frame_pointers_to_callers() {
    let recording = record(&["spin", "500"]);
    let stacks = &recording.stacks;
    let innermost = |count: &StackCount| -> Vec<&str> {
        let frames = stacks.frames_of(count.node).take(3);
        frames.map(|frame| frame.function.as_str()).collect()
    };
    let (mut found, mut all) = (0, 0);
    for count in &stacks.counts {
        if count.mode != SampleMode::User {
            continue;
        }
        all += count.samples;
        if let ["known_spin", "known_spinner", above] = innermost(count)[..]
            && above.ends_with("known_sites::spin")
        {
            found += count.samples;
        }
    }
    // A sample at the first or the last instruction of a function sees one frame less.
    assert!(all > 100 && 100 * found >= 95 * all, "{found} of {all}");
}

#[test]
fn loses_no_sample_while_stacks_are_taken_out_of_their_table() {
    // At this rate it is read, and its halves change places, at least each second.
    let recording = record_with(&["touch", "300000"], &["--sample-rate", "4999"], |_| ());
    let samples = samples_of_threads(&recording);
    let stacks = &recording.stacks;
    let counted: u64 = stacks.counts.iter().map(|count| count.samples).sum();
    assert!(samples > 0);
    assert_eq!(
        (stacks.samples, stacks.lost, counted),
        (samples, 0, samples)
    );
}

#[test]
fn keeps_kernel_frames_of_system_calls() {
    // By chance, none of the few samples in one function might have its callers read.
    let callers_of_all = ["--kernel-stack-every", "1"];
    let recording = record_with(&["touch", "50000"], &callers_of_all, |_| ());
    let stacks = &recording.stacks;
    let in_kernel = stacks
        .frames
        .iter()
        .filter(|frame| frame.place == CodePlace::Kernel);
    let named = in_kernel.filter(|frame| !frame.function.is_empty()).count();
    let (faults, all) = with_function(&recording, SampleMode::Fault, "fault");
    assert!(
        named > 0 && all > 0 && 2 * faults > all,
        "{faults} of {all}"
    );
    // Addresses of the kernel are secret.
    let mut kernel = stacks
        .frames
        .iter()
        .filter(|frame| frame.place == CodePlace::Kernel);
    assert!(kernel.all(|frame| frame.address == 0));
}

#[test]
fn keeps_no_stack_if_none_is_asked_for() {
    let recording = record_with(&["burn", "200"], &["--stacks", "none"], |_| ());
    assert!(recording.stacks.is_empty());
    assert!(
        recording
            .threads
            .iter()
            .any(|thread| thread.samples.user > 0)
    );
}
