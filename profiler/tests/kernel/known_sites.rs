//! Functions with known frames: some take memory and return it to the kernel, others compute. They
//! are assembly: a compiler decides by itself which functions it inlines and whether it keeps frame
//! pointers.
#![expect(
    unsafe_code,
    reason = "functions in assembly, on memory that is mapped here"
)]

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use crate::PAGE;
use crate::known_shapes::used;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::num::NonZeroUsize;
use std::time::Duration;

unsafe extern "C" {
    fn known_touch(first: *mut u8, pages: usize);
    fn known_caller(address: *mut u8, length: usize) -> i32;
    fn known_stray(address: *mut u8, length: usize, frame: *mut u8) -> i32;
    fn known_spinner(times: usize);
}

/// Computes for this much CPU time, two functions below this one.
#[inline(never)]
pub fn spin(cpu_time: Duration) {
    const TIMES: usize = 1_000_000;
    let start = used();
    while used() - start < cpu_time {
        // SAFETY: it only counts in a register, and leaves the stack as it found it.
        unsafe { known_spinner(TIMES) };
    }
}

/// Memory that nothing was kept in so far.
pub struct Fresh {
    start: std::ptr::NonNull<std::ffi::c_void>,
    pages: usize,
}

impl Fresh {
    /// Maps `pages` pages.
    pub fn map(pages: usize) -> Self {
        let length = NonZeroUsize::new(pages * PAGE).expect("some pages");
        let (access, flags) = (
            ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
            MapFlags::MAP_PRIVATE,
        );
        // SAFETY: the kernel chooses a free range, so the mapping overlaps no other memory.
        let start = unsafe { mmap_anonymous(None, length, access, flags) }.expect("room");
        Fresh { start, pages }
    }

    /// Writes to every page.
    pub fn touch(&self) {
        // SAFETY: the mapping has that many pages.
        unsafe { known_touch(self.start.as_ptr().cast(), self.pages) };
    }

    /// Gives back the first page, `times` times.
    pub fn give_back(&self, times: usize) {
        for _ in 0..times {
            // SAFETY: nothing refers to what is in the page.
            let failed = unsafe { known_caller(self.start.as_ptr().cast(), PAGE) };
            assert_eq!(failed, 0);
        }
    }

    /// The same with a frame pointer that leads to the page, which is not there.
    pub fn give_back_astray(&self, times: usize) {
        let page = self.start.as_ptr().cast();
        for _ in 0..times {
            // SAFETY: nothing refers to the content of the page, and no code uses the frame pointer
            // during the call.
            let failed = unsafe { known_stray(page, PAGE, page) };
            assert_eq!(failed, 0);
        }
    }

    /// Unmaps all of it.
    pub fn unmap(self) {
        // SAFETY: nothing refers to it any more.
        unsafe { munmap(self.start, self.pages * PAGE) }.expect("it is mapped");
    }
}
