//! Faults that pass work between threads.

use super::{Fault, work::Busy};
use crate::truth;
use rustix::thread::futex;
use std::{
    io,
    sync::atomic::{AtomicU32, Ordering::AcqRel, Ordering::Acquire},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// A flag that one thread raises and another waits for. Channels spin before they
/// sleep, and the futex calls of parked threads cannot be counted.
#[derive(Default)]
struct Flag(AtomicU32);

const DOWN: u32 = 0;
const UP: u32 = 1;
const AWAITED: u32 = 2;

impl Flag {
    fn raise(&self) {
        if self.0.swap(UP, AcqRel) == AWAITED {
            let _ = futex::wake(&self.0, futex::Flags::PRIVATE, 1);
            truth::count(1);
        }
    }

    fn lower(&self) {
        while self.0.compare_exchange(UP, DOWN, AcqRel, Acquire).is_err() {
            let _ = self.0.compare_exchange(DOWN, AWAITED, AcqRel, Acquire);
            if self.0.load(Acquire) == AWAITED {
                let _ = futex::wait(&self.0, futex::Flags::PRIVATE, AWAITED, None);
                truth::count(1);
            }
        }
    }
}

#[derive(Default)]
struct Flags {
    asked: Flag,
    done: Flag,
}

/// A thread that runs a job on request and signals its end. Only one thread may send requests.
struct Helper(Arc<Flags>);

impl Helper {
    fn new(name: &str, work: impl Fn() + Send + 'static) -> io::Result<Self> {
        let flags = Arc::new(Flags::default());
        let theirs = Arc::clone(&flags);
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                truth::whole_thread();
                loop {
                    theirs.asked.lower();
                    work();
                    theirs.done.raise();
                }
            })?;
        Ok(Self(flags))
    }

    fn ask(&self) {
        self.0.asked.raise();
    }

    fn wait(&self) {
        self.0.done.lower();
    }
}

/// Wakes another thread and waits for it. Counts futex calls instead of CPU time: the kernel
/// charges a woken thread's run-queue wait as running, so the CPU clock of a mostly sleeping thread
/// is wrong.
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
        }
    }
}

/// Stops the world periodically, while helper threads compute.
pub struct Collector {
    every: Duration,
    last: Mutex<Instant>,
    helpers: [Helper; 2],
}

impl Collector {
    /// Runs a collection. Each helper takes 2 ms.
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
        *last = Instant::now();
    }
}
