//! Registers by their names in each architecture. Other files know the kernel's own copies, whose
//! places [`crate::config`] has.

#[cfg(bpf_target_arch = "x86_64")]
use aya_ebpf::bindings::pt_regs as Saved;
#[cfg(bpf_target_arch = "aarch64")]
use aya_ebpf::bindings::user_pt_regs as Saved;

/// Whether a call writes its return address on top of the stack. On arm64 a register has it.
pub const CALLS_PUSH: bool = cfg!(bpf_target_arch = "x86_64");

/// Returns the address in a word that a function saved to return to. Code for arm64 may sign the
/// word (`PACIASP`): the signature is in the bits above those of user addresses, 48 unless a
/// process asks the kernel for more (Documentation/arch/arm64/pointer-authentication.rst).
#[inline(always)]
pub fn return_address(word: u64) -> u64 {
    #[cfg(bpf_target_arch = "aarch64")]
    let word = word & ((1 << 48) - 1);
    word
}

/// The registers that show where a thread was interrupted.
#[derive(Clone, Copy)]
pub struct Registers {
    /// The instruction that it runs next.
    pub ip: u64,
    /// The stack pointer.
    pub sp: u64,
    /// The frame pointer, of code that keeps one.
    pub bp: u64,
    /// Whether a system call has just returned. Only x86-64 shows that.
    pub after_syscall: bool,
    /// Whether the instruction has yet to run because it, or one before it, caused a fault. Only
    /// x86-64 shows that.
    pub resumes: bool,
}

#[cfg(bpf_target_arch = "x86_64")]
impl Registers {
    /// Reads the registers behind the context of a program.
    ///
    /// A system call leaves its return address in a register (`SYSCALL`, Intel SDM volume 2). The
    /// processor marks a fault (`RF`, Intel SDM volume 3, 19.3.1.1; AMD64 volume 2, 3.1.6). A
    /// sample that was due on the way out of the kernel, where interrupts are off, shows both.
    #[inline(always)]
    pub fn at(saved: *const Saved) -> Self {
        const RESUME: u64 = 1 << 16;
        // SAFETY: the context of a program is the registers; the verifier checks each access.
        let ip = unsafe { (*saved).rip };
        // SAFETY: as above.
        let flags = unsafe { (*saved).eflags };
        // SAFETY: as above.
        let returned_to = unsafe { (*saved).rcx };
        Self {
            ip,
            // SAFETY: as above.
            sp: unsafe { (*saved).rsp },
            // SAFETY: as above.
            bp: unsafe { (*saved).rbp },
            after_syscall: ip == returned_to,
            resumes: flags & RESUME != 0,
        }
    }
}

#[cfg(bpf_target_arch = "aarch64")]
impl Registers {
    /// Reads the registers behind the context of a program.
    #[inline(always)]
    pub fn at(saved: *const Saved) -> Self {
        Self {
            // SAFETY: the context of a program is the registers; the verifier checks each access.
            ip: unsafe { (*saved).pc },
            // SAFETY: as above.
            sp: unsafe { (*saved).sp },
            // SAFETY: as above. AAPCS64: x29 is the frame pointer.
            bp: unsafe { (*saved).regs[29] },
            after_syscall: false,
            resumes: false,
        }
    }
}

/// Returns the first argument of a function of Go at its begin, by Go's internal convention.
#[inline(always)]
pub fn go_argument(saved: *const Saved) -> u64 {
    #[cfg(bpf_target_arch = "x86_64")]
    // SAFETY: the context of a uprobe is the registers; the verifier checks the access.
    let first = unsafe { (*saved).rax };
    #[cfg(bpf_target_arch = "aarch64")]
    // SAFETY: the context of a uprobe is the registers; the verifier checks the access.
    let first = unsafe { (*saved).regs[0] };
    first
}

/// Returns the third argument of a function of Go at its begin.
#[inline(always)]
pub fn go_third_argument(saved: *const Saved) -> u64 {
    #[cfg(bpf_target_arch = "x86_64")]
    // SAFETY: the context of a uprobe is the registers; the verifier checks the access.
    let third = unsafe { (*saved).rcx };
    #[cfg(bpf_target_arch = "aarch64")]
    // SAFETY: the context of a uprobe is the registers; the verifier checks the access.
    let third = unsafe { (*saved).regs[2] };
    third
}

/// Returns the address of the running goroutine's record, which Go keeps in a register.
#[inline(always)]
pub fn goroutine(saved: *const Saved) -> u64 {
    #[cfg(bpf_target_arch = "x86_64")]
    // SAFETY: the context of a uprobe is the registers; the verifier checks the access.
    let running = unsafe { (*saved).r14 };
    #[cfg(bpf_target_arch = "aarch64")]
    // SAFETY: the context of a uprobe is the registers; the verifier checks the access.
    let running = unsafe { (*saved).regs[28] };
    running
}
