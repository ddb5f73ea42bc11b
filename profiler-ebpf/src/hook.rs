//! The two kinds of tracepoint program, and how each reads kernel memory.

use crate::config::READS_TASK_STACKS;
use aya_ebpf::EbpfContext;
use aya_ebpf::helpers::bpf_probe_read_kernel;
use aya_ebpf::helpers::generated::{
    bpf_get_current_task, bpf_get_current_task_btf, bpf_get_task_stack,
};
use core::ffi::c_void;
use core::marker::PhantomData;

/// Makes a `tp_btf` and a raw tracepoint program of one body.
macro_rules! hooks {
    ($($tracepoint:literal => $body:ident as $btf:ident, $raw:ident;)*) => {$(
        #[aya_ebpf::macros::btf_tracepoint(function = $tracepoint)]
        pub fn $btf(ctx: aya_ebpf::programs::BtfTracePointContext) -> i32 {
            $body($crate::hook::Args::<$crate::hook::Direct>::new(&ctx));
            0
        }

        #[aya_ebpf::macros::raw_tracepoint(tracepoint = $tracepoint)]
        pub fn $raw(ctx: aya_ebpf::programs::RawTracePointContext) -> i32 {
            $body($crate::hook::Args::<$crate::hook::Helper>::new(&ctx));
            0
        }
    )*};
}
pub(crate) use hooks;

/// How a kind of program reads kernel memory.
pub trait Access: Copy {
    /// Reads a value at an address inside a kernel structure; zeros where that is impossible.
    fn read<T: Copy + Default>(address: *const T) -> T;

    /// The running task.
    fn current_task() -> Object<Self>;

    /// Reads the stack in the kernel of a task that does not run, innermost frame first; returns
    /// how many frames there are.
    fn task_stack<const N: usize>(task: Object<Self>, place: &mut [u64; N]) -> u32;
}

/// Plain loads: the verifier knows the type behind a pointer (`tp_btf`).
#[derive(Clone, Copy)]
pub struct Direct;

/// A helper that copies (raw tracepoints).
#[derive(Clone, Copy)]
pub struct Helper;

impl Access for Direct {
    #[inline(always)]
    fn read<T: Copy + Default>(address: *const T) -> T {
        // SAFETY: a load from a BTF pointer that faults reads zero; the verifier checks the offset.
        unsafe { core::ptr::read_volatile(address) }
    }

    #[inline(always)]
    fn current_task() -> Object<Self> {
        // SAFETY: the helper takes no argument and cannot fail.
        Object::at(unsafe { bpf_get_current_task_btf() }.cast::<u8>())
    }

    #[inline(always)]
    fn task_stack<const N: usize>(task: Object<Self>, place: &mut [u64; N]) -> u32 {
        const WORD: u32 = size_of::<u64>() as u32;
        if READS_TASK_STACKS.load() == 0 {
            return 0;
        }
        let (task, size) = (task.pointer().cast_mut().cast(), N as u32 * WORD);
        // SAFETY: the helper writes at most `size` bytes, which `place` has.
        let read = unsafe { bpf_get_task_stack(task, place.as_mut_ptr().cast(), size, 0) };
        if read > 0 { read as u32 / WORD } else { 0 }
    }
}

impl Access for Helper {
    #[inline(always)]
    fn read<T: Copy + Default>(address: *const T) -> T {
        // SAFETY: the helper copies from any kernel address, and fails on one it cannot read.
        unsafe { bpf_probe_read_kernel(address) }.unwrap_or_default()
    }

    #[inline(always)]
    fn current_task() -> Object<Self> {
        Object::at(task_address() as *const u8)
    }

    /// The helper needs a pointer whose type the verifier knows.
    #[inline(always)]
    fn task_stack<const N: usize>(_: Object<Self>, _: &mut [u64; N]) -> u32 {
        0
    }
}

/// Address of the running task's `task_struct`, as an identity.
#[inline(always)]
pub fn task_address() -> u64 {
    // SAFETY: the helper takes no argument and cannot fail.
    unsafe { bpf_get_current_task() }
}

/// Arguments of a tracepoint: both kinds of program get them as an array of words.
#[derive(Clone, Copy)]
pub struct Args<A>(*const u64, PhantomData<A>);

impl<A: Access> Args<A> {
    /// The arguments behind a context.
    #[inline(always)]
    pub fn new(ctx: &impl EbpfContext) -> Self {
        Args(ctx.as_ptr().cast(), PhantomData)
    }

    /// The context, as helpers take it.
    #[inline(always)]
    pub fn context(self) -> *mut c_void {
        self.0.cast_mut().cast()
    }

    /// Argument `N` as a number.
    #[inline(always)]
    pub fn word<const N: usize>(self) -> u64 {
        let word = self.0.wrapping_add(N);
        // SAFETY: the verifier checks that the tracepoint has an argument N.
        unsafe { *word }
    }

    /// Argument `N`, a pointer, as a number. The verifier forgets what it points to, as it demands
    /// of an argument of a global function.
    #[inline(always)]
    pub fn address<const N: usize>(self) -> u64 {
        self.copied(N)
    }

    /// Argument `n` as a number, where `n` depends on the kernel.
    #[inline(always)]
    pub fn copied(self, n: usize) -> u64 {
        // SAFETY: the helper copies from any kernel address, such as the context's.
        unsafe { bpf_probe_read_kernel(self.0.wrapping_add(n)) }.unwrap_or_default()
    }

    /// Argument `N` as a pointer to a kernel structure.
    #[inline(always)]
    pub fn object<const N: usize>(self) -> Object<A> {
        Object::at(self.word::<N>() as *const u8)
    }
}

/// A pointer to a kernel structure.
#[derive(Clone, Copy)]
pub struct Object<A>(*const u8, PhantomData<A>);

impl<A: Access> Object<A> {
    /// The structure at an address.
    #[inline(always)]
    pub fn at(address: *const u8) -> Self {
        Object(address, PhantomData)
    }

    /// The field at `offset`; zeros where it cannot be read.
    #[inline(always)]
    pub fn read<T: Copy + Default>(self, offset: u64) -> T {
        A::read(self.0.wrapping_add(offset as usize).cast::<T>())
    }

    /// The structure that the field at `offset` points to.
    #[inline(always)]
    pub fn follow(self, offset: u64) -> Self {
        Object::at(self.read::<u64>(offset) as *const u8)
    }

    /// The pointer.
    #[inline(always)]
    pub fn pointer(self) -> *const u8 {
        self.0
    }

    /// The address, as a key.
    #[inline(always)]
    pub fn address(self) -> u64 {
        self.0 as u64
    }
}
