//! The code that takes memory and gives it back: places of page faults, and stacks of calls that manage memory.

use super::drain::Drained;
use super::memory::Places;
use super::others::{Roles, file_name};
use super::{names, symbols};
use profiler_common::CallSite;
use profiler_common::call_site::{FaultPlace, Kind};
use recording::sites::{Frame, MemorySite, PAGE_FAULT, SYSTEM_CALL};
use std::collections::BTreeMap;

/// Sites listed; those after them are summed up by kind.
const MOST: usize = 200;
/// The kind of calls whose site was lost, and with it which call it was.
const LOST_CALLS: &str = "memory calls";

/// Role, kind and stack.
type Key = (String, &'static str, Vec<Frame>);

/// Every site, largest first.
pub fn memory_sites(
    drained: &Drained,
    pid: u32,
    places: Places,
    roles: &Roles<'_>,
) -> Vec<MemorySite> {
    let mut sums: BTreeMap<Key, (u64, i64)> = BTreeMap::new();
    let mut add = |role: &str, kind, stack, count, bytes: i64| {
        let sum = sums.entry((role.to_owned(), kind, stack)).or_default();
        sum.0 += count;
        sum.1 = sum.1.saturating_add(bytes);
    };
    let code = Code::of_faults(drained, pid, places);
    for ((serial, address), count) in &drained.fault_sites {
        let frame = match FaultPlace::of(*address) {
            FaultPlace::Code(unit) => code.frame(unit),
            FaultPlace::Call(nr) => in_kernel(names::syscall(nr), SYSTEM_CALL),
            FaultPlace::Kernel => in_kernel(String::new(), "kernel"),
        };
        add(roles.role(*serial), PAGE_FAULT, vec![frame], *count, 0);
    }
    let code = Code::of_calls(drained, pid, places);
    for (site, sum) in &drained.memory_stacks {
        let (role, kind) = (roles.role(site.serial), kind_of(site.kind));
        add(role, kind, code.stack(site), sum.count, sum.signed_bytes());
    }
    let lost = &drained.counters;
    add("", PAGE_FAULT, Vec::new(), lost.lost_fault_sites, 0);
    add("", LOST_CALLS, Vec::new(), lost.lost_call_sites, 0);
    bounded(sums)
}

/// The largest, and of the others one of each kind.
fn bounded(sums: BTreeMap<Key, (u64, i64)>) -> Vec<MemorySite> {
    let site = |((role, kind, stack), (count, bytes)): (Key, (u64, i64))| MemorySite {
        role,
        kind: kind.to_owned(),
        count,
        bytes,
        stack,
    };
    let all = sums.into_iter().filter(|(_, (count, _))| *count > 0);
    let (mut sites, mut rest): (Vec<_>, Vec<_>) =
        all.map(site).partition(|site| !site.stack.is_empty());
    sites.sort_by_key(|site| std::cmp::Reverse(site.weight()));
    rest.extend(sites.drain(sites.len().min(MOST)..));
    let mut kinds: BTreeMap<String, (u64, i64)> = BTreeMap::new();
    for site in rest {
        let sum = kinds.entry(site.kind).or_default();
        sum.0 += site.count;
        sum.1 = sum.1.saturating_add(site.bytes);
    }
    sites.extend(kinds.into_iter().map(|(kind, (count, bytes))| MemorySite {
        kind,
        count,
        bytes,
        ..MemorySite::default()
    }));
    sites
}

/// What a call did, in words.
fn kind_of(number: u32) -> &'static str {
    let kind = Kind::EACH.get(number as usize);
    kind.map_or(LOST_CALLS, |kind| match kind {
        Kind::Mmap => "mmap",
        Kind::Reserve => "mmap PROT_NONE",
        Kind::Munmap => "munmap",
        Kind::Mremap => "mremap",
        Kind::Brk => "brk",
        Kind::DontNeed => "madvise DONTNEED",
        Kind::Free => "madvise FREE",
        Kind::Advice => "madvise",
    })
}

fn in_kernel(function: String, class: &str) -> Frame {
    Frame {
        function,
        class: class.into(),
        ..Frame::default()
    }
}

/// Code with its names.
struct Code<'a> {
    names: BTreeMap<u64, String>,
    places: Places<'a>,
}

impl<'a> Code<'a> {
    /// Units of code that took page faults.
    fn of_faults(drained: &Drained, pid: u32, places: Places<'a>) -> Self {
        let units = drained.fault_sites.keys().map(|(_, address)| *address);
        let units = units.filter(|unit| matches!(FaultPlace::of(*unit), FaultPlace::Code(_)));
        let names = symbols::functions(pid, places, symbols::UNIT, units);
        Code { names, places }
    }

    /// Instructions that calls were made by.
    fn of_calls(drained: &Drained, pid: u32, places: Places<'a>) -> Self {
        let sites = drained.memory_stacks.iter();
        let calls = sites.flat_map(|(site, _)| callers(site).map(|(_, caller)| caller));
        let names = symbols::functions(pid, places, 1, calls);
        Code { names, places }
    }

    fn frame(&self, address: u64) -> Frame {
        let file = self.places.file_of(address);
        Frame {
            function: self.names.get(&address).cloned().unwrap_or_default(),
            file: file.map(|file| file_name(&file.path)).unwrap_or_default(),
            class: self.places.class_of_code(address).to_owned(),
        }
    }

    /// The functions of a stack, up to where it leaves code; several in a row that cannot be told apart are one.
    ///
    /// What lay on top of the stack was a guess: where it is no code (a saved frame pointer before which, by chance, bytes
    /// stand that look like a call), the frames after it are none the worse.
    fn stack(&self, site: &CallSite) -> Vec<Frame> {
        const TOP: usize = 1;
        let mut stack = Vec::new();
        for (depth, caller) in callers(site) {
            let frame = self.frame(caller);
            let is_code = !NO_CODE.contains(&frame.class.as_str());
            if depth == 0 || is_code {
                stack.push(frame);
            } else if depth != TOP {
                break;
            }
        }
        stack.dedup();
        stack
    }
}

/// Where no code is that memory is managed by.
const NO_CODE: [&str; 4] = [
    "unmapped since",
    "runtime heap",
    "thread stacks",
    "binary data",
];

/// The calling instruction of each frame (its last byte), where what is kept is the one after it, with the frame's place.
fn callers(site: &CallSite) -> impl Iterator<Item = (usize, u64)> + use<> {
    let frames = site.frames.into_iter().enumerate();
    frames
        .filter(|(_, address)| *address != 0)
        .map(|(depth, address)| (depth, address - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: &'static str, function: &str) -> Key {
        let frame = in_kernel(function.into(), "binary text");
        ("main loop".into(), kind, vec![frame])
    }

    #[test]
    fn the_largest_are_listed_and_the_rest_is_summed_up() {
        let many = (0..MOST as u64 + 7).map(|n| (key("munmap", &format!("f{n}")), (1, -1)));
        let large = [
            (key(PAGE_FAULT, "touch"), (1_000, 0)),
            (key("mmap", "grow"), (1, 1 << 30)),
        ];
        let sites = bounded(many.chain(large).collect());
        assert_eq!(sites.len(), MOST + 1);
        let first: Vec<&str> = sites
            .iter()
            .map(|site| site.kind.as_str())
            .take(2)
            .collect();
        assert_eq!(first, ["mmap", PAGE_FAULT]);
        let rest = sites.last().expect("the rest");
        assert_eq!((rest.count, rest.bytes, &*rest.role), (9, -9, ""));
        assert!(rest.stack.is_empty());
        assert_eq!(sites.iter().map(|site| site.count).sum::<u64>(), 1_208);
    }

    #[test]
    fn what_has_no_place_is_in_the_rest() {
        let lost = |count| (String::new(), PAGE_FAULT, vec![], count);
        let sums = [lost(3)].map(|(role, kind, stack, count)| ((role, kind, stack), (count, 0)));
        let sites = bounded(sums.into());
        assert_eq!((sites.len(), sites[0].count), (1, 3));
        let none = [lost(0)].map(|(role, kind, stack, count)| ((role, kind, stack), (count, 0)));
        assert!(bounded(none.into()).is_empty());
    }

    #[test]
    fn every_kind_has_its_word() {
        let words: std::collections::BTreeSet<_> = (0..9).map(kind_of).collect();
        assert_eq!(words.len(), 9, "{words:?}");
        assert!(words.contains(LOST_CALLS), "a number nobody wrote");
    }

    #[test]
    fn stacks_end_where_there_is_no_code_and_repeat_nothing() {
        let regions = super::super::memory::regions_of(std::process::id());
        let places = Places {
            start: &regions,
            end: &regions,
        };
        let code = kind_of as *const () as u64 + 1;
        let here = [0u64; 2];
        let mut site = CallSite::default();
        let no_code = here.as_ptr() as u64;
        // On top of the stack was nothing that is returned to.
        site.frames[..6].copy_from_slice(&[code, 0, code, code, no_code, code]);
        let names = BTreeMap::from([(code - 1, "kind_of".to_owned())]);
        let stack = Code { names, places }.stack(&site);
        assert_eq!(stack.len(), 1, "{stack:?}");
        assert_eq!(
            (&*stack[0].function, &*stack[0].class),
            ("kind_of", "binary text")
        );
        assert!(!stack[0].file.is_empty());
    }

    #[test]
    fn what_only_looked_like_a_return_on_top_of_the_stack_hides_no_callers() {
        let regions = super::super::memory::regions_of(std::process::id());
        let places = Places {
            start: &regions,
            end: &regions,
        };
        let [give_back, caller] = [kind_of as *const (), in_kernel as *const ()];
        let [give_back, caller] = [give_back as u64 + 1, caller as u64 + 1];
        let saved_frame_pointer = (&raw const give_back) as u64;
        let mut site = CallSite::default();
        site.frames[..3].copy_from_slice(&[give_back, saved_frame_pointer, caller]);
        let names = [(give_back - 1, "give_back"), (caller - 1, "caller")];
        let names = names.map(|(address, name)| (address, name.to_owned()));
        let stack = Code {
            names: names.into(),
            places,
        }
        .stack(&site);
        let functions: Vec<&str> = stack.iter().map(|frame| &*frame.function).collect();
        assert_eq!(functions, ["give_back", "caller"]);
    }
}
