//! A server that is suspended before its exec, to be recorded from its first instruction on.

use super::{
    arm::{Arm, Source},
    error::{Context, Error, Result},
    group::Group,
    log::LogTail,
    owner,
    running::Started,
    start::{self, StartOptions},
};
use crate::suspended::{GATE, SuspendedChild};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_micros(200);

/// A server that is suspended before its exec. Dropping it kills it.
#[derive(Debug)]
pub struct SuspendedServer {
    started: Started,
    child: SuspendedChild,
    port: u16,
    patience: Duration,
}

impl Arm {
    /// Starts the server up to its exec. It must have been built.
    ///
    /// # Errors
    /// Fails if it runs already, if its command is not one program, or as [`Arm::start`].
    pub fn suspend(&self, options: &StartOptions) -> Result<SuspendedServer> {
        let refuse = |why| Error::NotSuspended {
            arm: self.name().to_owned(),
            why,
        };
        let Source::Folder(folder) = &self.source else {
            return Err(refuse("it runs already"));
        };
        let port = start::free_port(options.port)?;
        let script = start::script(folder, options, port)?;
        let script = gated(&script).ok_or_else(|| refuse("its command is not one program"))?;
        let mut command = start::command(folder, options, port, &script)?;
        let started = Started {
            arm: self.name().to_owned(),
            group: Group::spawn(&mut command, options.cpus.as_ref())?,
            log: options.log.clone(),
        };
        let patience = options.ready_timeout;
        let check = || started.check("before it was resumed");
        let child = SuspendedChild::wait(started.group.id(), patience, check)?;
        match child {
            Some(child) => Ok(SuspendedServer {
                started,
                child,
                port,
                patience,
            }),
            None => Err(never(&started, port, patience, "the shell to stop")),
        }
    }
}

/// Returns the script with the gate before its last `exec`, if it ends with one.
fn gated(script: &str) -> Option<String> {
    const EXEC: &str = "exec ";
    let at = script.rfind(EXEC)?;
    let (before, last) = script.split_at(at);
    let begins = before.is_empty() || before.ends_with("; ");
    let ends = !last.contains([';', '&', '|', '\n']);
    (begins && ends).then(|| format!("{before}{GATE}{last}"))
}

fn never(started: &Started, port: u16, timeout: Duration, waited_for: &str) -> Error {
    Error::NeverReady {
        arm: started.arm.clone(),
        port,
        timeout,
        waited_for: waited_for.to_owned(),
        log: Box::new(LogTail::read(&started.log)),
    }
}

impl SuspendedServer {
    /// Returns the process that will be the server.
    pub fn pid(&self) -> u32 {
        self.started.group.id()
    }

    /// Returns the address where it will listen.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Resumes it and connects as soon as it listens. Returns the time at which it was resumed.
    ///
    /// # Errors
    /// Fails if it ends or does not listen in time, each with the end of its log.
    pub fn resume(&self) -> Result<(Instant, TcpStream)> {
        let resumed = Instant::now();
        let resuming = || format!("resuming {}", self.started.arm);
        self.child.resume().doing(resuming)?;
        loop {
            if let Ok(stream) = TcpStream::connect(self.address()) {
                return Ok((resumed, stream));
            }
            self.started.check("before it listened")?;
            if resumed.elapsed() > self.patience {
                let Self { started, port, .. } = self;
                return Err(never(started, *port, self.patience, "a connection"));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Stops all of its threads where they are.
    ///
    /// # Errors
    /// Fails if it has ended, or another process listens on its port.
    pub fn stop(&self) -> Result<()> {
        self.started.check("after it had answered")?;
        self.signal(Signal::SIGSTOP)?;
        let listens = owner::listeners(self.port, self.pid()).contains(&self.pid());
        listens.then_some(()).ok_or_else(|| Error::NotSuspended {
            arm: self.started.arm.clone(),
            why: "another process than the one that was started listens",
        })
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        killpg(Pid::from_raw(self.pid().cast_signed()), signal)
            .map_err(std::io::Error::from)
            .doing(|| format!("sending {signal} to {}", self.started.arm))
    }
}

impl Drop for SuspendedServer {
    fn drop(&mut self) {
        // A stopped process does not act on SIGTERM. It is not reaped yet, so its id is its own.
        let _ = self.signal(Signal::SIGKILL);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scratch, server_command};
    use std::io::Write;

    #[test]
    fn runs_only_between_resume_and_stop() {
        let scratch = Scratch::new(&format!("run = '{}'", server_command()));
        let server = scratch.arm("").suspend(&scratch.options()).unwrap();
        assert!(std::net::TcpStream::connect(server.address()).is_err());
        let name = || std::fs::read_to_string(format!("/proc/{}/comm", server.pid())).unwrap();
        let before = name();
        let (_, mut connection) = server.resume().unwrap();
        assert_ne!(before, name(), "the shell has become the server");
        connection.write_all(b"\n").unwrap();
        server.stop().unwrap();
        let pid = server.pid();
        drop(server);
        assert!(super::owner::start_time(pid).is_none());
    }

    #[test]
    fn puts_the_gate_before_the_last_exec() {
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
    fn rejects_commands_that_are_not_one_program() {
        let scratch = Scratch::new("run = 'sleep 1; ./server'");
        let error = scratch.arm("").suspend(&scratch.options()).unwrap_err();
        assert!(error.to_string().contains("not one program"), "{error}");
    }

    #[test]
    fn reports_the_log_of_a_server_that_ends() {
        let scratch = Scratch::new("run = 'cat no-config'");
        let server = scratch.arm("").suspend(&scratch.options()).unwrap();
        let error = server.resume().unwrap_err().to_string();
        assert!(
            error.contains("before it listened") && error.contains("no-config"),
            "{error}"
        );
    }
}
