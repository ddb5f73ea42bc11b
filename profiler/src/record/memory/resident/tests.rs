#![expect(unsafe_code, reason = "memory that is mapped here")]

use super::*;
use crate::record::tasks::Tasks;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::num::NonZeroUsize;

const PAGE: usize = 4096;

/// A mapping of this process.
struct Mapped(std::ptr::NonNull<std::ffi::c_void>, usize);

impl Mapped {
    fn new(pages: usize, protection: ProtFlags) -> Self {
        let length = pages * PAGE;
        let size = NonZeroUsize::new(length).expect("some pages");
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_NORESERVE;
        // SAFETY: a new mapping, wherever there is room, is no other code's memory.
        let start = unsafe { mmap_anonymous(None, size, protection, flags) };
        Mapped(start.expect("room"), length)
    }

    fn write(&self, page: usize) {
        assert!(page * PAGE < self.1);
        let start = self.0.cast::<u8>().as_ptr().wrapping_add(page * PAGE);
        // SAFETY: the page is mapped, and nothing refers to it.
        unsafe { start.write_volatile(1) };
    }

    fn read(&self, page: usize) -> u8 {
        let start = self.0.cast::<u8>().as_ptr().wrapping_add(page * PAGE);
        // SAFETY: the page is mapped, and nothing refers to it.
        unsafe { start.read_volatile() }
    }

    fn map(&self) -> MemoryMap {
        let start = self.0.as_ptr() as u64;
        let maps = super::super::maps_of(Path::new("/proc/self"), "maps").expect("this process");
        let holds = |map: &MemoryMap| (map.address.0..map.address.1).contains(&start);
        let mut map = maps.into_iter().find(holds).expect("it is mapped");
        map.address = (start, start + self.1 as u64);
        map
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: nothing refers to the mapping any more.
        unsafe { munmap(self.0, self.1) }.expect("it is mapped");
    }
}

const READ_WRITE: ProtFlags = ProtFlags::PROT_READ.union(ProtFlags::PROT_WRITE);

#[test]
fn counts_pages_that_were_written_and_no_others() {
    // 64 GiB of address space, of which four parts are resident.
    let mapped = Mapped::new(16 << 20, READ_WRITE);
    let pagemap = File::open("/proc/self/pagemap").expect("this process");
    let pages = [0, 511, 512, 700, 701, 5 << 20, (16 << 20) - 1];
    pages.iter().for_each(|page| mapped.write(*page));
    if scan::is_supported(&pagemap) {
        assert_eq!(mapped.read(3 << 20), 0, "the page of zeros does not count");
        let size = (pages.len() * PAGE) as u64;
        let counted = walk(&pagemap, &mapped.map(), &mut SharedPages::default());
        assert_eq!(counted, Some((size, size)));
    }
}

#[test]
fn walks_large_mappings_in_pieces() {
    let large = Mapped::new(1 << 20, READ_WRITE).map();
    let small = Mapped::new(100, READ_WRITE).map();
    assert!(needs_pieces(std::slice::from_ref(&large), MAX_TABLES + 1));
    assert!(!needs_pieces(&[large], MAX_TABLES), "hardly a page table");
    assert!(!needs_pieces(&[small], u64::MAX));
}

#[test]
fn agrees_with_smaps_on_this_process() {
    let opened = Opened::process(std::process::id(), &Tasks::default()).expect("this process");
    let maps = super::super::maps_of(&opened.folder, "maps").expect("this process");
    let maps: Vec<MemoryMap> = maps.into_iter().collect();
    let at_once = Resident::at_once(&opened).regions();
    let in_pieces = Resident::in_pieces(&opened, &maps, &mut SharedPages::default());
    let in_pieces = in_pieces.expect("readable");
    assert!(in_pieces.in_pieces);
    let rss = |regions: &[Region]| regions.iter().map(|region| region.rss_bytes).sum::<u64>();
    let (expected, measured) = (rss(&at_once), rss(&in_pieces.regions()));
    // Other tests run meanwhile, and take memory.
    assert!(
        measured.abs_diff(expected) < expected / 4 + (8 << 20),
        "{measured} instead of {expected}"
    );
}

#[test]
fn counts_a_shared_page_once() {
    let mut shared = SharedPages::default();
    let file = |inode| Sharing::File((8, 1), inode);
    assert!(shared.add(file(7), 513) && shared.add(file(8), 513));
    assert!(shared.add(Sharing::Fork, 513) && shared.add(file(7), 512));
    assert!(!shared.add(file(7), 513) && !shared.add(Sharing::Fork, 513));
}
