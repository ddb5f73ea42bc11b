//! A server that answers.

use super::{
    error::{Error, Result},
    group::Group,
    log::LogTail,
    owner,
};
use std::path::PathBuf;

/// A server that answers. If it was started here, dropping this ends it.
#[derive(Debug)]
pub struct Running {
    arm: String,
    pid: u32,
    /// Distinguishes the process from a later one with the same id.
    start_time: u64,
    url: String,
    started: Option<Started>,
}

impl Running {
    /// Wraps process `pid`, which must exist; `started` if it was started here.
    pub(super) fn new(arm: &str, pid: u32, url: String, started: Option<Started>) -> Result<Self> {
        let arm = arm.to_owned();
        match owner::start_time(pid) {
            Some(start_time) => Ok(Self {
                arm,
                pid,
                start_time,
                url,
                started,
            }),
            None => Err(Error::NoProcess { arm, pid }),
        }
    }

    /// Returns the process that listens, which is to be recorded.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the base URL of the server; for an arm that ran already, the URL the user gave.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL of one of the server's paths, such as `/chat`. A URL that the user gave with
    /// a path, or of another protocol than HTTP, stays as it is.
    pub fn endpoint(&self, path: &str) -> String {
        let authority = self.url.strip_prefix("http://");
        if authority.is_none_or(|authority| authority.contains('/')) {
            self.url.clone()
        } else {
            format!("{}{path}", self.url)
        }
    }

    /// Checks that the server still runs.
    ///
    /// # Errors
    /// Fails if it has ended, with the end of its log if it was started here.
    pub fn check(&self) -> Result<()> {
        let lives = owner::start_time(self.pid) == Some(self.start_time);
        if let Some(started) = &self.started {
            if !lives && started.group.id() == self.pid {
                started.group.until_ended();
            }
            started.check("after it had been ready")?;
        }
        if lives {
            Ok(())
        } else {
            Err(Error::NoProcess {
                arm: self.arm.clone(),
                pid: self.pid,
            })
        }
    }

    /// Ends the server: SIGTERM to its group, SIGKILL after three seconds. An arm that ran already
    /// is left alone.
    pub fn stop(self) {
        drop(self);
    }
}

/// The processes and log of a server that was started here.
#[derive(Debug)]
pub(super) struct Started {
    pub arm: String,
    pub group: Group,
    pub log: PathBuf,
}

impl Started {
    /// Fails if the process that was started has ended.
    pub fn check(&self, when: &'static str) -> Result<()> {
        let Some(status) = self.group.ended()? else {
            return Ok(());
        };
        let log = Box::new(LogTail::read(&self.log));
        Err(Error::Died {
            arm: self.arm.clone(),
            status,
            when,
            log,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        Arm, Error, owner,
        testing::{Scratch, server_command},
    };
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        path::Path,
        process::{Command, id},
    };

    fn serving() -> (Scratch, super::Running) {
        let scratch = Scratch::new(&format!("run = '{}'", server_command()));
        let running = scratch.arm("").start(&scratch.options()).unwrap();
        (scratch, running)
    }

    fn kill(pid: u32, signal: &str) {
        assert!(
            Command::new("kill")
                .args([signal, &pid.to_string()])
                .status()
                .unwrap()
                .success()
        );
    }

    #[test]
    fn detects_a_server_that_dies() {
        let (_scratch, running) = serving();
        kill(running.pid(), "-KILL");
        let error = std::iter::repeat_with(|| running.check())
            .find_map(Result::err)
            .unwrap();
        let text = error.to_string();
        assert!(
            text.starts_with("t ended by itself (signal SIGKILL) after it had been ready"),
            "{text}"
        );
    }

    #[test]
    fn ends_processes_that_ignore_sigterm() {
        let deaf = "trap \"\" TERM; echo $$ > pid; sleep 60 &";
        let scratch = Scratch::new(&format!("run = '{deaf} {}'", server_command()));
        let running = scratch.arm("").start(&scratch.options()).unwrap();
        let group = scratch.read("pid").trim().parse().unwrap();
        assert!(owner::has_members(group));
        running.stop();
        assert!(!owner::has_members(group));
    }

    #[test]
    fn ends_the_server_on_panic() {
        let (_scratch, running) = serving();
        let pid = running.pid();
        let panicked = catch_unwind(AssertUnwindSafe(move || {
            let _running = running;
            panic!("as a caller may");
        }));
        assert!(panicked.is_err() && owner::start_time(pid).is_none());
    }

    #[test]
    fn leaves_a_process_that_ran_already() {
        let spec = format!("mine=pid:{}@http://127.0.0.1:80/v1/chat", id());
        let arm = Arm::resolve(&spec, Path::new("none")).unwrap();
        let running = arm.start(&Scratch::new("run = 'x'").options()).unwrap();
        assert_eq!(
            (running.pid(), running.endpoint("/chat").as_str()),
            (id(), "http://127.0.0.1:80/v1/chat")
        );
        running.check().unwrap();
        running.stop();
        assert!(owner::start_time(id()).is_some());
    }

    #[test]
    fn rejects_a_process_that_has_ended() {
        let mut ended = Command::new("true").spawn().unwrap();
        let zombie = ended.id();
        let arm = Arm::resolve(
            &format!("gone=pid:{zombie}@http://127.0.0.1:80"),
            Path::new("none"),
        )
        .unwrap();
        ended.wait().unwrap();
        let error = arm.start(&Scratch::new("run = 'x'").options()).unwrap_err();
        assert!(
            matches!(error, Error::NoProcess { pid, .. } if pid == zombie),
            "{error}"
        );
    }
}
