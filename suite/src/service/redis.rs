//! A private Redis: on loopback, without files, with a password, by an ordinary user.
//!
//! Its settings come from its standard input, so that no list of processes shows the password.

use super::{Traffic, account::Account, log::Log};
use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use runner::target::unused_port;
use std::{
    cell::Cell,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The server's program.
const PROGRAM: &str = "redis-server";
/// Time until it serves, and until it answers: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two checks of its state.
const PAUSE: Duration = Duration::from_millis(2);

/// A running server, killed when dropped. It writes nothing but its log.
///
/// It stays in this process's group, so that a signal to the group ends it as well.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    port: u16,
    password: String,
    version: String,
    log: Log,
    /// Bytes that requests for its counters have added to them.
    overhead: Cell<Traffic>,
}

impl Redis {
    /// Starts a server and waits until it serves.
    ///
    /// # Errors
    /// Fails if Redis is not installed or does not start, with the end of its log.
    pub fn start(log: &Log) -> Result<Self> {
        let version = version()?;
        let (port, password) = (unused_port()?, format!("{:032x}", rand::random::<u128>()));
        let mut command = Command::new(PROGRAM);
        command.arg("-").current_dir("/").stdin(Stdio::piped());
        log.connect(&mut command)?;
        Account::choose()?.run_as(&mut command);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {PROGRAM}"))?;
        let mut redis = Redis {
            child,
            port,
            password,
            version,
            log: log.clone(),
            overhead: Cell::default(),
        };
        redis
            .configure()
            .context("cannot pass Redis its settings")?;
        redis.wait()?;
        Ok(redis)
    }

    /// Returns the variable by which servers find it.
    pub fn variable(&self) -> (&'static str, String) {
        let Self { password, port, .. } = self;
        ("REDIS", format!("redis://:{password}@127.0.0.1:{port}"))
    }

    /// Returns its version, such as `7.0.15`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the bytes it has sent and received, without those of requests for its counters.
    ///
    /// Only the difference of two calls is exact: the first request counts itself in part.
    ///
    /// # Errors
    /// Fails if it does not answer, with the end of its log.
    pub fn traffic(&self) -> Result<Traffic> {
        // Two requests: the second shows how much a request adds.
        let (first, second) = (self.counters()?, self.counters()?);
        let request = second.since(first);
        let before = self.overhead.get();
        self.overhead.set(before.plus(request).plus(request));
        Ok(first.since(before))
    }

    fn configure(&mut self) -> std::io::Result<()> {
        let Self { password, port, .. } = &self;
        let settings = format!(
            "bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave \"\"\nappendonly no\ndaemonize no\n"
        );
        let input = self.child.stdin.take();
        let mut input = input.ok_or(std::io::ErrorKind::BrokenPipe)?;
        input.write_all(settings.as_bytes())
    }

    fn wait(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.ask("PING").is_err() {
            if !matches!(self.child.try_wait(), Ok(None)) {
                bail!("Redis did not start. {}", self.log.tail());
            }
            if Instant::now() > deadline {
                bail!(
                    "Redis did not serve within {PATIENCE:?}. {}",
                    self.log.tail()
                );
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn counters(&self) -> Result<Traffic> {
        let stats = self.ask("INFO stats").and_then(|answer| {
            let field = |name: &str| field(&answer, name).context("Redis counts no bytes");
            Ok(Traffic {
                sent: field("total_net_output_bytes")?,
                received: field("total_net_input_bytes")?,
            })
        });
        stats.map_err(|error| error.context(self.log.tail()))
    }

    /// Returns the answer to a command, over a new connection.
    fn ask(&self, command: &str) -> Result<String> {
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
        // It has nothing to save. It is not reaped yet, so its id cannot belong to another process.
        let _ = kill(
            Pid::from_raw(self.child.id().cast_signed()),
            Signal::SIGKILL,
        );
        let _ = self.child.wait();
    }
}

/// Returns the version of the Redis that is installed.
fn version() -> Result<String> {
    let Ok(output) = Command::new(PROGRAM).arg("--version").output() else {
        bail!("there is no {PROGRAM} on PATH: sudo apt-get install -y redis-server");
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_whitespace().find_map(|it| it.strip_prefix("v="));
    let version = version.with_context(|| format!("`{PROGRAM} --version` prints {text:?}"))?;
    Ok(version.to_owned())
}

fn line(reader: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// Returns a number of the answer to `INFO`.
fn field(answer: &str, name: &str) -> Option<u64> {
    let mut values = answer.lines().filter_map(|line| line.split_once(':'));
    values.find(|(key, _)| *key == name)?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serves_clients_that_know_the_password_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let redis = Redis::start(&Log::file(&dir.path().join("redis.log"))).unwrap();
        let (name, url) = redis.variable();
        assert!(name == "REDIS" && url.starts_with("redis://:"), "{url}");
        assert!(redis.version().starts_with(|c: char| c.is_ascii_digit()));
        let stranger = Redis {
            child: Command::new("true").spawn().unwrap(),
            password: "guess".into(),
            version: String::new(),
            log: redis.log.clone(),
            overhead: Cell::default(),
            ..redis
        };
        let error = stranger.ask("PING").unwrap_err().to_string();
        assert!(error.contains("another server"), "{error}");
        let port = redis.port;
        drop(redis);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn counts_the_traffic_of_others_only() {
        let dir = tempfile::tempdir().unwrap();
        let redis = Redis::start(&Log::file(&dir.path().join("redis.log"))).unwrap();
        let before = redis.traffic().unwrap();
        assert_eq!(redis.ask("SET key value").unwrap(), "+OK");
        let received = redis.traffic().unwrap().since(before).received;
        // The command and the password, but no request for counters.
        let expected = format!("AUTH {}\r\nSET key value\r\n", redis.password).len() as u64;
        assert_eq!(received, expected);
    }

    #[test]
    fn finds_counters_by_their_names() {
        let answer = "# Stats\r\ntotal_net_input_bytes:31\r\ntotal_net_output_bytes:7\r\n";
        assert_eq!(field(answer, "total_net_input_bytes"), Some(31));
        assert_eq!(field(answer, "total"), None);
    }
}
