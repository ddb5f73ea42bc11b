//! Names for frames of a recording that have none, by debug files that are found later or
//! elsewhere: a frame keeps the build id of its file and an address.

mod call_sites;

use crate::record::code_samples;
use crate::record::symbols::bounded::Bounded;
use crate::record::symbols::debug_files::{DebugFiles, Wanted};
use crate::record::symbols::image::{Function, Image};
use crate::record::symbols::package::{Language, package};
use crate::record::symbols::{functions_in, inlined_in};
use recording::stacks::{StackFrame, StacksBuilder};
use recording::{CodeHint, Recording, Stacks};
use std::collections::{BTreeMap, BTreeSet};

/// Functions by module and address of the code.
type Named = BTreeMap<(usize, u64), NamedCode>;

/// A function, those that are inlined there, and the language that names them.
type NamedCode = (Function, Vec<String>, Language);

/// Names frames of a recording, its samples and its call sites of memory with them, by debug files.
/// Returns the number of places that got a name, and of those that had none.
pub fn name_frames(recording: &mut Recording, debug_files: &DebugFiles) -> (usize, usize) {
    let unnamed = unnamed(&recording.stacks);
    let all: usize = unnamed.values().map(BTreeSet::len).sum();
    let named = look_up(&recording.stacks, &unnamed, debug_files);
    if !named.is_empty() {
        recording.stacks = renamed(&recording.stacks, &named);
        recording.code = code_samples::of_stacks(&recording.stacks);
    }
    let sites = call_sites::name(&mut recording.memory_stacks, debug_files);
    (named.len() + sites.0, all + sites.1)
}

/// Returns the address of a frame's code. Any address of the function will do.
fn code_of(frame: &StackFrame) -> u64 {
    frame.code.unwrap_or(frame.address)
}

/// Returns the code without a function, by module.
fn unnamed(stacks: &Stacks) -> BTreeMap<usize, BTreeSet<u64>> {
    let mut unnamed: BTreeMap<usize, BTreeSet<u64>> = BTreeMap::new();
    let mut add = |frame: &StackFrame, code| {
        if let Some(module) = frame.module.filter(|_| frame.function.is_empty()) {
            unnamed.entry(module).or_default().insert(code);
        }
    };
    let frames = stacks.frames.iter();
    frames.for_each(|frame| add(frame, code_of(frame)));
    for count in &stacks.counts {
        if let Some((innermost, code)) = stacks.frames_of(count.node).next().zip(count.code) {
            add(innermost, code);
        }
    }
    unnamed
}

fn look_up(
    stacks: &Stacks,
    unnamed: &BTreeMap<usize, BTreeSet<u64>>,
    debug_files: &DebugFiles,
) -> Named {
    let mut named = Named::new();
    for (module, addresses) in unnamed {
        let Some(known) = stacks.modules.get(*module) else {
            continue;
        };
        let wanted = Wanted {
            build_id: known.build_id.clone(),
            ..Wanted::default()
        };
        let functions = functions_of(&wanted, addresses.clone(), debug_files).into_iter();
        named.extend(functions.map(|(address, found)| ((*module, address), found)));
    }
    named
}

fn functions_of(
    wanted: &Wanted,
    mut missing: BTreeSet<u64>,
    debug_files: &DebugFiles,
) -> BTreeMap<u64, NamedCode> {
    let mut named = BTreeMap::new();
    for file in debug_files.find(wanted, None) {
        let Ok(bounded) = file.try_clone().map(Bounded::new) else {
            continue;
        };
        let Some(image) = Image::parse(&bounded) else {
            continue;
        };
        let functions = functions_in(&image, std::iter::empty(), &missing, 1);
        let language = Language::of(&image);
        let addresses = functions.keys().copied().collect();
        let largest = debug_files.largest_dwarf();
        let read = (&file, &image);
        let mut inlined = inlined_in(read, std::iter::empty(), &addresses, largest);
        named.extend(functions.into_iter().map(|(address, function)| {
            let inlined = inlined.remove(&address).unwrap_or_default();
            (address, (function, inlined, language))
        }));
        missing.retain(|address| !named.contains_key(address));
        if missing.is_empty() {
            break;
        }
    }
    named
}

/// Builds the tree anew: frames that were apart may have one name by now.
fn renamed(stacks: &Stacks, named: &Named) -> Stacks {
    let mut builder = StacksBuilder::default();
    builder.lose(stacks.lost);
    let modules: Vec<usize> = stacks
        .modules
        .iter()
        .map(|module| {
            let index = builder.module(&module.file, &module.build_id);
            builder.broken_in(index, module.broken);
            index
        })
        .collect();
    for count in &stacks.counts {
        let mut frames: Vec<StackFrame> = stacks.frames_of(count.node).cloned().collect();
        if let Some(innermost) = frames.first_mut() {
            innermost.code = count.code.or(innermost.code);
        }
        let outermost_first = frames.iter().rev();
        let frames = outermost_first.flat_map(|frame| renamed_frame(frame, named, &modules));
        let key = (count.thread, count.mode, count.in_gc);
        builder.add(key, frames, count.samples);
    }
    let mut again = builder.done();
    again.hints = hints_of(stacks, &again, &modules);
    again
}

/// Keeps the evidence of frames that still have no name.
fn hints_of(stacks: &Stacks, again: &Stacks, modules: &[usize]) -> Vec<CodeHint> {
    let frames = again.frames.iter().enumerate();
    let indexes: BTreeMap<StackFrame, usize> = frames
        .map(|(index, frame)| (frame.of_function(), index))
        .collect();
    let hint = |hint: &CodeHint| {
        let frame = stacks.frames.get(hint.frame)?;
        let frame = StackFrame {
            module: in_modules(frame, modules),
            ..frame.of_function()
        };
        Some(CodeHint {
            frame: *indexes.get(&frame)?,
            ..hint.clone()
        })
    };
    stacks.hints.iter().filter_map(hint).collect()
}

fn in_modules(frame: &StackFrame, modules: &[usize]) -> Option<usize> {
    modules.get(frame.module?).copied()
}

fn renamed_frame(frame: &StackFrame, named: &Named, modules: &[usize]) -> Vec<StackFrame> {
    let key = frame.module.map(|module| (module, code_of(frame)));
    let key = key.filter(|_| frame.function.is_empty());
    let frame = StackFrame {
        module: in_modules(frame, modules),
        ..frame.clone()
    };
    match key.and_then(|key| named.get(&key)) {
        Some((function, inlined, language)) => {
            let frame = StackFrame {
                package: package(&function.name, None, *language),
                function: function.name.clone(),
                address: function.start,
                code: None,
                ..frame
            };
            frame.with_inlined(inlined)
        }
        None => vec![frame],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::symbols::testing::Built;
    use recording::stacks::SampleMode;
    use std::path::Path;

    /// A recording with two places in `known_work`, and code that no symbol has.
    fn recorded(build_id: &str, known_work: u64) -> Recording {
        let mut builder = StacksBuilder::default();
        builder.lose(9);
        let module = builder.module("known", build_id);
        builder.broken_in(module, 4);
        let at = |address, code| StackFrame {
            module: Some(module),
            address,
            code,
            ..StackFrame::default()
        };
        let user = (0, SampleMode::User, false);
        let outer = at(8, Some(9));
        builder.add(user, [outer.clone(), at(known_work, None)], 2);
        // A prologue before the function was taken for its start.
        builder.add(user, [outer.clone(), at(3, Some(known_work + 4))], 3);
        builder.add((0, SampleMode::Syscall, false), [outer], 5);
        let mut stacks = builder.done();
        stacks.hints = (0..3)
            .map(|frame| CodeHint {
                frame,
                ..CodeHint::default()
            })
            .collect();
        Recording {
            stacks,
            ..Recording::default()
        }
    }

    fn files(folder: &Path) -> DebugFiles {
        DebugFiles::new(&[folder.to_path_buf()])
    }

    #[test]
    fn names_frames_by_debug_files_found_later() {
        let built = Built::with(&["-Wl,--build-id"]);
        let mut recording = recorded(&built.build_id, built.known_work);
        let named = name_frames(&mut recording, &files(built.dir.path()));
        assert_eq!(named, (2, 3));
        let stacks = &recording.stacks;
        assert_eq!(
            (stacks.samples, stacks.lost, stacks.frames.len()),
            (10, 9, 2)
        );
        let first = stacks.counts[0];
        let innermost = stacks.frames_of(first.node).next().expect("a frame");
        assert_eq!((&*innermost.function, first.samples), ("known_work", 5));
        assert_eq!(
            (innermost.address, innermost.code),
            (built.known_work, None)
        );
        let module = &stacks.modules[0];
        assert_eq!(
            (module.broken, module.samples, module.named_samples),
            (4, 10, 5)
        );
        assert_eq!(recording.code[0].function, "known_work");
        // Code without a name keeps its address and its evidence.
        let kept = stacks.frames.iter().position(|frame| frame.code == Some(9));
        let hints: Vec<_> = stacks.hints.iter().map(|hint| Some(hint.frame)).collect();
        assert_eq!(hints, [kept]);
    }

    #[test]
    fn keeps_recordings_whose_files_are_not_there() {
        let built = Built::with(&["-Wl,--build-id"]);
        let nothing = tempfile::tempdir().expect("a folder");
        for (build_id, folder) in [
            (built.build_id.as_str(), nothing.path()),
            ("0123456789abcdef", built.dir.path()),
            ("../../known", built.dir.path()),
            ("", built.dir.path()),
        ] {
            let mut recording = recorded(build_id, built.known_work);
            let before = recording.stacks.clone();
            assert_eq!(name_frames(&mut recording, &files(folder)), (0, 3));
            assert_eq!(recording.stacks, before);
        }
    }

    #[test]
    fn survives_a_damaged_recording() {
        let built = Built::with(&["-Wl,--build-id"]);
        let mut recording = recorded(&built.build_id, built.known_work);
        recording.stacks.frames[0].module = Some(77);
        recording.stacks.nodes[1].parent = Some(99);
        let named = name_frames(&mut recording, &files(built.dir.path()));
        assert_eq!(named.0, 2);
        assert_eq!(recording.stacks.samples, 10);
    }
}
