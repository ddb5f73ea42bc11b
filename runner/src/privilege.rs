//! Obtains the privileges of the recorder before anything is started.

use anyhow::{Context, bail};
use std::{io::IsTerminal, path::Path, process::Stdio};
use tokio::process::Command;

/// The remedy without privileges and sudo.
const REMEDY: &str =
    "run as root, or grant the program CAP_BPF and CAP_PERFMON (setcap cap_bpf,cap_perfmon+ep)";

/// The way in which the recorder gets the privileges to load eBPF programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It inherits them.
    Enough,
    /// It runs through `sudo -n`. No build, target or load does.
    Sudo,
}

impl Access {
    /// Lets sudo ask for its password while nothing is running, unless this process is
    /// `privileged`.
    ///
    /// # Errors
    /// Fails if the privileges are missing and sudo does not give them.
    pub async fn obtain(privileged: bool) -> anyhow::Result<Self> {
        if privileged {
            return Ok(Access::Enough);
        }
        let quiet = Command::new("sudo")
            .args(["-n", "true"])
            .stderr(Stdio::null())
            .status()
            .await;
        let quiet = quiet.with_context(|| {
            format!("recording needs privileges, and there is no sudo here; {REMEDY}")
        })?;
        if quiet.success() {
            return Ok(Access::Sudo);
        }
        if !std::io::stdin().is_terminal() {
            bail!(
                "recording needs privileges, and sudo asks for a password; call `sudo -v` before, or {REMEDY}"
            );
        }
        eprintln!("Recording with eBPF needs privileges; only the recorder runs through sudo.");
        let asked = Command::new("sudo")
            .arg("-v")
            .status()
            .await
            .context("cannot run sudo")?;
        match asked.success() {
            true => Ok(Access::Sudo),
            false => bail!("sudo gave no privileges, and recording needs them; {REMEDY}"),
        }
    }

    /// Returns a command that runs `program` with these privileges.
    pub fn command(self, program: &Path) -> Command {
        match self {
            Access::Enough => Command::new(program),
            Access::Sudo => {
                let mut command = Command::new("sudo");
                command.args(["-n", "--"]).arg(program);
                command
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(command: &Command) -> String {
        format!("{:?}", command.as_std())
    }

    #[test]
    fn uses_sudo_only_without_privileges() {
        let program = Path::new("/bin/kontrast");
        assert_eq!(line(&Access::Enough.command(program)), r#""/bin/kontrast""#);
        assert_eq!(
            line(&Access::Sudo.command(program)),
            r#""sudo" "-n" "--" "/bin/kontrast""#
        );
    }
}
