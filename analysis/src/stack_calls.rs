//! The system call that a call stack is in or around.

use crate::kinds;
use recording::Recording;
use recording::process::{Syscall, Thread};
use recording::stacks::StackCount;
use recording::vocabulary::{CodePlace, SyscallClass, TermKind};

/// Prefixes of the names of system calls in names of the kernel's functions.
const PREFIXES: [&str; 8] = [
    "__x64_sys_",
    "__arm64_sys_",
    "__ia32_sys_",
    "__se_sys_",
    "__do_sys_",
    "ksys_",
    "__sys_",
    "do_sys_",
];
/// Prefixes of wrappers of the C library and the vDSO.
const WRAPPERS: [&str; 4] = ["__libc_", "__GI_", "__vdso_", "__"];

/// Returns the name of a wrapper of the C library or the vDSO without its prefix: that of the
/// system call that it makes.
pub fn bare(function: &str) -> &str {
    let mut bare = WRAPPERS
        .iter()
        .filter_map(|prefix| function.strip_prefix(prefix));
    bare.next().unwrap_or(function)
}

/// Returns the call of a thread that a stack is in or around: the kernel's function names it, or
/// else the innermost function of user code (`__send`, `syscall.write`).
pub fn call_of<'a>(
    recording: &Recording,
    count: &StackCount,
    thread: &'a Thread,
) -> Option<&'a Syscall> {
    let call = |name: &str| thread.syscalls.iter().find(|call| call.name == name);
    let frames = || recording.stacks.frames_of(count.node);
    let in_kernel = frames().filter(|frame| frame.place == CodePlace::Kernel);
    let by_kernel = in_kernel.filter_map(|frame| {
        let mut prefixes = PREFIXES.iter();
        let name = prefixes.find_map(|prefix| frame.function.strip_prefix(prefix))?;
        call(name)
    });
    // The outermost is the call itself; calls may use functions of others inside.
    let by_kernel = by_kernel.last();
    let mut in_user = frames().filter(|frame| matches!(frame.place, CodePlace::Region(_)));
    by_kernel.or_else(|| {
        let innermost = in_user.next()?;
        let function = bare(&innermost.function);
        call(function).or_else(|| call(function.rsplit('.').next()?))
    })
}

/// Returns the class of the call that a stack is in.
pub fn class_of(
    recording: &Recording,
    count: &StackCount,
    thread: &Thread,
) -> Option<SyscallClass> {
    match kinds::of_syscall(call_of(recording, count, thread)?).0 {
        TermKind::Syscall(class) => Some(class),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::stacks::{SampleMode, StacksBuilder};
    use recording::testing::{Build, MAIN, frame};
    use recording::vocabulary::RegionClass;

    #[test]
    fn finds_the_call_by_the_function_of_the_kernel_or_its_wrapper() {
        let names = [
            ("main", Some("ksys_read"), Some("read")),
            ("main", Some("__do_sys_sendto"), Some("sendto")),
            ("syscall.read", None, Some("read")),
            ("__libc_read", Some("entry_SYSCALL_64"), Some("read")),
            ("main", Some("__x64_sys_mmap"), None),
            ("main", None, None),
        ];
        for (function, in_kernel, expected) in names {
            let text = CodePlace::Region(RegionClass::BinaryText);
            let in_kernel = in_kernel.map(|name| frame(name, CodePlace::Kernel));
            let mut builder = StacksBuilder::default();
            let frames = std::iter::once(frame(function, text)).chain(in_kernel);
            builder.add((0, SampleMode::Syscall, false), frames, 1);
            let build = Build::arm("cpp").thread(1, MAIN, |thread| {
                thread.call("sendto", 4, 500).call("read", 4, 90)
            });
            let build = build.with(|recording| recording.stacks = builder.done());
            let recording = build.done();
            let (count, thread) = (&recording.stacks.counts[0], &recording.threads[0]);
            let found = call_of(&recording, count, thread);
            let found = found.map(|call| &*call.name);
            assert_eq!(found, expected, "{function}");
        }
    }

    #[test]
    fn strips_prefixes_of_wrappers() {
        let names = ["__libc_read", "__vdso_clock_gettime", "read", "__poll"];
        assert_eq!(names.map(bare), ["read", "clock_gettime", "read", "poll"]);
    }
}
