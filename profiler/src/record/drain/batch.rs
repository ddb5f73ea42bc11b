//! Reading many entries of a hash with one system call (Linux 5.6).
#![expect(unsafe_code, reason = "the kernel writes to memory given to it")]

use nix::libc;
use std::io::Error;
use std::os::fd::{AsRawFd, BorrowedFd};

const LOOKUP: libc::c_int = 24;
const LOOKUP_AND_DELETE: libc::c_int = 25;
const DELETE: libc::c_int = 27;
/// Memory for the entries of one call.
const MOST_BYTES: usize = 1 << 20;
/// Entries of the first call. The kernel needs room for all that share a bucket.
const FEWEST: usize = 256;

/// Returns the entries that one call has room for at most.
const fn most<K, V>() -> usize {
    let fitting = MOST_BYTES / (size_of::<K>() + size_of::<V>());
    if fitting < FEWEST { FEWEST } else { fitting }
}

/// The batch commands' part of `union bpf_attr` of include/uapi/linux/bpf.h.
#[derive(Default)]
#[repr(C)]
struct Attributes {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map: u32,
    element_flags: u64,
    flags: u64,
}

const _: () = assert!(size_of::<Attributes>() == 56);

impl Attributes {
    /// Executes a command; returns whether the map has no more entries. `count` is how many it had.
    fn execute(&mut self, command: libc::c_int) -> Result<bool, Error> {
        let (pointer, size) = (std::ptr::from_mut(self), size_of::<Self>());
        // SAFETY: the callers give buffers of `count` keys and values of the map's sizes.
        let result = unsafe { libc::syscall(libc::SYS_bpf, command, pointer, size) };
        match (result, Error::last_os_error()) {
            (0, _) => Ok(false),
            (_, error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(true),
            (_, error) => Err(error),
        }
    }
}

/// Reads every entry of a hash, whose keys and values have these types. `takes` removes them.
///
/// # Errors
/// The kernel does not read entries in batches.
pub fn read<K: aya::Pod, V: aya::Pod>(
    map: BorrowedFd<'_>,
    takes: bool,
) -> Result<Vec<(K, V)>, Error> {
    let command = if takes { LOOKUP_AND_DELETE } else { LOOKUP };
    let most = const { most::<K, V>() };
    // Most maps have few entries, and memory for many takes longer than reading these.
    let mut room = FEWEST;
    let (mut keys, mut values) = (zeros::<K>(room), zeros::<V>(room));
    // The kernel writes where the next batch begins, at most a key.
    let mut place = [0u64; 32];
    let mut found = Vec::new();
    let mut begun = false;
    loop {
        let mut attributes = Attributes {
            in_batch: if begun { place.as_ptr() as u64 } else { 0 },
            out_batch: place.as_mut_ptr() as u64,
            keys: keys.as_mut_ptr() as u64,
            values: values.as_mut_ptr() as u64,
            count: room as u32,
            map: map.as_raw_fd().cast_unsigned(),
            ..Attributes::default()
        };
        let is_last = attributes.execute(command)?;
        let count = room.min(attributes.count as usize);
        found.extend(
            keys[..count]
                .iter()
                .copied()
                .zip(values[..count].iter().copied()),
        );
        if is_last {
            return Ok(found);
        }
        begun = true;
        if room < most {
            room = most;
            (keys, values) = (zeros::<K>(room), zeros::<V>(room));
        }
    }
}

/// Removes entries of a hash. Those that are gone already stay gone.
///
/// # Errors
/// The kernel does not remove entries in batches.
pub fn remove<K: aya::Pod>(map: BorrowedFd<'_>, keys: &[K]) -> Result<(), Error> {
    let mut rest = keys;
    while !rest.is_empty() {
        let mut attributes = Attributes {
            keys: rest.as_ptr() as u64,
            count: rest.len() as u32,
            map: map.as_raw_fd().cast_unsigned(),
            ..Attributes::default()
        };
        // It ends at a key without an entry, which is the one after `count`.
        let gone = usize::from(attributes.execute(DELETE)?);
        rest = &rest[rest.len().min(attributes.count as usize + gone)..];
    }
    Ok(())
}

fn zeros<T: aya::Pod>(count: usize) -> Vec<T> {
    // SAFETY: the type is plain data, of which zeros are a value.
    vec![unsafe { std::mem::zeroed() }; count]
}
