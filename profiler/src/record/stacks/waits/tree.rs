//! The call tree of waits, and the places in it.

use super::objects::Object;
use super::{CallStacks, Hashes};
use crate::record::names;
use crate::record::stacks::Observed;
use crate::record::stacks::names::Names;
use crate::record::threads::ThreadIndex;
use profiler_common::numbers::FUTEX;
use profiler_common::off_cpu::{NO_CALL, WAITS_BITS, WAKER_INTERRUPT, WAKER_TIMER};
use profiler_common::{WAKER_IDLE, WAKER_OTHER, WaitKey, WaitSum};
use recording::process::WakeSource;
use recording::stacks::{StackFrame, StacksBuilder};
use recording::vocabulary::{CodePlace, RegionClass};
use recording::waits::Wait;
use std::collections::BTreeMap;

/// The call tree under construction.
pub(super) struct Tree<'a> {
    pub(super) found: &'a Observed<'a>,
    pub(super) names: &'a Names<'a>,
    pub(super) stacks: &'a CallStacks,
    pub(super) objects: BTreeMap<u64, Object>,
    pub(super) builder: StacksBuilder,
    pub(super) nodes: BTreeMap<(u32, Hashes), Option<usize>>,
}

impl Tree<'_> {
    /// Returns the place of a wait. Stacks that differ in garbage only have the same nodes.
    pub(super) fn place(&mut self, thread: usize, key: &WaitKey) -> Place {
        let is_futex = key.nr == FUTEX;
        Place {
            thread,
            nr: key.nr,
            node: self.node(key.serial, (key.stack, key.sleep)),
            waker: waker(key.waker, self.found.index),
            waker_nr: key.waker_nr,
            waker_node: self.node(key.waker, (key.waker_stack, 0)),
            futex: if is_futex { key.object } else { 0 },
            object: self.objects.get(&key.object).filter(|_| !is_futex).cloned(),
        }
    }

    fn node(&mut self, serial: u32, hashes: Hashes) -> Option<usize> {
        let key = (pid_of(serial, self.found)?, hashes);
        let stack = self.stacks.get(&key)?;
        if let Some(known) = self.nodes.get(&key) {
            return *known;
        }
        let frames = self.names.frames(key.0, stack, &mut self.builder, 0);
        let innermost_first = frames.into_iter().rev().filter(is_code);
        let innermost_first: Vec<StackFrame> = innermost_first.collect();
        let frames = self.found.python.add_to(hashes.0, innermost_first);
        let node = self.builder.node(frames.into_iter().rev());
        self.nodes.insert(key, node);
        node
    }
}

/// Where a thread waited, and who ended that.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    thread: usize,
    nr: u32,
    node: Option<usize>,
    waker: WakeSource,
    waker_nr: u32,
    waker_node: Option<usize>,
    futex: u64,
    object: Option<Object>,
}

/// Returns the waits in one place as a recording has them.
pub(super) fn row((place, sum): (&Place, &WaitSum)) -> Wait {
    let call = |nr| match nr {
        NO_CALL => String::new(),
        nr => names::syscall(nr),
    };
    let (file, peer) = match place.object.clone() {
        Some(Object::File(name)) => (Some(name), None),
        Some(Object::Peer(address)) => (None, Some(address)),
        None => (None, None),
    };
    Wait {
        thread: place.thread,
        syscall: call(place.nr),
        node: place.node,
        waker: place.waker,
        waker_syscall: call(place.waker_nr),
        waker_node: place.waker_node,
        futex: (place.futex != 0).then_some(place.futex),
        file,
        peer,
        off_cpu_ns: sum.off_cpu_ns,
        count: (sum.waits + (1 << (WAITS_BITS - 1))) >> WAITS_BITS,
        kept: sum.kept,
        ..Wait::default()
    }
}

/// Whether a frame may be code. A register that is no frame pointer leads to other words.
fn is_code(frame: &StackFrame) -> bool {
    let jit = CodePlace::Region(RegionClass::JitCode);
    frame.module.is_some()
        || !frame.function.is_empty()
        || frame.place == CodePlace::Kernel
        || frame.place == jit
}

pub(super) fn pid_of(serial: u32, found: &Observed) -> Option<u32> {
    Some(found.threads.get(found.index.get(serial)?)?.pid)
}

fn waker(serial: u32, threads: &ThreadIndex) -> WakeSource {
    match serial {
        WAKER_TIMER => WakeSource::Timer,
        WAKER_IDLE | WAKER_INTERRUPT => WakeSource::Interrupt,
        WAKER_OTHER => WakeSource::OtherProcess,
        thread => match threads.get(thread) {
            Some(index) => WakeSource::Thread(index),
            None => WakeSource::EndedThread,
        },
    }
}
