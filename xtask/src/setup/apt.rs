//! Debian's packages, where installing them needs no password.

use std::process::{Command, Output};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use nix::unistd::geteuid;

use crate::process;

/// How long another apt may hold the lock.
const LOCK_PATIENCE: Duration = Duration::from_secs(600);
/// Between two attempts to get the lock.
const LOCK_POLL: Duration = Duration::from_secs(2);

/// Installs packages. If it cannot, the error has the command to type.
///
/// # Errors
/// Fails without apt-get, without privilege, for an unknown package, or if apt-get does.
pub fn install(packages: &[&str]) -> Result<()> {
    let installed = may_install().and_then(|()| {
        update();
        let arguments = ["install", "-y", "-qq", "--no-install-recommends"];
        apt_get(&[&arguments, packages].concat())
    });
    installed.map_err(|error| {
        anyhow!(
            "{error:#}; to do it yourself: sudo apt-get install -y {}",
            packages.join(" ")
        )
    })
}

/// Checks that apt-get works here without a password.
///
/// # Errors
/// Fails if there is no apt-get, or it would ask for a password.
pub fn may_install() -> Result<()> {
    if process::which("apt-get").is_none() {
        bail!("no apt-get here");
    }
    if geteuid().is_root() || process::output(Command::new("sudo").args(["-n", "true"])).is_some() {
        return Ok(());
    }
    bail!("not root, and sudo would ask for a password");
}

/// Whether the package lists contain this package.
pub fn offers(package: &str) -> bool {
    update();
    process::output(Command::new("apt-cache").args(["policy", package]))
        .is_some_and(|text| text.contains("Candidate:") && !text.contains("Candidate: (none)"))
}

/// Refreshes the package lists, once. Old lists may suffice, so a failure is only reported.
fn update() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        if let Err(error) = apt_get(&["update", "-qq"]) {
            eprintln!("  apt-get update: {error:#}; going on with the lists there are");
        }
    });
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let begun = Instant::now();
    loop {
        let output = command(arguments)
            .output()
            .context("cannot start apt-get")?;
        if output.status.success() {
            return Ok(());
        }
        if !lock_is_held(&output) || begun.elapsed() > LOCK_PATIENCE {
            bail!("apt-get {}: {}", arguments.join(" "), last_line(&output));
        }
        thread::sleep(LOCK_POLL);
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = if geteuid().is_root() {
        Command::new("env")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "env"]);
        sudo
    };
    command
        .args(["LC_ALL=C", "DEBIAN_FRONTEND=noninteractive", "apt-get"])
        .args(["-o", "DPkg::Lock::Timeout=60"])
        .args(arguments);
    command
}

/// Whether another apt holds a lock. apt waits for dpkg's lock, but not for those of lists and
/// archives.
fn lock_is_held(output: &Output) -> bool {
    let text = String::from_utf8_lossy(&output.stderr);
    text.contains("Could not get lock") || text.contains("Unable to lock")
}

fn last_line(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr)
        .lines()
        .rfind(|line| line.starts_with("E:"))
        .unwrap_or("no message")
        .to_owned()
}
