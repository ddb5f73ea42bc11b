//! Call stacks for other programs: folded lines, pprof, speedscope, Firefox Profiler; and timelines
//! for Perfetto.
//!
//! All formats hold the same stacks: thread role, kind of ledger row, then frames from the
//! outermost inward. Values are those of the flame graph, in ns per unit of the load; formats that
//! have room for it name the unit. Where a file holds one profile only, several arms are
//! distinguished by an outermost frame with the arm's name.

mod firefox;
mod folded;
pub mod perfetto;
mod pprof;
mod speedscope;

use crate::Error;
use crate::clean::clean;
use crate::section::flame::of_arm;
use recording::comparison::flame::path;
use recording::comparison::{Flame, FlameGraph, FlameNode};
use recording::vocabulary::Per;
use std::io::Write;

/// A format for other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line a stack, frames separated by semicolons.
    Folded,
    /// A gzipped protocol buffer.
    Pprof,
    /// JSON of speedscope.
    Speedscope,
    /// JSON of the Firefox Profiler.
    Firefox,
    /// A drawing.
    Svg,
}

/// Writes the stacks of all arms of a flame graph.
pub fn export(flame: &Flame, format: Format, out: &mut dyn Write) -> Result<(), Error> {
    match format {
        Format::Folded => folded::write(flame, out),
        Format::Pprof => pprof::write(flame, out),
        Format::Speedscope => speedscope::write(flame, out),
        Format::Firefox => firefox::write(flame, out),
        Format::Svg => svg(flame, out),
    }
}

fn svg(flame: &Flame, out: &mut dyn Write) -> Result<(), Error> {
    let figures = flame
        .arms
        .iter()
        .map(|graph| of_arm(flame, graph, String::new()));
    let mut figures: Vec<_> = figures.collect();
    let mut trees = Vec::new();
    for figure in &mut figures {
        for mut tree in figure.chart.trees.drain(..) {
            tree.title = figure.title.clone();
            trees.push(tree);
        }
    }
    let chart = crate::chart::FlameChart { trees };
    let title = format!("CPU time per {}", unit(flame));
    out.write_all(chart.file(&title, "Flame graph, roots on top").as_bytes())?;
    Ok(())
}

/// A stack with its time.
struct Stack {
    /// Indexes of the frames, the outermost first.
    frames: Vec<usize>,
    /// Time, ns per unit.
    ns: f64,
}

/// Returns the stacks of an arm that have time.
fn stacks(flame: &Flame, graph: &FlameGraph) -> Vec<Stack> {
    let nodes = graph.nodes.iter().enumerate();
    let with_time = nodes.filter(|(_, node)| node.own > 0.0 && node.own.is_finite());
    let stack = |(index, node): (usize, &FlameNode)| {
        let path = path(&graph.nodes, index);
        // A damaged file may name a frame that it does not have.
        let mut frames: Vec<usize> = path.filter(|frame| *frame < flame.frames.len()).collect();
        frames.reverse();
        Stack {
            frames,
            ns: node.own,
        }
    };
    with_time.map(stack).collect()
}

/// Rounds times to whole nanoseconds so that their sum is the rounded sum.
#[derive(Default)]
struct Whole {
    exact: f64,
    given: i64,
}

impl Whole {
    fn next(&mut self, ns: f64) -> i64 {
        self.exact += ns;
        let up_to_here = self.exact.round() as i64;
        let own = up_to_here - self.given;
        self.given = up_to_here;
        own
    }
}

/// Returns the denominator of all values: `token`.
fn unit(flame: &Flame) -> &str {
    match &flame.per {
        Per::Total => "run",
        per => per.label(),
    }
}

/// Returns the name of the quantity: `cpu_per_token`.
fn quantity(flame: &Flame) -> String {
    format!("cpu_per_{}", unit(flame))
}

/// Returns the names of all frames, without control characters.
fn names(flame: &Flame) -> Vec<String> {
    flame
        .frames
        .iter()
        .map(|frame| clean(&frame.label))
        .collect()
}

#[cfg(test)]
mod tests;
