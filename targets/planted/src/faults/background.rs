//! Faults that run in the background, also without requests.

use super::{Fault, Nothing, work::compute_for};
use crate::truth;
use std::process::{self, Command};
use std::{env, io, thread, time::Duration};

/// First argument of a process that only computes.
pub const BURN: &str = "burn";
/// First argument of a process that starts one of these.
pub const START_BURN: &str = "start-burn";

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

/// Starts processes that compete with this one for the CPU. They are not in its
/// process tree, since their parent ends at once. They end when this process closes their pipe.
pub fn neighbours(processes: u64) -> anyhow::Result<Box<dyn Fault>> {
    let program = env::current_exe()?;
    let (ended, running) = io::pipe()?;
    for _ in 0..processes {
        let mut parent = Command::new(&program);
        let status = parent.arg(START_BURN).stdin(ended.try_clone()?).status()?;
        anyhow::ensure!(status.success(), "cannot start a neighbour: {status}");
    }
    Ok(Box::new(Neighbours(running)))
}

/// Keeps the neighbours running.
struct Neighbours(#[expect(dead_code, reason = "held, never written")] io::PipeWriter);

impl Fault for Neighbours {}

/// Starts a process that computes, and leaves it behind.
pub fn start_burn() -> anyhow::Result<()> {
    Command::new(env::current_exe()?).arg(BURN).spawn()?;
    Ok(())
}

/// Computes until standard input ends.
pub fn burn_until_input_ends() -> ! {
    thread::spawn(|| {
        io::copy(&mut io::stdin(), &mut io::sink()).ok();
        process::exit(0);
    });
    loop {
        compute_for(TURN);
        thread::sleep(TURN);
    }
}
