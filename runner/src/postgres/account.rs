//! As whom PostgreSQL runs: it refuses root.

use crate::target::Invoker;
use anyhow::{Context, bail};
use nix::unistd::{Gid, Uid, User, chown, geteuid};
use std::{os::unix::process::CommandExt, path::Path, process::Command};

/// Users without rights that root may become: the one of Debian's package, and the one that is everywhere.
const ORDINARY: [&str; 2] = ["postgres", "nobody"];

/// A user other than this one, if this is root.
#[derive(Debug, PartialEq, Eq)]
pub struct Account(Option<(u32, u32)>);

impl Account {
    /// Who calls us; under sudo who called that; for root itself, an ordinary user.
    ///
    /// # Errors
    /// When root can become nobody.
    pub fn choose() -> anyhow::Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self(None));
        }
        if let Some(invoker) = Invoker::detect()? {
            return Ok(Self(Some(invoker.ids())));
        }
        for name in ORDINARY {
            let user =
                User::from_name(name).with_context(|| format!("cannot look up user {name}"))?;
            if let Some(user) = user {
                return Ok(Self(Some((user.uid.as_raw(), user.gid.as_raw()))));
            }
        }
        bail!(
            "PostgreSQL refuses to run as root, and there is no user {}",
            ORDINARY.join(" or ")
        )
    }

    /// Lets `command` run as that user. Supplementary groups are dropped by the standard library.
    pub fn lend(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.0 {
            command.uid(uid).gid(gid);
        }
    }

    /// Gives it these files.
    ///
    /// # Errors
    /// As the system's.
    pub fn own(&self, paths: &[&Path]) -> anyhow::Result<()> {
        let Some((uid, gid)) = self.0 else {
            return Ok(());
        };
        for path in paths {
            chown(*path, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
                .with_context(|| format!("cannot give {} away", path.display()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_root() {
        let Account(user) = Account::choose().unwrap();
        assert_eq!(user.is_some(), geteuid().is_root());
        assert!(user.is_none_or(|(uid, _)| uid != 0));
    }
}
