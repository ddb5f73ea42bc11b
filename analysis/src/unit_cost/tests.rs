use super::*;
use recording::stacks::{StackFrame, StacksBuilder};
use recording::testing::{Build, MAIN};
use recording::vocabulary::SyscallClass;

const SEND: TermKind = TermKind::Syscall(SyscallClass::Send);

/// A round with 1,000 sends of so many bytes, whose samples found these functions of the kernel.
fn round(bytes: u64, stacks: &[(&[&str], u64)]) -> Recording {
    let mut builder = StacksBuilder::default();
    for (functions, samples) in stacks {
        let frames = ["__x64_sys_sendto"].iter().chain(*functions);
        let frames = frames.map(|function| StackFrame {
            function: (*function).into(),
            place: CodePlace::Kernel,
            ..StackFrame::default()
        });
        let frames: Vec<StackFrame> = frames.collect();
        builder.add((0, SampleMode::Syscall, false), frames, *samples);
    }
    let build = Build::arm("x").thread(1, MAIN, |thread| thread.call("sendto", 1_000, 9_000_000));
    let mut recording = build.done();
    recording.threads[0].syscalls[0].bytes = Some(1_000 * bytes);
    recording.stacks = builder.done();
    recording
}

fn reason_of(costly: &Recording, baseline: &Recording, costs: [f64; 2]) -> Option<String> {
    let arm = |arm, recording| Rounds {
        arm,
        rounds: vec![("r", recording)],
        traced: Vec::new(),
    };
    reason([&arm("b", costly), &arm("a", baseline)], SEND, costs)
}

const TCP: &[&str] = &["tcp_sendmsg", "copy"];
const WAKE: &[&str] = &["tcp_sendmsg", "sock_def_readable", "try_to_wake_up"];

#[test]
fn names_the_innermost_function_with_most_of_the_difference() {
    let costly = round(9, &[(TCP, 500), (WAKE, 500)]);
    let baseline = round(9, &[(TCP, 900), (WAKE, 100)]);
    let text = reason_of(&costly, &baseline, [10_000.0, 5_500.0]).expect("stacks show it");
    assert_eq!(
        text,
        "of which 4.45 µs in try_to_wake_up (5.00 µs against 550 ns)"
    );
    let nothing = round(9, &[(TCP, 1_000)]);
    let text = reason_of(&costly, &nothing, [10_000.0, 5_000.0]).expect("stacks show it");
    assert!(
        text.ends_with("which the other arm does not reach"),
        "{text}"
    );
}

#[test]
fn names_bytes_first() {
    let costly = round(2_000, &[(TCP, 500), (WAKE, 500)]);
    let baseline = round(1_000, &[(TCP, 900), (WAKE, 100)]);
    let text = reason_of(&costly, &baseline, [10_000.0, 5_000.0]).expect("bytes show it");
    assert_eq!(text, "moving 1.95 KiB each against 1,000 B");
}

#[test]
fn says_where_all_functions_cost_more() {
    let parts: &[(&[&str], u64)] = &[(&["a"], 250), (&["b"], 250), (&["c"], 250), (&["d"], 250)];
    let same = round(9, parts);
    let text = reason_of(&same, &same, [9_000.0, 6_000.0]).expect("stacks show it");
    // The call itself has all of it, and its parts alike.
    assert!(
        text.starts_with("in all of its kernel functions alike"),
        "{text}"
    );
}

#[test]
fn finds_no_reason_in_few_samples() {
    let costly = round(9, &[(TCP, 5), (WAKE, 4)]);
    let baseline = round(9, &[(TCP, 8), (WAKE, 1)]);
    assert_eq!(reason_of(&costly, &baseline, [10_000.0, 5_000.0]), None);
    let unnamed = round(9, &[]);
    assert_eq!(reason_of(&costly, &unnamed, [10_000.0, 5_000.0]), None);
    assert_eq!(reason_of(&baseline, &costly, [5_000.0, 10_000.0]), None);
}
