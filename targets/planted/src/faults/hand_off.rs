//! Faults of passing work between threads.

use super::{Fault, work::Busy};
use crate::truth;
use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
    sync::{Arc, Mutex},
    thread::{self, Thread},
    time::{Duration, Instant},
};

/// A flag that one thread raises and another one lowers, asleep until it is up. Channels would do, but they spin
/// before they sleep.
#[derive(Default)]
struct Flag(AtomicBool);

impl Flag {
    fn raise(&self, sleeper: &Thread) {
        self.0.store(true, Ordering::Release);
        sleeper.unpark();
    }

    fn lower(&self) {
        while !self.0.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

#[derive(Default)]
struct Flags {
    asked: Flag,
    done: Flag,
}

/// A thread that does something whenever it is asked, and says when it is done. Only the thread that made it may ask.
struct Helper {
    flags: Arc<Flags>,
    thread: Thread,
}

impl Helper {
    fn new(name: &str, work: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (flags, asker) = (Arc::new(Flags::default()), thread::current());
        let theirs = Arc::clone(&flags);
        let helper = thread::Builder::new().name(name.to_owned());
        let helper = helper.spawn(move || {
            truth::whole_thread();
            loop {
                theirs.asked.lower();
                work();
                theirs.done.raise(&asker);
            }
        })?;
        let thread = helper.thread().clone();
        Ok(Self { flags, thread })
    }

    fn ask(&self) {
        self.flags.asked.raise(&self.thread);
    }

    fn wait(&self) {
        self.flags.done.lower();
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
            truth::wait(|| {
                self.helper.ask();
                self.helper.wait();
            });
            // There and back.
            truth::count(2);
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
            self.helpers.iter().for_each(Helper::ask);
            self.helpers.iter().for_each(Helper::wait);
        });
        truth::count(1);
        *last = Instant::now();
    }
}
