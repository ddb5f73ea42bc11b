//! Starts a server, waits until it answers, and finds its process.

use super::{
    arm::{Arm, Folder, Source},
    error::{Context, Error, Result},
    group::Group,
    log::LogTail,
    manifest::Instrumentation,
    owner, ready,
    running::{Running, Started},
    shell::{self, Values},
};
use crate::cpus::Cpus;
use std::{
    fs::File,
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// Options of a start.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// Base URL of the model, such as `http://127.0.0.1:1234`.
    pub upstream: String,
    /// File that the server's output goes to; its folder exists.
    pub log: PathBuf,
    /// CPUs that the server may run on; all if `None`.
    pub cpus: Option<Cpus>,
    /// Port to listen on; `None` for a free one.
    pub port: Option<u16>,
    /// Environment beyond that of every server, `DATABASE` for instance.
    pub env: Vec<(String, String)>,
    /// Settings that make its runtime write symbols.
    pub instrumentation: Instrumentation,
    /// Time that the server has until it answers.
    pub ready_timeout: Duration,
}

impl StartOptions {
    /// Returns options with a free port, all CPUs and 30 seconds to become ready.
    pub fn new(upstream: impl Into<String>, log: impl Into<PathBuf>) -> Self {
        let ready_timeout = Duration::from_secs(30);
        Self {
            upstream: upstream.into(),
            log: log.into(),
            cpus: None,
            port: None,
            env: Vec::new(),
            instrumentation: Instrumentation::default(),
            ready_timeout,
        }
    }
}

impl Arm {
    /// Starts the server and waits until it answers. It must have been built.
    ///
    /// It leads a new process group, and under sudo runs as the user behind it. An arm that runs
    /// already is only looked up.
    ///
    /// # Errors
    /// Fails if the port is taken, the server ends or does not answer in time (each with the end of
    /// its log), or another process answers in its place.
    pub fn start(&self, options: &StartOptions) -> Result<Running> {
        match &self.source {
            Source::Folder(folder) => start(self.name(), folder, options),
            Source::Process { pid, url } => Running::new(self.name(), *pid, url.clone(), None),
        }
    }
}

fn start(arm: &str, folder: &Folder, options: &StartOptions) -> Result<Running> {
    let port = free_port(options.port)?;
    let script = script(folder, options, port)?;
    let mut command = command(folder, options, port, &script)?;
    let group = Group::spawn(&mut command, options.cpus.as_ref())?;
    let started = Started {
        arm: arm.to_owned(),
        group,
        log: options.log.clone(),
    };
    wait(
        &started,
        port,
        folder.manifest.ready.as_deref(),
        options.ready_timeout,
    )?;
    let pid = listener(&started, port)?;
    Running::new(arm, pid, format!("http://127.0.0.1:{port}"), Some(started))
}

/// Returns the requested port, or a free one. It is released again: the server binds it.
pub(super) fn free_port(wanted: Option<u16>) -> Result<u16> {
    let Some(port) = wanted else {
        return unused_port();
    };
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(port),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(Error::PortTaken { port }),
        Err(error) => Err(error).doing(|| "choosing a port".to_owned()),
    }
}

/// Returns a free port below the ephemeral range, so that no connection takes it before the server
/// binds it. This process returns no port twice, and others begin elsewhere.
pub fn unused_port() -> Result<u16> {
    const PORTS: Range<u32> = 20_000..32_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(997);
    for _ in PORTS {
        let next = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + next % (PORTS.end - PORTS.start);
        let port = u16::try_from(port).unwrap_or_default();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(std::io::Error::from(ErrorKind::AddrInUse)).doing(|| "choosing a port".to_owned())
}

/// Returns the script for `sh`.
pub(super) fn script(folder: &Folder, options: &StartOptions, port: u16) -> Result<String> {
    let upstream = options.upstream.trim_end_matches('/');
    if !shell::is_plain_url(upstream) {
        return Err(Error::Upstream {
            url: upstream.to_owned(),
        });
    }
    let values = Values { port, upstream };
    Ok(shell::script(&folder.manifest.run, &values))
}

/// Returns `sh` with the server's folder, environment and log.
pub(super) fn command(
    folder: &Folder,
    options: &StartOptions,
    port: u16,
    script: &str,
) -> Result<Command> {
    let upstream = options.upstream.trim_end_matches('/');
    let output =
        File::create(&options.log).doing(|| format!("creating {}", options.log.display()))?;
    let errors = output
        .try_clone()
        .doing(|| format!("opening {}", options.log.display()))?;
    let mut command = Command::new("sh");
    command
        .args(["-c", script, "sh"])
        .args(&options.instrumentation.args)
        .args(&folder.variant.args);
    command.current_dir(&folder.path).envs(folder.env());
    command.envs(&options.instrumentation.env);
    command
        .env("PORT", port.to_string())
        .env("UPSTREAM", upstream)
        .envs(options.env.iter().cloned());
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    Ok(command)
}

fn wait(started: &Started, port: u16, path: Option<&str>, timeout: Duration) -> Result<()> {
    let deadline = Instant::now() + timeout;
    while !ready::answers(port, path) {
        started.check("before it was ready")?;
        if Instant::now() >= deadline {
            let arm = started.arm.clone();
            let (waited_for, log) = (ready::describe(path), Box::new(LogTail::read(&started.log)));
            return Err(Error::NeverReady {
                arm,
                port,
                timeout,
                waited_for,
                log,
            });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Returns the process to record: the one that was started if it listens, else the first of its
/// group that does.
///
/// /proc is no snapshot: a table that changes while it is read may lack entries. So one look that
/// finds nothing proves nothing, and a foreign server is still there at the next.
fn listener(started: &Started, port: u16) -> Result<u32> {
    const LOOKS: usize = 40;
    let leader = started.group.id();
    for _ in 0..LOOKS {
        let listeners = owner::listeners(port, leader);
        let own = listeners.iter().find(|pid| **pid == leader);
        if let Some(pid) = own.or(listeners.first()) {
            return Ok(*pid);
        }
        // A server that finds its port taken usually ends with a precise message.
        started.check("while another process answered on its port")?;
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(Error::Foreign {
        arm: started.arm.clone(),
        port,
    })
}

#[cfg(test)]
mod tests;
