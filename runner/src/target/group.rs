//! The process group of a server, which does not outlive this process.

use super::{
    error::{Context, Result},
    owner,
    sudo_user::SudoUser,
};
use crate::{cpus::Cpus, guardian};
use nix::{
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

/// Time that a server has to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

/// A process and everything it starts in its group. Dropping it ends all of them.
///
/// Libraries that kill a group on drop reap its leader first. This must not: until the leader is
/// reaped its id cannot belong to another group, and the port is free only once all members ended.
#[derive(Debug)]
pub(super) struct Group {
    leader: Child,
}

impl Group {
    /// Starts `command` on these CPUs, in a new group; under sudo as the user behind it.
    ///
    /// # Errors
    /// Fails if the program cannot be started there.
    pub fn spawn(command: &mut Command, cpus: Option<&Cpus>) -> Result<Self> {
        if let Some(user) = SudoUser::detect()? {
            user.run_as(command);
        }
        let leader = guardian::spawn(command, cpus).doing(|| "starting sh".to_owned())?;
        Ok(Self { leader })
    }

    /// Returns the id of the group, which is that of its leader.
    pub fn id(&self) -> u32 {
        self.leader.id()
    }

    /// Returns how the leader ended, if it did. It stays a zombie, so that its id stays taken.
    ///
    /// # Errors
    /// Fails if the leader was reaped.
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

    /// Waits for a leader that is ending: its other threads may take longer than its first.
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
        // Errors mean that no process is left to signal.
        let _ = killpg(self.pid(), Signal::SIGTERM);
        self.until_ended();
        // Children of the leader may have ignored SIGTERM.
        let _ = killpg(self.pid(), Signal::SIGKILL);
        // Orphans are reaped by init, and hold their ports until they have ended.
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
