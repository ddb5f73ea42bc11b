//! Call stacks of CPU samples.
//!
//! Stacks share their outer frames, so they are kept as a tree: a node is a frame called from its
//! parent.

use crate::code_hint::CodeHint;
use crate::process::is_zero;
use crate::vocabulary::{CodePlace, vocabulary};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

vocabulary! {
    /// Where a CPU sample found its thread.
    SampleMode {
        /// In user code.
        User = "user", "user code";
        /// In a system call.
        Syscall = "syscall", "system call";
        /// In the kernel outside a system call: page fault, interrupt, context switch.
        Fault = "fault", "page fault or interrupt";
        /// At the edge of a system call.
        SyscallEdge = "syscall-edge", "edge of a system call";
        /// Back from a page fault, before the instruction that caused it ran.
        FaultReturn = "fault-return", "return from a page fault";
    }
}

/// The package of functions that belong to the program itself. No package has this name.
pub const APPLICATION: &str = "(application)";

/// Call stacks of CPU samples.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stacks {
    /// Samples with a stack.
    pub samples: u64,
    /// Samples without: a map was full, or the thread is not in the recording.
    pub lost: u64,
    /// Files that code was mapped from.
    pub modules: Vec<Module>,
    /// Frames that occur in stacks.
    pub frames: Vec<StackFrame>,
    /// Nodes of the call tree. A parent stands before its children.
    pub nodes: Vec<StackNode>,
    /// Samples by thread and innermost node, most first.
    pub counts: Vec<StackCount>,
    /// Samples in the kernel by where their callers there come from.
    #[serde(default, skip_serializing_if = "KernelCallers::is_empty")]
    pub kernel_callers: KernelCallers,
    /// Evidence of the work of frames without a symbol, by their index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<CodeHint>,
}

/// Samples in the kernel by where their callers there come from. The innermost function is of the
/// sample itself in each case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelCallers {
    /// They were read when the sample was taken.
    pub read: u64,
    /// They are those of samples in the same function and system call.
    pub estimated: u64,
    /// They are missing, since no sample alike had them read.
    pub missing: u64,
}

impl KernelCallers {
    /// Returns whether there was no sample in the kernel.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A file that code was mapped from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Module {
    /// Its name; never trusted, renderers escape it.
    pub file: String,
    /// GNU build id in hexadecimal digits; empty where it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub build_id: String,
    /// Stacks that end in this module before they reach the start of their thread: the module keeps
    /// no frame pointers there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub broken: u64,
    /// Samples whose innermost frame lies in this module.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub samples: u64,
    /// Those of them whose innermost frame has a function.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub named_samples: u64,
}

/// A frame: a function where its symbol is known, otherwise an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StackFrame {
    /// The function; empty where no symbol names it. Never trusted, renderers escape it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub function: String,
    /// Index of the module; absent for compiled code and the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<usize>,
    /// Start of the function, in the module's own address space: as a symbol or an unwinding table
    /// has it, otherwise that of the nearest prologue before the code. 0 without a module.
    pub address: u64,
    /// Address of code in the function, where `address` is that of a prologue: symbols that are
    /// found later name it. One of several where the frame occurs more than once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u64>,
    /// Whether the compiler inlined the function into the one that the next outer frame has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inlined: bool,
    /// Where the code lies.
    pub place: CodePlace,
    /// The package that the function belongs to, where its name or path has it: a Python or npm
    /// package, a Go module, a Rust crate, [`APPLICATION`]. Never trusted, renderers escape it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
}

/// A node of the call tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackNode {
    /// Index of the caller's node; absent for the outermost frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    /// Index of the frame.
    pub frame: usize,
}

/// Samples of one thread in one stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackCount {
    /// Index of the thread in `threads`.
    pub thread: usize,
    /// Where the samples found it.
    pub mode: SampleMode,
    /// Whether a dedicated garbage collection thread was awake.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_gc: bool,
    /// Index of the innermost frame's node; absent for an empty stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<usize>,
    /// Address of the sampled code, where the innermost frame has one (`StackFrame::code`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u64>,
    /// Samples.
    pub samples: u64,
}

impl StackFrame {
    /// Returns the frame without the address of its code: one function has many, and is one frame.
    pub fn of_function(&self) -> StackFrame {
        StackFrame {
            code: None,
            ..self.clone()
        }
    }

    /// Returns this frame with the functions that are inlined there, outermost first. `inlined` has
    /// the innermost first.
    pub fn with_inlined(self, inlined: &[String]) -> Vec<StackFrame> {
        let outermost_first = inlined.iter().rev();
        let frames: Vec<StackFrame> = outermost_first
            .map(|function| StackFrame {
                function: function.clone(),
                inlined: true,
                ..self.clone()
            })
            .collect();
        [vec![self], frames].concat()
    }
}

impl Stacks {
    /// Returns whether no stack was recorded.
    pub fn is_empty(&self) -> bool {
        self.samples == 0 && self.lost == 0
    }

    /// Returns the frames of a stack, innermost first.
    pub fn frames_of(&self, node: Option<usize>) -> impl Iterator<Item = &StackFrame> {
        let frames = self.frame_indexes(node);
        frames.filter_map(|frame| self.frames.get(frame))
    }

    /// Returns the indexes of the frames of a stack, innermost first.
    pub fn frame_indexes(&self, node: Option<usize>) -> impl Iterator<Item = usize> {
        let nodes = self.node_indexes(node);
        nodes.filter_map(|index| Some(self.nodes.get(index)?.frame))
    }

    /// Returns the indexes of the nodes of a stack, innermost first.
    pub fn node_indexes(&self, node: Option<usize>) -> impl Iterator<Item = usize> {
        // A parent stands before its children, so that no file makes this endless.
        let outward = |index: &usize| {
            let parent = self.nodes.get(*index)?.parent;
            parent.filter(|parent| parent < index)
        };
        let node = node.filter(|index| *index < self.nodes.len());
        std::iter::successors(node, outward)
    }

    /// Returns the words for a frame: its function, or its module and address.
    pub fn label(&self, frame: &StackFrame) -> String {
        if !frame.function.is_empty() {
            return frame.function.clone();
        }
        match frame.module.and_then(|index| self.modules.get(index)) {
            Some(module) => format!("{}+{:#x}", module.file, frame.address),
            None => format!("[{}]", frame.place),
        }
    }

    /// Returns the words for the frame at an index: its label, and in brackets the source file or
    /// folder that evidence of code without a symbol names.
    pub fn label_at(&self, index: usize) -> String {
        let Some(frame) = self.frames.get(index) else {
            return String::new();
        };
        match self.source_at(index) {
            Some(source) => format!("{} [{}]", self.label(frame), short(source)),
            None => self.label(frame),
        }
    }

    /// Returns the source file or folder that evidence of the frame at an index names.
    pub fn source_at(&self, index: usize) -> Option<&str> {
        // Hints are in the order of their frames.
        let found = self.hints.binary_search_by_key(&index, |hint| hint.frame);
        let hint = self.hints.get(found.ok()?)?;
        (!hint.source.is_empty()).then_some(&*hint.source)
    }
}

/// Returns the last two steps of a path.
fn short(path: &str) -> &str {
    let mut slashes = path.trim_end_matches('/').rmatch_indices('/');
    slashes.nth(1).map_or(path, |(at, _)| &path[at + 1..])
}

/// Thread, mode, whether a collection ran, innermost node, and address of the code.
type CountKey = (usize, SampleMode, bool, Option<usize>, Option<u64>);

/// Builds the tree of [`Stacks`] from whole stacks.
#[derive(Debug, Default)]
pub struct StacksBuilder {
    stacks: Stacks,
    modules: BTreeMap<(String, String), usize>,
    frames: BTreeMap<StackFrame, usize>,
    nodes: BTreeMap<(Option<usize>, usize), usize>,
    counts: BTreeMap<CountKey, u64>,
}

impl StacksBuilder {
    /// Returns the index of a module.
    pub fn module(&mut self, file: &str, build_id: &str) -> usize {
        let modules = &mut self.stacks.modules;
        let key = (file.to_owned(), build_id.to_owned());
        *self.modules.entry(key).or_insert_with(|| {
            modules.push(Module {
                file: file.into(),
                build_id: build_id.into(),
                ..Module::default()
            });
            modules.len() - 1
        })
    }

    /// Counts stacks that end in a module before they reach the start of their thread.
    pub fn broken_in(&mut self, module: usize, samples: u64) {
        if let Some(module) = self.stacks.modules.get_mut(module) {
            module.broken += samples;
        }
    }

    /// Counts samples without a stack.
    pub fn lose(&mut self, samples: u64) {
        self.stacks.lost += samples;
    }

    /// Returns the node of the innermost frame of a stack, given from the outermost frame inward;
    /// `None` for an empty stack.
    pub fn node(&mut self, outermost_first: impl IntoIterator<Item = StackFrame>) -> Option<usize> {
        let mut node = None;
        for frame in outermost_first {
            node = Some(self.child(node, frame));
        }
        node
    }

    /// Adds samples of one stack, given from the outermost frame inward.
    pub fn add(
        &mut self,
        (thread, mode, in_gc): (usize, SampleMode, bool),
        outermost_first: impl IntoIterator<Item = StackFrame>,
        samples: u64,
    ) {
        let (mut node, mut code) = (None, None);
        for frame in outermost_first {
            code = frame.code;
            node = Some(self.child(node, frame));
        }
        self.count_in_module(node, samples);
        self.stacks.samples += samples;
        *self
            .counts
            .entry((thread, mode, in_gc, node, code))
            .or_default() += samples;
    }

    fn count_in_module(&mut self, innermost: Option<usize>, samples: u64) {
        let stacks = &mut self.stacks;
        let frame = innermost.map(|node| &stacks.frames[stacks.nodes[node].frame]);
        let module = frame.and_then(|frame| stacks.modules.get_mut(frame.module?));
        if let (Some(frame), Some(module)) = (frame, module) {
            module.samples += samples;
            module.named_samples += if frame.function.is_empty() {
                0
            } else {
                samples
            };
        }
    }

    fn child(&mut self, parent: Option<usize>, frame: StackFrame) -> usize {
        let frames = &mut self.stacks.frames;
        let frame = *self.frames.entry(frame.of_function()).or_insert_with(|| {
            frames.push(frame);
            frames.len() - 1
        });
        let nodes = &mut self.stacks.nodes;
        *self.nodes.entry((parent, frame)).or_insert_with(|| {
            nodes.push(StackNode { parent, frame });
            nodes.len() - 1
        })
    }

    /// Returns the stacks.
    pub fn done(mut self) -> Stacks {
        let counts = self.counts.into_iter();
        let counts = counts.map(|((thread, mode, in_gc, node, code), samples)| StackCount {
            thread,
            mode,
            in_gc,
            node,
            code,
            samples,
        });
        self.stacks.counts = counts.collect();
        self.stacks
            .counts
            .sort_by_key(|count| Reverse(count.samples));
        self.stacks
    }
}

#[cfg(test)]
mod tests;
