//! The user as whom a database runs: PostgreSQL refuses root, and Redis needs no privilege.

use anyhow::{Context, Result, bail};
use nix::unistd::{Gid, Uid, User, chown, geteuid};
use std::{os::unix::process::CommandExt, path::Path, process::Command};

/// Users without privileges that root may become: that of Debian's package, and one that each
/// system has.
const ORDINARY: [&str; 2] = ["postgres", "nobody"];

/// A user other than this process's, if this process is root's.
#[derive(Debug, PartialEq, Eq)]
pub struct Account(Option<(Uid, Gid)>);

impl Account {
    /// Chooses this process's own user, or for root one without privileges.
    ///
    /// # Errors
    /// Fails for root if no such user exists.
    pub fn choose() -> Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self(None));
        }
        for name in ORDINARY {
            let user = User::from_name(name).with_context(|| format!("cannot look up {name}"))?;
            if let Some(user) = user {
                return Ok(Self(Some((user.uid, user.gid))));
            }
        }
        bail!(
            "a database must not run as root, and there is no user {}: run this as another user",
            ORDINARY.join(" or ")
        )
    }

    /// Lets `command` run as that user. The standard library drops supplementary groups.
    pub fn run_as(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.0 {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
    }

    /// Makes that user the owner of these files.
    ///
    /// # Errors
    /// Fails if the system refuses it.
    pub fn own(&self, paths: &[&Path]) -> Result<()> {
        let Some((uid, gid)) = self.0 else {
            return Ok(());
        };
        for path in paths {
            chown(*path, Some(uid), Some(gid))
                .with_context(|| format!("cannot change the owner of {}", path.display()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_an_ordinary_user_for_root_only() {
        let Account(user) = Account::choose().unwrap();
        assert_eq!(user.is_some(), geteuid().is_root());
        assert!(user.is_none_or(|(uid, _)| !uid.is_root()));
    }
}
