//! Arrays of the programs, mapped into this process: reading one takes no system call.
#![expect(unsafe_code, reason = "the memory of a map is shared with the kernel")]

use anyhow::{Context, Result, bail};
use aya::Ebpf;
use aya::maps::Map;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use std::ffi::c_void;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::ptr::NonNull;

/// An array of the programs that can be mapped (`BPF_F_MMAPABLE`). The mapping keeps the array.
#[derive(Debug)]
pub struct Mapped<T> {
    start: NonNull<c_void>,
    length: usize,
    of: PhantomData<T>,
}

impl<T: aya::Pod> Mapped<T> {
    /// Maps an array whose values are aligned to 8 bytes, as the kernel lays them out.
    ///
    /// # Errors
    /// There is no such array, or the kernel refuses to map it.
    pub fn of(bpf: &Ebpf, name: &str) -> Result<Self> {
        const { assert!(size_of::<T>().is_multiple_of(8)) };
        let Some(Map::Array(data)) = bpf.map(name) else {
            bail!("the object has no array {name}");
        };
        let info = data
            .info()
            .with_context(|| format!("cannot look at {name}"))?;
        if info.value_size() as usize != size_of::<T>() {
            bail!("{name} holds values of {} bytes", info.value_size());
        }
        let length = info.max_entries() as usize * size_of::<T>();
        let size = NonZeroUsize::new(length).with_context(|| format!("{name} is empty"))?;
        let descriptor = data.fd().as_fd();
        let (protection, flags) = (ProtFlags::PROT_READ, MapFlags::MAP_SHARED);
        // SAFETY: a new mapping, wherever there is room, is no other code's memory.
        let start = unsafe { mmap(None, size, protection, flags, descriptor, 0) };
        Ok(Mapped {
            start: start.with_context(|| format!("cannot map {name}"))?,
            length,
            of: PhantomData,
        })
    }

    /// Returns the number of values.
    pub fn len(&self) -> usize {
        self.length / size_of::<T>()
    }

    /// Returns a value, which the programs may be writing to.
    pub fn get(&self, index: usize) -> Option<T> {
        if index >= self.len() {
            return None;
        }
        let value = self.start.cast::<T>().as_ptr().wrapping_add(index);
        // SAFETY: the value lies inside the mapping, aligned, and every bit pattern is one.
        Some(unsafe { value.read_volatile() })
    }

    /// Returns the number of 32 bits at a place of a value.
    pub fn word(&self, index: usize, place: usize) -> Option<u32> {
        if index >= self.len() || place >= size_of::<T>() / size_of::<u32>() {
            return None;
        }
        let value = self.start.cast::<T>().as_ptr().wrapping_add(index);
        let word = value.cast::<u32>().wrapping_add(place);
        // SAFETY: the number lies inside the mapping, and is aligned as its value is.
        Some(unsafe { word.read_volatile() })
    }
}

impl<T> Drop for Mapped<T> {
    fn drop(&mut self) {
        // SAFETY: no reference to the mapping was ever made.
        let result = unsafe { munmap(self.start, self.length) };
        debug_assert!(result.is_ok(), "{result:?}");
    }
}
