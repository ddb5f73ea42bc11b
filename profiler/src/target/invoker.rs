//! Who called sudo: eBPF needs root, but neither building nor serving does.

use super::error::{Context, Error, Result};
use nix::unistd::{Gid, Uid, User, chown, geteuid};
use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

/// The user behind sudo.
pub(super) struct Invoker {
    uid: u32,
    gid: u32,
    login: Option<(String, PathBuf)>,
}

impl Invoker {
    /// The user who called sudo, if this is root by sudo.
    pub fn detect() -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let variable = |name| std::env::var(name).ok();
        let Some((uid, gid)) = ids(
            variable("SUDO_UID").as_deref(),
            variable("SUDO_GID").as_deref(),
        )?
        else {
            return Ok(None);
        };
        let user = User::from_uid(Uid::from_raw(uid)).doing(|| format!("looking up user {uid}"))?;
        Ok(Some(Self {
            uid,
            gid,
            login: user.map(|user| (user.name, user.dir)),
        }))
    }

    /// Lets `command` run as that user. Supplementary groups are dropped by the standard library.
    pub fn lend(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
        if let Some((name, home)) = &self.login {
            command
                .env("HOME", home)
                .env("USER", name)
                .env("LOGNAME", name);
        }
    }

    /// Gives that user a file, so that they can build again without sudo.
    pub fn own(&self, path: &Path) -> Result<()> {
        chown(
            path,
            Some(Uid::from_raw(self.uid)),
            Some(Gid::from_raw(self.gid)),
        )
        .doing(|| format!("giving {} to user {}", path.display(), self.uid))
    }
}

/// User and group id from sudo's variables; root calling sudo is no one to drop to.
fn ids(uid: Option<&str>, gid: Option<&str>) -> Result<Option<(u32, u32)>> {
    let Some(uid) = uid else { return Ok(None) };
    let number = |variable, value: &str| {
        value.parse::<u32>().map_err(|_| Error::Invoker {
            variable,
            value: value.escape_debug().to_string(),
        })
    };
    let uid = number("SUDO_UID", uid)?;
    let gid = gid.map_or(Ok(uid), |gid| number("SUDO_GID", gid))?;
    Ok((uid != 0).then_some((uid, gid)))
}

#[cfg(test)]
mod tests {
    use super::ids;

    #[test]
    fn sudo_names_its_caller() {
        assert_eq!(ids(Some("1000"), Some("100")).unwrap(), Some((1000, 100)));
        assert_eq!(ids(Some("1000"), None).unwrap(), Some((1000, 1000)));
    }

    #[test]
    fn root_itself_stays_root() {
        assert_eq!(ids(None, None).unwrap(), None);
        assert_eq!(ids(Some("0"), Some("0")).unwrap(), None);
    }

    #[test]
    fn nonsense_is_refused_rather_than_taken_for_root() {
        assert!(
            ids(Some("\u{1b}"), None)
                .unwrap_err()
                .to_string()
                .starts_with("SUDO_UID='\\u{1b}'")
        );
        assert!(
            ids(Some("1"), Some("x"))
                .unwrap_err()
                .to_string()
                .starts_with("SUDO_GID='x'")
        );
    }
}
