//! Starting a server, knowing its process, and ending it.

use super::{
    arm::{Arm, Folder, Source},
    error::{Context, Error, Result},
    group::Group,
    log::LogTail,
    owner, ready,
    shell::{self, Values},
};
use std::{
    fs::File,
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// How a server is started.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// Base URL of the model, such as `http://127.0.0.1:1234`.
    pub upstream: String,
    /// File that the server's output goes to; its folder exists.
    pub log: PathBuf,
    /// CPUs that the server may run on; all if `None`.
    pub cpus: Option<Vec<usize>>,
    /// Port to listen on; a free one is chosen if `None`.
    pub port: Option<u16>,
    /// How long the server may take until it answers.
    pub ready_timeout: Duration,
}

impl StartOptions {
    /// Options with a free port, all CPUs and 30 seconds to become ready.
    pub fn new(upstream: impl Into<String>, log: impl Into<PathBuf>) -> Self {
        let ready_timeout = Duration::from_secs(30);
        Self {
            upstream: upstream.into(),
            log: log.into(),
            cpus: None,
            port: None,
            ready_timeout,
        }
    }
}

/// A server that answers. What was started here ends when this is dropped.
#[derive(Debug)]
pub struct Running {
    arm: String,
    pid: u32,
    url: String,
    started: Option<Started>,
}

/// What is known of a server that was started here.
#[derive(Debug)]
struct Started {
    group: Group,
    log: PathBuf,
}

impl Arm {
    /// Starts the server and waits until it answers. It must have been built.
    ///
    /// It runs in a process group of its own, and under sudo as the user who called it. An arm that runs already is
    /// only looked for.
    ///
    /// # Errors
    /// If the port is taken, the server ends by itself or does not answer in time (each with the end of its log), or
    /// something else answers in its place.
    pub fn start(&self, options: &StartOptions) -> Result<Running> {
        match &self.source {
            Source::Folder(folder) => start(self.name(), folder, options),
            Source::Process { pid, url } => find(self.name(), *pid, url),
        }
    }
}

impl Running {
    /// The process that listens: the one to record.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Base URL of the server; for an arm that ran already, the URL the user gave.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// URL of one of the server's paths, such as `/chat`; a URL the user gave with a path of its own stays as it is.
    pub fn endpoint(&self, path: &str) -> String {
        let has_path = self
            .url
            .strip_prefix("http://")
            .is_some_and(|rest| rest.contains('/'));
        if has_path {
            self.url.clone()
        } else {
            format!("{}{path}", self.url)
        }
    }

    /// Fails if the server is no longer there.
    ///
    /// # Errors
    /// With how it ended and the end of its log.
    pub fn check(&self) -> Result<()> {
        match &self.started {
            Some(started) => alive(&self.arm, started, "after it had been ready"),
            None => find(&self.arm, self.pid, &self.url).map(drop),
        }
    }

    /// Ends the server: SIGTERM to its group, SIGKILL after three seconds. An arm that ran already is left alone.
    pub fn stop(self) {
        drop(self);
    }
}

fn find(arm: &str, pid: u32, url: &str) -> Result<Running> {
    let process = i32::try_from(pid)
        .ok()
        .and_then(|pid| procfs::process::Process::new(pid).ok());
    // A zombie has an entry in /proc, but serves nothing.
    let lives = process
        .and_then(|process| process.stat().ok())
        .is_some_and(|stat| stat.state != 'Z');
    if !lives {
        return Err(Error::NoProcess {
            arm: arm.to_owned(),
            pid,
        });
    }
    Ok(Running {
        arm: arm.to_owned(),
        pid,
        url: url.to_owned(),
        started: None,
    })
}

fn start(arm: &str, folder: &Folder, options: &StartOptions) -> Result<Running> {
    let port = free_port(options.port)?;
    let mut command = command(arm, folder, options, port)?;
    let group = Group::spawn(&mut command, options.cpus.as_deref())?;
    let started = Started {
        group,
        log: options.log.clone(),
    };
    wait(arm, folder, &started, port, options.ready_timeout)?;
    let pid = listener(arm, &started, port)?;
    Ok(Running {
        arm: arm.to_owned(),
        pid,
        url: format!("http://127.0.0.1:{port}"),
        started: Some(started),
    })
}

/// The port that was asked for, or a free one. It is released again: the server binds it itself.
fn free_port(wanted: Option<u16>) -> Result<u16> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, wanted.unwrap_or(0))) {
        Ok(listener) => Ok(listener
            .local_addr()
            .doing(|| "choosing a port".to_owned())?
            .port()),
        Err(error) => match wanted {
            Some(port) if error.kind() == std::io::ErrorKind::AddrInUse => {
                Err(Error::PortTaken { port })
            }
            _ => Err(error).doing(|| "choosing a port".to_owned()),
        },
    }
}

fn command(arm: &str, folder: &Folder, options: &StartOptions, port: u16) -> Result<Command> {
    let upstream = options.upstream.trim_end_matches('/');
    if !shell::is_plain_url(upstream) {
        let why = format!("the upstream {upstream:?} is not a plain http:// URL");
        return Err(Error::Spec {
            arm: arm.to_owned(),
            why,
        });
    }
    let script = shell::script(&folder.manifest.run, &Values { port, upstream });
    let output =
        File::create(&options.log).doing(|| format!("creating {}", options.log.display()))?;
    let errors = output
        .try_clone()
        .doing(|| format!("opening {}", options.log.display()))?;
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, "sh"])
        .args(&folder.variant.args);
    command.current_dir(&folder.path).envs(folder.env());
    command
        .env("PORT", port.to_string())
        .env("UPSTREAM", upstream);
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    Ok(command)
}

fn wait(arm: &str, folder: &Folder, started: &Started, port: u16, timeout: Duration) -> Result<()> {
    let path = folder.manifest.ready.as_deref();
    let deadline = Instant::now() + timeout;
    while !ready::answers(port, path) {
        alive(arm, started, "before it was ready")?;
        if Instant::now() >= deadline {
            let log = Box::new(LogTail::read(&started.log));
            let waited_for = ready::describe(path);
            return Err(Error::NeverReady {
                arm: arm.to_owned(),
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

/// The process to record: the one that was started if it listens, else the first of its group that does.
fn listener(arm: &str, started: &Started, port: u16) -> Result<u32> {
    let listeners = owner::listeners(port, started.group.id());
    let own = listeners.iter().find(|pid| **pid == started.group.id());
    match own.or(listeners.first()) {
        Some(pid) => Ok(*pid),
        None => {
            alive(arm, started, "because another process answers on its port")?;
            Err(Error::Foreign {
                arm: arm.to_owned(),
                port,
            })
        }
    }
}

fn alive(arm: &str, started: &Started, when: &'static str) -> Result<()> {
    let Some(status) = started.group.ended()? else {
        return Ok(());
    };
    let log = Box::new(LogTail::read(&started.log));
    Err(Error::Died {
        arm: arm.to_owned(),
        status,
        when,
        log,
    })
}
