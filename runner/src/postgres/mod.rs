//! A PostgreSQL server of our own: on loopback, by an ordinary user, in a folder that goes with it.
//!
//! A shell ([`SCRIPT`]) stands between: it ends the server and removes the folder once its input is closed. The kernel
//! closes that however we end, so that it needs no guardian, which could not end a server of another user.

mod account;
mod installation;

pub use installation::Installation;

use super::{affinity, cpus::Cpus};
use crate::target::{LogTail, unused_port};
use account::Account;
use anyhow::{Context, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::{
    fs::{self, File, OpenOptions},
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
/// The database that every new server has.
const FIRST: &str = "postgres";
/// How long it may take until it serves, and until it has ended: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// A running server, ended when dropped.
#[derive(Debug)]
pub struct Server {
    shell: Child,
    folder: TempDir,
    log: PathBuf,
    programs: PathBuf,
    port: u16,
    password: String,
}

impl Server {
    /// Starts one on `cpus`, and waits until it serves. It is as new; `settings` are arguments beyond PostgreSQL's own.
    ///
    /// # Errors
    /// When it does not start, with the end of its log.
    pub fn start(
        installation: &Installation,
        settings: &[&str],
        cpus: Option<&Cpus>,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let account = Account::choose()?;
        let folder = tempfile::Builder::new().prefix("kontrast-").tempdir();
        let folder = folder.context("cannot create a folder for PostgreSQL; TMPDIR says where")?;
        // Whoever else is on this host can reach the port.
        let password = format!("{:032x}", rand::random::<u128>());
        write_secret(&folder.path().join("password"), &password)?;
        account.own(&[folder.path(), &folder.path().join("password")])?;
        let port = unused_port()?;
        let output =
            File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SCRIPT, "sh"])
            .arg(&installation.programs)
            .args([&port.to_string(), USER])
            .args(settings)
            .current_dir(folder.path());
        command
            .stdin(Stdio::piped())
            .stdout(output.try_clone().context("cannot use the log twice")?)
            .stderr(output)
            // Ctrl-C in the terminal is not for it.
            .process_group(0);
        without_surroundings(&mut command);
        account.lend(&mut command);
        let shell = affinity::on(cpus, || command.spawn())?.context("cannot start /bin/sh")?;
        let mut server = Self {
            shell,
            folder,
            log: log.to_owned(),
            programs: installation.programs.clone(),
            port,
            password,
        };
        server.wait()?;
        Ok(server)
    }

    /// Waits until it says that it is ready, where its own tools look for that.
    fn wait(&mut self) -> anyhow::Result<()> {
        let status = self.folder.path().join("data/postmaster.pid");
        let deadline = Instant::now() + PATIENCE;
        while !is_ready(&fs::read_to_string(&status).unwrap_or_default()) {
            if self.has_ended() {
                bail!("PostgreSQL did not start. {}", LogTail::read(&self.log));
            }
            if Instant::now() > deadline {
                let tail = LogTail::read(&self.log);
                bail!("PostgreSQL did not serve within {PATIENCE:?}. {tail}");
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// The URL of its first database, which is empty.
    pub fn url(&self) -> String {
        self.url_of(FIRST)
    }

    /// A new, empty database; gives its URL.
    ///
    /// # Errors
    /// When there is one of that name, or the server fails.
    pub fn create(&self, database: &str) -> anyhow::Result<String> {
        let mut command = Command::new(self.programs.join("createdb"));
        command
            .args(["--host=127.0.0.1", &format!("--port={}", self.port)])
            .args([
                &format!("--username={USER}"),
                "--no-password",
                "--",
                database,
            ]);
        without_surroundings(&mut command);
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
                // Not reaped yet, so the id is still its own.
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

/// What the user has set for PostgreSQL is meant for another server, and a time zone would be guessed at length.
fn without_surroundings(command: &mut Command) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command
        .env_clear()
        .env("PATH", path)
        .env("LC_ALL", "C")
        .env("TZ", "UTC");
}

fn write_secret(path: &Path, secret: &str) -> anyhow::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let written = file.and_then(|mut file| writeln!(file, "{secret}"));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// Whether its status file says so, in the eighth line.
fn is_ready(status: &str) -> bool {
    status
        .lines()
        .nth(7)
        .is_some_and(|line| line.trim_end() == "ready")
}

#[cfg(test)]
mod tests;
