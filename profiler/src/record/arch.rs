//! Differences between architectures: names of registers in the kernel's types, and data that only
//! some have. A rule of `tidy` keeps both out of other files.

/// A field that programs read: the global that takes its offset (in bits, if its name begins so),
/// and the field's path. Alternatives are tried in order, since fields were renamed over the years.
pub type Field = (&'static str, &'static [&'static [&'static str]]);

/// Whether programs read call sites in user code, and the registers of arguments of system calls.
pub const READS_CALL_SITES: bool = cfg!(target_arch = "x86_64");

/// Whether receives of Go programs are paired with sends by goroutine. arm64 has the goroutine in
/// x28; no Go proxy has been recorded there.
pub const PAIRS_GOROUTINES: bool = cfg!(target_arch = "x86_64");

/// Registers that a thread had when it entered the kernel. arm64 has them in an array: x29 is the
/// frame pointer (AAPCS64), and Go keeps its goroutine in x28.
pub const REGISTERS: &[Field] = &[
    (
        "OFF_REGS_NR",
        &[&["pt_regs", "orig_ax"], &["pt_regs", "syscallno"]],
    ),
    ("OFF_REGS_IP", &[&["pt_regs", "ip"], &["pt_regs", "pc"]]),
    ("OFF_REGS_SP", &[&["pt_regs", "sp"]]),
    (
        "OFF_REGS_BP",
        &[&["pt_regs", "bp"], &["pt_regs", "regs[29]"]],
    ),
    (
        "OFF_REGS_DI",
        &[
            &["pt_regs", "di"],
            &["pt_regs", "orig_x0"],
            &["pt_regs", "regs[0]"],
        ],
    ),
    (
        "OFF_REGS_SI",
        &[&["pt_regs", "si"], &["pt_regs", "regs[1]"]],
    ),
    (
        "OFF_REGS_DX",
        &[&["pt_regs", "dx"], &["pt_regs", "regs[2]"]],
    ),
    (
        "OFF_REGS_R8",
        &[&["pt_regs", "r8"], &["pt_regs", "regs[4]"]],
    ),
    (
        "OFF_REGS_R9",
        &[&["pt_regs", "r9"], &["pt_regs", "regs[5]"]],
    ),
    (
        "OFF_REGS_G",
        &[&["pt_regs", "r14"], &["pt_regs", "regs[28]"]],
    ),
];
