//! Faults of the program's own work: computing, and wasting memory.

use super::Fault;
use crate::truth;
use memmap2::MmapMut;
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// Turns whose time is measured once, to know how many a dose needs.
const TRIAL: u64 = 20_000_000;
const PAGE: usize = 4096;

/// Computes.
pub struct Busy {
    turns: u64,
}

impl Busy {
    /// For about so long; how long it really was is measured each time.
    pub fn microseconds(dose: u64) -> Self {
        let begun = truth::thread_time();
        turn(TRIAL);
        let nanoseconds = (truth::thread_time() - begun).as_nanos().max(1) as u64;
        Self {
            turns: TRIAL * dose * 1000 / nanoseconds,
        }
    }

    /// Computes once.
    pub fn work(&self) {
        turn(self.turns);
    }
}

impl Fault for Busy {
    fn token(&self) {
        truth::count(1);
        self.work();
    }
}

/// A chain of multiplications: nothing can be left out or done at once.
pub fn turn(turns: u64) {
    let mut value = black_box(1u64);
    for _ in 0..turns {
        value = value.wrapping_mul(6364136223846793005).wrapping_add(1);
    }
    black_box(value);
}

/// Computes for about so long.
pub fn compute_for(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        turn(10_000);
    }
}

/// Takes pages from the kernel, touches each, and gives them back.
pub struct Pages(pub usize);

impl Fault for Pages {
    fn token(&self) {
        if let Ok(mut pages) = MmapMut::map_anon(self.0 * PAGE) {
            pages.iter_mut().step_by(PAGE).for_each(|byte| *byte = 1);
            truth::count(self.0 as u64);
            black_box(&pages);
        }
    }
}

/// Keeps memory that nobody will ever use again.
pub struct Leak(pub usize);

impl Fault for Leak {
    fn token(&self) {
        Box::leak(vec![black_box(1u8); self.0].into_boxed_slice());
        truth::count(1);
        truth::bytes(self.0 as u64);
    }
}
