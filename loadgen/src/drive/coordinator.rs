//! Starts the workers, ends the load, and joins the workers' results.

use super::control::Control;
use super::monitor::{Monitor, Snapshot};
use super::worker;
use super::worker_state::WorkerState;
use crate::Error;
use crate::clock::{instant, now_ns};
use crate::measure::{Totals, Usage};
use crate::plan::Plan;
use recording::load::{LoadPoint, MaxSustained};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Interval at which the coordinator reads the workers' counters.
const TICK: Duration = Duration::from_millis(200);

/// Result of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Counters, including streams that ended after the load.
    pub totals: Arc<Totals>,
    /// Time for which load was offered.
    pub offered_ns: u64,
    /// CPU time of the load generator.
    pub cpu_ns: u64,
    /// Highest resident set of the load generator.
    pub peak_rss_bytes: u64,
    /// One point a second.
    pub series: Vec<LoadPoint>,
    /// Reason why the load ended early, if it did.
    pub ended_early: Option<String>,
    /// Time from the server's last byte to the end, if it had stopped answering.
    pub unresponsive_ns: Option<u64>,
    /// Highest load that met the thresholds, if a breakpoint was searched.
    pub held: Option<MaxSustained>,
}

/// Offers the load of `plan`, and calls `observe` five times a second.
///
/// The first message on `interrupts` ends the load and lets open streams finish; the second cuts
/// them.
///
/// # Errors
/// If threads cannot be started.
pub async fn run(
    plan: Arc<Plan>,
    mut interrupts: Receiver<()>,
    observe: &mut dyn FnMut(&Snapshot),
) -> Result<Outcome, Error> {
    let before = Usage::now();
    let (mut run, mut finished) = Run::start(plan)?;
    let mut ticker = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            None = finished.recv() => break run.finish(before),
            () = run.deadline(), if !run.control.is_cut() => run.control.cut(),
            Some(()) = interrupts.recv() => run.interrupt(),
            _ = ticker.tick() => {
                observe(&run.monitor.tick());
                if let Some(reason) = run.monitor.reason_to_stop() {
                    run.stop(reason);
                }
            }
        }
    }
}

struct Run {
    control: Arc<Control>,
    monitor: Monitor,
    threads: Vec<JoinHandle<std::io::Result<()>>>,
    ended_early: Option<String>,
}

impl Run {
    /// Starts the workers. The receiver is closed once all of them have ended.
    fn start(plan: Arc<Plan>) -> Result<(Self, Receiver<()>), Error> {
        let control = Arc::new(Control::new(
            plan.shape.length_ns(),
            plan.requests,
            plan.graceful_stop,
        ));
        let worker = |number| Arc::new(WorkerState::new(plan.clone(), control.clone(), number));
        let workers: Vec<Arc<WorkerState>> = (0..plan.threads).map(worker).collect();
        let (running, finished) = mpsc::channel(1);
        let mut threads = Vec::new();
        for worker in workers.iter().cloned() {
            let thread = std::thread::Builder::new().name(format!("load-{}", worker.number));
            let running: Sender<()> = running.clone();
            threads.push(thread.spawn(move || {
                let result = worker::run(&worker);
                drop(running);
                result
            })?);
        }
        let monitor = Monitor::new(plan, control.clone(), workers);
        Ok((
            Self {
                control,
                monitor,
                threads,
                ended_early: None,
            },
            finished,
        ))
    }

    fn deadline(&self) -> impl Future<Output = ()> + use<> {
        tokio::time::sleep_until(instant(self.control.cut_ns()))
    }

    fn interrupt(&mut self) {
        if self.ended_early.is_some() {
            self.control.cut();
        }
        self.stop("interrupted".into());
    }

    fn stop(&mut self, reason: String) {
        self.control.stop();
        self.ended_early = Some(reason);
    }

    fn finish(mut self, before: Usage) -> Result<Outcome, Error> {
        let end_ns = self.control.end_ns();
        // With --requests, the load ends with the last answer.
        self.control.stop();
        let totals = self.monitor.end_second();
        for thread in self.threads {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        let usage = Usage::now();
        Ok(Outcome {
            unresponsive_ns: totals.unresponsive_ns(now_ns(), end_ns),
            totals,
            offered_ns: self.control.offered_ns(),
            cpu_ns: usage.cpu_ns - before.cpu_ns,
            peak_rss_bytes: usage.peak_rss_bytes,
            series: self.monitor.series,
            ended_early: self.ended_early,
            held: self.monitor.held,
        })
    }
}
