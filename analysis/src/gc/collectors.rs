//! Roots of collectors whose functions have names.

mod table;

use recording::Recording;
use recording::gc::{GcPart, GcRoot};
use recording::stacks::StackFrame;
use table::{COLLECTORS, Collector};

/// Returns the frames that are functions of the runtime's collector; `None` where its functions
/// have no names, or no table has them.
pub(super) fn roots(recording: &Recording) -> Option<Vec<GcRoot>> {
    let runtime = recording.target.runtime;
    let collector = COLLECTORS
        .iter()
        .find(|collector| collector.runtimes.contains(&runtime))?;
    let frames = &recording.stacks.frames;
    let roots: Vec<GcRoot> = frames
        .iter()
        .enumerate()
        .filter_map(|(frame, of)| {
            let part = collector.part(of)?;
            Some(GcRoot { frame, part })
        })
        .collect();
    let is_marker = |frame: &StackFrame| {
        let name = bare(&frame.function);
        let begins = |start: &&str| name.starts_with(*start);
        collector.markers.iter().any(begins)
    };
    (!roots.is_empty() || frames.iter().any(is_marker)).then_some(roots)
}

impl Collector {
    fn part(&self, frame: &StackFrame) -> Option<GcPart> {
        let name = bare(&frame.function);
        let begins = |names: &&[&str]| names.iter().any(|start| name.starts_with(start));
        let known = self.roots.iter().find(|(_, names)| begins(names));
        // The compiler's clones of a function have a suffix: `.part.0`, `.isra.0`, `.cold`.
        let whole = name.split('.').next().unwrap_or_default();
        let ends = self.ends.iter().any(|end| whole.ends_with(end));
        known
            .map(|(part, _)| *part)
            .or(ends.then_some(GcPart::Pause))
    }
}

/// Returns the name without parameters, and without the type that it returns, which C++ names of
/// templates begin with.
fn bare(function: &str) -> &str {
    let anonymous = "(anonymous namespace)";
    let end = function
        .match_indices('(')
        .find(|(at, _)| {
            // Go writes the receiver of a method in parentheses.
            let is_receiver = function[..*at].ends_with('.');
            !is_receiver && !function[*at..].starts_with(anonymous)
        })
        .map_or(function.len(), |(at, _)| at);
    let head = &function[..end];
    let outside_of_brackets = head.find('<').unwrap_or(head.len());
    match head[..outside_of_brackets].rsplit_once(' ') {
        Some((before, _)) if !before.ends_with("anonymous") => &head[before.len() + 1..],
        _ => head,
    }
}

#[cfg(test)]
mod tests;
