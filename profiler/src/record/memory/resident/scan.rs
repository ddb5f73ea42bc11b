//! The kernel's scan for resident pages (`PAGEMAP_SCAN`, Linux 6.7), which skips what is not
//! resident without a cost for each page.
#![expect(unsafe_code, reason = "the kernel writes ranges to memory given to it")]

use nix::libc;
use std::fs::File;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Instant;

/// Address space of one call: the kernel locks the process's address space meanwhile.
const STEP: u64 = 1 << 30;
/// Resident pages after which a call ends, for the same reason.
const MAX_PAGES: u64 = 16_384;
/// `_IOWR('f', 16, struct pm_scan_arg)`. C libraries differ in its type.
const PAGEMAP_SCAN: libc::Ioctl = 0xc060_6610_u32 as libc::Ioctl;
const IS_PRESENT: u64 = 1 << 3;
const IS_ZERO_PAGE: u64 = 1 << 5;

/// `struct page_region` of include/uapi/linux/fs.h.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct PageRegion {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg` of include/uapi/linux/fs.h.
#[derive(Default)]
#[repr(C)]
struct ScanArguments {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    regions: u64,
    regions_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

const _: () = assert!(size_of::<ScanArguments>() == 96);

/// Returns whether this kernel scans for resident pages.
pub fn is_supported(pagemap: &File) -> bool {
    scan(pagemap, 0..0, &mut [PageRegion::default()]).is_some()
}

/// Returns the parts of a range that hold resident pages, the shared page of zeros excluded. The
/// whole range where the kernel does not scan.
///
/// It pauses after each call as long as the call took. A thread of the target that maps memory
/// waits for the lock of the address space, and gets it in a pause: without one, calls overtake it
/// for 4 ms (`RWSEM_WAIT_TIMEOUT` of kernel/locking/rwsem.c).
pub fn populated(pagemap: &File, range: Range<u64>) -> Vec<Range<u64>> {
    let mut regions = [PageRegion::default(); 64];
    let (mut found, mut next) = (Vec::new(), range.start);
    while next < range.end {
        let end = range.end.min(next.saturating_add(STEP));
        let begun = Instant::now();
        let Some((count, reached)) = scan(pagemap, next..end, &mut regions) else {
            found.push(next..range.end);
            break;
        };
        found.extend(
            regions[..count]
                .iter()
                .map(|region| region.start..region.end),
        );
        // A scan without progress would never end.
        if reached <= next {
            break;
        }
        next = reached;
        if next < range.end {
            thread::sleep(begun.elapsed());
        }
    }
    found
}

/// Scans a range; returns the regions found, and where the scan ended. `None` if the kernel refuses
/// it.
fn scan(pagemap: &File, range: Range<u64>, regions: &mut [PageRegion]) -> Option<(usize, u64)> {
    let mut arguments = ScanArguments {
        size: size_of::<ScanArguments>() as u64,
        start: range.start,
        end: range.end,
        regions: regions.as_mut_ptr() as u64,
        regions_len: regions.len() as u64,
        max_pages: MAX_PAGES,
        category_inverted: IS_ZERO_PAGE,
        category_mask: IS_PRESENT | IS_ZERO_PAGE,
        return_mask: IS_PRESENT,
        ..ScanArguments::default()
    };
    // SAFETY: the kernel writes at most `regions_len` regions to `regions`, and `walk_end`.
    let count = unsafe { libc::ioctl(pagemap.as_raw_fd(), PAGEMAP_SCAN, &raw mut arguments) };
    let count = usize::try_from(count).ok()?;
    Some((count.min(regions.len()), arguments.walk_end))
}
