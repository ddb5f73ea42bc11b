//! The cost of observing a process: the modes alternate in intervals of a second.
//!
//! Two processes of the same server differ by several per cent, and a host is slower in one minute
//! than in the next; intervals of one process that follow each other share both. The cost of a load
//! also changes from second to second, in the same way in each run, so the order of the modes
//! changes from round to round. Programs are loaded once. Detaching them takes some milliseconds,
//! before the interval begins.

use super::proc_recorder::ProcRecorder;
use super::programs::{ProbeConfig, Programs};
use super::session::Session;
use super::target::{self, Process};
use super::thread_exits::ThreadExits;
use super::window::monotonic_ns;
use super::{Options, Recorder, TICKS_PER_POINT};
use anyhow::Result;
use recording::observer::{Mode, ModeInterval};
use recording::{Ended, Recording};

/// Order of the modes: a Latin square (Williams 1949), in which each mode has each place once and
/// follows each other mode once.
const ORDERS: [[Mode; 4]; 4] = {
    const N: Mode = Mode::None;
    const I: Mode = Mode::AttachedIdle;
    const C: Mode = Mode::Counters;
    const A: Mode = Mode::All;
    [[N, I, A, C], [I, C, N, A], [C, A, I, N], [A, N, C, I]]
};

/// A recording under way.
pub struct OverheadRecorder {
    proc_recorder: Box<ProcRecorder>,
    session: Session,
    thread_exits: ThreadExits,
    /// The programs of a session, following no process.
    idle: Programs,
    mode: Mode,
    began: Option<Reading>,
    intervals: Vec<ModeInterval>,
    round: u32,
}

/// The clocks at one instant, ns.
#[derive(Clone, Copy)]
struct Reading {
    at_ns: u64,
    cpu_ns: u64,
}

impl OverheadRecorder {
    /// Loads all programs, leaves them detached, and opens the window.
    ///
    /// # Errors
    /// The kernel refuses a program.
    pub fn begin(processes: Vec<Process>, options: &Options) -> Result<Self> {
        let mut thread_exits = ThreadExits::attach(&target::pids(&processes), options)?;
        thread_exits.detach();
        thread_exits.open(monotonic_ns())?;
        let mut idle =
            Programs::attach(&ProbeConfig::minimal(options.log_programs, &options.hooks))?;
        idle.detach();
        let mut session = Session::begin(processes.clone(), options)?;
        session.stop_measuring_programs();
        session.detach();
        Ok(OverheadRecorder {
            proc_recorder: Box::new(ProcRecorder::begin(processes, options)?),
            session,
            thread_exits,
            idle,
            mode: Mode::None,
            began: None,
            intervals: Vec::new(),
            round: options.round,
        })
    }

    /// Returns the interval that ends now; `None` for the first second, with which a load begins.
    fn interval(&mut self) -> Option<ModeInterval> {
        let now = self.reading();
        let began = self.began?;
        Some(ModeInterval {
            mode: self.mode,
            duration_ns: now.at_ns - began.at_ns,
            cpu_ns: now.cpu_ns.saturating_sub(began.cpu_ns),
        })
    }

    fn reading(&mut self) -> Reading {
        let cpu_ns = self.proc_recorder.read_clocks();
        let at_ns = monotonic_ns();
        Reading { at_ns, cpu_ns }
    }

    fn switch(&mut self, mode: Mode) -> Result<()> {
        if mode == self.mode {
            return Ok(());
        }
        self.detach();
        self.mode = mode;
        match mode {
            Mode::All => self.session.attach_again(),
            Mode::Counters => self.thread_exits.attach_again(),
            Mode::AttachedIdle => self.idle.attach_again(),
            Mode::None | Mode::Overhead => Ok(()),
        }
    }

    fn detach(&mut self) {
        self.session.detach();
        self.thread_exits.detach();
        self.idle.detach();
    }
}

impl Recorder for OverheadRecorder {
    /// Does the work of the current mode. Once a second it ends the interval and begins the next.
    fn tick(&mut self, number: u32) -> Result<bool> {
        if self.proc_recorder.tick(number)? {
            return Ok(true);
        }
        match self.mode {
            Mode::All => self.session.take_exits(),
            _ => self.thread_exits.take(),
        }
        if number.is_multiple_of(TICKS_PER_POINT) {
            if self.mode == Mode::All {
                self.session.add_point()?;
            }
            let interval = self.interval();
            self.intervals.extend(interval);
            self.switch(mode_of(self.intervals.len(), self.round))?;
            self.began = Some(self.reading());
        }
        Ok(false)
    }

    /// Keeps as many intervals of each mode as of the others.
    fn finish(mut self: Box<Self>, ended: Ended) -> Result<Recording> {
        const MODES: usize = Mode::ALTERNATING.len();
        self.detach();
        self.intervals
            .truncate(self.intervals.len() / MODES * MODES);
        let mut recording = self.proc_recorder.finish(ended)?;
        recording.observer.overhead = self.intervals;
        Ok(recording)
    }
}

/// Returns the mode of an interval. Within four rounds each mode has each place once.
fn mode_of(number: usize, round: u32) -> Mode {
    const MODES: usize = Mode::ALTERNATING.len();
    let place = (number + round as usize) % MODES;
    ORDERS[number / MODES % ORDERS.len()][place]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(mut modes: Vec<Mode>) -> Vec<Mode> {
        modes.sort_unstable();
        modes
    }

    #[test]
    fn gives_each_mode_each_place_once() {
        for place in 0..4 {
            let modes = ORDERS.map(|order| order[place]);
            assert_eq!(sorted(modes.into()), Mode::ALTERNATING);
        }
        for number in 0..9 {
            let modes = (1..=4).map(|round| mode_of(number, round));
            assert_eq!(sorted(modes.collect()), Mode::ALTERNATING, "{number}");
        }
    }

    #[test]
    fn gives_each_mode_each_predecessor_once() {
        let pairs = ORDERS.iter().flat_map(|order| order.windows(2));
        let mut pairs: Vec<_> = pairs.map(|pair| (pair[0], pair[1])).collect();
        pairs.sort_unstable();
        pairs.dedup();
        assert_eq!(pairs.len(), 12);
    }

    #[test]
    fn gives_each_mode_one_interval_of_four() {
        for turn in 0..5 {
            let modes = (0..4).map(|place| mode_of(turn * 4 + place, 1));
            assert_eq!(sorted(modes.collect()), Mode::ALTERNATING);
        }
    }
}
