//! Faults that run in the background, also without requests.

use super::{Fault, Nothing, work::compute_for};
use crate::truth;
use nix::unistd::getppid;
use std::{env, process::Command, thread, time::Duration};

/// First argument of a process that only computes.
pub const BURN: &str = "burn";

/// Period of a timer.
const TICK: Duration = Duration::from_millis(1);
/// Length of a CPU burst, and of the pause after it.
const TURN: Duration = Duration::from_millis(20);

/// Starts threads that wake up without work.
pub fn timers(threads: u64) -> anyhow::Result<Box<dyn Fault>> {
    spawn(threads, "poller", || {
        thread::sleep(TICK);
        truth::count(1);
    })
}

/// Starts threads that compete with the serving thread for the CPU.
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

/// Starts processes that compete with this one for the CPU.
pub fn neighbours(processes: u64) -> anyhow::Result<Box<dyn Fault>> {
    let program = env::current_exe()?;
    for _ in 0..processes {
        Command::new(&program).arg(BURN).spawn()?;
    }
    Ok(Box::new(Nothing))
}

/// Computes until the parent process ends.
pub fn burn_while_parent_lives() {
    let parent = getppid();
    while getppid() == parent {
        compute_for(TURN);
        thread::sleep(TURN);
    }
}
