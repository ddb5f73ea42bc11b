//! Events that a timeline lacks, so that every beginning in a trace has an end.

use recording::Recording;
use recording::Timeline;
use recording::timeline::{Event, EventKind, PREEMPTED};
use std::collections::{HashMap, HashSet};

/// State of a thread that leaves its CPU because a piece of the timeline ends. Perfetto shows it as
/// `I` (idle), which no thread of a process has.
pub(super) const BEYOND: u64 = 1 << 33;

/// Returns the events of each CPU, completed:
///
/// - A system call whose entry is missing begins with its piece of the timeline, or at its return
///   if the thread is new: that returns from its parent's call.
/// - Switches between two tasks that are not the target's are not recorded. If one happened before
///   a switch that is, the task that follows appears for no time. Perfetto would take the earlier
///   one's slice for unfinished otherwise.
/// - Between two pieces no thread has a CPU, a system call or a collection.
pub(super) fn complete(recording: &Recording, timeline: &Timeline) -> Vec<Vec<Event>> {
    let threads = recording.threads.iter();
    let started = threads.filter(|thread| thread.started_ns.is_some());
    let mut completed = Completed {
        unseen: started.map(|thread| thread.tid).collect(),
        cpus: vec![Vec::new(); timeline.cpus.len()],
    };
    let cpus = timeline.cpus.iter().enumerate();
    let events = cpus.flat_map(|(cpu, events)| events.iter().map(move |event| (cpu, event)));
    let mut events: Vec<(usize, &Event)> = events.collect();
    events.sort_by_key(|(_, event)| event.time_ns);
    let is_cut = !timeline.pieces.is_empty();
    for (start_ns, end_ns) in timeline.pieces() {
        let in_piece = |time_ns: u64| !is_cut || (start_ns..=end_ns).contains(&time_ns);
        let mut piece = Piece::default();
        for (cpu, event) in events.iter().filter(|(_, event)| in_piece(event.time_ns)) {
            completed.add(&mut piece, *cpu, **event, (start_ns, is_cut));
        }
        if is_cut {
            completed.close(piece, end_ns);
        }
    }
    completed.cpus
}

struct Completed {
    /// New threads, of which no system call was seen.
    unseen: HashSet<u32>,
    cpus: Vec<Vec<Event>>,
}

/// The state at an instant of a piece.
#[derive(Default)]
struct Piece {
    /// Threads of which a system call was seen.
    called: HashSet<u32>,
    /// System calls by thread, with the CPU of their entry.
    calls: HashMap<u32, (usize, u64)>,
    /// Collections by thread and kind, with the CPU of their beginning.
    collections: HashMap<(u32, u64), usize>,
    /// The thread that has each CPU.
    on_cpu: HashMap<usize, u32>,
}

impl Completed {
    fn add(
        &mut self,
        piece: &mut Piece,
        cpu: usize,
        event: Event,
        (start_ns, is_cut): (u64, bool),
    ) {
        let tid = event.tid;
        match EventKind::of(event.kind) {
            Some(EventKind::Enter) => {
                piece.called.insert(tid);
                self.unseen.remove(&tid);
                piece.calls.insert(tid, (cpu, event.first));
            }
            Some(EventKind::Exit) => {
                let is_new = self.unseen.remove(&tid);
                if piece.called.insert(tid) {
                    let since_ns = if is_new { event.time_ns } else { start_ns };
                    self.put(cpu, since_ns, tid, EventKind::Enter, (event.first, 0));
                }
                piece.calls.remove(&tid);
            }
            Some(EventKind::GcBegin) => _ = piece.collections.insert((tid, event.first), cpu),
            Some(EventKind::GcEnd) => _ = piece.collections.remove(&(tid, event.first)),
            Some(EventKind::Switch) => {
                let numbers = (tid.into(), PREEMPTED);
                match piece.on_cpu.insert(cpu, event.first as u32) {
                    Some(earlier) if earlier != tid => {
                        self.put(cpu, event.time_ns, earlier, EventKind::Switch, numbers);
                    }
                    None if is_cut && tid != 0 => {
                        self.put(cpu, start_ns, 0, EventKind::Switch, numbers)
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        self.cpus[cpu].push(event);
    }

    fn close(&mut self, piece: Piece, end_ns: u64) {
        for (tid, (cpu, number)) in piece.calls {
            self.put(cpu, end_ns, tid, EventKind::Exit, (number, 0));
        }
        for ((tid, of), cpu) in piece.collections {
            self.put(cpu, end_ns, tid, EventKind::GcEnd, (of, 0));
        }
        for (cpu, tid) in piece.on_cpu.into_iter().filter(|(_, tid)| *tid != 0) {
            self.put(cpu, end_ns, tid, EventKind::Switch, (0, BEYOND));
        }
    }

    fn put(&mut self, cpu: usize, time_ns: u64, tid: u32, kind: EventKind, numbers: (u64, u64)) {
        self.cpus[cpu].push(Event {
            time_ns,
            tid,
            kind: kind as u32,
            first: numbers.0,
            second: numbers.1,
        });
    }
}
