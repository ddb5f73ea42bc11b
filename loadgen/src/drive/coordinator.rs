//! Starts the workers, looks at them as they run, ends them, joins what they measured.

use super::control::Control;
use super::worker::Worker;
use crate::Error;
use crate::clock::{MILLISECOND, SECOND, instant};
use crate::measure::{Latency, Tally, Usage};
use crate::plan::Plan;
use recording::load::LoadPoint;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Requests that must all have failed before a run is given up as hopeless.
const HOPELESS: u64 = 20;
/// How often the workers are looked at.
const LOOK: Duration = Duration::from_millis(200);

/// How a run stands.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Since the load began.
    pub elapsed_ns: u64,
    /// Content tokens so far.
    pub tokens: u64,
    /// Streams open.
    pub active: u64,
    /// Answered to the end so far.
    pub completed: u64,
    /// Failed so far, or answered wrongly.
    pub bad: u64,
    /// The last whole second.
    pub last: LoadPoint,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Counters and distributions of all workers.
    pub tally: Tally,
    /// Bytes written to sockets.
    pub bytes_sent: u64,
    /// Bytes read from sockets.
    pub bytes_received: u64,
    /// Content tokens.
    pub tokens: u64,
    /// Content chunks.
    pub chunks: u64,
    /// How long load was offered.
    pub offered_ns: u64,
    /// How long the run took, streams finishing included.
    pub elapsed_ns: u64,
    /// What it cost.
    pub cpu_ns: u64,
    /// Highest resident set.
    pub peak_rss_bytes: u64,
    /// One point a second.
    pub series: Vec<LoadPoint>,
    /// Why it ended early, if it did.
    pub ended_early: Option<String>,
}

/// Offers the load of `plan`. Each message on `interrupts` ends it sooner: the first lets streams under way finish,
/// the second cuts them.
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
    let mut ticker = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            None = finished.recv() => break run.finish(before),
            () = run.deadline(), if !run.control.is_cut() => run.control.cut(),
            Some(()) = interrupts.recv() => run.interrupt(),
            _ = ticker.tick() => {
                observe(&run.look());
                run.give_up_if_hopeless();
            }
        }
    }
}

struct Run {
    control: Arc<Control>,
    workers: Vec<Arc<Worker>>,
    threads: Vec<JoinHandle<std::io::Result<()>>>,
    series: Vec<LoadPoint>,
    tokens_before: u64,
    ended_early: Option<String>,
}

impl Run {
    /// The receiver is closed once all workers are done.
    fn start(plan: Arc<Plan>) -> Result<(Self, Receiver<()>), Error> {
        let control = Arc::new(Control::new(plan.shape.length_ns(), plan.graceful_stop));
        let worker = |_| Arc::new(Worker::new(plan.clone(), control.clone()));
        let workers: Vec<Arc<Worker>> = (0..plan.threads).map(worker).collect();
        let mut threads = Vec::new();
        let (running, finished) = mpsc::channel(1);
        for (first, worker) in workers.iter().cloned().enumerate() {
            let thread = std::thread::Builder::new().name(format!("load-{first}"));
            let step = plan.threads;
            let running: Sender<()> = running.clone();
            threads.push(thread.spawn(move || {
                let result = worker.run(first, step);
                drop(running);
                result
            })?);
        }
        let run = Self {
            control,
            workers,
            threads,
            series: Vec::new(),
            tokens_before: 0,
            ended_early: None,
        };
        Ok((run, finished))
    }

    fn deadline(&self) -> impl Future<Output = ()> + use<> {
        tokio::time::sleep_until(instant(self.control.cut_ns()))
    }

    fn tokens(&self) -> u64 {
        self.workers
            .iter()
            .map(|worker| worker.received.tokens.load(Relaxed))
            .sum()
    }

    fn look(&mut self) -> Snapshot {
        let elapsed_ns = self.control.elapsed_ns();
        if elapsed_ns / SECOND > self.series.len() as u64 {
            self.end_second(elapsed_ns);
        }
        let mut snapshot = Snapshot {
            elapsed_ns,
            tokens: self.tokens(),
            last: self.series.last().copied().unwrap_or_default(),
            ..Snapshot::default()
        };
        for worker in &self.workers {
            let tally = worker.tally();
            let bad = tally
                .requests
                .failed
                .values()
                .chain(tally.requests.rejected.values());
            snapshot.bad += bad.sum::<u64>();
            snapshot.active += tally.active;
            snapshot.completed += tally.requests.completed;
        }
        snapshot
    }

    fn end_second(&mut self, t_ns: u64) {
        let tokens = self.tokens();
        let mut point = LoadPoint {
            t_ns,
            tokens: tokens - self.tokens_before,
            ..LoadPoint::default()
        };
        let mut ttft = Latency::default();
        for worker in &self.workers {
            let mut tally = worker.tally();
            let interval = tally.take_interval();
            point.active += tally.active;
            point.completed += interval.completed;
            ttft.add(&interval.ttft);
        }
        point.ttft_p50_ns = ttft.quantile(0.5);
        self.tokens_before = tokens;
        self.series.push(point);
    }

    fn interrupt(&mut self) {
        if self.ended_early.is_some() {
            self.control.cut();
        }
        self.control.stop();
        self.ended_early = Some("interrupted".into());
    }

    /// A wrong URL or a server that is not there need not take the whole minute to be told.
    fn give_up_if_hopeless(&mut self) {
        if !self.control.open() || self.control.elapsed_ns() < 500 * MILLISECOND {
            return;
        }
        let mut failed = 0;
        for worker in &self.workers {
            let tally = worker.tally();
            if tally.ttft.count() > 0 {
                return;
            }
            let requests = &tally.requests;
            failed += requests
                .failed
                .values()
                .chain(requests.rejected.values())
                .sum::<u64>();
        }
        if failed >= HOPELESS {
            self.control.stop();
            self.ended_early = Some(format!("the first {failed} requests all failed"));
        }
    }

    fn finish(mut self, before: Usage) -> Result<Outcome, Error> {
        let elapsed_ns = self.control.elapsed_ns();
        self.end_second(elapsed_ns);
        for thread in self.threads {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        let usage = Usage::now();
        let mut outcome = Outcome {
            offered_ns: self.control.offered_ns(),
            elapsed_ns,
            cpu_ns: usage.cpu_ns - before.cpu_ns,
            peak_rss_bytes: usage.peak_rss_bytes,
            series: self.series,
            ended_early: self.ended_early,
            ..Outcome::default()
        };
        for worker in &self.workers {
            outcome.tally.add(&worker.tally());
            outcome.bytes_sent += worker.wire.sent.load(Relaxed);
            outcome.bytes_received += worker.wire.received.load(Relaxed);
            outcome.tokens += worker.received.tokens.load(Relaxed);
            outcome.chunks += worker.received.chunks.load(Relaxed);
        }
        Ok(outcome)
    }
}
