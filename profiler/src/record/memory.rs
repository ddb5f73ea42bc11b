//! Memory regions of a process by class, and its resident memory.

mod resident;

use super::ports::open_connections;
use super::proc_snapshot::{self, read_lossy, status_field, tids_of};
use super::tasks::Tasks;
use super::vdso;
use procfs::FromBufRead;
use procfs::process::{MMPermissions, MMapPath, MemoryMap, MemoryMaps};
use profiler_common::UNIT_BITS;
use recording::memory::{Memory, MemoryPoint, Region};
use recording::vocabulary::RegionClass;
use resident::{Resident, SharedPages};
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Memory regions of a process at one instant, by ascending address.
#[derive(Clone, Debug, Default)]
pub struct Regions(Vec<Mapping>);

#[derive(Clone, Debug)]
struct Mapping {
    range: Range<u64>,
    class: RegionClass,
    file: Option<MappedFile>,
}

/// A place in a mapped file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedFile {
    /// Path of the file, as the process sees it.
    pub path: PathBuf,
    /// Offset in the file.
    pub offset: u64,
    /// Inode of the file: another file may have its path by now.
    pub inode: u64,
}

impl Regions {
    /// Returns the class of the region that holds `address`, or begins within `reach` bytes above.
    pub fn class_at(&self, address: u64, reach: u64) -> Option<RegionClass> {
        self.at(address, reach).map(|mapping| mapping.class)
    }

    fn at(&self, address: u64, reach: u64) -> Option<&Mapping> {
        let next = self.0.partition_point(|map| map.range.end <= address);
        let mapping = self.0.get(next);
        mapping.filter(|map| map.range.start < address.saturating_add(reach))
    }

    /// Returns whether nothing is mapped, or nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the paths of the files that are mapped, with repetitions.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let files = self.0.iter().filter_map(|mapping| mapping.file.as_ref());
        files.map(|file| &file.path)
    }

    /// Returns the places in files that are mapped, each with its address.
    pub fn mapped(&self) -> impl Iterator<Item = (u64, &MappedFile)> {
        let mapped = self.0.iter();
        mapped.filter_map(|mapping| Some((mapping.range.start, mapping.file.as_ref()?)))
    }

    /// Returns where the vDSO is mapped.
    pub fn vdso(&self) -> Option<Range<u64>> {
        let is_vdso = |mapping: &&Mapping| {
            let file = mapping.file.as_ref();
            file.is_some_and(|file| file.path == Path::new(vdso::PATH))
        };
        self.0.iter().find(is_vdso).map(|map| map.range.clone())
    }

    /// Returns the place in a file that `address` is mapped from.
    fn file_at(&self, address: u64) -> Option<MappedFile> {
        let mapping = self.at(address, 1)?;
        let file = mapping.file.clone()?;
        let offset = file.offset.checked_add(address - mapping.range.start)?;
        Some(MappedFile { offset, ..file })
    }
}

/// Regions of a process at the start and at the end of the window. The end has precedence.
#[derive(Clone, Copy, Debug)]
pub struct WindowRegions<'a> {
    /// At the start.
    pub start: &'a Regions,
    /// At the end.
    pub end: &'a Regions,
}

impl WindowRegions<'_> {
    /// Returns the class of the region that holds a unit of `1 << UNIT_BITS` addresses or a part of
    /// it.
    pub fn class_of_unit(&self, unit: u64) -> RegionClass {
        self.class_at(unit, 1 << UNIT_BITS)
    }

    /// Returns the class of the region that holds an address.
    pub fn class_of(&self, address: u64) -> RegionClass {
        self.class_at(address, 1)
    }

    fn class_at(&self, address: u64, reach: u64) -> RegionClass {
        let at_end = self.end.class_at(address, reach);
        let class = at_end.or_else(|| self.start.class_at(address, reach));
        class.unwrap_or(RegionClass::Unmapped)
    }

    /// Returns the place in a file that an address is mapped from, or was.
    pub fn file_of(&self, address: u64) -> Option<MappedFile> {
        let file = self.end.file_at(address);
        file.or_else(|| self.start.file_at(address))
    }
}

/// Returns the regions of a process now; none if it has ended.
pub fn regions_of(pid: u32) -> Regions {
    regions_with(pid, &Tasks::default())
}

fn regions_with(pid: u32, tasks: &Tasks) -> Regions {
    let Some(opened) = Opened::process(pid, tasks) else {
        return Regions::default();
    };
    let Some(maps) = maps_of(&opened.folder, "maps") else {
        return Regions::default();
    };
    Regions(maps.iter().map(|map| opened.mapping(map)).collect())
}

/// Returns the regions of a process that hold code now; none if it has ended.
pub fn code_regions_of(pid: u32) -> Regions {
    let folder = proc_snapshot::folder(pid);
    let Some(maps) = folder.as_ref().and_then(|folder| maps_of(folder, "maps")) else {
        return Regions::default();
    };
    let opened = Opened {
        pid,
        executable: folder.and_then(|folder| fs::read_link(folder.join("exe")).ok()),
        folder: PathBuf::new(),
        // No thread has its stack in code.
        stack_pointers: Vec::new(),
    };
    let maps = maps.iter();
    let code = maps.filter(|map| map.perms.contains(MMPermissions::EXECUTE));
    Regions(code.map(|map| opened.mapping(map)).collect())
}

/// Returns the regions of several processes now, whose threads are `tasks`. Where two overlap,
/// which is rare since addresses are random, the lower one counts.
pub fn regions_of_all(pids: &[u32], tasks: &Tasks) -> Regions {
    let regions = |pid: &u32| regions_with(*pid, tasks).0;
    let mut all: Vec<_> = pids.iter().flat_map(regions).collect();
    all.sort_by_key(|mapping| mapping.range.start);
    let mut end = 0;
    all.retain(|mapping| {
        let free = mapping.range.start >= end;
        end = if free { mapping.range.end } else { end };
        free
    });
    Regions(all)
}

/// Returns the memory of processes together, whose threads are `tasks`, without the series.
/// Resident bytes count a shared page once for each process, proportional ones (PSS) once.
pub fn memory_of_all(pids: &[u32], tasks: &Tasks) -> Memory {
    let begun = Instant::now();
    let mut sum = Memory::default();
    let mut classes: BTreeMap<RegionClass, Region> = BTreeMap::new();
    let mut shared = SharedPages::default();
    let opened = |pid: &u32| Opened::process(*pid, tasks);
    for opened in pids.iter().filter_map(opened) {
        let resident = Resident::of(&opened, &mut shared);
        sum.region_walk.in_pieces |= resident.in_pieces;
        sum.peak_rss_bytes += peak_rss_of(opened.pid);
        for region in resident.regions() {
            let class = region.class;
            let total = classes.entry(class).or_insert(Region {
                class,
                rss_bytes: 0,
                pss_bytes: 0,
            });
            total.rss_bytes += region.rss_bytes;
            total.pss_bytes += region.pss_bytes;
        }
    }
    sum.regions = classes.into_values().collect();
    // Sums of the same reading, so that the classes add up to them.
    sum.rss_bytes = sum.regions.iter().map(|region| region.rss_bytes).sum();
    sum.pss_bytes = sum.regions.iter().map(|region| region.pss_bytes).sum();
    sum.region_walk.longest_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    sum
}

/// Returns the highest resident set of a process since it began; 0 if it has ended.
pub fn peak_rss_of(pid: u32) -> u64 {
    let folder = proc_snapshot::folder(pid);
    let status = folder.and_then(|folder| read_lossy(folder.join("status")));
    status_field(&status.unwrap_or_default(), "VmHWM").unwrap_or(0) * 1024
}

/// Returns the connections open at `ports` in the network namespace of the first process.
pub fn connections(pids: &[u32], ports: &[u16]) -> u64 {
    pids.first().map_or(0, |pid| open_connections(*pid, ports))
}

/// Returns the resident memory of processes now.
pub fn memory_point(pids: &[u32], t_ns: u64) -> MemoryPoint {
    MemoryPoint {
        t_ns,
        rss_bytes: pids.iter().map(|pid| rss_of(*pid)).sum(),
    }
}

/// Returns the resident set, the same that pidstat reads; 0 if the process has ended.
fn rss_of(pid: u32) -> u64 {
    proc_snapshot::open(pid)
        .and_then(|process| process.statm().ok())
        .map_or(0, |statm| statm.resident * procfs::page_size())
}

/// Returns the end of the heap that `brk` moves, to the page; `None` if there is no such heap.
pub fn heap_end(pid: u32) -> Option<u64> {
    let maps = maps_of(&proc_snapshot::folder(pid)?, "maps")?;
    let heap = maps.iter().find(|map| map.pathname == MMapPath::Heap)?;
    Some(heap.address.1)
}

/// Reads `maps` or `smaps`. A path in it may be no UTF-8.
fn maps_of(folder: &Path, file: &str) -> Option<MemoryMaps> {
    parse_maps(&read_lossy(folder.join(file))?)
}

fn parse_maps(text: &str) -> Option<MemoryMaps> {
    MemoryMaps::from_buf_read(text.as_bytes()).ok()
}

/// A process with what it takes to classify its regions.
struct Opened {
    pid: u32,
    folder: PathBuf,
    /// In ascending order.
    stack_pointers: Vec<u64>,
    executable: Option<PathBuf>,
}

impl Opened {
    fn mapping(&self, map: &MemoryMap) -> Mapping {
        Mapping {
            range: map.address.0..map.address.1,
            class: self.class_of(map),
            file: match &map.pathname {
                MMapPath::Path(path) => Some(MappedFile {
                    path: path.clone(),
                    offset: map.offset,
                    inode: map.inode,
                }),
                MMapPath::Vdso => Some(MappedFile {
                    path: vdso::PATH.into(),
                    offset: 0,
                    inode: 0,
                }),
                _ => None,
            },
        }
    }

    fn process(pid: u32, tasks: &Tasks) -> Option<Self> {
        let folder = proc_snapshot::folder(pid)?;
        let pointers = tasks.stack_pointers(pid);
        let mut stack_pointers = pointers.unwrap_or_else(|| stack_pointers(pid));
        stack_pointers.sort_unstable();
        Some(Opened {
            pid,
            executable: fs::read_link(folder.join("exe")).ok(),
            stack_pointers,
            folder,
        })
    }

    fn class_of(&self, map: &MemoryMap) -> RegionClass {
        let executable = map.perms.contains(MMPermissions::EXECUTE);
        let range = map.address.0..map.address.1;
        let above = self.stack_pointers.partition_point(|at| *at < range.start);
        let holds_stack = self
            .stack_pointers
            .get(above)
            .is_some_and(|at| range.contains(at));
        match &map.pathname {
            MMapPath::Path(path) if self.executable.as_ref() == Some(path) => match executable {
                true => RegionClass::BinaryText,
                false => RegionClass::BinaryData,
            },
            MMapPath::Path(path) if is_library(path) => RegionClass::Libraries,
            MMapPath::Path(_) => RegionClass::FileMaps,
            MMapPath::Stack | MMapPath::TStack(_) => RegionClass::ThreadStacks,
            MMapPath::Vdso | MMapPath::Vvar | MMapPath::Vsyscall => RegionClass::Other,
            _ if executable => RegionClass::JitCode,
            MMapPath::Anonymous if holds_stack => RegionClass::ThreadStacks,
            MMapPath::Heap | MMapPath::Anonymous => RegionClass::RuntimeHeap,
            // Names that programs give by prctl(PR_SET_VMA_ANON_NAME) arrive as `[anon:NAME]`.
            MMapPath::Other(_) if holds_stack => RegionClass::ThreadStacks,
            MMapPath::Other(name) if name.starts_with("anon") => RegionClass::RuntimeHeap,
            _ => RegionClass::Other,
        }
    }
}

/// Returns the stack pointers of the threads that are blocked, which is nearly all of them at any
/// time.
fn stack_pointers(pid: u32) -> Vec<u64> {
    let pointer = |tid| blocked_at(&read_lossy(format!("/proc/{pid}/task/{tid}/syscall"))?);
    tids_of(pid).into_iter().filter_map(pointer).collect()
}

/// Parses `/proc/PID/syscall` (proc_pid_syscall(5)): the stack pointer and the program counter are
/// last. A running thread has neither.
fn blocked_at(text: &str) -> Option<u64> {
    let pointer = text.trim_end().rsplit(' ').nth(1)?;
    u64::from_str_radix(pointer.strip_prefix("0x")?, 16).ok()
}

fn is_library(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".so") || name.contains(".so.") || name.ends_with(".node")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_text_and_stacks_of_this_process() {
        let memory = memory_of_all(&[std::process::id()], &Tasks::default());
        let mut classes = memory.regions.iter().map(|region| region.class);
        assert!(classes.any(|class| class == RegionClass::BinaryText));
        let mut classes = memory.regions.iter().map(|region| region.class);
        assert!(classes.any(|class| class == RegionClass::ThreadStacks));
        assert!(memory.rss_bytes > 0 && memory.peak_rss_bytes > 0);
        let text = regions_of(std::process::id());
        assert_eq!(
            text.class_at(is_library as *const () as u64, 1),
            Some(RegionClass::BinaryText)
        );
    }

    #[test]
    fn finds_regions_by_reach() {
        let mapping = |range, class| Mapping {
            range,
            class,
            file: None,
        };
        let regions = Regions(vec![
            mapping(0x1000..0x2000, RegionClass::JitCode),
            mapping(0x5000..0x6000, RegionClass::Libraries),
        ]);
        assert_eq!(regions.class_at(0x1fff, 1), Some(RegionClass::JitCode));
        assert_eq!(regions.class_at(0x2000, 0x1000), None);
        assert_eq!(
            regions.class_at(0x2000, 0x10000),
            Some(RegionClass::Libraries)
        );
        assert_eq!(regions.class_at(0x6000, 0x10000), None);
    }

    #[test]
    fn returns_no_memory_of_a_process_that_is_not_there() {
        let memory = memory_of_all(&[u32::MAX >> 1], &Tasks::default());
        assert_eq!((memory.rss_bytes, memory.regions.len()), (0, 0));
        assert_eq!(rss_of(u32::MAX >> 1), 0);
    }

    #[test]
    fn reads_the_stack_pointer_of_blocked_threads_only() {
        let blocked = "202 0x7f 0x80 0x2 0x0 0x0 0x0 0x7ffe10 0x7f22\n";
        assert_eq!(blocked_at(blocked), Some(0x7ffe10));
        assert_eq!(blocked_at("-1 0x7ffe20 0x7f22\n"), Some(0x7ffe20));
        assert_eq!((blocked_at("running\n"), blocked_at("")), (None, None));
    }

    #[test]
    fn recognises_libraries_by_name() {
        assert!(is_library(Path::new("/lib/libc.so.6")) && is_library(Path::new("x.node")));
        assert!(!is_library(Path::new("/usr/bin/some")) && !is_library(Path::new("/data/so.txt")));
    }
}
