//! CPU-clock samples of user mode, by thread and function.

use super::drain::Drained;
use super::jit::Wanted;
use super::memory::WindowRegions;
use super::symbols::{self, debug_files::DebugFiles};
use super::target::file_name;
use super::threads::ThreadIndex;
use recording::Stacks;
use recording::process::CodeSamples;
use recording::stacks::{SampleMode, StackCount};
use recording::vocabulary::{CodePlace, RegionClass};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Thread, function, file and class of region.
type Key<'a> = (usize, &'a str, String, RegionClass);

/// Lists samples by thread and function, most first. `compiled` names units of code that no symbol
/// of a file and of its debug files names. Samples of a thread that is not in the recording are
/// left out.
pub fn code_samples(
    drained: &Drained,
    pid: u32,
    regions: WindowRegions,
    threads: &ThreadIndex,
    (compiled, debug_files): (&BTreeMap<u64, String>, &DebugFiles),
) -> Vec<CodeSamples> {
    let units = drained.code.keys().map(|(_, unit)| *unit);
    let names = symbols::functions(debug_files, pid, regions, symbols::UNIT, units);
    let mut sums: BTreeMap<Key, u64> = BTreeMap::new();
    for ((serial, unit), count) in &drained.code {
        let Some(thread) = threads.get(*serial) else {
            continue;
        };
        let name = names.get(unit).or_else(|| compiled.get(unit));
        let file = regions.file_of(*unit);
        let key = (
            thread,
            name.map_or("", String::as_str),
            file.map(|file| file_name(&file.path)).unwrap_or_default(),
            regions.class_of(*unit),
        );
        *sums.entry(key).or_default() += count;
    }
    rows(sums)
}

/// Returns the units of code that samples fell into.
pub fn units(drained: &Drained) -> Wanted {
    Wanted {
        length: symbols::UNIT,
        addresses: drained.code.keys().map(|(_, unit)| *unit).collect(),
    }
}

/// Lists samples by thread and function as their call stacks have it, most first. Stacks keep exact
/// addresses, and separate symbol files name more of them.
pub fn of_stacks(stacks: &Stacks) -> Vec<CodeSamples> {
    let mut sums: BTreeMap<Key, u64> = BTreeMap::new();
    let in_user_code = |count: &&StackCount| count.mode == SampleMode::User;
    for count in stacks.counts.iter().filter(in_user_code) {
        let innermost = stacks.frames_of(count.node).next();
        let class = match innermost.map(|frame| frame.place) {
            Some(CodePlace::Region(class)) => class,
            _ => RegionClass::Unmapped,
        };
        let module = innermost.and_then(|frame| stacks.modules.get(frame.module?));
        let key = (
            count.thread,
            innermost.map_or("", |frame| frame.function.as_str()),
            module.map(|module| module.file.clone()).unwrap_or_default(),
            class,
        );
        *sums.entry(key).or_default() += count.samples;
    }
    rows(sums)
}

fn rows(sums: BTreeMap<Key, u64>) -> Vec<CodeSamples> {
    let row = |((thread, function, file, class), samples): (Key, u64)| CodeSamples {
        thread,
        function: function.into(),
        file,
        class,
        samples,
    };
    let mut rows: Vec<CodeSamples> = sums.into_iter().map(row).collect();
    rows.sort_by_key(|row| Reverse(row.samples));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::memory::Regions;
    use crate::record::proc_snapshot::ProcSnapshot;
    use crate::record::threads::join;
    use crate::record::window::Span;
    use profiler_common::Thread as Tracked;
    use profiler_common::thread::ON_CPU;
    use recording::stacks::{StackFrame, StacksBuilder};

    #[test]
    fn takes_the_innermost_function_of_stacks_in_user_code() {
        let mut builder = StacksBuilder::default();
        let module = Some(builder.module("libc.so.6", ""));
        let frame = |function: &str, module, place| StackFrame {
            function: function.into(),
            module,
            place,
            ..StackFrame::default()
        };
        let library = CodePlace::Region(RegionClass::Libraries);
        let main = frame("main", None, CodePlace::Region(RegionClass::BinaryText));
        let memset = frame("memset", module, library);
        let user = (0, SampleMode::User, false);
        builder.add(user, [main.clone(), memset.clone()], 3);
        builder.add(user, [memset], 1);
        builder.add(user, [], 2);
        builder.add((0, SampleMode::Syscall, false), [main], 5);
        let rows = of_stacks(&builder.done());
        let found: Vec<_> = rows
            .iter()
            .map(|row| (&*row.function, &*row.file, row.class, row.samples))
            .collect();
        let expected = [
            ("memset", "libc.so.6", RegionClass::Libraries, 4),
            ("", "", RegionClass::Unmapped, 2),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn keeps_samples_of_each_thread_apart() {
        let live = [
            Tracked::new(1, 7, 3, ON_CPU, 0),
            Tracked::new(1, 8, 4, ON_CPU, 0),
        ];
        let nothing = ProcSnapshot::default();
        let span = Span {
            start_ns: 0,
            end_ns: 10,
        };
        let index = ThreadIndex::of(&join(&live, &[], &nothing, &nothing, span));
        let drained = Drained {
            code: [
                ((3, 0x10_0000), 2),
                ((3, 0x20_0000), 1),
                ((4, 0x10_0000), 4),
                ((9, 0x10_0000), 5),
            ]
            .into(),
            ..Drained::default()
        };
        let regions = Regions::default();
        let regions = WindowRegions {
            start: &regions,
            end: &regions,
        };
        let compiled = BTreeMap::from([(0x20_0000, "hot".to_owned())]);
        let rows = code_samples(
            &drained,
            1,
            regions,
            &index,
            (&compiled, &DebugFiles::new(&[])),
        );
        let found: Vec<_> = rows
            .iter()
            .map(|row| (row.thread, &*row.function, row.samples))
            .collect();
        assert_eq!(found, [(1, "", 4), (0, "", 2), (0, "hot", 1)]);
        assert!(rows.iter().all(|row| row.class == RegionClass::Unmapped));
    }
}
