//! Resident pages of a process, counted without holding up the process.
//!
//! The kernel locks an address space while it walks the pages of a mapping for `smaps`: 10 ms a
//! GiB, in which the process can neither map nor unmap memory. Larger mappings are walked in
//! pieces, by `PAGEMAP_SCAN` (Linux 6.7) and `/proc/PID/pagemap`, which lock it for 2 MiB at a
//! time.

use super::super::proc_snapshot::{read_lossy, status_field};
use super::Opened;
use procfs::process::{MMPermissions, MemoryMap};
use recording::memory::Region;
use recording::vocabulary::RegionClass;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

mod scan;

/// Page tables of one mapping that a walk of `smaps` may take at once: 20 µs each if they are full.
const MAX_TABLES: u64 = 64;
/// Address space that one page table maps.
const TABLE_BYTES: u64 = 2 << 20;
/// Address space without `PAGEMAP_SCAN` up to which mappings are walked in pieces: there the walk
/// cannot skip what is not resident.
const MAX_UNSCANNED: u64 = 64 << 30;

/// Pages that several processes share, so that each counts once: bits of 512 pages.
#[derive(Debug, Default)]
pub struct SharedPages(BTreeMap<(Sharing, u64), [u64; 8]>);

/// Way in which processes share pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sharing {
    /// A file or shared memory, by device and inode.
    File((i32, i32), u64),
    /// A fork: the copies lie at the same address.
    Fork,
}

impl SharedPages {
    /// Adds a page; returns whether it is new.
    fn add(&mut self, sharing: Sharing, page: u64) -> bool {
        let bits = self.0.entry((sharing, page / 512)).or_default();
        let (word, bit) = ((page % 512 / 64) as usize, 1 << (page % 64));
        let new = bits[word] & bit == 0;
        bits[word] |= bit;
        new
    }
}

/// Resident memory by class.
#[derive(Debug, Default)]
pub struct Resident {
    /// Resident and proportional bytes of each class.
    sums: BTreeMap<RegionClass, (u64, u64)>,
    /// Whether mappings were walked in pieces.
    pub in_pieces: bool,
}

impl Resident {
    /// Counts the resident pages of a process. `shared` has the pages that other processes of the
    /// target share with it.
    pub fn of(opened: &Opened, shared: &mut SharedPages) -> Self {
        let Some(maps) = super::maps_of(&opened.folder, "maps") else {
            return Self::default();
        };
        let maps: Vec<MemoryMap> = maps.into_iter().collect();
        if needs_pieces(&maps, page_tables(&opened.folder))
            && let Some(resident) = Self::in_pieces(opened, &maps, shared)
        {
            return resident;
        }
        Self::at_once(opened)
    }

    fn at_once(opened: &Opened) -> Self {
        let mut resident = Self::default();
        let maps = smaps_of(&opened.folder);
        for map in maps.iter().flatten() {
            let size = |field: &str| map.extension.map.get(field).copied().unwrap_or(0);
            resident.add(opened.class_of(map), size("Rss"), size("Pss"));
        }
        resident
    }

    /// Counts in pieces. `None` if the process has ended, or if this kernel would take too long.
    fn in_pieces(opened: &Opened, maps: &[MemoryMap], shared: &mut SharedPages) -> Option<Self> {
        let pagemap = File::open(opened.folder.join("pagemap")).ok()?;
        // Memory without any permission is reserved, and holds no page.
        let reserved = |map: &&MemoryMap| !map.perms.intersects(ANY_PERMISSION);
        let maps = || maps.iter().filter(|map| !reserved(map));
        let size: u64 = maps().map(|map| map.address.1 - map.address.0).sum();
        if size > MAX_UNSCANNED && !scan::is_supported(&pagemap) {
            return None;
        }
        let mut resident = Resident {
            in_pieces: true,
            ..Self::default()
        };
        for map in maps() {
            let (rss, pss) = walk(&pagemap, map, shared)?;
            if rss > 0 {
                resident.add(opened.class_of(map), rss, pss);
            }
        }
        Some(resident)
    }

    fn add(&mut self, class: RegionClass, rss_bytes: u64, pss_bytes: u64) {
        let sum = self.sums.entry(class).or_default();
        sum.0 += rss_bytes;
        sum.1 += pss_bytes;
    }

    /// Returns the classes.
    pub fn regions(&self) -> Vec<Region> {
        let region = |(class, sum): (&RegionClass, &(u64, u64))| Region {
            class: *class,
            rss_bytes: sum.0,
            pss_bytes: sum.1,
        };
        self.sums.iter().map(region).collect()
    }
}

const ANY_PERMISSION: MMPermissions = MMPermissions::READ
    .union(MMPermissions::WRITE)
    .union(MMPermissions::EXECUTE);

/// Returns whether a walk of `smaps` could lock the address space for long.
fn needs_pieces(maps: &[MemoryMap], page_tables: u64) -> bool {
    let tables = |map: &MemoryMap| (map.address.1 - map.address.0) / TABLE_BYTES + 1;
    let most = maps.iter().map(tables).max().unwrap_or(0);
    most.min(page_tables) > MAX_TABLES
}

/// Returns the number of page tables of a process, which bounds what a walk visits.
fn page_tables(folder: &Path) -> u64 {
    const TABLE_KIB: u64 = 4;
    let status = read_lossy(folder.join("status")).unwrap_or_default();
    status_field(&status, "VmPTE").map_or(u64::MAX, |kib| kib / TABLE_KIB)
}

/// Reads `smaps` a mapping at a time: the kernel unlocks the address space after each read.
fn smaps_of(folder: &Path) -> Option<procfs::process::MemoryMaps> {
    const ONE_MAPPING: usize = 512;
    let mut file = File::open(folder.join("smaps")).ok()?;
    let (mut text, mut piece) = (Vec::new(), [0; ONE_MAPPING]);
    loop {
        match file.read(&mut piece).ok()? {
            0 => break,
            length => text.extend_from_slice(&piece[..length]),
        }
    }
    super::parse_maps(&String::from_utf8_lossy(&text))
}

/// Reads of page tables between two pauses, in which a thread that maps memory gets the lock: some
/// 0.5 ms. Without pauses it waits for 200 reads.
const READS_AT_ONCE: u64 = 16;

/// Counts the resident pages of a mapping, and those that no page of the target counted before.
/// `None` if the process has ended.
fn walk(pagemap: &File, map: &MemoryMap, shared: &mut SharedPages) -> Option<(u64, u64)> {
    /// Bits of an entry, see Documentation/admin-guide/mm/pagemap.rst.
    const PRESENT: u64 = 1 << 63;
    const IS_FILE: u64 = 1 << 61;
    const EXCLUSIVE: u64 = 1 << 56;
    let page_size = procfs::page_size();
    let (mut rss, mut pss, mut reads) = (0, 0, 0_u64);
    let mut entries = [0; 512 * 8];
    for range in scan::populated(pagemap, map.address.0..map.address.1) {
        let mut page = range.start / page_size;
        let end = range.end / page_size;
        while page < end {
            let wanted = (end - page).min(512) as usize;
            let read = pagemap.read_at(&mut entries[..wanted * 8], page * 8).ok()?;
            if read == 0 {
                break;
            }
            reads += 1;
            if reads % READS_AT_ONCE == 0 {
                thread::sleep(Duration::from_micros(1));
            }
            for bytes in entries[..read].chunks_exact(8) {
                let entry = u64::from_ne_bytes(bytes.try_into().ok()?);
                let sharing = match entry & IS_FILE {
                    0 => (Sharing::Fork, page),
                    _ => {
                        let offset = page * page_size - map.address.0 + map.offset;
                        (Sharing::File(map.dev, map.inode), offset / page_size)
                    }
                };
                if entry & PRESENT != 0 {
                    rss += page_size;
                    let counts = entry & EXCLUSIVE != 0 || shared.add(sharing.0, sharing.1);
                    pss += u64::from(counts) * page_size;
                }
                page += 1;
            }
        }
    }
    Some((rss, pss))
}

#[cfg(test)]
mod tests;
