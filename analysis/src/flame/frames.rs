//! Frames of flame graphs, and the words for frames of call stacks.

use recording::Stacks;
use recording::comparison::{FlameFrame, FlameLevel};
use recording::stacks::StackFrame;
use std::collections::{BTreeSet, HashMap};

/// Frames of all trees, each once.
pub(super) struct Frames {
    pub(super) list: Vec<FlameFrame>,
    indexes: HashMap<FlameFrame, usize>,
    /// Index of the frame of time that no stack shows.
    pub(super) no_sample: usize,
    /// Index of the frame of small nodes, added up.
    pub(super) folded: usize,
}

impl Frames {
    /// Returns the frames that every graph may need.
    pub(super) fn new() -> Self {
        let mut frames = Frames {
            list: Vec::new(),
            indexes: HashMap::new(),
            no_sample: 0,
            folded: 0,
        };
        let plain = |level: FlameLevel, frames: &mut Frames| frames.plain(level, level.label());
        frames.no_sample = plain(FlameLevel::NoSample, &mut frames);
        frames.folded = plain(FlameLevel::Folded, &mut frames);
        frames
    }

    /// Returns whether a frame is one of a call stack.
    pub(super) fn is_function(&self, frame: usize) -> bool {
        let level = self.list[frame].level;
        matches!(level, FlameLevel::Function | FlameLevel::Package)
    }

    /// Returns the index of a frame.
    pub(super) fn intern(&mut self, frame: FlameFrame) -> usize {
        let list = &mut self.list;
        *self.indexes.entry(frame).or_insert_with_key(|frame| {
            list.push(frame.clone());
            list.len() - 1
        })
    }

    /// Returns the index of a frame that is no function.
    pub(super) fn plain(&mut self, level: FlameLevel, label: &str) -> usize {
        self.intern(FlameFrame {
            level,
            label: label.into(),
            module: String::new(),
            package: String::new(),
            place: None,
            unnamed: false,
        })
    }
}

/// Modules whose functions without a symbol have different addresses in the two arms. A tree of
/// both has one frame for all of them.
pub(super) type Rebuilt = BTreeSet<String>;

/// The way in which a frame of a call stack joins the frame that called it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joins {
    /// Not at all.
    Never,
    /// Where both are the same frame of the graph.
    Same,
    /// Always: it is no frame of the graph.
    Always,
}

/// Returns a frame of a call stack as a frame of a graph by functions, and how it joins its caller:
/// a frame may stand for any function of its module.
pub(super) fn by_function(
    (stacks, frame): (&Stacks, &StackFrame),
    rebuilt: &Rebuilt,
    frames: &mut Frames,
) -> (usize, Joins) {
    let (frame, is_any) = function(stacks, frame, rebuilt);
    let joins = if is_any { Joins::Same } else { Joins::Never };
    (frames.intern(frame), joins)
}

/// Returns a frame of a call stack as a frame of a graph by packages. One without a package belongs
/// to its caller.
pub(super) fn by_package(owner: Option<&str>, frames: &mut Frames) -> (usize, Joins) {
    match owner {
        Some(package) => (frames.plain(FlameLevel::Package, package), Joins::Same),
        None => (frames.folded, Joins::Always),
    }
}

/// Returns a frame of a call stack as a frame of a graph, and whether it stands for any function of
/// its module.
fn function(stacks: &Stacks, frame: &StackFrame, rebuilt: &Rebuilt) -> (FlameFrame, bool) {
    let module = frame.module.and_then(|index| stacks.modules.get(index));
    let module = module.map_or_else(String::new, |module| module.file.clone());
    let unnamed = frame.function.is_empty();
    let is_any = unnamed && rebuilt.contains(&module);
    let label = match is_any {
        true => format!("{module} (no symbol)"),
        false => stacks.label(frame),
    };
    let frame = FlameFrame {
        level: FlameLevel::Function,
        label,
        module,
        package: frame.package.clone(),
        place: Some(frame.place),
        unnamed,
    };
    (frame, is_any)
}
