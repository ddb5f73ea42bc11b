//! The two kinds of tracepoint program, and reading kernel memory from either.

use crate::config::DIRECT_LOADS;
use aya_ebpf::EbpfContext;
use aya_ebpf::helpers::bpf_probe_read_kernel;

/// Makes a `tp_btf` and a raw tracepoint program of one body.
macro_rules! hooks {
    ($($tracepoint:literal => $body:ident as $btf:ident, $raw:ident;)*) => {$(
        #[aya_ebpf::macros::btf_tracepoint(function = $tracepoint)]
        pub fn $btf(ctx: aya_ebpf::programs::BtfTracePointContext) -> i32 {
            $body($crate::hook::Args::new(&ctx));
            0
        }

        #[aya_ebpf::macros::raw_tracepoint(tracepoint = $tracepoint)]
        pub fn $raw(ctx: aya_ebpf::programs::RawTracePointContext) -> i32 {
            $body($crate::hook::Args::new(&ctx));
            0
        }
    )*};
}
pub(crate) use hooks;

/// Arguments of a tracepoint: both kinds of program get them as an array of words.
#[derive(Clone, Copy)]
pub struct Args(*const u64);

impl Args {
    /// The arguments behind a context.
    #[inline(always)]
    pub fn new(ctx: &impl EbpfContext) -> Self {
        Args(ctx.as_ptr().cast())
    }

    /// Argument `N` as a number.
    #[inline(always)]
    pub fn word<const N: usize>(self) -> u64 {
        let word = self.0.wrapping_add(N);
        // SAFETY: the verifier checks that the tracepoint has an argument N.
        unsafe { *word }
    }

    /// Argument `N` as a pointer to a kernel structure.
    #[inline(always)]
    pub fn object<const N: usize>(self) -> Object {
        Object(self.word::<N>() as *const u8)
    }
}

/// A pointer to a kernel structure.
#[derive(Clone, Copy)]
pub struct Object(pub *const u8);

impl Object {
    /// The field at `offset`; 0 where it cannot be read.
    #[inline(always)]
    pub fn read<T: Copy + Default>(self, offset: u64) -> T {
        let field = self.0.wrapping_add(offset as usize).cast::<T>();
        if DIRECT_LOADS.load() == 1 {
            // SAFETY: a load from a BTF pointer that faults reads as zero; the verifier checks the offset.
            unsafe { core::ptr::read_volatile(field) }
        } else {
            // SAFETY: the helper copies from any kernel address and fails on one that cannot be read.
            unsafe { bpf_probe_read_kernel(field) }.unwrap_or_default()
        }
    }

    /// The address, as a key.
    #[inline(always)]
    pub fn address(self) -> u64 {
        self.0 as u64
    }
}
