//! Frames of Python code.
//!
//! CPython's frames are no frames of the machine: a native stack shows `_PyEval_EvalFrameDefault`
//! for all functions. The programs read CPython's own list with each sample. This module says where
//! the list of each thread is, and names the code objects in it. Neither needs anything of the
//! target, so that measured rounds have functions and packages of Python.

mod interpreter;
mod layout;
mod process_memory;

use super::drain;
use anyhow::Result;
use aya::Ebpf;
use interpreter::Interpreter;
pub use interpreter::{PythonFunction, short};
use profiler_common::PythonStack;
use recording::stacks::StackFrame;
use recording::vocabulary::{CodePlace, RegionClass};
use std::collections::BTreeMap;

/// Ticks from one look at the threads of a process to the next.
const TICKS_APART: u32 = 5;
/// Ticks in which a new process is looked at each time: its interpreter begins, and starts threads.
const YOUNG: u32 = 30;
/// Name of the function that runs Python code.
const EVALUATES: &str = "_PyEval_EvalFrameDefault";
/// Name of the code object of a call of the interpreter from native code (3.12).
const TRAMPOLINE: &str = "<interpreter trampoline>";

/// A process of the target.
#[derive(Debug, Default)]
struct Process {
    /// Ticks since it was seen first, that one included.
    ticks: u32,
    interpreter: Option<Interpreter>,
}

impl Process {
    /// Returns whether a process without an interpreter is looked at in this tick. An interpreter
    /// is there early, or after an exec, and reading the symbols of another program takes long: so
    /// the second look comes after 1 tick, and each one after about half of the time so far.
    fn is_searched(&self) -> bool {
        let ticks = self.ticks;
        ticks.is_power_of_two() || (ticks.is_multiple_of(3) && (ticks / 3).is_power_of_two())
    }

    fn is_young(&self) -> bool {
        self.ticks <= YOUNG
    }

    /// Returns whether the threads of its interpreter are looked at in this tick.
    fn is_looked_at(&self) -> bool {
        self.is_young() || self.ticks.is_multiple_of(TICKS_APART)
    }
}

/// Interpreters of the target's processes, and the functions that samples found.
#[derive(Debug, Default)]
pub struct Python {
    processes: BTreeMap<u32, Process>,
    /// By process and address of the code object; `None` for an address of another object.
    functions: BTreeMap<(u32, u64), Option<PythonFunction>>,
    /// By hash, with the generation in which each was taken last.
    stacks: BTreeMap<u64, (u32, PythonStack)>,
    generation: u32,
}

impl Python {
    /// Does the work of a tick: finds interpreters and their threads, and gives the programs the
    /// places of their frames. Names the functions of young processes, which may end soon.
    ///
    /// # Errors
    /// A map cannot be filled or read.
    pub fn tick(&mut self, bpf: &mut Ebpf, pids: &[u32]) -> Result<()> {
        let mut is_young = false;
        for pid in pids {
            let process = self.processes.entry(*pid).or_default();
            process.ticks = process.ticks.saturating_add(1);
            if process.interpreter.is_none() && process.is_searched() {
                process.interpreter = Interpreter::of(*pid);
            }
            if let Some(interpreter) = &process.interpreter
                && process.is_looked_at()
            {
                drain::fill(bpf, "PYTHON_THREADS", interpreter.threads())?;
                drain::set_number(bpf, "HAS_PYTHON", 1)?;
                is_young |= process.is_young();
            }
        }
        match is_young {
            true => self.take(bpf),
            false => Ok(()),
        }
    }

    /// Takes Python frames out of their map, and names the code objects that are new: they may be
    /// gone when the recording ends.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn take(&mut self, bpf: &mut Ebpf) -> Result<()> {
        for (hash, stack) in drain::take::<u64, PythonStack>(bpf, "PYTHON_STACKS")? {
            for code in codes(&stack) {
                let key = (stack.tgid, code & !1);
                if let Some(process) = self.processes.get(&stack.tgid)
                    && let Some(interpreter) = &process.interpreter
                {
                    let functions = self.functions.entry(key);
                    functions.or_insert_with(|| interpreter.function(key.1));
                }
            }
            self.stacks.insert(hash, (self.generation, stack));
        }
        Ok(())
    }

    /// Begins another generation of stacks, and forgets those that were not seen since the
    /// generation `oldest`. The programs add a stack that was taken again with its next sample.
    pub fn begin_generation(&mut self, generation: u32, oldest: u32) {
        self.generation = generation;
        self.stacks.retain(|_, (seen, _)| *seen >= oldest);
    }

    /// Adds the Python frames of a stack to its native ones, both innermost first.
    pub fn add_to(&self, hash: u64, native: Vec<StackFrame>) -> Vec<StackFrame> {
        match self.stacks.get(&hash) {
            Some((_, stack)) => merged(native, self.calls(stack)),
            None => native,
        }
    }

    /// Returns the frames of each call of the interpreter, innermost first.
    fn calls(&self, stack: &PythonStack) -> Vec<Vec<StackFrame>> {
        let mut calls = vec![Vec::new()];
        for code in codes(stack) {
            let found = self.functions.get(&(stack.tgid, code & !1));
            let function = found.and_then(Option::as_ref);
            let function = function.filter(|function| !function.name.contains(TRAMPOLINE));
            if let (Some(function), Some(call)) = (function, calls.last_mut()) {
                call.push(frame(function));
            }
            // 3.11 marks the outermost frame; later versions have one that is no function.
            if code & 1 == 1 || function.is_none() {
                calls.push(Vec::new());
            }
        }
        calls.retain(|call| !call.is_empty());
        calls
    }
}

fn codes(stack: &PythonStack) -> impl Iterator<Item = u64> + '_ {
    let length = (stack.length as usize).min(stack.code.len());
    stack.code[..length].iter().copied()
}

fn frame(function: &PythonFunction) -> StackFrame {
    StackFrame {
        function: function.name.clone(),
        package: function.package.clone(),
        place: CodePlace::Region(RegionClass::JitCode),
        ..StackFrame::default()
    }
}

/// Puts the frames of each call of the interpreter inside of the native frame that runs them. Where
/// the native stack is broken before it reaches one, the other calls come outermost.
fn merged(native: Vec<StackFrame>, calls: Vec<Vec<StackFrame>>) -> Vec<StackFrame> {
    let mut merged = Vec::new();
    let mut calls = calls.into_iter();
    for frame in native {
        if frame.function.starts_with(EVALUATES) {
            merged.extend(calls.next().into_iter().flatten());
        }
        merged.push(frame);
    }
    merged.extend(calls.flatten());
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(functions: &[&str]) -> Vec<StackFrame> {
        let frame = |function: &&str| StackFrame {
            function: (*function).into(),
            ..StackFrame::default()
        };
        functions.iter().map(frame).collect()
    }

    fn names(frames: &[StackFrame]) -> Vec<&str> {
        frames.iter().map(|frame| &*frame.function).collect()
    }

    fn python(functions: &[(u64, Option<&str>)]) -> Python {
        let function = |name: &&str| PythonFunction {
            name: (*name).into(),
            package: "p".into(),
        };
        let functions = functions.iter();
        Python {
            functions: functions
                .map(|(code, name)| ((7, *code), name.as_ref().map(function)))
                .collect(),
            ..Python::default()
        }
    }

    fn stack(list: &[u64]) -> PythonStack {
        let mut code = [0; profiler_common::python::PYTHON_FRAMES];
        code[..list.len()].copy_from_slice(list);
        PythonStack {
            tgid: 7,
            length: list.len() as u32,
            code,
        }
    }

    #[test]
    fn splits_frames_by_calls_of_the_interpreter() {
        let mut python = python(&[
            (16, Some("a")),
            (32, Some("b")),
            (48, None),
            (64, Some("c")),
        ]);
        // 3.12 and later: a frame of no function between two calls.
        python.stacks.insert(1, (0, stack(&[16, 32, 48, 64, 999])));
        let eval = "_PyEval_EvalFrameDefault.cold";
        let frames = python.add_to(1, native(&["dict", eval, "callback", eval, "main"]));
        let expected = ["dict", "a", "b", eval, "callback", "c", eval, "main"];
        assert_eq!(names(&frames), expected);
        assert_eq!((&*frames[1].package, &*frames[0].package), ("p", ""));
        // 3.11: the outermost frame of each call has a mark.
        python.stacks.insert(2, (0, stack(&[16 | 1, 32, 64 | 1])));
        let frames = python.add_to(2, native(&[eval, "callback", eval]));
        assert_eq!(names(&frames), ["a", eval, "callback", "b", "c", eval]);
    }

    #[test]
    fn puts_frames_outermost_where_the_native_stack_is_broken() {
        let mut python = python(&[(16, Some("a")), (32, Some("b"))]);
        python.stacks.insert(1, (0, stack(&[16, 999, 32])));
        let frames = python.add_to(1, native(&["validate"]));
        assert_eq!(names(&frames), ["validate", "a", "b"]);
    }

    #[test]
    fn looks_for_an_interpreter_often_at_first() {
        let searched = |ticks| Process {
            ticks,
            ..Process::default()
        };
        let ticks: Vec<u32> = (1..50)
            .filter(|ticks| searched(*ticks).is_searched())
            .collect();
        assert_eq!(ticks, [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48]);
        assert!(searched(7).is_looked_at() && !searched(31).is_looked_at());
        assert!(searched(35).is_looked_at());
    }

    #[test]
    fn forgets_stacks_of_older_generations() {
        let mut python = Python::default();
        python.stacks.insert(1, (0, stack(&[16])));
        python.begin_generation(1, 0);
        python.stacks.insert(2, (python.generation, stack(&[16])));
        python.begin_generation(2, 1);
        assert_eq!(python.stacks.keys().collect::<Vec<_>>(), [&2]);
    }

    #[test]
    fn keeps_native_stacks_without_python() {
        let python = python(&[]);
        assert_eq!(names(&python.add_to(1, native(&["a", "b"]))), ["a", "b"]);
    }

    #[test]
    fn survives_lengths_beyond_the_frames() {
        let mut python = python(&[(16, Some("a"))]);
        let mut damaged = stack(&[16]);
        damaged.length = u32::MAX;
        python.stacks.insert(1, (0, damaged));
        assert_eq!(names(&python.add_to(1, native(&[]))), ["a"]);
    }
}
