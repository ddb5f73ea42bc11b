//! Roots of a collector without names and without bursts of helper threads, by its source files.
//!
//! Where JavaScriptCore collects on one thread, or too rarely, bursts teach nothing. But its code
//! refers to its source files, which stripping keeps.

use recording::Recording;
use recording::gc::{GcPart, GcRoot};

/// Ends of source files whose functions do nothing but collect: those that run a collection, and
/// those that mark.
const SOURCES: [&str; 2] = ["/heap/Heap.cpp", "/heap/SlotVisitor.cpp"];

/// Returns the frames that refer to a source file of a collector. Functions that only lie beside
/// such may allocate.
pub(super) fn roots(recording: &Recording) -> Vec<GcRoot> {
    let hints = recording.stacks.hints.iter();
    let own = hints.filter(|hint| hint.neighbours.is_none());
    let collecting = own.filter(|hint| SOURCES.iter().any(|end| hint.source.ends_with(end)));
    let part = GcPart::Pause;
    let roots = collecting.map(|hint| GcRoot {
        frame: hint.frame,
        part,
    });
    roots.collect()
}
