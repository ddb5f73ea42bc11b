//! A private PostgreSQL server: on loopback, by an ordinary user, in a folder that is removed with
//! it.
//!
//! A shell ([`SCRIPT`]) runs between this process and the server: it ends the server and removes
//! the folder once its input is closed. The kernel closes that input however this process ends, so
//! no signal is needed, which could not reach a server of another user.

mod installation;

pub use installation::Installation;

use super::{account::Account, log::Log};
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use runner::target::unused_port;
use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const SCRIPT: &str = include_str!("serve.sh");
/// The user within the database.
const USER: &str = "kontrast";
/// The database that each new server has.
const FIRST: &str = "postgres";
/// Time until it serves, and until it has ended: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two checks of its state.
const PAUSE: Duration = Duration::from_millis(5);

/// A running server, ended when dropped.
#[derive(Debug)]
pub struct Server {
    shell: Child,
    folder: TempDir,
    log: Log,
    programs: PathBuf,
    port: u16,
    password: String,
}

impl Server {
    /// Starts a new server and waits until it serves; `settings` are further arguments of
    /// `postgres`.
    ///
    /// # Errors
    /// Fails if it does not start, with the end of its log.
    pub fn start(installation: &Installation, settings: &[&str], log: &Log) -> Result<Self> {
        let account = Account::choose()?;
        let folder = tempfile::Builder::new().prefix("kontrast-").tempdir();
        let folder = folder
            .context("cannot create a folder for PostgreSQL: set TMPDIR to a writable folder")?;
        // Other users of this host can reach the port.
        let password = format!("{:032x}", rand::random::<u128>());
        let secret = folder.path().join("password");
        write_secret(&secret, &password)?;
        account.own(&[folder.path(), &secret])?;
        let port = unused_port()?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SCRIPT, "sh"])
            .arg(&installation.programs)
            .args([&port.to_string(), USER])
            .args(settings)
            .current_dir(folder.path());
        log.connect(&mut command)?;
        // Ctrl-C in the terminal must not reach it: it could not clean up.
        command.stdin(Stdio::piped()).process_group(0);
        clear_environment(&mut command);
        account.run_as(&mut command);
        let mut server = Self {
            shell: command.spawn().context("cannot start /bin/sh")?,
            folder,
            log: log.clone(),
            programs: installation.programs.clone(),
            port,
            password,
        };
        server.wait()?;
        Ok(server)
    }

    /// Waits for the status that PostgreSQL's own tools wait for.
    fn wait(&mut self) -> Result<()> {
        let status = self.folder.path().join("data/postmaster.pid");
        let deadline = Instant::now() + PATIENCE;
        while !is_ready(&fs::read_to_string(&status).unwrap_or_default()) {
            if self.has_ended() {
                bail!("PostgreSQL did not start. {}", self.log.tail());
            }
            if Instant::now() > deadline {
                bail!(
                    "PostgreSQL did not serve within {PATIENCE:?}. {}",
                    self.log.tail()
                );
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Returns its first process, of which the others are children.
    ///
    /// # Errors
    /// Fails if it has ended.
    pub fn pid(&self) -> Result<u32> {
        let status = fs::read_to_string(self.folder.path().join("data/postmaster.pid"));
        let status = status.context("PostgreSQL has ended")?;
        let first = status
            .lines()
            .next()
            .and_then(|line| line.trim().parse().ok());
        first.context("PostgreSQL has no process id")
    }

    /// Returns the URL of its first database, which is empty.
    pub fn url(&self) -> String {
        self.url_of(FIRST)
    }

    /// Creates an empty database and returns its URL.
    ///
    /// # Errors
    /// Fails if one of that name exists, or the server does.
    pub fn create(&self, database: &str) -> Result<String> {
        let mut command = Command::new(self.programs.join("createdb"));
        command
            .args(["--host=127.0.0.1", &format!("--port={}", self.port)])
            .args([&format!("--username={USER}"), "--no-password"])
            .args(["--", database]);
        clear_environment(&mut command);
        let output = command.env("PGPASSWORD", &self.password).output();
        let output = output.context("cannot start createdb")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
        }
        Ok(self.url_of(database))
    }

    fn url_of(&self, database: &str) -> String {
        let Self { password, port, .. } = self;
        format!("postgres://{USER}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.shell.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let deadline = Instant::now() + PATIENCE;
        while !self.has_ended() {
            if Instant::now() > deadline {
                // The shell is not reaped yet, so its id cannot belong to another process.
                let _ = killpg(
                    Pid::from_raw(self.shell.id().cast_signed()),
                    Signal::SIGKILL,
                );
                let _ = self.shell.wait();
            }
            thread::sleep(PAUSE);
        }
    }
}

/// Clears the environment: the user's PostgreSQL variables are for another server, and guessing a
/// time zone takes long.
fn clear_environment(command: &mut Command) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command
        .env_clear()
        .env("PATH", path)
        .env("LC_ALL", "C")
        .env("TZ", "UTC");
}

fn write_secret(path: &Path, secret: &str) -> Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let written = file.and_then(|mut file| writeln!(file, "{secret}"));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// Whether the eighth line of its status file says so.
fn is_ready(status: &str) -> bool {
    let line = status.lines().nth(7);
    line.is_some_and(|line| line.trim_end() == "ready")
}

#[cfg(test)]
mod tests;
