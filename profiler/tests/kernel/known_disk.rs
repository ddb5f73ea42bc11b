//! A process that moves data to and from a disk.

use nix::libc::{O_DIRECT, O_DSYNC};
use std::fs::OpenOptions;
use std::os::unix::fs::{FileExt, OpenOptionsExt};

const SIZE: usize = 65_536;
/// Memory and lengths of `O_DIRECT` are multiples of it on every device.
const ALIGNMENT: usize = 4_096;

/// Writes `times` times 64 KiB to a file or a device past the page cache, each until it is on the
/// disk, and then reads as much.
pub fn direct_io(path: &str, times: usize) {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let file = options.custom_flags(O_DIRECT | O_DSYNC).open(path);
    let file = file.expect("it can be opened past the page cache");
    let mut memory = vec![7; SIZE + ALIGNMENT];
    let start = memory.as_ptr().align_offset(ALIGNMENT);
    let block = &mut memory[start..start + SIZE];
    let places = (0..times).map(|index| (index * SIZE) as u64);
    for place in places.clone() {
        file.write_all_at(block, place).expect("written");
    }
    for place in places {
        file.read_exact_at(block, place).expect("read");
    }
}
