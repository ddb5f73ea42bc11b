use super::*;
use crate::ledger::Ledger;
use crate::testing::any_recordings;
use proptest::prelude::*;
use recording::stacks::{StackFrame, Stacks, StacksBuilder};
use recording::testing::{self, Build, MAIN};
use recording::vocabulary::{RegionClass, SyscallClass};

fn user(function: &str) -> StackFrame {
    testing::frame(function, CodePlace::Region(RegionClass::BinaryText))
}

fn kernel(function: &str) -> StackFrame {
    testing::frame(function, CodePlace::Kernel)
}

/// Samples of stacks, each given from the outermost frame inward.
fn stacks(samples: &[(SampleMode, &[StackFrame], u64)]) -> Stacks {
    let mut builder = StacksBuilder::default();
    for (mode, frames, samples) in samples {
        builder.add((0, *mode, false), frames.to_vec(), *samples);
    }
    builder.done()
}

/// An event loop that sends and faults.
fn loop_with(stacks: Stacks) -> Recording {
    let build = Build::arm("cpp").thread(1, MAIN, |thread| {
        let thread = thread.user(1_000, 5).fault(300, 3);
        thread.call("sendto", 4, 500).call("read", 4, 90)
    });
    build.with(|recording| recording.stacks = stacks).done()
}

fn row(rows: &[StackRow], kind: TermKind) -> &StackRow {
    let found = rows.iter().find(|row| row.key.kind == kind);
    found.expect("the row is in the ledger")
}

#[test]
fn splits_a_row_over_the_stacks_that_found_it() {
    use SampleMode::{Fault, Syscall, User};
    let main = user("main");
    let recording = loop_with(stacks(&[
        (User, &[main.clone(), user("answer")], 600),
        (User, &[main.clone(), user("parse"), user("memcpy")], 300),
        (User, &[main.clone(), user("__send")], 100),
        (
            Syscall,
            &[
                main.clone(),
                user("__send"),
                kernel("__x64_sys_sendto"),
                kernel("tcp_sendmsg"),
            ],
            2,
        ),
        (Fault, &[main, kernel("asm_exc_page_fault")], 2),
    ]));
    let rows = stack_rows(&recording);
    let application = row(&rows, TermKind::Code(CodeCategory::Application));
    assert_eq!(application.stacks.len(), 1);
    let copying = row(&rows, TermKind::Code(CodeCategory::Copying));
    assert_eq!((application.ns, copying.ns), (600, 300));
    // Half of the wrapper's 100 ns, which names neither call, goes to each.
    let send = row(&rows, TermKind::Syscall(SyscallClass::Send));
    let of_send: Vec<u64> = send.stacks.iter().map(|share| share.ns).collect();
    assert_eq!((send.ns, of_send), (550, vec![50, 500]));
    let fault = row(&rows, TermKind::Fault);
    assert_eq!((fault.stacks[0].ns, fault.ns), (300, 300));
    let read = row(&rows, TermKind::Syscall(SyscallClass::Receive));
    assert_eq!(
        (read.ns, read.stacks.len(), read.unsampled_ns),
        (140, 1, 90)
    );
}

#[test]
fn distinguishes_context_switches_from_faults_that_sleep() {
    let switch = [user("main"), kernel("schedule"), kernel("__schedule")];
    let fault = [
        user("main"),
        kernel("asm_exc_page_fault"),
        kernel("schedule"),
    ];
    for (frames, expected) in [(&switch, true), (&fault, false)] {
        let recording = loop_with(stacks(&[(SampleMode::Fault, frames, 1)]));
        let count = &recording.stacks.counts[0];
        assert_eq!(switches(&recording, count), expected);
    }
}

#[test]
fn charges_stacks_around_a_call_to_its_row() {
    let build = Build::arm("cpp").thread(1, MAIN, |thread| {
        let thread = thread.user(1_000, 5);
        thread.call("read", 1, 10).call("futex", 1, 10)
    });
    let samples = [
        (SampleMode::User, &[user("main")][..], 800),
        (
            SampleMode::User,
            &[user("main"), user("__libc_read")][..],
            200,
        ),
    ];
    let build = build.with(|recording| recording.stacks = stacks(&samples));
    let rows = stack_rows(&build.done());
    let read = row(&rows, TermKind::Syscall(SyscallClass::Receive));
    assert_eq!(
        (read.ns, read.unsampled_ns, read.stacks.len()),
        (110, 10, 1)
    );
    // The wrappers' time is shared by number of calls, and no stack is around this one.
    let futex = row(&rows, TermKind::Syscall(SyscallClass::ThreadSync));
    assert_eq!(
        (futex.ns, futex.unsampled_ns, futex.stacks.len()),
        (110, 10, 1)
    );
}

/// Random stacks of functions that rules know and that they do not.
fn any_stacks() -> impl Strategy<Value = Stacks> {
    use SampleMode::{Fault, FaultReturn, Syscall, SyscallEdge, User};
    let modes = prop::sample::select(vec![
        User,
        User,
        User,
        Syscall,
        Fault,
        FaultReturn,
        SyscallEdge,
    ]);
    let names = ["main", "memcpy", "read", "", "runtime.scanobject"];
    let frame = prop_oneof![
        prop::sample::select(names.to_vec()).prop_map(user),
        prop::sample::select(vec!["ksys_read", "__schedule", "exc_page_fault"]).prop_map(kernel),
    ];
    let frames = prop::collection::vec(frame, 0..5);
    let sample = (0usize..4, modes, any::<bool>(), frames, 0u64..1 << 40);
    prop::collection::vec(sample, 0..30).prop_map(|samples| {
        let mut builder = StacksBuilder::default();
        for (thread, mode, in_gc, frames, samples) in samples {
            builder.add((thread, mode, in_gc), frames, samples);
        }
        builder.done()
    })
}

proptest! {
    /// Stacks and unsampled time of each row are the row of the ledger, to the nanosecond, and the
    /// rows are the on-CPU time of the threads.
    #[test]
    fn adds_up_to_the_rows_of_the_ledger(
        recordings in any_recordings(),
        stacks in any_stacks(),
    ) {
        for (_, mut round) in recordings {
            round.stacks = stacks.clone();
            let mut ledger = Ledger::default();
            crate::attribution::book("r", &round, &mut ledger);
            let rows = stack_rows(&round);
            let booked = ledger.0.iter().filter(|(_, row)| row.value > 0);
            let booked: Vec<(&Key, u64)> = booked.map(|(key, row)| (key, row.value)).collect();
            let found: Vec<(&Key, u64)> = rows.iter().map(|row| (&row.key, row.ns)).collect();
            prop_assert_eq!(booked, found);
            for row in &rows {
                let by_stack: u64 = row.stacks.iter().map(|share| share.ns).sum();
                prop_assert_eq!(by_stack + row.unsampled_ns, row.ns);
            }
            let on_cpu: u64 = round.threads.iter().map(|thread| thread.on_cpu_ns).sum();
            prop_assert_eq!(rows.iter().map(|row| row.ns).sum::<u64>(), on_cpu);
        }
    }
}
