//! Faults that go on whether or not there is anything to serve.

use super::{Fault, Nothing, work::compute_for};
use crate::truth;
use nix::unistd::getppid;
use std::{env, process::Command, thread, time::Duration};

/// The first argument of a process that only computes.
pub const BURN: &str = "burn";

/// Between two ticks of a timer.
const TICK: Duration = Duration::from_millis(1);
/// How long the CPU is taken in one go; then it is left alone for as long.
const TURN: Duration = Duration::from_millis(20);

/// Threads that wake up to find nothing to do.
pub fn timers(threads: u64) -> anyhow::Result<Box<dyn Fault>> {
    spawn(threads, "poller", || {
        thread::sleep(TICK);
        truth::count(1);
    })
}

/// Threads that compete with the one that serves.
pub fn threads(threads: u64) -> anyhow::Result<Box<dyn Fault>> {
    spawn(threads, "cruncher", || {
        compute_for(TURN);
        thread::sleep(TURN);
    })
}

fn spawn(threads: u64, name: &str, turn: fn()) -> anyhow::Result<Box<dyn Fault>> {
    for number in 0..threads {
        thread::Builder::new()
            .name(format!("{name}-{number}"))
            .spawn(move || {
                truth::whole_thread();
                loop {
                    turn();
                }
            })?;
    }
    Ok(Box::new(Nothing))
}

/// Processes that compete with this one.
pub fn neighbours(processes: u64) -> anyhow::Result<Box<dyn Fault>> {
    let program = env::current_exe()?;
    for _ in 0..processes {
        Command::new(&program).arg(BURN).spawn()?;
    }
    Ok(Box::new(Nothing))
}

/// Computes until whoever asked for it is gone.
pub fn burn_while_parent_lives() {
    let parent = getppid();
    while getppid() == parent {
        compute_for(TURN);
        thread::sleep(TURN);
    }
}
