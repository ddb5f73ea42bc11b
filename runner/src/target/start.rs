//! Starting a server, and knowing that it answers and which process it is.

use super::{
    arm::{Arm, Folder, Source},
    error::{Context, Error, Result},
    group::Group,
    log::LogTail,
    manifest::Help,
    owner, ready,
    running::{Running, Started},
    shell::{self, Values},
};
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
    /// Environment beyond what every server gets, such as `DATABASE`.
    pub env: Vec<(String, String)>,
    /// What makes its runtime tell more of itself.
    pub help: Help,
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
            env: Vec::new(),
            help: Help::default(),
            ready_timeout,
        }
    }
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
            Source::Process { pid, url } => Running::new(self.name(), *pid, url.clone(), None),
        }
    }
}

fn start(arm: &str, folder: &Folder, options: &StartOptions) -> Result<Running> {
    let port = free_port(options.port)?;
    let script = script(folder, options, port)?;
    let mut command = command(folder, options, port, &script)?;
    let group = Group::spawn(&mut command, options.cpus.as_deref())?;
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

/// The port that was asked for, or a free one. It is released again: the server binds it itself.
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

/// A free port below those the kernel gives out by itself: until the server binds it, nobody gets it by chance. Nor do
/// we give it out twice, and another process like this one begins elsewhere.
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

/// What `sh` runs.
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

/// `sh` with the server's folder, environment and log.
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
        .args(&options.help.args)
        .args(&folder.variant.args);
    command.current_dir(&folder.path).envs(folder.env());
    command.envs(&options.help.env);
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

/// The process to record: the one that was started if it listens, else the first of its group that does.
///
/// What /proc lists is no snapshot: of a table that changes while it is read, entries can be missed. So a single look that finds
/// nothing proves nothing; a foreign server is still there at the next.
fn listener(started: &Started, port: u16) -> Result<u32> {
    const LOOKS: usize = 40;
    let leader = started.group.id();
    for _ in 0..LOOKS {
        let listeners = owner::listeners(port, leader);
        let own = listeners.iter().find(|pid| **pid == leader);
        if let Some(pid) = own.or(listeners.first()) {
            return Ok(*pid);
        }
        // A server that finds its port taken usually ends, and says why better than we can.
        started.check("while another process answered on its port")?;
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(Error::Foreign {
        arm: started.arm.clone(),
        port,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{
        Error,
        testing::{Scratch, server_command},
    };
    use procfs::process::Process;
    use std::{net::TcpListener, time::Duration};

    fn free_port() -> u16 {
        super::free_port(None).unwrap()
    }

    #[test]
    fn the_server_gets_what_target_toml_says() {
        let scratch = Scratch::new(&format!(
            "run = '{}'\nenv = {{ COLOR = 'red' }}\nvariants.blue.env = {{ COLOR = 'blue' }}\nready = '/up'",
            server_command()
        ));
        let running = scratch.arm(":blue").start(&scratch.options()).unwrap();
        running.check().unwrap();
        running.stop();
        assert!(
            scratch
                .read("server.log")
                .contains("UPSTREAM=http://127.0.0.1:9 COLOR=Ok(\"blue\")")
        );
    }

    #[test]
    fn help_comes_on_top_of_what_target_toml_says() {
        let scratch = Scratch::new(&format!(
            "run = '{}'\nenv = {{ COLOR = 'red' }}",
            server_command()
        ));
        let mut options = scratch.options();
        options.help.env = [("COLOR".to_owned(), "green".to_owned())].into();
        scratch.arm("").start(&options).unwrap().stop();
        assert!(scratch.read("server.log").contains("COLOR=Ok(\"green\")"));
        let scratch = Scratch::new("run = 'echo {args}'\nvariants.x.args = ['mine']");
        let mut options = scratch.options();
        options.help.args = vec!["helps".to_owned()];
        let error = scratch.arm(":x").start(&options).unwrap_err().to_string();
        assert!(error.contains("  helps mine"), "{error}");
    }

    #[test]
    fn the_process_is_the_one_that_listens() {
        let tests = std::env::current_exe().unwrap();
        // A single program replaces the shell; a script starts the server below it.
        for run in [
            server_command(),
            format!("true; {}; true", server_command()),
        ] {
            let scratch = Scratch::new(&format!("run = '{run}'"));
            let running = scratch.arm("").start(&scratch.options()).unwrap();
            let executable = std::fs::read_link(format!("/proc/{}/exe", running.pid())).unwrap();
            assert_eq!(executable, tests, "{run}");
        }
    }

    #[test]
    fn it_runs_on_the_cpus_asked_for() {
        let scratch = Scratch::new(&format!("run = '{}'", server_command()));
        let allowed = || nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0)).unwrap();
        let before = allowed();
        let cpu = (0..1024).find(|cpu| before.is_set(*cpu).unwrap()).unwrap();
        let mut options = scratch.options();
        options.cpus = Some(vec![cpu]);
        let running = scratch.arm("").start(&options).unwrap();
        let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
        assert!(
            status.contains(&format!("Cpus_allowed_list:\t{cpu}\n")),
            "{status}"
        );
        assert_eq!(allowed(), before, "the caller itself is not moved");
        options.cpus = Some(vec![1023]);
        let error = scratch.arm("").start(&options).unwrap_err().to_string();
        assert!(error.contains("are they all there?"), "{error}");
    }

    #[test]
    fn a_port_in_use_is_refused() {
        let scratch = Scratch::new("run = 'sleep 60'");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut options = scratch.options();
        options.port = Some(listener.local_addr().unwrap().port());
        let error = scratch.arm("").start(&options).unwrap_err();
        assert!(matches!(error, Error::PortTaken { .. }), "{error}");
    }

    #[test]
    fn another_process_in_its_place_is_not_taken_for_it() {
        let scratch = Scratch::new("run = 'touch begun; sleep 60'");
        let begun = scratch.path("begun");
        let mut options = scratch.options();
        let port = free_port();
        options.port = Some(port);
        let intruder = std::thread::spawn(move || {
            while !begun.exists() {
                std::thread::sleep(Duration::from_millis(1));
            }
            TcpListener::bind(("127.0.0.1", port)).unwrap()
        });
        let error = scratch.arm("").start(&options).unwrap_err();
        assert!(matches!(error, Error::Foreign { .. }), "{error}");
        drop(intruder.join());
    }

    #[test]
    fn a_server_that_dies_at_once_says_why() {
        let error = Scratch::new("run = 'echo no config >&2; exit 3'")
            .start_error()
            .to_string();
        assert!(
            error.starts_with("t ended by itself (exit status 3) before it was ready"),
            "{error}"
        );
        assert!(error.ends_with("  no config"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Scratch::new("run = './no-such-server'")
            .start_error()
            .to_string();
        assert!(
            error.contains("exit status 127") && error.contains("no-such-server"),
            "{error}"
        );
    }

    #[test]
    fn a_server_that_never_answers_is_ended() {
        let scratch = Scratch::new("run = 'sleep 60'");
        let mut options = scratch.options();
        options.ready_timeout = Duration::from_millis(50);
        let error = scratch.arm("").start(&options).unwrap_err().to_string();
        assert!(
            error.contains("did not answer") && error.contains("(a connection)"),
            "{error}"
        );
        let in_folder = |process: &Process| process.cwd().is_ok_and(|cwd| cwd == scratch.path(""));
        let processes = procfs::process::all_processes().unwrap();
        assert_eq!(processes.flatten().filter(in_folder).count(), 0);
    }

    #[test]
    fn an_upstream_for_the_shell_is_refused() {
        let scratch = Scratch::new("run = 'touch {upstream}'");
        let mut options = scratch.options();
        options.upstream = "http://a;touch harm".into();
        let error = scratch.arm("").start(&options).unwrap_err();
        assert!(matches!(error, Error::Upstream { .. }), "{error}");
        assert!(!scratch.path("harm").exists());
    }

    #[test]
    fn a_log_that_cannot_be_written_is_named() {
        let scratch = Scratch::new("run = 'sleep 60'");
        let mut options = scratch.options();
        options.log = scratch.path("missing/server.log");
        let error = scratch.arm("").start(&options).unwrap_err().to_string();
        assert!(error.contains("missing/server.log"), "{error}");
    }
}
