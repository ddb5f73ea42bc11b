//! Code that samples and call stacks of the example find, and its wakers.

use crate::memory::MemoryStack;
use crate::process::{Frame, WakeSource, Waker};
use crate::vocabulary::RegionClass::{self, *};
use crate::vocabulary::{CodePlace, MemoryEvent};

/// Time between CPU-clock samples.
const SAMPLE_NS: u64 = 50_000;

/// A function: index of its thread, name, file, region, and percent of the thread's samples.
pub(super) type Code = (usize, &'static str, &'static str, RegionClass, u64);

pub(super) const GO_CODE: &[Code] = &[
    (0, "runtime.scanobject", "server", BinaryText, 8),
    (0, "runtime.mallocgc", "server", BinaryText, 12),
    (0, "runtime.findRunnable", "server", BinaryText, 14),
    (0, "encoding/json.Marshal", "server", BinaryText, 17),
    (0, "main.relay", "server", BinaryText, 30),
    (
        0,
        "internal/runtime/syscall.Syscall6",
        "server",
        BinaryText,
        9,
    ),
    (1, "main.relay", "server", BinaryText, 60),
];
pub(super) const BUN_CODE: &[Code] = &[
    (0, "", "", JitCode, 31),
    (0, "", "bun", BinaryText, 47),
    (0, "memcpy", "libc.so.6", Libraries, 6),
    (0, "__send", "libc.so.6", Libraries, 5),
    (1, "", "bun", BinaryText, 80),
    (2, "", "bun", BinaryText, 100),
    (3, "", "bun", BinaryText, 100),
];

/// Takes one sample in so many nanoseconds, and gives code percents of the samples of its thread.
pub(super) fn sampled(recording: &mut crate::Recording, code: &[Code]) {
    for thread in &mut recording.threads {
        let samples = &mut thread.samples;
        for count in [
            &mut samples.user,
            &mut samples.fault_irq,
            &mut samples.ctx_switch,
        ] {
            *count /= SAMPLE_NS;
        }
        samples.syscall = thread.syscall_ns / SAMPLE_NS;
    }
    for (thread, function, file, class, percent) in code {
        recording.code.push(crate::process::CodeSamples {
            thread: *thread,
            function: (*function).into(),
            file: (*file).into(),
            class: *class,
            samples: recording.threads[*thread].samples.user * percent / 100,
        });
    }
}

pub(super) fn wakers(wakers: &[(Option<usize>, usize, u64)]) -> Vec<Waker> {
    let waker = |(from, to, count): &(Option<usize>, usize, u64)| Waker {
        from: from.map_or(WakeSource::Interrupt, WakeSource::Thread),
        to: *to,
        count: *count,
        ..Waker::default()
    };
    wakers.iter().map(waker).collect()
}

pub(super) fn stack(
    kind: MemoryEvent,
    (thread, count): (usize, u64),
    functions: &[(&str, &str)],
) -> MemoryStack {
    let frame = |(function, file): &(&str, &str)| Frame {
        function: (*function).into(),
        file: (*file).into(),
        class: CodePlace::Region(BinaryText),
        code: None,
    };
    let returns = kind == MemoryEvent::DontNeed;
    MemoryStack {
        thread: Some(thread),
        kind,
        count,
        bytes: if returns { -65_536 * count as i64 } else { 0 },
        stack: functions.iter().map(frame).collect(),
    }
}
pub(super) fn bun_memory_stacks() -> Vec<MemoryStack> {
    vec![
        stack(
            MemoryEvent::PageFault,
            (0, 1_500),
            &[("memset", "libc.so.6")],
        ),
        stack(
            MemoryEvent::DontNeed,
            (2, 24),
            &[("madvise", "libc.so.6"), ("", "bun")],
        ),
    ]
}
