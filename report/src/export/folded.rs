//! Folded stacks: `role;kind;frame;frame value`, a line a stack, as flamegraph.pl, inferno and
//! speedscope read them. Values are whole ns.

use super::{Whole, names, stacks};
use crate::Error;
use crate::clean::clean;
use recording::comparison::Flame;
use std::io::Write;

/// Separates frames; names have this in its place.
const SEPARATOR: &str = ";";
const IN_NAMES: &str = ":";

pub(super) fn write(flame: &Flame, out: &mut dyn Write) -> Result<(), Error> {
    let safe = |name: &String| name.replace(SEPARATOR, IN_NAMES);
    let names: Vec<String> = names(flame).iter().map(safe).collect();
    let has_several = flame.arms.len() > 1;
    for graph in &flame.arms {
        let arm = has_several.then(|| safe(&clean(&graph.arm)));
        let mut whole = Whole::default();
        for stack in stacks(flame, graph) {
            let value = whole.next(stack.ns);
            if value > 0 {
                let frames = stack.frames.iter().map(|frame| names[*frame].as_str());
                let frames: Vec<&str> = arm.as_deref().into_iter().chain(frames).collect();
                writeln!(out, "{} {value}", frames.join(SEPARATOR))?;
            }
        }
    }
    Ok(())
}
