//! A recording that can be looked at while it runs.
//!
//! [`LiveRecorder`] attaches the programs of `kontrast record` and drives them on a thread. Each
//! [`Event::Snapshot`] has the counts so far; a view computes rates from the difference of two.

use super::launcher::{Launcher, Outcome};
use super::session::Session;
use super::session::snapshot::Progress;
use super::target::Process;
use super::{Options, Recorder, TICK};
use anyhow::{Context, Result, anyhow};
use recording::{Ended, Recording};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// News of a recording under way.
#[derive(Debug)]
pub enum Event {
    /// The counts since the window opened; see [`Session::snapshot`].
    Snapshot(Box<Recording>),
    /// The last process of the target has ended; no snapshot follows.
    TargetExited,
    /// The recording cannot go on.
    Failed(anyhow::Error),
}

/// A recording under way on a thread. Dropping it detaches its programs.
#[derive(Debug)]
pub struct LiveRecorder {
    /// Closing it without a word ends the recording unwritten.
    finish: Option<Sender<()>>,
    events: Receiver<Event>,
    has_filling_maps: Arc<AtomicBool>,
    thread: Option<JoinHandle<Outcome>>,
}

impl LiveRecorder {
    /// Begins to attach the programs, and takes a snapshot each `interval` from then on, a multiple
    /// of 100 ms. Failing to attach is an [`Event::Failed`].
    ///
    /// # Errors
    /// There can be no more threads.
    pub fn begin(
        launcher: &Launcher,
        processes: Vec<Process>,
        options: Options,
        interval: Duration,
    ) -> Result<Self> {
        let (finish, asked) = channel();
        let (events, received) = channel();
        let has_filling_maps = Arc::new(AtomicBool::new(false));
        let fills = Arc::clone(&has_filling_maps);
        let drive = move || match Session::begin(processes, &options) {
            Ok(session) => drive(Box::new(session), interval, (&asked, &fills), &events),
            Err(error) => {
                // The view may have been closed meanwhile.
                let _ = events.send(Event::Failed(error));
                None
            }
        };
        Ok(LiveRecorder {
            finish: Some(finish),
            events: received,
            has_filling_maps,
            thread: Some(launcher.start(drive)?),
        })
    }

    /// Returns whether a map of the programs is half full: counts of an older session may get lost.
    /// A session without checkpoints ([`Options::last`]) does not look.
    pub fn has_filling_maps(&self) -> bool {
        self.has_filling_maps.load(Ordering::Relaxed)
    }

    /// Returns the next event; `None` if none has come yet.
    pub fn event(&self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Closes the window and returns the recording of the time since it opened. This takes seconds
    /// where many symbols are read.
    ///
    /// # Errors
    /// A map cannot be read, or the recording has failed before.
    pub fn finish(mut self) -> Result<Recording> {
        if let Some(finish) = &self.finish {
            // A thread that has ended has no use for it.
            let _ = finish.send(());
        }
        let thread = self.thread.take().context("the recording has ended")?;
        let recording = thread.join();
        let recording = recording.map_err(|_| anyhow!("assembling the recording failed"))?;
        recording.context("the recording has ended before")?
    }
}

impl Drop for LiveRecorder {
    fn drop(&mut self) {
        self.finish = None;
        if let Some(thread) = self.thread.take() {
            // A panic was printed by its thread.
            let _ = thread.join();
        }
    }
}

/// Drives a session until it is asked to finish, the target ends, or the view is gone.
fn drive(
    mut session: Box<Session>,
    interval: Duration,
    (asked, fills): (&Receiver<()>, &AtomicBool),
    events: &Sender<Event>,
) -> Option<Result<Recording>> {
    let mut progress = Progress::default();
    let mut next = Instant::now();
    let mut next_snapshot = next;
    for number in 0.. {
        let due = next_snapshot <= next;
        if due {
            next_snapshot = next + interval;
        }
        let ended = match step(&mut session, number, due, &mut progress) {
            Ok((snapshot, ended)) => {
                let snapshot = snapshot.map(Event::Snapshot);
                let mut news = snapshot
                    .into_iter()
                    .chain(ended.then_some(Event::TargetExited));
                // Without a view there is no use for more.
                news.try_for_each(|event| events.send(event)).ok()?;
                ended
            }
            Err(error) => {
                let _ = events.send(Event::Failed(error));
                return None;
            }
        };
        fills.store(session.has_filling_maps(), Ordering::Relaxed);
        if ended {
            // The recording of what was seen may still be asked for.
            let wanted = asked.recv().is_ok();
            return wanted.then(|| session.finish(Ended::TargetExited));
        }
        // A machine that was suspended has no ticks to catch up with.
        next = (next + TICK).max(Instant::now());
        match asked.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(()) => return Some(session.finish(Ended::Asked)),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    None
}

/// Does the work of a tick, and takes a snapshot if one is due, or if the target has ended, which
/// the second value says.
fn step(
    session: &mut Session,
    number: u32,
    due: bool,
    progress: &mut Progress,
) -> Result<(Option<Box<Recording>>, bool)> {
    /// The kernel announces the last switch of a thread after its process is gone.
    const LAST_SWITCH: Duration = Duration::from_millis(2);
    let has_ended = number > 0 && session.tick(number)?;
    if has_ended {
        std::thread::sleep(LAST_SWITCH);
    }
    let snapshot = match due || has_ended {
        true => Some(Box::new(session.snapshot(progress)?)),
        false => None,
    };
    Ok((snapshot, has_ended))
}
