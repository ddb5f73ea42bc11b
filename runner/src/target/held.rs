//! A server that waits at its exec: it can be recorded from its first instruction on.

use super::{
    arm::{Arm, Source},
    error::{Context, Error, Result},
    group::Group,
    log::LogTail,
    owner,
    running::Started,
    start::{self, StartOptions},
};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use procfs::process::Process;
use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// The shell stops itself, and becomes the server when it is continued: the same process, of which nothing has run.
const GATE: &str = "kill -STOP $$; ";
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_micros(200);

/// A server that was started but not let go. It ends when this is dropped.
#[derive(Debug)]
pub struct Held {
    started: Started,
    port: u16,
    patience: Duration,
}

impl Arm {
    /// Starts the server up to its exec. It must have been built.
    ///
    /// # Errors
    /// If it runs already, if what it runs is not one program, or as [`Arm::start`].
    pub fn hold(&self, options: &StartOptions) -> Result<Held> {
        let refuse = |why| Error::NotHeld {
            arm: self.name().to_owned(),
            why,
        };
        let Source::Folder(folder) = &self.source else {
            return Err(refuse("it runs already"));
        };
        let port = start::free_port(options.port)?;
        let script = start::script(folder, options, port)?;
        let script = gated(&script).ok_or_else(|| refuse("a shell would stay between"))?;
        let mut command = start::command(folder, options, port, &script)?;
        let group = Group::spawn(&mut command, options.cpus.as_deref())?;
        let held = Held {
            started: Started {
                arm: self.name().to_owned(),
                group,
                log: options.log.clone(),
            },
            port,
            patience: options.ready_timeout,
        };
        held.until_stopped()?;
        Ok(held)
    }
}

/// The script with the gate before its last `exec`, if that is where it ends.
fn gated(script: &str) -> Option<String> {
    const EXEC: &str = "exec ";
    let at = script.rfind(EXEC)?;
    let (before, last) = script.split_at(at);
    let begins = before.is_empty() || before.ends_with("; ");
    let ends = !last.contains([';', '&', '|', '\n']);
    (begins && ends).then(|| format!("{before}{GATE}{last}"))
}

impl Held {
    /// The process that will be the server.
    pub fn pid(&self) -> u32 {
        self.started.group.id()
    }

    /// Where it will listen.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Lets it go, and connects as soon as it listens; gives when it was let go.
    ///
    /// # Errors
    /// If it ends by itself or does not listen in time, each with the end of its log.
    pub fn release(&self) -> Result<(Instant, TcpStream)> {
        let released = Instant::now();
        self.signal(Signal::SIGCONT)?;
        loop {
            if let Ok(stream) = TcpStream::connect(self.address()) {
                return Ok((released, stream));
            }
            self.started.check("before it listened")?;
            if released.elapsed() > self.patience {
                return Err(self.never("a connection"));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Stops it where it is, so that nothing of it runs any more.
    ///
    /// # Errors
    /// If it has ended, or is not what listens.
    pub fn freeze(&self) -> Result<()> {
        self.started.check("after it had answered")?;
        self.signal(Signal::SIGSTOP)?;
        let listens = owner::listeners(self.port, self.pid()).contains(&self.pid());
        listens.then_some(()).ok_or_else(|| Error::NotHeld {
            arm: self.started.arm.clone(),
            why: "another process than the one that was started listens",
        })
    }

    fn until_stopped(&self) -> Result<()> {
        let begun = Instant::now();
        let stat = || Process::new(self.pid().cast_signed())?.stat();
        while !stat().is_ok_and(|stat| stat.state == 'T') {
            self.started.check("before it was let go")?;
            if begun.elapsed() > self.patience {
                return Err(self.never("the shell to stop"));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn never(&self, what: &str) -> Error {
        Error::NeverReady {
            arm: self.started.arm.clone(),
            port: self.port,
            timeout: self.patience,
            waited_for: what.to_owned(),
            log: Box::new(LogTail::read(&self.started.log)),
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        killpg(Pid::from_raw(self.pid().cast_signed()), signal)
            .map_err(std::io::Error::from)
            .doing(|| format!("sending {signal} to {}", self.started.arm))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // What is stopped does not hear SIGTERM. It is not reaped yet, so the id is its own.
        let _ = self.signal(Signal::SIGKILL);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scratch, server_command};
    use std::io::Write;

    #[test]
    fn nothing_runs_before_it_is_let_go_and_nothing_after_it_is_frozen() {
        let scratch = Scratch::new(&format!("run = '{}'", server_command()));
        let held = scratch.arm("").hold(&scratch.options()).unwrap();
        assert!(std::net::TcpStream::connect(held.address()).is_err());
        let name = || std::fs::read_to_string(format!("/proc/{}/comm", held.pid())).unwrap();
        let before = name();
        let (_, mut connection) = held.release().unwrap();
        assert_ne!(before, name(), "the shell has become the server");
        connection.write_all(b"\n").unwrap();
        held.freeze().unwrap();
        let pid = held.pid();
        drop(held);
        assert!(super::owner::start_time(pid).is_none());
    }

    #[test]
    fn the_gate_is_before_the_last_exec() {
        let gated = |script: &str| super::gated(script);
        assert_eq!(gated("exec ./a b").unwrap(), "kill -STOP $$; exec ./a b");
        assert_eq!(
            gated("x=1; exec ./a").unwrap(),
            "x=1; kill -STOP $$; exec ./a"
        );
        for script in [
            "./a",
            "exec ./a; ./b",
            "exec ./a | cat",
            "true && exec ./a",
            "./exec a",
        ] {
            assert_eq!(gated(script), None, "{script}");
        }
    }

    #[test]
    fn what_is_not_one_program_is_refused() {
        let scratch = Scratch::new("run = 'sleep 1; ./server'");
        let error = scratch.arm("").hold(&scratch.options()).unwrap_err();
        assert!(
            error.to_string().contains("has to be one program"),
            "{error}"
        );
    }

    #[test]
    fn one_that_ends_says_why() {
        let scratch = Scratch::new("run = 'cat no-config'");
        let held = scratch.arm("").hold(&scratch.options()).unwrap();
        let error = held.release().unwrap_err().to_string();
        assert!(
            error.contains("before it listened") && error.contains("no-config"),
            "{error}"
        );
    }
}
