//! A rule: what differs between architectures stands in one module of each crate.

use super::{File, Place};

/// The files that know registers, numbers of system calls, and the architecture. The last has a
/// program of the tests that is written in assembly.
const MODULES: [&str; 5] = [
    "profiler/src/record/arch.rs",
    "profiler-common/build.rs",
    "profiler-common/src/numbers.rs",
    "profiler-ebpf/src/registers.rs",
    "profiler/tests/kernel/known_sites.rs",
];

/// Crates whose code runs beside another kernel or reads its data.
const CRATES: [&str; 11] = [
    "analysis",
    "kontrast",
    "loadgen",
    "profiler",
    "profiler-common",
    "profiler-ebpf",
    "recording",
    "report",
    "runner",
    "suite",
    "top",
];

/// Conditions on the architecture of the host, of the observed kernel, or of its programs.
const CONDITIONS: [&str; 3] = ["target_arch", "kernel_arch", "bpf_target_arch"];
/// The condition of code that the kernel runs, on any architecture.
const ON_KERNEL_SIDE: &str = "target_arch = \"bpf\"";
/// The kernel's type of saved registers, as a name in its description of types.
const SAVED: &str = "\"pt_regs\"";
/// Fields of saved registers.
const REGISTERS: [&str; 20] = [
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "rip", "r8", "r9", "r10", "r11", "r12",
    "r13", "r14", "r15", "eflags", "orig_rax", "orig_ax",
];

/// Returns lines that name a register or an architecture, or compare a system call with a number,
/// outside of the modules that may.
pub fn misplaced(file: &File) -> Vec<Place> {
    let (path, part) = (file.path.as_str(), file.part());
    if file.rust.is_none() || !CRATES.contains(&part) || MODULES.contains(&path) {
        return Vec::new();
    }
    let lines = file.text.lines().enumerate();
    let found = lines.filter_map(|(at, line)| {
        let code = line.split("//").next().unwrap_or(line);
        let text = reason(code)?;
        Some((
            at + 1,
            format!("{text} belongs into {}", MODULES.join(", ")),
        ))
    });
    found.collect()
}

fn reason(code: &str) -> Option<&'static str> {
    let words = words(code);
    let is_condition = |word: &&str| CONDITIONS.contains(word);
    if words.iter().any(is_condition) && !code.contains(ON_KERNEL_SIDE) {
        return Some("a condition on the architecture");
    }
    if code.contains(SAVED)
        || code.contains(".regs[")
        || fields(code).any(|field| REGISTERS.contains(&field))
    {
        return Some("a register");
    }
    let mut neighbours = words.windows(2);
    let compares = neighbours.any(|pair| is_number_of_call(pair[0], pair[1]))
        && (code.contains("==") || code.contains("!=") || code.contains("matches!"));
    compares.then_some("a number of a system call")
}

/// Whether a variable that holds the number of a system call stands before a literal other than 0.
fn is_number_of_call(name: &str, next: &str) -> bool {
    let is_name = name == "nr" || name.ends_with("_nr") || name.ends_with("NR");
    is_name && next != "0" && next.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns names and numbers, in order.
fn words(code: &str) -> Vec<&str> {
    let words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.filter(|word| !word.is_empty()).collect()
}

/// Returns the names of fields that the code reads.
fn fields(code: &str) -> impl Iterator<Item = &str> {
    code.split('.').skip(1).filter_map(|rest| {
        let field = words(rest).first().copied()?;
        rest.starts_with(field).then_some(field)
    })
}
