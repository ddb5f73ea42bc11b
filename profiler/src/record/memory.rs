//! Resident memory by class of region, from `smaps`.

use procfs::process::{MMPermissions, MMapPath, MemoryMap, Process};
use profiler_common::UNIT_BITS;
use recording::memory::{Memory, Region, RegionPoint};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Address ranges with the class of each, ascending.
#[derive(Clone, Debug, Default)]
pub struct Regions(Vec<One>);

#[derive(Clone, Debug)]
struct One {
    range: Range<u64>,
    class: &'static str,
    file: Option<Mapped>,
}

/// A place in a file that is mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The file, as the process sees it.
    pub path: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// Its inode: another file may have its name by now.
    pub inode: u64,
}

impl Regions {
    /// The class of the region that holds `address`, or begins within `reach` bytes above it.
    pub fn class_at(&self, address: u64, reach: u64) -> Option<&'static str> {
        self.at(address, reach).map(|one| one.class)
    }

    fn at(&self, address: u64, reach: u64) -> Option<&One> {
        let next = self.0.partition_point(|one| one.range.end <= address);
        let one = self.0.get(next);
        one.filter(|one| one.range.start < address.saturating_add(reach))
    }

    /// The file that `address` is mapped from.
    fn file_at(&self, address: u64) -> Option<Mapped> {
        let one = self.at(address, 1)?;
        let file = one.file.clone()?;
        let offset = file.offset.checked_add(address - one.range.start)?;
        Some(Mapped { offset, ..file })
    }
}

/// The regions of a process when its window opened and when it closed.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// When it opened,
    pub start: &'a Regions,
    /// and when it closed.
    pub end: &'a Regions,
}

impl Places<'_> {
    /// The class of the region that a unit of addresses belongs to, or belonged to.
    pub fn class_of(&self, unit: u64) -> &'static str {
        const UNIT: u64 = 1 << UNIT_BITS;
        let class = self.end.class_at(unit, UNIT);
        class
            .or_else(|| self.start.class_at(unit, UNIT))
            .unwrap_or("unmapped since")
    }

    /// The class of the region that code lies in, or lay in.
    pub fn class_of_code(&self, address: u64) -> &'static str {
        let class = self.end.class_at(address, 1);
        let before = || self.start.class_at(address, 1);
        class.or_else(before).unwrap_or("unmapped since")
    }

    /// The file that code is mapped from, or was.
    pub fn file_of(&self, address: u64) -> Option<Mapped> {
        let file = self.end.file_at(address);
        file.or_else(|| self.start.file_at(address))
    }
}

/// The regions of a process now; none if it has ended.
pub fn regions_of(pid: u32) -> Regions {
    let Some((process, stacks, exe)) = open(pid) else {
        return Regions::default();
    };
    let Ok(maps) = process.maps() else {
        return Regions::default();
    };
    let one = |map: &MemoryMap| One {
        range: map.address.0..map.address.1,
        class: class_of(map, exe.as_deref(), &stacks),
        file: match &map.pathname {
            MMapPath::Path(path) => Some(Mapped {
                path: path.clone(),
                offset: map.offset,
                inode: map.inode,
            }),
            _ => None,
        },
    };
    Regions(maps.iter().map(one).collect())
}

/// The regions of several processes now. Where two lie at the same addresses, which is rare as each begins at random ones,
/// those of the first count.
pub fn regions_of_all(pids: &[u32]) -> Regions {
    let mut all: Vec<_> = pids.iter().flat_map(|pid| regions_of(*pid).0).collect();
    all.sort_by_key(|one| one.range.start);
    let mut end = 0;
    all.retain(|one| {
        let free = one.range.start >= end;
        end = if free { one.range.end } else { end };
        free
    });
    Regions(all)
}

/// Memory of a process now, without the series; zero if it has ended.
pub fn memory_of(pid: u32) -> Memory {
    let Some((process, stacks, exe)) = open(pid) else {
        return Memory::default();
    };
    let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for map in process.smaps().iter().flatten() {
        let size = |field: &str| map.extension.map.get(field).copied().unwrap_or(0);
        let sum = sums
            .entry(class_of(map, exe.as_deref(), &stacks))
            .or_default();
        sum.0 += size("Rss");
        sum.1 += size("Pss");
    }
    let region = |(class, (rss_bytes, pss_bytes)): (&str, _)| Region {
        class: class.into(),
        rss_bytes,
        pss_bytes,
    };
    let regions: Vec<Region> = sums.into_iter().map(region).collect();
    Memory {
        // The sum of the same reading, so that the classes add up to it.
        rss_bytes: regions.iter().map(|region| region.rss_bytes).sum(),
        peak_rss_bytes: process
            .status()
            .ok()
            .and_then(|status| status.vmhwm)
            .unwrap_or(0)
            * 1024,
        regions,
        ..Memory::default()
    }
}

/// Memory by class now, with the connections open at `ports`.
pub fn region_point(pid: u32, ports: &[u16], t_ns: u64) -> RegionPoint {
    RegionPoint {
        t_ns,
        connections: super::target::open_connections(pid, ports),
        regions: memory_of(pid).regions,
    }
}

/// Where the heap that `brk` moves the end of ends now, to the page; `None` without one.
pub fn heap_end(pid: u32) -> Option<u64> {
    let maps = Process::new(pid.cast_signed()).ok()?.maps().ok()?;
    let heap = maps.iter().find(|map| map.pathname == MMapPath::Heap)?;
    Some(heap.address.1)
}

/// Resident set as `/proc/PID/stat` has it, which is what pidstat shows; 0 if it has ended.
pub fn rss_of(pid: u32) -> u64 {
    Process::new(pid.cast_signed())
        .and_then(|process| process.stat())
        .map_or(0, |stat| stat.rss * procfs::page_size())
}

fn open(pid: u32) -> Option<(Process, Vec<u64>, Option<PathBuf>)> {
    let process = Process::new(pid.cast_signed()).ok()?;
    let stacks = stack_pointers(pid);
    let exe = process.exe().ok();
    Some((process, stacks, exe))
}

/// Stack pointers of the threads that sleep in a system call, which is nearly all of them at any time.
fn stack_pointers(pid: u32) -> Vec<u64> {
    let pointer = |tid: u32| {
        let line = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/syscall")).ok()?;
        let field = line.split_whitespace().rev().nth(1)?;
        u64::from_str_radix(field.strip_prefix("0x")?, 16).ok()
    };
    super::kernel_truth::tids_of(pid)
        .into_iter()
        .filter_map(pointer)
        .collect()
}

fn class_of(map: &MemoryMap, exe: Option<&Path>, stacks: &[u64]) -> &'static str {
    let executable = map.perms.contains(MMPermissions::EXECUTE);
    let holds_stack = stacks
        .iter()
        .any(|pointer| (map.address.0..map.address.1).contains(pointer));
    match &map.pathname {
        MMapPath::Path(path) if exe == Some(path) => {
            if executable {
                "binary text"
            } else {
                "binary data"
            }
        }
        MMapPath::Path(path) if is_library(path) => "libraries",
        MMapPath::Path(_) => "file maps",
        MMapPath::Stack | MMapPath::TStack(_) => "thread stacks",
        MMapPath::Vdso | MMapPath::Vvar | MMapPath::Vsyscall => "other",
        _ if executable => "jit code",
        MMapPath::Anonymous if holds_stack => "thread stacks",
        MMapPath::Heap | MMapPath::Anonymous => "runtime heap",
        // Names that programs give by prctl(PR_SET_VMA_ANON_NAME) arrive as `[anon:NAME]`.
        MMapPath::Other(_) if holds_stack => "thread stacks",
        MMapPath::Other(name) if name.starts_with("anon") => "runtime heap",
        _ => "other",
    }
}

fn is_library(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".so") || name.contains(".so.") || name.ends_with(".node")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_adds_up_and_has_text_and_stacks() {
        let memory = memory_of(std::process::id());
        let classes: Vec<&str> = memory
            .regions
            .iter()
            .map(|region| region.class.as_str())
            .collect();
        assert!(
            classes.contains(&"binary text") && classes.contains(&"thread stacks"),
            "{classes:?}"
        );
        assert!(memory.rss_bytes > 0 && memory.peak_rss_bytes > 0);
        let text = regions_of(std::process::id());
        assert_eq!(
            text.class_at(is_library as *const () as u64, 1),
            Some("binary text")
        );
    }

    #[test]
    fn ranges_are_found_by_reach() {
        let one = |range, class| One {
            range,
            class,
            file: None,
        };
        let regions = Regions(vec![one(0x1000..0x2000, "a"), one(0x5000..0x6000, "b")]);
        assert_eq!(regions.class_at(0x1fff, 1), Some("a"));
        assert_eq!(regions.class_at(0x2000, 0x1000), None);
        assert_eq!(regions.class_at(0x2000, 0x10000), Some("b"));
        assert_eq!(regions.class_at(0x6000, 0x10000), None);
    }

    #[test]
    fn a_process_that_is_not_there_has_no_memory() {
        assert_eq!(memory_of(u32::MAX >> 1), Memory::default());
        assert_eq!(rss_of(u32::MAX >> 1), 0);
    }

    #[test]
    fn libraries_by_name() {
        assert!(is_library(Path::new("/lib/libc.so.6")) && is_library(Path::new("x.node")));
        assert!(!is_library(Path::new("/usr/bin/some")) && !is_library(Path::new("/data/so.txt")));
    }
}
