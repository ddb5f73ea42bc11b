//! Faults of passing work between threads.

use super::{Fault, work::Busy};
use crate::truth;
use std::{
    io,
    sync::Mutex,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

/// A thread that does something whenever it is asked, and says when it is done.
struct Helper {
    ask: SyncSender<()>,
    done: Mutex<Receiver<()>>,
}

impl Helper {
    fn new(name: &str, work: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (ask, asked) = sync_channel(1);
        let (done_to, done) = sync_channel(1);
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                truth::whole_thread();
                while asked.recv().is_ok() {
                    work();
                    if done_to.send(()).is_err() {
                        break;
                    }
                }
            })?;
        let done = Mutex::new(done);
        Ok(Self { ask, done })
    }

    /// Wakes it; false if it is gone.
    fn ask(&self) -> bool {
        self.ask.send(()).is_ok()
    }

    /// Waits until it is done.
    fn wait(&self) -> bool {
        self.done.lock().is_ok_and(|done| done.recv().is_ok())
    }
}

/// Lets another thread do nothing, and waits for it.
pub struct HandOffs {
    dose: u64,
    helper: Helper,
}

impl HandOffs {
    pub fn new(dose: u64) -> io::Result<Self> {
        let helper = Helper::new("helper", || ())?;
        Ok(Self { dose, helper })
    }
}

impl Fault for HandOffs {
    fn token(&self) {
        for _ in 0..self.dose {
            let answered = truth::wait(|| self.helper.ask() && self.helper.wait());
            // There and back.
            truth::count(2 * u64::from(answered));
        }
    }
}

/// Stops the world now and then, while helpers compute.
pub struct Collector {
    every: Duration,
    last: Mutex<Instant>,
    helpers: [Helper; 2],
}

impl Collector {
    /// Helpers take 2 ms each.
    pub fn new(milliseconds: u64) -> io::Result<Self> {
        let helper = |number: u32| {
            let busy = Busy::microseconds(2_000);
            Helper::new(&format!("GC Thread#{number}"), move || busy.work())
        };
        Ok(Self {
            every: Duration::from_millis(milliseconds),
            last: Mutex::new(Instant::now()),
            helpers: [helper(0)?, helper(1)?],
        })
    }
}

impl Fault for Collector {
    fn token(&self) {
        let Ok(mut last) = self.last.lock() else {
            return;
        };
        if last.elapsed() < self.every {
            return;
        }
        truth::wait(|| {
            let asked: Vec<_> = self.helpers.iter().filter(|helper| helper.ask()).collect();
            asked.iter().all(|helper| helper.wait())
        });
        truth::count(1);
        *last = Instant::now();
    }
}
