//! Names for call sites of memory.

use super::functions_of;
use crate::record::symbols::debug_files::{DebugFiles, Wanted};
use recording::memory::MemoryStack;
use recording::process::{CodeAddress, Frame};
use recording::vocabulary::MemoryEvent;
use std::collections::{BTreeMap, BTreeSet};

/// Names frames by debug files. Returns the number of places that got a name, and of those that had
/// none.
pub(super) fn name(stacks: &mut Vec<MemoryStack>, debug_files: &DebugFiles) -> (usize, usize) {
    let mut unnamed: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let frames = stacks.iter().flat_map(|site| &site.stack);
    for place in frames.filter_map(|frame| frame.code.as_ref()) {
        let addresses = unnamed.entry(place.build_id.clone()).or_default();
        addresses.insert(place.address);
    }
    let all = unnamed.values().map(BTreeSet::len).sum();
    let mut named: BTreeMap<CodeAddress, String> = BTreeMap::new();
    for (build_id, addresses) in unnamed {
        let wanted = Wanted {
            build_id: build_id.clone(),
            ..Wanted::default()
        };
        let found = functions_of(&wanted, addresses, debug_files).into_iter();
        named.extend(found.map(|(address, (function, ..))| {
            let build_id = build_id.clone();
            (CodeAddress { build_id, address }, function.name)
        }));
    }
    if !named.is_empty() {
        rename(stacks, &named);
    }
    (named.len(), all)
}

/// Names frames, and adds up call sites that have become the same.
fn rename(stacks: &mut Vec<MemoryStack>, named: &BTreeMap<CodeAddress, String>) {
    type Key = (MemoryEvent, Vec<Frame>, Option<usize>);
    let mut places: BTreeMap<Key, usize> = BTreeMap::new();
    let mut merged: Vec<MemoryStack> = Vec::new();
    for mut site in std::mem::take(stacks) {
        for frame in &mut site.stack {
            if let Some(name) = frame.code.as_ref().and_then(|place| named.get(place)) {
                frame.function.clone_from(name);
                frame.code = None;
            }
        }
        site.stack.dedup();
        let key = (site.kind, site.stack.clone(), site.thread);
        match places.get(&key) {
            Some(place) => {
                let known = &mut merged[*place];
                known.count = known.count.saturating_add(site.count);
                known.bytes = known.bytes.saturating_add(site.bytes);
            }
            None => {
                places.insert(key, merged.len());
                merged.push(site);
            }
        }
    }
    *stacks = merged;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::symbols::testing::Built;
    use recording::vocabulary::CodePlace;

    fn at(build_id: &str, address: u64) -> Frame {
        Frame {
            function: String::new(),
            file: "known".into(),
            class: CodePlace::default(),
            code: Some(CodeAddress {
                build_id: build_id.into(),
                address,
            }),
        }
    }

    fn site(stack: Vec<Frame>, count: u64) -> MemoryStack {
        MemoryStack {
            stack,
            count,
            bytes: -1,
            ..MemoryStack::default()
        }
    }

    #[test]
    fn names_call_sites_and_adds_up_those_of_one_function() {
        let built = Built::with(&["-Wl,--build-id"]);
        let files = DebugFiles::new(&[built.dir.path().to_path_buf()]);
        let at = |address| at(&built.build_id, address);
        let work = built.known_work;
        let mut stacks = vec![
            site(vec![at(work)], 5),
            site(vec![at(work + 4), at(work)], 2),
        ];
        stacks.push(site(vec![at(1)], 7));
        assert_eq!(name(&mut stacks, &files), (2, 3));
        let found: Vec<_> = stacks
            .iter()
            .map(|site| (&*site.stack[0].function, site.count, site.bytes))
            .collect();
        assert_eq!(found, [("known_work", 7, -2), ("", 7, -1)]);
        assert!(stacks[1].stack[0].code.is_some(), "it may be named later");
    }

    #[test]
    fn keeps_call_sites_whose_files_are_not_there() {
        let nothing = tempfile::tempdir().expect("a folder");
        let files = DebugFiles::new(&[nothing.path().to_path_buf()]);
        let mut stacks = vec![site(vec![at("0123456789abcdef", 9)], 5), site(vec![], 1)];
        let before = stacks.clone();
        assert_eq!(name(&mut stacks, &files), (0, 1));
        assert_eq!(stacks, before);
        assert_eq!(
            name(&mut vec![site(vec![at("../../known", 9)], 1)], &files),
            (0, 1)
        );
    }
}
