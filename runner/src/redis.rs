//! A Redis of our own: on loopback, without files, with a password, by an ordinary user.
//!
//! Its settings go in by its standard input, so that the password stands in no list of processes.

use super::{affinity, cpus::Cpus, stub::Moved};
use crate::{
    guardian,
    target::{Invoker, LogTail, unused_port},
};
use anyhow::{Context, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};
use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The server's program.
const PROGRAM: &str = "redis-server";
/// How long it may take until it serves, and until it answers: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// A running server, ended when dropped. Nothing is left of it, as it writes nothing but its log.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    port: u16,
    password: String,
    log: PathBuf,
}

/// Where the server's counters stood, and what asking for them adds to them.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    at: Moved,
    asking: Moved,
}

/// Refuses if there is no Redis to start.
///
/// # Errors
/// With the command that installs it.
pub fn find() -> anyhow::Result<()> {
    match Command::new(PROGRAM)
        .arg("--version")
        .stdout(Stdio::null())
        .status()
    {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("`{PROGRAM} --version` failed ({status})"),
        Err(_) => bail!(
            "--bus redis needs {PROGRAM}, and there is none; sudo apt-get install -y redis-server"
        ),
    }
}

impl Redis {
    /// Starts one on `cpus`, and waits until it serves.
    ///
    /// # Errors
    /// When it does not start, with the end of its log.
    pub fn start(cpus: Option<&Cpus>, log: &Path) -> anyhow::Result<Self> {
        let (port, password) = (unused_port()?, format!("{:032x}", rand::random::<u128>()));
        let output =
            File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(PROGRAM);
        command.arg("-").current_dir("/");
        guardian::announce(&mut command).context("cannot share the way to the guardian")?;
        command
            .stdin(Stdio::piped())
            .stdout(output.try_clone().context("cannot use the log twice")?)
            .stderr(output);
        lend(&mut command)?;
        let child = affinity::on(cpus, || command.spawn())?;
        let child = child
            .inspect_err(|_| guardian::not_started())
            .with_context(|| format!("cannot start {PROGRAM}"))?;
        let mut redis = Redis {
            child,
            port,
            password,
            log: log.into(),
        };
        redis
            .configure()
            .context("cannot tell Redis its settings")?;
        redis.wait()?;
        Ok(redis)
    }

    /// What servers are told of it by.
    pub fn variable(&self) -> (&'static str, String) {
        let Self { password, port, .. } = self;
        ("REDIS", format!("redis://:{password}@127.0.0.1:{port}"))
    }

    /// Where its counters stand now.
    ///
    /// # Errors
    /// When it does not answer, with its log's end.
    pub fn mark(&self) -> anyhow::Result<Mark> {
        let before = self.moved()?;
        let at = self.moved()?;
        Ok(Mark {
            at,
            asking: at.since(before),
        })
    }

    /// What it has moved over its sockets since, without what asking moved.
    ///
    /// # Errors
    /// When it does not answer, with its log's end.
    pub fn moved_since(&self, mark: &Mark) -> anyhow::Result<Moved> {
        Ok(self.moved()?.since(mark.at).since(mark.asking))
    }

    fn configure(&mut self) -> std::io::Result<()> {
        let Self { password, port, .. } = &self;
        let settings = format!(
            "bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave \"\"\nappendonly no\ndaemonize no\n"
        );
        let mut input = self
            .child
            .stdin
            .take()
            .ok_or(std::io::ErrorKind::BrokenPipe)?;
        input.write_all(settings.as_bytes())
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.ask("PING").is_err() {
            if !matches!(self.child.try_wait(), Ok(None)) {
                bail!("Redis did not start. {}", LogTail::read(&self.log));
            }
            if Instant::now() > deadline {
                bail!(
                    "Redis did not serve within {PATIENCE:?}. {}",
                    LogTail::read(&self.log)
                );
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn moved(&self) -> anyhow::Result<Moved> {
        let stats = self.ask("INFO stats").and_then(|answer| {
            let field = |name: &str| field(&answer, name).context("Redis counts no bytes");
            Ok(Moved {
                bytes_sent: field("total_net_output_bytes")?,
                bytes_received: field("total_net_input_bytes")?,
                ..Moved::default()
            })
        });
        stats.map_err(|error| error.context(LogTail::read(&self.log).to_string()))
    }

    /// The answer to a command in one line, over a connection of its own.
    fn ask(&self, command: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "AUTH {}\r\n{command}\r\n", self.password)?;
        let mut reader = BufReader::new(stream);
        let authorised = line(&mut reader)?;
        if authorised != "+OK" {
            bail!("another server answers: {authorised:?}");
        }
        let head = line(&mut reader)?;
        let Some(length) = head.strip_prefix('$') else {
            return Ok(head);
        };
        let mut answer = vec![0; length.parse()?];
        reader.read_exact(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It has nothing to save, and it is not reaped yet, so that the id is its own.
        let _ = kill(
            Pid::from_raw(self.child.id().cast_signed()),
            Signal::SIGKILL,
        );
        let _ = self.child.wait();
        guardian::forget(self.child.id());
    }
}

/// Lets it run as who called sudo, or for root itself as a user without rights.
fn lend(command: &mut Command) -> anyhow::Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    if let Some(invoker) = Invoker::detect()? {
        invoker.lend(command);
    } else if let Some(user) = User::from_name("nobody").context("cannot look up user nobody")? {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    Ok(())
}

fn line(reader: &mut impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// A number of `INFO`'s answer.
fn field(answer: &str, name: &str) -> Option<u64> {
    let mut values = answer.lines().filter_map(|line| line.split_once(':'));
    values.find(|(key, _)| *key == name)?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_serves_who_knows_the_password_and_nothing_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let redis = Redis::start(None, &dir.path().join("redis.log")).unwrap();
        let (name, url) = redis.variable();
        assert!(name == "REDIS" && url.starts_with("redis://:"), "{url}");
        let mark = redis.mark().unwrap();
        assert_eq!(redis.ask("SET key value").unwrap(), "+OK");
        let moved = redis.moved_since(&mark).unwrap();
        assert!(
            moved.bytes_received >= 15 && moved.bytes_received < 200,
            "{moved:?}"
        );
        let stranger = Redis {
            child: Command::new("true").spawn().unwrap(),
            port: redis.port,
            password: "guess".into(),
            log: redis.log.clone(),
        };
        assert!(
            stranger
                .ask("PING")
                .unwrap_err()
                .to_string()
                .contains("another server")
        );
        let port = redis.port;
        drop(redis);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn counters_are_found_by_their_names() {
        let answer = "# Stats\r\ntotal_net_input_bytes:31\r\ntotal_net_output_bytes:7\r\n";
        assert_eq!(field(answer, "total_net_input_bytes"), Some(31));
        assert_eq!(field(answer, "total"), None);
    }
}
