//! A process group of our own, which does not outlive us.

use super::{
    error::{Context, Error, Result},
    owner,
    sudo_user::SudoUser,
};
use crate::guardian;
use nix::{
    sched::{CpuSet, sched_setaffinity},
    sys::{
        signal::{Signal, killpg},
        wait::{Id, WaitPidFlag, WaitStatus, waitid},
    },
    unistd::Pid,
};
use std::{
    process::{Child, Command},
    time::{Duration, Instant},
};

/// How long a server may take to end by itself.
const GRACE: Duration = Duration::from_secs(3);

/// A process and whatever it starts in its group; all of it is ended on drop.
#[derive(Debug)]
pub(super) struct Group {
    leader: Child,
}

impl Group {
    /// Starts `command` on the given CPUs, in a group of its own; under sudo as the user who called it.
    pub fn spawn(command: &mut Command, cpus: Option<&[usize]>) -> Result<Self> {
        guardian::announce(command).doing(|| "sharing the way to the guardian".to_owned())?;
        if let Some(user) = SudoUser::detect()? {
            user.run_as(command);
        }
        let leader = match cpus {
            None => command.spawn(),
            Some(cpus) => on_cpus(cpus, || command.spawn())?,
        };
        let leader = leader
            .inspect_err(|_| guardian::not_started())
            .doing(|| "starting sh".to_owned())?;
        Ok(Self { leader })
    }

    /// The group's id, which is its first process's.
    pub fn id(&self) -> u32 {
        self.leader.id()
    }

    /// How the first process ended, if it did. It stays a zombie, so that its id is not given to another.
    pub fn ended(&self) -> Result<Option<String>> {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        let status = waitid(Id::Pid(self.pid()), flags)
            .doing(|| format!("watching process {}", self.id()))?;
        Ok(match status {
            WaitStatus::Exited(_, code) => Some(format!("exit status {code}")),
            WaitStatus::Signaled(_, signal, _) => Some(format!("signal {signal}")),
            _ => None,
        })
    }

    /// Waits for a process that is dying: its other threads may take longer than its first.
    pub fn until_ended(&self) {
        wait_until(|| !matches!(self.ended(), Ok(None)));
    }

    fn pid(&self) -> Pid {
        // The kernel's own pid_t is an i32, so this cannot wrap.
        Pid::from_raw(self.leader.id().cast_signed())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Errors mean that there is nothing left to signal.
        let _ = killpg(self.pid(), Signal::SIGTERM);
        self.until_ended();
        // Always: children of the first process may have ignored SIGTERM. It is not reaped yet, so the id is ours.
        let _ = killpg(self.pid(), Signal::SIGKILL);
        // Its orphans are not ours to reap, but their ports are only free once they have gone.
        wait_until(|| !owner::has_members(self.id()));
        guardian::forget(self.id());
        let _ = self.leader.wait();
    }
}

fn wait_until(done: impl Fn() -> bool) {
    let deadline = Instant::now() + GRACE;
    while !done() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Calls `spawn` on a thread that may only use `cpus`, which its child inherits.
fn on_cpus<T: Send>(cpus: &[usize], spawn: impl FnOnce() -> T + Send) -> Result<T> {
    let mut set = CpuSet::new();
    for cpu in cpus {
        set.set(*cpu).doing(|| format!("CPU {cpu}"))?;
    }
    let body = || {
        let pinned = sched_setaffinity(Pid::from_raw(0), &set);
        pinned.doing(|| format!("placing the server on CPUs {cpus:?}; are they all there?"))?;
        Ok(spawn())
    };
    std::thread::scope(|scope| {
        let thread = scope.spawn(body);
        thread.join().unwrap_or_else(|_| {
            Err(Error::Io {
                what: "starting the server".to_owned(),
                source: std::io::Error::other("a thread panicked"),
            })
        })
    })
}
