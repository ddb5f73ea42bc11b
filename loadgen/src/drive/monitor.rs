//! Reads the workers' counters while they run: progress, one point a second, reasons to stop.

use super::control::Control;
use super::worker_state::WorkerState;
use crate::clock::{MILLISECOND, SECOND};
use crate::measure::Totals;
use crate::plan::Plan;
use recording::load::{LoadPoint, MaxSustained};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Number of failures, without any success, after which a run is aborted.
const ABORT_AFTER: u64 = 20;
/// Window over which thresholds that end a run are judged. One second alone is too noisy.
const WINDOW_NS: u64 = 5 * SECOND;
/// Minimum number of windows of a load, unless they would be under a second.
const WINDOWS: u64 = 12;

/// State of a run.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Time since the load began.
    pub elapsed_ns: u64,
    /// Open streams.
    pub active: u64,
    /// Requests answered to the end so far.
    pub completed: u64,
    /// Requests failed or rejected so far.
    pub bad: u64,
    /// Point of the last whole second.
    pub last: LoadPoint,
    /// Counts up to the end of that second.
    pub totals: Arc<Totals>,
}

/// Reader of the workers' counters.
#[derive(Debug)]
pub struct Monitor {
    plan: Arc<Plan>,
    control: Arc<Control>,
    workers: Vec<Arc<WorkerState>>,
    /// Series with one point a second.
    pub series: Vec<LoadPoint>,
    /// Highest load that met the thresholds, if a breakpoint is searched.
    pub held: Option<MaxSustained>,
    second: Arc<Totals>,
    window: Arc<Totals>,
}

impl Monitor {
    pub fn new(plan: Arc<Plan>, control: Arc<Control>, workers: Vec<Arc<WorkerState>>) -> Self {
        let held = plan.stop_when_crossed.then(|| MaxSustained {
            unit: plan.shape.unit.to_string(),
            ..MaxSustained::default()
        });
        Self {
            plan,
            control,
            workers,
            series: Vec::new(),
            held,
            second: Arc::default(),
            window: Arc::default(),
        }
    }

    /// Returns the counts of all workers so far.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            elapsed_ns: self.control.elapsed_ns(),
            ..Totals::default()
        };
        for worker in &self.workers {
            totals.counters.add(&worker.counters());
            totals.bytes_sent += worker.wire.sent.load(Relaxed);
            totals.bytes_received += worker.wire.received.load(Relaxed);
            totals.tokens += worker.received.tokens.load(Relaxed);
            totals.chunks += worker.received.chunks.load(Relaxed);
            totals.last_byte_ns = totals.last_byte_ns.max(worker.wire.last_ns.load(Relaxed));
        }
        totals
    }

    /// Returns the state of the run. Ends the current second if it is over.
    pub fn tick(&mut self) -> Snapshot {
        let elapsed_ns = self.control.elapsed_ns();
        if elapsed_ns / SECOND > self.series.len() as u64 {
            self.end_second();
        }
        let mut snapshot = Snapshot {
            elapsed_ns,
            last: self.series.last().copied().unwrap_or_default(),
            totals: self.second.clone(),
            ..Snapshot::default()
        };
        for worker in &self.workers {
            let counters = worker.counters();
            snapshot.bad += counters.bad();
            snapshot.active += counters.active;
            snapshot.completed += counters.requests.completed;
        }
        snapshot
    }

    /// Ends the current second. Returns the counts up to now.
    pub fn end_second(&mut self) -> Arc<Totals> {
        let totals = Arc::new(self.totals());
        let t_ns = totals.elapsed_ns;
        // A load that ended in this second was offered until then; afterwards streams only finish.
        let offered_ns = self.control.offered_ns();
        let load = match self.second.elapsed_ns < offered_ns {
            true => self.plan.shape.at(t_ns.min(offered_ns.saturating_sub(1))),
            false => 0.0,
        };
        let point = totals.since(&self.second).point(t_ns, load);
        self.series.push(point);
        self.second = totals.clone();
        totals
    }

    /// Returns a reason to end the run early, if there is one.
    pub fn reason_to_stop(&mut self) -> Option<String> {
        if self.control.open() {
            self.never_succeeded().or_else(|| self.crossed())
        } else {
            None
        }
    }

    /// Returns the reason to abort a run in which no request can succeed: a wrong URL, or a server
    /// that is down.
    ///
    /// No stream may have delivered a token, and the first request of every user must have ended:
    /// those still open may succeed.
    fn never_succeeded(&self) -> Option<String> {
        if self.control.elapsed_ns() < 500 * MILLISECOND {
            return None;
        }
        let mut bad = 0;
        for worker in &self.workers {
            let counters = worker.counters();
            let succeeded = counters.total.count() > 0 || worker.received.tokens.load(Relaxed) > 0;
            if succeeded || counters.first_pending > 0 {
                return None;
            }
            bad += counters.bad();
        }
        (bad >= ABORT_AFTER).then(|| format!("the first {bad} requests all failed"))
    }

    /// Judges a window once it is over. If load rose within it, only the load at its start counts
    /// as sustained.
    fn crossed(&mut self) -> Option<String> {
        let held = self.held.as_mut()?;
        let length_ns = WINDOW_NS.min(self.plan.shape.length_ns() / WINDOWS);
        if self.second.elapsed_ns < self.window.elapsed_ns + length_ns {
            return None;
        }
        let window = self.second.since(&self.window);
        let shape = &self.plan.shape;
        let (before, now) = (
            shape.at(self.window.elapsed_ns),
            shape.at(self.second.elapsed_ns),
        );
        self.window = self.second.clone();
        let mut thresholds = self.plan.thresholds.iter();
        match thresholds.find(|threshold| threshold.crossed(&window)) {
            // A window without answers proves nothing.
            None if window.counters.finished() == 0 => None,
            None => {
                held.load = held.load.max(before.min(now));
                None
            }
            Some(threshold) => {
                held.crossed_at = Some(now);
                Some(format!("{} no longer held", threshold.expr))
            }
        }
    }
}
