//! Faults of user code: computing, page faults and leaks.

use super::Fault;
use crate::truth;
use memmap2::MmapMut;
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// Iterations that are timed once to calibrate doses.
const TRIAL: u64 = 20_000_000;
const PAGE: usize = 4096;

/// A calibrated busy loop.
pub struct Busy {
    turns: u64,
}

impl Busy {
    /// Computes for about the given time, and measures the real time.
    pub fn microseconds(dose: u64) -> Self {
        let begun = truth::thread_time();
        turn(TRIAL);
        let nanoseconds = (truth::thread_time() - begun).as_nanos().max(1) as u64;
        Self {
            turns: TRIAL * dose * 1000 / nanoseconds,
        }
    }

    /// Runs the loop once.
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

/// A chain of dependent multiplications: the CPU can neither skip nor parallelize them.
pub fn turn(turns: u64) {
    let mut value = black_box(1u64);
    for _ in 0..turns {
        value = value.wrapping_mul(6364136223846793005).wrapping_add(1);
    }
    black_box(value);
}

/// Computes for about the given time.
pub fn compute_for(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        turn(10_000);
    }
}

/// Maps pages, touches each, and unmaps them.
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

/// Allocates memory and never frees it.
pub struct Leak(pub usize);

impl Fault for Leak {
    fn token(&self) {
        Box::leak(vec![black_box(1u8); self.0].into_boxed_slice());
        truth::count(1);
        truth::bytes(self.0 as u64);
    }
}
