//! Looks at the workers while they run: how things stand, a point a second, whether to go on.

use super::control::Control;
use super::worker::Worker;
use crate::clock::{MILLISECOND, SECOND};
use crate::measure::Totals;
use crate::plan::Plan;
use recording::load::{Held, LoadPoint};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Requests that must all have failed before a run is given up as hopeless.
const HOPELESS: u64 = 20;
/// Thresholds that end a run are judged over stretches this long: a second alone is mostly chance.
const WINDOW_NS: u64 = 5 * SECOND;
/// Stretches that a load has at least, unless they would be under a second.
const WINDOWS: u64 = 12;

/// How a run stands.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Since the load began.
    pub elapsed_ns: u64,
    /// Streams open.
    pub active: u64,
    /// Answered to the end so far.
    pub completed: u64,
    /// Failed so far, or answered wrongly.
    pub bad: u64,
    /// The last whole second.
    pub last: LoadPoint,
    /// Everything up to the end of that second.
    pub totals: Arc<Totals>,
}

/// The workers, and what was seen of them.
#[derive(Debug)]
pub struct Monitor {
    plan: Arc<Plan>,
    control: Arc<Control>,
    workers: Vec<Arc<Worker>>,
    /// One point a second.
    pub series: Vec<LoadPoint>,
    /// The highest load that held the thresholds, if that is looked for.
    pub held: Option<Held>,
    second: Arc<Totals>,
    window: Arc<Totals>,
}

impl Monitor {
    pub fn new(plan: Arc<Plan>, control: Arc<Control>, workers: Vec<Arc<Worker>>) -> Self {
        let held = plan.stop_when_crossed.then(|| Held {
            unit: plan.shape.unit.to_string(),
            ..Held::default()
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

    /// Everything counted so far.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            elapsed_ns: self.control.elapsed_ns(),
            ..Totals::default()
        };
        for worker in &self.workers {
            totals.tally.add(&worker.tally());
            totals.bytes_sent += worker.wire.sent.load(Relaxed);
            totals.bytes_received += worker.wire.received.load(Relaxed);
            totals.tokens += worker.received.tokens.load(Relaxed);
            totals.chunks += worker.received.chunks.load(Relaxed);
        }
        totals
    }

    /// How things stand; ends the second under way if it is over.
    pub fn look(&mut self) -> Snapshot {
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
            let tally = worker.tally();
            snapshot.bad += tally.bad();
            snapshot.active += tally.active;
            snapshot.completed += tally.requests.completed;
        }
        snapshot
    }

    /// Ends the second under way; gives everything up to now.
    pub fn end_second(&mut self) -> Arc<Totals> {
        let totals = Arc::new(self.totals());
        let t_ns = totals.elapsed_ns;
        // Load that ended in this second was offered up to there; what comes behind it finishes only.
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

    /// Why to end the run early, if there is a reason.
    pub fn reason_to_stop(&mut self) -> Option<String> {
        if self.control.open() {
            self.hopeless().or_else(|| self.crossed())
        } else {
            None
        }
    }

    /// A wrong URL or a server that is not there need not take the whole minute to be told.
    fn hopeless(&self) -> Option<String> {
        if self.control.elapsed_ns() < 500 * MILLISECOND {
            return None;
        }
        let mut bad = 0;
        for worker in &self.workers {
            let tally = worker.tally();
            if tally.total.count() > 0 {
                return None;
            }
            bad += tally.bad();
        }
        (bad >= HOPELESS).then(|| format!("the first {bad} requests all failed"))
    }

    /// Judges a stretch of time once it is over. Load that rose within it held only as far as it was at its begin.
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
            // What was not measured did not hold.
            None if window.tally.ended() == 0 => None,
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
