use super::*;
use crate::record::memory::{Regions, regions_of};

fn sums(sites: impl IntoIterator<Item = (MemoryEvent, &'static str, usize, u64, i64)>) -> Sums {
    let mut sums = Sums::new();
    for (kind, function, thread, count, bytes) in sites {
        let frame = in_kernel(function.into(), CodePlace::Region(RegionClass::BinaryText));
        let by_thread = sums.entry((kind, vec![frame])).or_default();
        by_thread
            .entry(Some(thread))
            .or_default()
            .add(Sum { count, bytes });
    }
    sums
}

#[test]
fn lists_the_largest_stacks_and_adds_up_the_others() {
    let mut all = sums([
        (MemoryEvent::PageFault, "touch", 0, 1_000, 0),
        (MemoryEvent::Map, "grow", 1, 1, 1 << 30),
    ]);
    for number in 0..LISTED as u64 + 7 {
        let frame = in_kernel(format!("f{number}"), CodePlace::Kernel);
        let by_thread = all.entry((MemoryEvent::Unmap, vec![frame])).or_default();
        by_thread.insert(
            Some(0),
            Sum {
                count: 1,
                bytes: -1,
            },
        );
    }
    let rows = listed(all);
    assert_eq!(rows.len(), LISTED + 1);
    let first: Vec<MemoryEvent> = rows.iter().map(|row| row.kind).take(2).collect();
    assert_eq!(first, [MemoryEvent::Map, MemoryEvent::PageFault]);
    let rest = rows.last().expect("the sum of the others");
    assert_eq!((rest.count, rest.bytes, rest.thread), (9, -9, None));
    assert!(rest.stack.is_empty());
    let all: u64 = rows.iter().map(|row| row.count).sum();
    assert_eq!(all, 1_001 + LISTED as u64 + 7);
}

#[test]
fn keeps_all_threads_of_a_listed_stack() {
    let threads = (0..LISTED + 9).map(|thread| (MemoryEvent::Map, "grow", thread, 1, 4096));
    let rows = listed(sums(threads));
    assert_eq!(rows.len(), LISTED + 9);
    assert!(rows.iter().all(|row| row.thread.is_some()));
}

#[test]
fn adds_up_call_sites_without_a_stack() {
    let lost = |count| {
        let sum = Sum { count, bytes: 0 };
        let by_thread = BTreeMap::from([(None, sum)]);
        listed(BTreeMap::from([(
            (MemoryEvent::PageFault, vec![]),
            by_thread,
        )]))
    };
    assert_eq!((lost(3).len(), lost(3)[0].count), (1, 3));
    assert!(lost(0).is_empty());
}

#[test]
fn keeps_faults_of_threads_that_are_not_in_the_recording() {
    let nothing = Regions::default();
    let regions = WindowRegions {
        start: &nothing,
        end: &nothing,
    };
    let drained = Drained {
        fault_sites: [((7, 0x1000), 5)].into(),
        ..Drained::default()
    };
    let rows = memory_stacks(
        &drained,
        1,
        regions,
        &ThreadIndex::default(),
        &DebugFiles::new(&[]),
    );
    assert_eq!((rows.len(), rows[0].count, rows[0].thread), (1, 5, None));
}

#[test]
fn distinguishes_every_kind_of_call() {
    let kinds: std::collections::BTreeSet<_> = (0..9).map(kind_of).collect();
    assert_eq!(kinds.len(), 9, "{kinds:?}");
    assert_eq!(kind_of(u32::MAX), MemoryEvent::Lost);
}

#[test]
fn ends_stacks_where_they_leave_code() {
    let regions = regions_of(std::process::id());
    let regions = WindowRegions {
        start: &regions,
        end: &regions,
    };
    let code = kind_of as *const () as u64 + 1;
    let here = [0u64; 2];
    let mut site = CallSite::default();
    let no_code = here.as_ptr() as u64;
    // The word on top of the stack was no return address.
    site.frames[..6].copy_from_slice(&[code, 0, code, code, no_code, code]);
    let known = BTreeMap::from([(code - 1, symbols::Code::Function("kind_of".to_owned()))]);
    let stack = Code { known, regions }.stack(&site);
    assert_eq!(stack.len(), 1, "{stack:?}");
    assert_eq!(stack[0].function, "kind_of");
    assert_eq!(stack[0].class, CodePlace::Region(RegionClass::BinaryText));
    assert!(!stack[0].file.is_empty());
}

#[test]
fn keeps_callers_behind_a_wrong_guess_on_top_of_the_stack() {
    let regions = regions_of(std::process::id());
    let regions = WindowRegions {
        start: &regions,
        end: &regions,
    };
    let [free, caller] = [kind_of as *const (), in_kernel as *const ()];
    let [free, caller] = [free as u64 + 1, caller as u64 + 1];
    let saved_frame_pointer = (&raw const free) as u64;
    let mut site = CallSite::default();
    site.frames[..3].copy_from_slice(&[free, saved_frame_pointer, caller]);
    let known = [(free - 1, "free"), (caller - 1, "caller")];
    let known = known.map(|(address, name)| (address, symbols::Code::Function(name.to_owned())));
    let code = Code {
        known: known.into(),
        regions,
    };
    let stack = code.stack(&site);
    let functions: Vec<&str> = stack.iter().map(|frame| &*frame.function).collect();
    assert_eq!(functions, ["free", "caller"]);
}
